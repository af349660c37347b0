// Paints planes on a 2D canvas.

import { AXES } from "./tiles.mjs";

/** The plane through `voxel` (x, y, z) of a Z, Y, X, RGBA volume as an opaque image, rows from the top down; z runs upwards. */
export function planePixels(rgba, [nz, ny, nx], plane, [x, y, z]) {
  const sizes = { x: nx, y: ny, z: nz };
  const [across, down] = AXES[plane];
  const [width, height] = [sizes[across], sizes[down]];
  const data = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = { x, y, z, [across]: column, [down]: down === "z" ? nz - 1 - row : row };
      const from = 4 * ((at.z * ny + at.y) * nx + at.x);
      const to = 4 * (row * width + column);
      data.set(rgba.subarray(from, from + 3), to);
      data[to + 3] = 255;
    }
  }
  return { width, height, data };
}

/** Where a point of a plane's tile is, as the two coordinates of its voxel: {x, y}, {x, z} or {y, z}. */
export function placeWithin(tile, shape, left, top) {
  const [across, down] = AXES[tile.plane];
  const sizes = sizesOf(shape);
  const row = Math.floor(((top - tile.top) / tile.height) * sizes[down]);
  return { [across]: Math.floor(((left - tile.left) / tile.width) * sizes[across]), [down]: down === "z" ? sizes.z - 1 - row : row };
}

/** RGBA of a canvas, rows from the top down. From a copy: to be read often would make the canvas itself slower to paint. */
export function readPixels(canvas) {
  const { width, height } = canvas;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  return { width, height, data: context.getImageData(0, 0, width, height).data };
}

export class PlanesPainter {
  #canvas;
  #onMove;
  #rgba;
  #shape;
  #tiles = [];
  #wanted; // voxel of the crosshair that was asked for before there was a volume
  voxel;

  static async on(canvas, onMove) {
    const painter = new PlanesPainter();
    painter.#canvas = canvas;
    painter.#onMove = onMove;
    const move = ({ offsetX, offsetY, buttons }) => buttons & 1 && painter.#moveTo(offsetX, offsetY);
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      move(event);
    });
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("wheel", (event) => painter.#scroll(event), { passive: false });
    return painter;
  }

  async load(rgba, shape) {
    const isNewShape = this.#shape?.join() !== shape.join();
    [this.#rgba, this.#shape] = [rgba, shape];
    if (isNewShape) this.voxel = this.#within(this.#wanted ?? []) ?? [...shape].reverse().map((n) => n >> 1);
    this.#paint();
    this.#onMove(this.voxel);
  }

  /** Moves the crosshair to `voxel` x, y, z, now or as soon as there is a volume that has it. */
  moveTo(voxel) {
    this.#wanted = voxel;
    const [x, y, z] = (this.#shape && this.#within(voxel)) ?? [];
    if (x !== undefined) this.#go({ x, y, z });
  }

  #within(voxel) {
    const [nz, ny, nx] = this.#shape;
    const isInside = voxel.length === 3 && [nx, ny, nz].every((n, axis) => voxel[axis] >= 0 && voxel[axis] < n);
    return isInside && voxel.every(Number.isInteger) ? voxel : undefined;
  }

  arrange(tiles) {
    this.#tiles = tiles;
    this.#paint();
  }

  pixels() {
    return readPixels(this.#canvas);
  }

  #paint() {
    const context = this.#canvas.getContext("2d");
    const ratio = window.devicePixelRatio;
    this.#canvas.width = Math.round(this.#canvas.clientWidth * ratio);
    this.#canvas.height = Math.round(this.#canvas.clientHeight * ratio);
    context.scale(ratio, ratio);
    context.imageSmoothingQuality = "low"; // linear between voxels
    if (!this.#rgba) return;
    for (const tile of this.#tiles) {
      if (tile.plane === "3d") {
        words(context, "No 3D: this browser has no WebGL 2.", tile);
        continue;
      }
      const { width, height, data } = planePixels(this.#rgba, this.#shape, tile.plane, this.voxel);
      const image = new OffscreenCanvas(width, height);
      image.getContext("2d").putImageData(new ImageData(data, width), 0, 0);
      context.drawImage(image, tile.left, tile.top, tile.width, tile.height);
    }
  }

  #tileAt(x, y) {
    return this.#tiles.find(
      ({ plane, left, top, width, height }) => plane in AXES && x >= left && x < left + width && y >= top && y < top + height,
    );
  }

  #moveTo(left, top) {
    const tile = this.#tileAt(left, top);
    if (!tile || !this.#shape) return;
    this.#go(placeWithin(tile, this.#shape, left, top));
  }

  #scroll(event) {
    const tile = this.#tileAt(event.offsetX, event.offsetY);
    if (!tile || !this.#shape) return;
    event.preventDefault();
    const depth = ["x", "y", "z"].find((axis) => !AXES[tile.plane].includes(axis));
    const index = ["x", "y", "z"].indexOf(depth);
    const last = sizesOf(this.#shape)[depth] - 1;
    this.#go({ [depth]: Math.min(last, Math.max(0, this.voxel[index] + Math.sign(event.deltaY))) });
  }

  #go(place) {
    const [x, y, z] = this.voxel;
    const at = { x, y, z, ...place };
    this.voxel = [at.x, at.y, at.z];
    this.#paint();
    this.#onMove(this.voxel);
  }
}

const sizesOf = ([nz, ny, nx]) => ({ x: nx, y: ny, z: nz });

function words(context, text, { left, top, width, height }) {
  context.fillStyle = "#9aa3b2";
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillText(text, left + width / 2, top + height / 2, width);
}
