// Paints a view: planes on a 2D canvas, which takes milliseconds anywhere, and the 3D picture with WebGL on a canvas above it,
// which is made when one is first wanted.

import { NiivuePainter } from "./niivue.mjs";
import { PlanesPainter } from "./planes.mjs";
import { hasWebgl2 } from "./webgl.mjs";

export class Painter {
  #planes;
  #canvas;
  #solid; // promise of the 3D painter, once one was wanted
  #solidCanvas;
  #volume; // [rgba, shape, voxel_um]
  #isStale = false; // whether the 3D painter has an older volume
  #tiles = [];
  #hasWebgl = hasWebgl2();

  /** @param {HTMLCanvasElement} canvas for the planes  @param {(voxel: number[]) => void} onMove told x, y, z of the crosshair */
  static async on(canvas, onMove) {
    const painter = new Painter();
    painter.#canvas = canvas;
    painter.#planes = await PlanesPainter.on(canvas, onMove);
    return painter;
  }

  /** x, y, z of the voxel under the crosshair, once there is a volume. */
  get voxel() {
    return this.#planes.voxel;
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
    this.#solidCanvas ??= this.#canvas.parentElement.insertBefore(document.createElement("canvas"), this.#canvas.nextSibling);
    this.#solidCanvas.setAttribute("aria-hidden", "true");
    Object.assign(this.#solidCanvas.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    const solid = await (this.#solid ??= NiivuePainter.on(this.#solidCanvas));
    if (this.#isStale) {
      this.#isStale = false;
      await solid.load(...this.#volume);
    }
    solid.arrange(width, height);
  }

  /** RGBA of what is painted, rows from the top down. */
  async pixels() {
    const { width, height } = this.#canvas;
    const picture = new OffscreenCanvas(width, height).getContext("2d");
    picture.drawImage(this.#canvas, 0, 0);
    if (this.#solidTile && this.#solid) {
      const solid = (await this.#solid).pixels();
      const { left, top, width: wide, height: high } = this.#solidTile;
      const ratio = window.devicePixelRatio;
      const image = new OffscreenCanvas(solid.width, solid.height);
      image.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(solid.data), solid.width), 0, 0);
      picture.drawImage(image, left * ratio, top * ratio, wide * ratio, high * ratio);
    }
    return { width, height, data: picture.getImageData(0, 0, width, height).data };
  }
}
