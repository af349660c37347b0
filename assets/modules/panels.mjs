// Many small pictures with one cursor, on one 2D canvas: the grid of structures, the comparison. No WebGL context is needed.

import { placeWithin, readPixels } from "./planes.mjs";
import { AXES } from "./tiles.mjs";

const MIN_WIDTH = 150; // of a panel of several planes, CSS pixels

/**
 * Where `n` panels go that hold the same planes one below the other, as large as they can be with one scale for all.
 * @param {string[]} planes of each panel, such as ["xy", "xz"]
 * @param {{width: number, height: number}} room CSS pixels
 * @param {number[]} shape Z, Y, X in voxels
 * @param {{gap: number, margin: number, top: number, bottom: number, caption: number}} spaces CSS pixels; `caption` is what
 *   stays free below each panel
 * @returns {{left: number, top: number, width: number, height: number, tiles: object[]}[]} tiles as of tiles.mjs
 */
export function panelPlaces(n, planes, { width, height }, [z, y, x], { gap = 8, margin = 12, top = 34, bottom = 46, caption = 0 } = {}) {
  const sizes = { x, y, z };
  const deep = planes.map((plane) => sizes[AXES[plane][1]]);
  const [across, down] = [Math.max(...planes.map((plane) => sizes[AXES[plane][0]])), deep.reduce((sum, size) => sum + size, 0)];
  const between = 2 * (planes.length - 1);
  const scaleOf = (n_columns) => {
    const n_rows = Math.ceil(n / n_columns);
    return Math.min(
      ((width - 2 * margin - (n_columns - 1) * gap) / n_columns) / across,
      ((height - top - bottom - (n_rows - 1) * gap) / n_rows - caption - between) / down,
    );
  };
  const n_columns = Array.from({ length: n }, (_, k) => k + 1).reduce((best, k) => (scaleOf(k) > scaleOf(best) ? k : best));
  const n_rows = Math.ceil(n / n_columns);
  const step = 1 / divisor(x, divisor(y, z)); // every plane has whole pixels
  const scale = Math.max(step, Math.floor(scaleOf(n_columns) / step) * step);
  const [wide, high] = [Math.round(across * scale), Math.round(down * scale) + between];
  const left = Math.round((width - n_columns * wide - (n_columns - 1) * gap) / 2);
  const above = Math.round(top + (height - top - bottom - n_rows * (high + caption) - (n_rows - 1) * gap) / 2);
  return Array.from({ length: n }, (_, k) => {
    const place = { left: left + (k % n_columns) * (wide + gap), top: above + Math.floor(k / n_columns) * (high + caption + gap), width: wide, height: high };
    let below = place.top;
    const tiles = planes.map((plane, i) => {
      const tile = { plane, panel: k, left: place.left, top: below, width: Math.round(sizes[AXES[plane][0]] * scale), height: Math.round(deep[i] * scale) };
      below += tile.height + 2;
      return tile;
    });
    return { ...place, tiles };
  });
}

/** Of several sets of planes the first that leaves panels wide enough, and where they go; the last where none does. */
export function roomyPlaces(n, sets, room, shape, spaces) {
  const places = sets.map((planes) => panelPlaces(n, planes, room, shape, spaces));
  return places.find(([first]) => first.width >= MIN_WIDTH) ?? places.at(-1);
}

const divisor = (a, b) => (b === 0 ? a : divisor(b, a % b)); // Euclid

export class Panels {
  #parent;
  #holder;
  #canvas;
  #labels;
  #does;
  #shown;
  #places = [];

  /** @param {HTMLElement} parent  @param {{move: (voxel: number[]) => void, pick: (key: string) => void}} does */
  constructor(parent, does) {
    this.#does = does;
    this.#parent = parent;
    this.#holder = document.createElement("div"); // on the page while there is something in it
    this.#holder.className = "panels";
    this.#canvas = this.#holder.appendChild(document.createElement("canvas"));
    this.#canvas.setAttribute("aria-hidden", "true"); // the labels say what is in it
    this.#labels = this.#holder.appendChild(document.createElement("div"));
    this.#holder.addEventListener("click", (event) => this.#click(event));
    this.#holder.addEventListener("wheel", (event) => this.#scroll(event), { passive: false });
  }

  /**
   * @param {{key: string, label: string, words?: string, pixels?: (plane: string, voxel: number[]) => ImageData}[]} panels
   *   with pixels, or with words that say why there are none
   * @param {{planes: string[][], shape: number[], voxel: number[], isChoice: boolean}} how with `isChoice` a click picks a panel,
   *   else it moves the cursor
   */
  show(panels, how) {
    this.#shown = { panels, ...how };
    if (!this.#holder.isConnected) this.#parent.firstElementChild.after(this.#holder); // over the picture, under the words
    this.#labels.replaceChildren(...panels.map((panel) => label(panel, how.isChoice, this.#does.pick)));
    this.arrange();
  }

  hide() {
    this.#holder.remove();
    this.#shown = undefined;
  }

  get tiles() {
    return this.#shown ? this.#places.flatMap(({ tiles }, k) => (this.#shown.panels[k].pixels ? tiles : [])) : [];
  }

  /** Puts everything where it goes in the room there is, and paints it. */
  arrange() {
    if (!this.#shown) return;
    const { panels, planes, shape, isChoice } = this.#shown;
    const { clientWidth: width, clientHeight: height } = this.#holder;
    this.#places = roomyPlaces(panels.length, planes, { width, height }, shape, { caption: isChoice ? 20 : 0 });
    this.#places.forEach(({ left, top, width, height }, k) => {
      Object.assign(this.#labels.children[k].style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height + (isChoice ? 20 : 0)}px` });
    });
    this.moveTo(this.#shown.voxel);
  }

  /** Paints the planes through `voxel` x, y, z. */
  moveTo(voxel) {
    if (!this.#shown) return;
    this.#shown.voxel = voxel;
    const context = this.#canvas.getContext("2d");
    const ratio = window.devicePixelRatio;
    this.#canvas.width = Math.round(this.#holder.clientWidth * ratio);
    this.#canvas.height = Math.round(this.#holder.clientHeight * ratio);
    context.scale(ratio, ratio);
    for (const { panel, plane, left, top, width, height } of this.tiles) {
      const image = this.#shown.panels[panel].pixels(plane, voxel);
      const small = new OffscreenCanvas(image.width, image.height);
      small.getContext("2d").putImageData(image, 0, 0);
      context.drawImage(small, left, top, width, height);
    }
  }

  pixels() {
    return readPixels(this.#canvas);
  }

  #voxelAt(event) {
    const box = this.#holder.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const tile = this.tiles.find((t) => x >= t.left && x < t.left + t.width && y >= t.top && y < t.top + t.height);
    return tile && { tile, place: placeWithin(tile, this.#shown.shape, x, y) };
  }

  #click(event) {
    const at = this.#shown?.isChoice ? null : this.#voxelAt(event);
    if (at) this.#does.move(moved(this.#shown.voxel, at.place));
  }

  #scroll(event) {
    const at = this.#shown && this.#voxelAt(event);
    if (!at) return;
    event.preventDefault();
    const { voxel, shape } = this.#shown;
    const axis = ["x", "y", "z"].findIndex((name) => !AXES[at.tile.plane].includes(name));
    const next = Math.min([...shape].reverse()[axis] - 1, Math.max(0, voxel[axis] + Math.sign(event.deltaY)));
    if (next !== voxel[axis]) this.#does.move(voxel.map((value, k) => (k === axis ? next : value)));
  }
}

const moved = ([x, y, z], place) => Object.values({ x, y, z, ...place });

function label({ key, label: text, words, colour }, isChoice, pick) {
  const element = document.createElement(isChoice ? "button" : "div");
  element.className = "panel";
  element.dataset.panel = key;
  const said = element.appendChild(document.createElement("span"));
  said.className = "said";
  said.textContent = text;
  if (colour) said.style.setProperty("--colour", colour);
  if (words) element.appendChild(document.createElement("p")).textContent = words;
  if (isChoice) {
    element.title = `Show ${text} alone`;
    element.addEventListener("click", () => pick(key));
  }
  return element;
}
