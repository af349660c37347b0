// Paints a view: planes on a 2D canvas, which takes milliseconds anywhere, and the 3D picture with WebGL on a canvas above it,
// which is made when one is first wanted. Where its context is lost another takes its place, or words where there is no other.

import { NiivuePainter } from "./niivue.mjs";
import { PlanesPainter, readPixels } from "./planes.mjs";
import { hasWebgl2 } from "./webgl.mjs";

export class Painter {
  #canvas;
  #planes;
  #tell;
  #solid; // promise of the 3D painter, once one was wanted
  #solidCanvas;
  #volume; // [rgba, shape, voxel_um]
  #isStale = false; // whether the 3D painter has an older volume
  #tiles = [];
  #hasWebgl = hasWebgl2();
  #n_renewed = 0;

  /**
   * @param {HTMLCanvasElement} canvas for the planes
   * @param {(voxel: number[]) => void} onMove told x, y, z of the crosshair
   * @param {(how: {hasWebgl: boolean, n_renewed: number}) => void} tell whether there is 3D, and how often its context was lost
   */
  static async on(canvas, onMove, tell = () => {}) {
    const painter = new Painter();
    painter.#canvas = canvas;
    painter.#tell = () => tell({ hasWebgl: painter.#hasWebgl, n_renewed: painter.#n_renewed });
    painter.#planes = await PlanesPainter.on(canvas, onMove);
    painter.#tell();
    return painter;
  }

  /** x, y, z of the voxel under the crosshair, once there is a volume. */
  get voxel() {
    return this.#planes.voxel;
  }

  /** Moves the crosshair to `voxel` x, y, z, now or as soon as there is a volume that has it. */
  moveTo(voxel) {
    this.#planes.moveTo(voxel);
  }

  /** @param {Uint8ClampedArray} rgba Z, Y, X, RGBA  @param {number[]} shape Z, Y, X */
  async load(rgba, shape, voxel_um) {
    this.#volume = [rgba, shape, voxel_um];
    this.#isStale = true;
    await this.#planes.load(rgba, shape);
    if (this.#solidTile) await this.#paintSolid();
  }

  /** @param tiles as of tiles.mjs, in CSS pixels of the canvas */
  async arrange(tiles) {
    this.#tiles = tiles;
    this.#planes.arrange(this.#solidTile ? tiles.filter(({ plane }) => plane !== "3d") : tiles);
    if (this.#solidCanvas) this.#solidCanvas.hidden = !this.#solidTile;
    if (this.#solidTile && this.#volume) await this.#paintSolid();
  }

  get #solidTile() {
    return this.#hasWebgl ? this.#tiles.find(({ plane }) => plane === "3d") : undefined;
  }

  async #paintSolid() {
    const { left, top, width, height } = this.#solidTile;
    this.#solidCanvas ??= this.#makeSolidCanvas();
    Object.assign(this.#solidCanvas.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    const solid = await (this.#solid ??= NiivuePainter.on(this.#solidCanvas));
    if (this.#isStale) {
      this.#isStale = false;
      await solid.load(...this.#volume);
    }
    solid.arrange(width, height);
  }

  #makeSolidCanvas() {
    const canvas = document.createElement("canvas");
    canvas.className = "solid";
    canvas.setAttribute("aria-hidden", "true");
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault(); // so that it may come back
      if (canvas === this.#solidCanvas) this.#renew(hasWebgl2());
    });
    canvas.addEventListener("webglcontextrestored", () => this.#hasWebgl || this.#renew(true));
    return this.#canvas.parentElement.insertBefore(canvas, this.#canvas.nextSibling);
  }

  async #renew(hasWebgl) {
    const [canvas, solid] = [this.#solidCanvas, await this.#solid];
    [this.#solidCanvas, this.#solid, this.#isStale, this.#hasWebgl] = [undefined, undefined, true, hasWebgl];
    canvas?.remove();
    solid?.dispose();
    await this.arrange(this.#tiles);
    this.#n_renewed += 1;
    this.#tell();
  }

  /** RGBA of what is painted, rows from the top down. */
  async pixels() {
    if (!this.#solidTile || !this.#solid) return readPixels(this.#canvas);
    const { width, height } = this.#canvas;
    const picture = new OffscreenCanvas(width, height);
    const context = picture.getContext("2d", { willReadFrequently: true });
    context.drawImage(this.#canvas, 0, 0);
    const solid = (await this.#solid).pixels();
    const image = new OffscreenCanvas(solid.width, solid.height);
    image.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(solid.data), solid.width), 0, 0);
    const [ratio, { left, top, width: wide, height: high }] = [window.devicePixelRatio, this.#solidTile];
    context.drawImage(image, left * ratio, top * ratio, wide * ratio, high * ratio);
    return { width, height, data: context.getImageData(0, 0, width, height).data };
  }
}
