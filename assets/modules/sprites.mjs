// Small pictures of cells, cut out of sheets that hold hundreds each: a sheet is fetched when one of its cells is first pointed at.

/** Which sheet a cell is on, and where, in pixels. `about`: per_sheet, columns, width, height, as app/sheets.py gives them. */
export function placeOn({ per_sheet, columns, width, height }, row) {
  const at = row % per_sheet;
  return { sheet: Math.floor(row / per_sheet), x: (at % columns) * width, y: Math.floor(at / columns) * height };
}

export class Sprites {
  #sheets = new Map(); // number -> {image, isHere, promise}

  /**
   * @param {string} atlas its id
   * @param {{per_sheet: number, columns: number, width: number, height: number}} about
   * @param {() => HTMLImageElement} newImage
   */
  constructor(atlas, about, newImage = () => new Image()) {
    this.atlas = atlas;
    this.about = about;
    this.newImage = newImage;
  }

  /** Paints the picture of the cell in `row`: at once where its sheet is here, else when it has come. False where it did not come. */
  async paint(canvas, row) {
    const { sheet: number, x, y } = placeOn(this.about, row);
    const { width, height } = this.about;
    Object.assign(canvas, { width, height });
    const sheet = this.#sheet(number);
    const draw = () => {
      canvas.getContext("2d").drawImage(sheet.image, x, y, width, height, 0, 0, width, height);
      canvas.dataset.row = row; // what is painted
    };
    if (sheet.isHere) return draw(), true;
    const came = await sheet.promise;
    if (came) draw();
    return came;
  }

  #sheet(number) {
    if (this.#sheets.has(number)) return this.#sheets.get(number);
    const sheet = { image: this.newImage(), isHere: false };
    sheet.image.src = `/api/sheets/${this.atlas}/${number}.png`;
    sheet.promise = sheet.image.decode().then(
      () => (sheet.isHere = true),
      () => !this.#sheets.delete(number), // who points at one of its cells again asks again
    );
    this.#sheets.set(number, sheet);
    return sheet;
  }
}
