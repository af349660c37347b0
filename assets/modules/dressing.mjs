// What lies over the picture: what it is in words, crosshair, scale bar, place, and what went wrong.

import { barLength, crosshair } from "./tiles.mjs";

const SVG = "http://www.w3.org/2000/svg";
const PATIENCE_MS = 150; // a wait shorter than this is not worth a word
const BELOW_PLACE = 34; // CSS pixels: where the words in the corner end

export class Dressing {
  #element;
  #parts;
  #again;
  #patience;

  /**
   * @param {HTMLElement} element the viewer
   * @param {{invited: () => void, again: () => void, surfaces: () => void}} does 3D is wanted; try again; surfaces or light
   */
  constructor(element, { invited, again, surfaces }) {
    this.#element = element;
    this.#again = again;
    this.#parts = {
      crosshair: element.appendChild(document.createElementNS(SVG, "svg")),
      bar: add(element, "div", "scale-bar"),
      kind: add(element, "p", "said"),
      mixing: add(element, "p", "mixing"),
      place: add(element, "p", "place"),
      wait: add(element, "p", "wait"),
      invitation: add(element, "button", "invitation"),
      surfaces: add(element, "button", "solid-look"),
      strip: add(element, "div", "strip"),
      trouble: add(element, "div", "trouble"),
    };
    this.#parts.crosshair.setAttribute("class", "crosshair");
    this.#parts.invitation.textContent = "Draw in 3D";
    this.#parts.invitation.addEventListener("click", invited);
    Object.assign(this.#parts.surfaces, { textContent: "Surfaces", title: "Draw surfaces instead of light (S)", hidden: true });
    this.#parts.surfaces.addEventListener("click", surfaces);
  }

  /** Whether 3D shows surfaces. */
  set areSurfaces(are) {
    this.#parts.surfaces.setAttribute("aria-pressed", are);
  }

  /** "observed", "reconstructed" or "predicted"; nothing where each panel says it. */
  set kind(kind) {
    this.#parts.kind.textContent = kind.toUpperCase();
  }

  /** How channels are mixed, where that needs a word. */
  set mixing(words) {
    this.#parts.mixing.textContent = words;
  }

  /** What is under panels: a slider, a legend. */
  set strip(nodes) {
    this.#parts.strip.replaceChildren(...nodes);
  }

  /** On the element and in words: "loading", "planes", "painted", or "error" with its message. */
  say(state, message = "") {
    const { trouble, wait } = this.#parts;
    this.#element.dataset.state = state;
    this.#element.setAttribute("aria-busy", state === "loading");
    clearTimeout(this.#patience);
    wait.textContent = "";
    if (state === "loading") this.#patience = setTimeout(() => (wait.textContent = "Decoding…"), PATIENCE_MS);
    trouble.replaceChildren();
    if (state !== "error") return;
    add(trouble, "p").textContent = message;
    const again = add(trouble, "button");
    again.textContent = "Try again";
    again.addEventListener("click", this.#again);
  }

  /** Scale bar, invitation and the choice of surfaces, for these tiles of a volume. */
  arrange(tiles, view, volume) {
    this.#drawBar(tiles[0], volume);
    this.#drawInvitation(tiles, view);
    this.#drawChoice(tiles.find(({ plane }) => plane === "3d"));
  }

  /** In the lower right corner of 3D. */
  #drawChoice(tile) {
    const { surfaces } = this.#parts;
    surfaces.hidden = !tile || this.#element.dataset.painter !== "webgl";
    if (tile) Object.assign(surfaces.style, { left: `${tile.left + tile.width}px`, top: `${tile.top + tile.height}px` });
  }

  #drawBar(tile, volume) {
    const { bar } = this.#parts;
    bar.hidden = !tile || tile.plane === "3d";
    if (bar.hidden) return;
    const across = tile.plane === "yz" ? volume.shape[2] : volume.shape[3];
    const scale = tile.width / (across * volume.voxel_um); // pixels a um
    const um = barLength(tile.width / scale / 4);
    bar.textContent = `${um} µm`;
    bar.style.width = `${um * scale}px`;
    bar.style.left = `${tile.left + 12}px`;
    bar.style.top = `${tile.top + tile.height - 14}px`;
  }

  /** Where the planes leave room for it, 3D is one click away. */
  #drawInvitation(tiles, view) {
    const { invitation } = this.#parts;
    invitation.hidden = view !== "planes" || !tiles.length;
    if (invitation.hidden) return;
    const [xy, , yz] = tiles;
    const top = Math.max(xy.top, BELOW_PLACE);
    Object.assign(invitation.style, { left: `${yz.left}px`, top: `${top}px`, width: `${yz.width}px`, height: `${xy.top + xy.height - top}px` });
  }

  /** The crosshair through `voxel` x, y, z, and where that is. */
  sayPlace(tiles, voxel, { voxel_um: um, shape }) {
    this.#parts.crosshair.innerHTML = `<path d="${crosshair(tiles, voxel, shape.slice(1))}"/>`;
    this.#parts.place.textContent = voxel.map((at, axis) => `${"xyz"[axis]} ${((at + 0.5) * um).toFixed(1)}`).join("  ") + " µm";
  }

  clearPlace() {
    this.#parts.crosshair.replaceChildren();
    this.#parts.place.textContent = "";
  }
}

function add(parent, tag, className = "") {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}
