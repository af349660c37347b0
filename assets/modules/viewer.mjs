// The volume viewer: fetches what a recipe means, paints it, and says on its element what is painted (data-state, data-recipe).

import { compose, cssColour } from "./compose.mjs";
import { Painter } from "./painter.mjs";
import { barLength, crosshair, tiles } from "./tiles.mjs";

const SVG = "http://www.w3.org/2000/svg";
const PATIENCE_MS = 150; // a wait shorter than this is not worth a word

export class Viewer {
  #element;
  #volumes;
  #painter;
  #view = "planes";
  #off = []; // channels by number
  #volume;
  #rgba;
  #asked;
  #voxel; // x, y, z of the crosshair
  #parts;

  /**
   * @param {HTMLElement} element where it is drawn
   * @param {HTMLElement} channels where its channels' switches go
   * @param {Volumes} volumes
   * @param {() => void} onInvited told that 3D is wanted beside the planes
   */
  constructor(element, channels, volumes, onInvited) {
    this.#element = element;
    this.#volumes = volumes;
    this.#parts = {
      channels,
      canvas: add(element, "canvas"),
      crosshair: element.appendChild(document.createElementNS(SVG, "svg")),
      bar: add(element, "div", "scale-bar"),
      place: add(element, "p", "place"),
      wait: add(element, "p", "wait"),
      invitation: add(element, "button", "invitation"),
      trouble: add(element, "div", "trouble"),
    };
    this.#parts.invitation.textContent = "Draw in 3D";
    this.#parts.invitation.addEventListener("click", onInvited);
    this.#parts.canvas.setAttribute("aria-hidden", "true"); // the caption says what it shows
    this.#painter = Painter.on(this.#parts.canvas, (voxel) => this.#sayPlace(voxel));
    this.#parts.crosshair.setAttribute("class", "crosshair");
    new ResizeObserver(() => this.#arrange()).observe(element);
  }

  /**
   * Shows a canonical recipe: first its planes, where only planes are looked at, then the whole. What was shown stays, dimmed,
   * until something of the new volume is painted.
   */
  async show(recipe) {
    if (this.#asked === recipe && this.#element.dataset.state !== "error") return;
    if (this.#asked) this.#volumes.giveUp(this.#asked);
    this.#asked = recipe;
    this.#say("loading");
    const planes = new AbortController();
    try {
      if (this.#showsPlanesAlone && !this.#volumes.has(recipe)) this.#showPlanes(recipe, planes.signal);
      const volume = await this.#volumes.get(recipe);
      planes.abort();
      if (this.#asked !== recipe) return;
      await this.#paint(volume);
      if (this.#asked !== recipe) return;
      this.#element.dataset.recipe = recipe;
      this.#say("painted");
    } catch (error) {
      planes.abort();
      if (this.#asked === recipe) this.#say("error", error.message);
    }
  }

  get #showsPlanesAlone() {
    return this.#view !== "both" && this.#view !== "3d";
  }

  /** If they come before the whole. That they did not come is nothing to speak of: the whole says what is wrong. */
  async #showPlanes(recipe, signal) {
    const planes = await this.#volumes.planes(recipe, this.#voxel, signal).catch(() => null);
    if (!planes || signal.aborted || this.#asked !== recipe || !this.#showsPlanesAlone) return;
    await this.#paint(planes);
    if (!signal.aborted && this.#asked === recipe) this.#say("planes");
  }

  onLook = () => {}; // told that the crosshair or the channels changed

  /** x, y, z of the crosshair, once there is a volume. */
  get voxel() {
    return this.#voxel;
  }

  /** Moves the crosshair to `voxel` x, y, z, now or as soon as there is a volume that has it. */
  async goTo(voxel) {
    (await this.#painter).goTo(voxel);
  }

  /** The channels that are off, by number. */
  get off() {
    return this.#off;
  }

  /** Leaves just these channels off. */
  async turnOff(channels) {
    this.#off = channels.filter((channel) => channel >= 0);
    if (this.#volume) await this.#switchChannels();
  }

  /** The crosshair to the middle, all channels on. */
  async reset() {
    const [nx, ny, nz] = this.#volume ? this.#volume.shape.slice(1).reverse() : [0, 0, 0];
    await this.turnOff([]);
    if (nx) await this.goTo([nx >> 1, ny >> 1, nz >> 1]);
  }

  /** @param {"slice"|"xz"|"yz"|"planes"|"both"|"3d"} view */
  async setView(view) {
    this.#view = view;
    await this.#arrange();
  }

  /** Resolves to the painted canvas, {width, height, data}: RGBA, rows from the top down. */
  async pixels() {
    return (await this.#painter).pixels();
  }

  /** Where each plane is on the canvas, in CSS pixels, x, y, z of the voxel they meet in, and the volume's shape and scale. */
  async where() {
    const { shape, voxel_um } = this.#volume ?? {};
    const cssWidth = this.#parts.canvas.clientWidth;
    return { tiles: this.#tiles(), voxel: (await this.#painter).voxel, shape, voxel_um, cssWidth };
  }

  async #paint(volume) {
    const isOther = this.#volume?.channels.join() !== volume.channels.join();
    this.#volume = volume;
    if (isOther) this.#drawChannels();
    await this.#repaint();
    await this.#arrange();
  }

  async #repaint() {
    const { shape, voxel_um } = this.#volume;
    this.#rgba = compose(this.#volume, this.#on, this.#rgba);
    await (await this.#painter).load(this.#rgba, shape.slice(1), voxel_um);
  }

  #tiles() {
    if (!this.#volume) return [];
    const { clientWidth: width, clientHeight: height } = this.#parts.canvas;
    return tiles(this.#view, { width, height }, this.#volume.shape.slice(1));
  }

  async #arrange() {
    const painter = await this.#painter;
    const places = this.#tiles();
    await painter.arrange(places);
    this.#drawBar(places[0]);
    this.#drawInvitation(places);
    if (painter.voxel) this.#sayPlace(painter.voxel);
  }

  #drawBar(tile) {
    const { bar } = this.#parts;
    bar.hidden = !tile || tile.plane === "3d";
    if (bar.hidden) return;
    const { voxel_um, shape } = this.#volume;
    const across = tile.plane === "yz" ? shape[2] : shape[3];
    const scale = tile.width / (across * voxel_um); // pixels a um
    const um = barLength(tile.width / scale / 4);
    bar.textContent = `${um} µm`;
    bar.style.width = `${um * scale}px`;
    bar.style.left = `${tile.left + 12}px`;
    bar.style.top = `${tile.top + tile.height - 14}px`;
  }

  /** Where the planes leave room for it, 3D is one click away. */
  #drawInvitation(places) {
    const { invitation } = this.#parts;
    invitation.hidden = this.#view !== "planes" || !places.length;
    if (invitation.hidden) return;
    const [xy, , yz] = places;
    Object.assign(invitation.style, { left: `${yz.left}px`, top: `${xy.top}px`, width: `${yz.width}px`, height: `${xy.height}px` });
  }

  #drawChannels() {
    this.#parts.channels.replaceChildren(
      ...this.#volume.channels.map((name, channel) => {
        const button = document.createElement("button");
        button.className = "channel";
        button.textContent = name;
        button.style.setProperty("--colour", cssColour(channel));
        button.setAttribute("aria-pressed", !this.#off.includes(channel));
        button.addEventListener("click", () => this.toggle(channel));
        return button;
      }),
    );
  }

  /** Shows or hides a channel. */
  async toggle(channel) {
    if (!(channel < (this.#volume?.channels.length ?? 0))) return;
    const isOff = this.#off.includes(channel);
    await this.turnOff(isOff ? this.#off.filter((other) => other !== channel) : [...this.#off, channel].sort());
  }

  get #on() {
    return this.#volume.channels.map((_, channel) => !this.#off.includes(channel));
  }

  async #switchChannels() {
    [...this.#parts.channels.children].forEach((button, channel) => button.setAttribute("aria-pressed", this.#on[channel]));
    await this.#repaint();
    this.onLook();
  }

  #sayPlace(voxel) {
    if (!this.#volume) return;
    if (this.#voxel?.join() !== voxel.join()) this.onLook((this.#voxel = voxel));
    const { voxel_um: um, shape } = this.#volume;
    this.#parts.crosshair.innerHTML = `<path d="${crosshair(this.#tiles(), voxel, shape.slice(1))}"/>`;
    this.#parts.place.textContent = voxel.map((at, axis) => `${"xyz"[axis]} ${((at + 0.5) * um).toFixed(1)}`).join("  ") + " µm";
  }

  #say(state, message = "") {
    const { trouble, wait } = this.#parts;
    this.#element.dataset.state = state;
    this.#element.setAttribute("aria-busy", state === "loading");
    clearTimeout(this.patience);
    wait.textContent = "";
    if (state === "loading") this.patience = setTimeout(() => (wait.textContent = "Decoding…"), PATIENCE_MS);
    const recipe = this.#asked;
    trouble.replaceChildren();
    if (state !== "error") return;
    add(trouble, "p").textContent = message;
    const again = add(trouble, "button");
    again.textContent = "Try again";
    again.addEventListener("click", () => this.show(recipe));
  }
}

function add(parent, tag, className = "") {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}
