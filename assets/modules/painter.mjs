// Paints a view: planes on a 2D canvas, which takes milliseconds anywhere, and the 3D picture with WebGL on a canvas above it,
// which is made when one is first wanted. Where its context is lost another takes its place, or words where there is no other.

import { cameraOf, cameraText, FIRST_CAMERA } from "./camera.mjs";
import { NiivuePainter } from "./niivue.mjs";
import { PlanesPainter, readPixels } from "./planes.mjs";
import { tiles } from "./tiles.mjs";
import { hasWebgl2 } from "./webgl.mjs";

export class Painter {
  #canvas;
  #planes;
  #tell;
  #solid; // promise of the 3D painter, once one was wanted
  #solidCanvas;
  #picture; // {rgba, shape, voxel_um, surfaces}
  #isStale = false; // whether the 3D painter has an older picture
  #camera = FIRST_CAMERA;
  #drawn = ""; // what 3D shows: "light", "surfaces"
  #tiles = [];
  #hasWebgl = hasWebgl2();
  #n_renewed = 0;

  /**
   * @param {HTMLCanvasElement} canvas for the planes
   * @param {(voxel: number[]) => void} onMove told x, y, z of the crosshair
   * @param {(how: {hasWebgl: boolean, n_renewed: number, solid: string, camera: string}) => void} tell whether there is 3D, how
   *   often its context was lost, what it shows ("light", "surfaces", or nothing yet) and from where (camera.mjs)
   */
  static async on(canvas, onMove, tell = () => {}) {
    const painter = new Painter();
    painter.#canvas = canvas;
    painter.#tell = () => {
      const { hasWebgl, n_renewed, drawn, camera } = painter.#state;
      tell({ hasWebgl, n_renewed, solid: drawn, camera: cameraText(camera) });
    };
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

  get #state() {
    return { hasWebgl: this.#hasWebgl, n_renewed: this.#n_renewed, drawn: this.#drawn, camera: this.#camera };
  }

  /** From where 3D is seen, as text (camera.mjs). */
  async setCamera(text) {
    this.#camera = cameraOf(text);
    (await this.#solid)?.setCamera(this.#camera);
    this.#tell();
  }

  /**
   * @param {Uint8ClampedArray} rgba Z, Y, X, RGBA  @param {number[]} shape Z, Y, X
   * @param {?(isWanted: () => boolean) => Promise<object[]|null>} surfaces makes what 3D shows instead of light (surfaces.mjs)
   */
  async load(rgba, shape, voxel_um, surfaces = null) {
    this.#picture = { rgba, shape, voxel_um, surfaces };
    this.#isStale = true;
    await this.#planes.load(rgba, shape);
    if (this.#solidTile) await this.#paintSolid();
  }

  /** @param places as of tiles.mjs, in CSS pixels of the canvas */
  async arrange(places) {
    this.#tiles = places;
    this.#arrangePlanes();
    if (this.#solidCanvas) this.#solidCanvas.parentElement.hidden = !this.#solidTile;
    if (this.#solidTile && this.#picture) await this.#paintSolid();
  }

  /** Where 3D alone is to be seen, planes are until it is there: the first time that takes seconds without a graphics card. */
  #arrangePlanes() {
    const flat = this.#solidTile ? this.#tiles.filter(({ plane }) => plane !== "3d") : this.#tiles;
    if (flat.length || this.#drawn || !this.#picture) return this.#planes.arrange(flat);
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#planes.arrange(tiles("planes", { width, height }, this.#picture.shape));
  }

  get #solidTile() {
    return this.#hasWebgl ? this.#tiles.find(({ plane }) => plane === "3d") : undefined;
  }

  async #paintSolid() {
    this.#solidCanvas ??= this.#makeSolidCanvas();
    const solid = await (this.#solid ??= NiivuePainter.on(this.#solidCanvas, this.#camera, (camera) => this.#turned(camera)));
    if (!this.#solidTile || !this.#solidCanvas) return; // another view was chosen meanwhile
    const { left, top, width, height } = this.#solidTile;
    Object.assign(this.#solidCanvas.parentElement.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    if (this.#isStale) {
      this.#isStale = false;
      await this.#give(solid);
    }
    solid.arrange(width, height);
    if (this.#solidCanvas) this.#solidCanvas.parentElement.dataset.shows = this.#drawn;
    this.#arrangePlanes();
    this.#tell();
  }

  /** What is loaded while this waits is given by whoever loads it. */
  async #give(solid) {
    const picture = this.#picture;
    const { rgba, shape, voxel_um, surfaces } = picture;
    const made = await surfaces?.(() => picture === this.#picture);
    if (picture !== this.#picture) return;
    if (made) solid.drawSurfaces(made, shape, voxel_um);
    else await solid.load(rgba, shape, voxel_um);
    this.#drawn = made ? "surfaces" : "light";
  }

  #turned(camera) {
    this.#camera = camera;
    this.#tell();
  }

  /** In a place of its own, which it fills: NiiVue sets a canvas to the whole width and height whenever it is resized. */
  #makeSolidCanvas() {
    const place = document.createElement("div");
    place.className = "solid-place";
    const canvas = place.appendChild(document.createElement("canvas"));
    canvas.className = "solid";
    canvas.setAttribute("aria-hidden", "true");
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault(); // so that it may come back
      if (canvas === this.#solidCanvas) this.#renew(hasWebgl2());
    });
    canvas.addEventListener("webglcontextrestored", () => this.#hasWebgl || this.#renew(true));
    this.#canvas.after(place);
    return canvas;
  }

  async #renew(hasWebgl) {
    const [canvas, solid] = [this.#solidCanvas, await this.#solid];
    [this.#solidCanvas, this.#solid, this.#isStale, this.#hasWebgl] = [undefined, undefined, true, hasWebgl];
    this.#drawn = "";
    canvas?.parentElement.remove();
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
