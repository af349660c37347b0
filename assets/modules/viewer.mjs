// The volume viewer: fetches what a recipe means, paints it, and says on its element what is painted (data-state, data-recipe).

import { compose } from "./compose.mjs";
import { solidWindow } from "./contrast.mjs";
import { Dressing } from "./dressing.mjs";
import { appearances, areMany, changed, channelOf, readLook, UNCERTAINTY, withSwitch } from "./look.mjs";
import { Looking } from "./looking.mjs";
import { Painter } from "./painter.mjs";
import * as pair from "./pair.mjs";
import { Panelled, PANELS } from "./panelled.mjs";
import { Shown } from "./shown.mjs";
import { Surfaces, wanted } from "./surfaces.mjs";
import { tiles } from "./tiles.mjs";
import { firstWindow } from "./uncertain.mjs";
import { Uncertainty } from "./uncertainty.mjs";
import { fieldsOf, kindOf } from "./variants.mjs";
import { Waiting } from "./waiting.mjs";

export class Viewer {
  #element;
  #canvas;
  #volumes;
  #facts;
  #painter;
  #panels;
  #looking;
  #uncertainty;
  #dressing;
  #waiting;
  #surfaces = new Surfaces();
  #shown = new Shown();
  #view = "planes"; // that was chosen
  #beside; // {of, shape}: what is compared with one shape while that is shown
  #lookFor; // the recipe that the look was given with
  #asked; // the recipe that is wanted
  #painted; // that of the last whole picture
  #run = 0; // counts what was asked for: an older one that still waits ends
  #frame; // the next repainting
  #rgba; // of the volume that is painted
  #voxel; // x, y, z of the crosshair

  /**
   * @param {HTMLElement} element where it is drawn
   * @param {{channels: HTMLElement, overlays: HTMLElement}} places where switches go
   * @param {Volumes} volumes
   * @param {{invited: () => void, picked: (gene: string) => void}} does told that 3D is wanted beside the planes, and that one
   *   structure is to be shown alone
   */
  constructor(element, { channels, overlays }, volumes, { invited, picked }) {
    this.#element = element;
    this.#volumes = volumes;
    this.#waiting = new Waiting(volumes);
    this.#canvas = element.appendChild(document.createElement("canvas"));
    const restrip = () => (this.#dressing.strip = this.#panels.strip);
    this.#panels = new Panelled(element, { move: (voxel) => this.moveTo(voxel), pick: picked, changed: restrip });
    this.#dressing = new Dressing(element, { invited, again: () => this.#open(), surfaces: () => this.toggleSurfaces() });
    this.#looking = new Looking(element, channels, this.#shown, { repaint: () => this.#repaintSoon(), alone: picked });
    this.#uncertainty = new Uncertainty(overlays, element, volumes, (on) => this.showUncertainty(on));
    this.#start();
    new ResizeObserver(() => this.#arrange()).observe(element);
  }

  /** What is known of the atlas (app/page.py: facts): needed before anything is shown. */
  set facts(facts) {
    this.#facts = facts;
    this.#looking.palette = this.#palette;
  }

  // What is shown

  /**
   * Shows a canonical recipe: first its planes, where only planes are looked at, then the whole. What was shown stays, dimmed,
   * until something of the new volume is painted. It has the look of the picture before, or the one that is given.
   */
  async show(recipe, look = undefined) {
    if (this.#asked === recipe && this.#element.dataset.state !== "error") return look && this.setLook(look);
    this.#asked = recipe;
    if (look) {
      this.#looking.expect(look);
      this.#lookFor = recipe;
    }
    await this.#open();
  }

  /** Fetches what is likely to be shown next; not for panels, which are many volumes each. */
  prefetch(recipe) {
    if (!this.#panelKind) this.#volumes.prefetch(recipe);
  }

  /** @param {"slice"|"xz"|"yz"|"planes"|"both"|"3d"|"grid"|"compare"|"ways"} view */
  async setView(view) {
    const before = this.#panelKind;
    this.#view = view;
    this.#uncertainty.isPossible = !this.#panelKind;
    if (this.#panelKind === before || !this.#asked) return this.#arrange();
    await this.#open();
  }

  /** What the comparison shows beside a shape, {of: shape, shape}, or null: a cell's own observed and reconstructed volumes. */
  set beside(beside) {
    const had = this.#panelKind;
    this.#beside = beside;
    if (this.#asked && this.#panelKind !== had) this.#open();
  }

  /** The shape that is compared with the one that is shown, or null. */
  get beside() {
    return this.#asked ? this.besideOf(this.#asked) : null;
  }

  /** The shape that is compared with a recipe's, or null. */
  besideOf(recipe) {
    const { of, shape } = this.#beside ?? {};
    return of === fieldsOf(recipe).shape ? shape : null;
  }

  /** What makes the panels of the view, undefined where it is one volume. */
  get #panelKind() {
    return this.#view === "compare" && this.beside ? pair : PANELS[this.#view];
  }

  get #showsPlanesAlone() {
    return !this.#panelKind && this.#view !== "both" && this.#view !== "3d";
  }

  async #open() {
    const [recipe, run] = [this.#asked, ++this.#run];
    const isCurrent = () => run === this.#run;
    this.#uncertainty.giveUp();
    this.#dressing.say("loading");
    try {
      await (this.#panelKind ? this.#openPanels(recipe, isCurrent) : this.#openVolume(recipe, isCurrent));
      if (!isCurrent()) return;
      this.#painted = recipe;
      this.#element.dataset.recipe = recipe;
      this.#dressing.say("painted");
      if (this.look.uncertain && !this.#panelKind) this.#openUncertainty(recipe, isCurrent);
    } catch (error) {
      if (isCurrent()) this.#dressing.say("error", error.message);
    }
  }

  async #openVolume(recipe, isCurrent) {
    const planes = new AbortController();
    const isHere = this.#volumes.has(recipe);
    const volume = this.#waiting.for([recipe]);
    try {
      if (this.#showsPlanesAlone && !isHere) this.#showPlanes(recipe, planes.signal, isCurrent);
      await volume;
    } finally {
      planes.abort();
    }
    if (isCurrent()) await this.#paint((await volume)[0], recipe);
  }

  /** If they come before the whole. That they did not come is nothing to speak of: the whole says what is wrong. */
  async #showPlanes(recipe, signal, isCurrent) {
    const planes = await this.#volumes.planes(recipe, this.#voxel, signal).catch(() => null);
    if (!planes || signal.aborted || !isCurrent() || !this.#showsPlanesAlone) return;
    await this.#paint(planes, recipe);
    if (!signal.aborted && isCurrent()) this.#dressing.say("planes");
  }

  async #openPanels(recipe, isCurrent) {
    const kind = this.#panelKind;
    const volumes = await this.#waiting.for(kind.recipes(recipe, this.#facts, this.beside));
    if (!isCurrent()) return;
    this.#take(volumes, recipe);
    this.#voxel ??= this.#shown.middle;
    await this.#repaint(kind);
    this.#dressing.kind = this.#panels.word;
    await this.#arrange();
  }

  // The crosshair

  /** x, y, z of the crosshair, once there is a volume. */
  get voxel() {
    return this.#voxel;
  }

  /** Moves the crosshair to x, y, z. */
  async moveTo(voxel) {
    this.#voxel = voxel;
    (await this.#painter).moveTo(voxel);
    this.#panels.moveTo(voxel);
    this.#sayPlace(voxel);
  }

  /** The crosshair to the middle, the look and the camera of a new page. */
  async reset() {
    this.setLook({});
    this.setCamera(null);
    if (this.#shown.any) await this.moveTo(this.#shown.middle);
  }

  // The camera

  /** Azimuth and elevation in degrees and magnification of 3D, as text: "15,35,1.5"; empty where it was not turned. */
  get camera() {
    return this.#element.dataset.camera ?? "";
  }

  /** Takes a camera, such as one from an address; null or what is none turns it back. */
  async setCamera(text) {
    (await this.#painter).setCamera(text);
  }

  // The look

  /** How channels are shown (look.mjs): one plain object, {} at first. The element tells of each change: event "look". */
  get look() {
    return this.#looking.look;
  }

  /** Takes a look, such as one from an address; what cannot be is left out. */
  setLook(look) {
    const next = readLook(look);
    const turns = Boolean(next.uncertain) !== Boolean(this.look.uncertain);
    this.#looking.change(next);
    if (turns) this.showUncertainty(Boolean(next.uncertain));
  }

  /** Gives every channel that is on its automatic contrast. */
  autoContrast() {
    this.#looking.autoContrast();
  }

  /** Shows or hides a channel, by its place. */
  toggle(channel) {
    this.#looking.toggle(channel);
  }

  /** In 3D surfaces instead of light, or light again. */
  toggleSurfaces() {
    this.#looking.turn("surfaces", !this.look.surfaces);
  }

  /** Lays the standard deviation over draws of z_s over the picture, or takes it away. */
  showUncertainty(on) {
    const look = on ? this.look : changed(this.look, UNCERTAINTY, channelOf({}, UNCERTAINTY)); // as if it had never been on
    this.#looking.change(withSwitch(look, "uncertain", on));
    if (on && this.#uncertainty.isOn) return;
    const run = this.#run;
    if (on && this.#asked && this.#painted === this.#asked && !this.#panels.kind) this.#openUncertainty(this.#asked, () => run === this.#run);
    if (on) return;
    const had = this.#uncertainty.isShown;
    this.#uncertainty.giveUp();
    if (had) this.#open();
  }

  async #openUncertainty(recipe, isCurrent) {
    const isWanted = () => isCurrent() && this.look.uncertain;
    try {
      const volume = await this.#uncertainty.over(this.#shown.any, recipe, this.#facts);
      if (!isWanted()) return;
      if (!this.look.channels?.[UNCERTAINTY]?.window) this.#looking.adopt(UNCERTAINTY, { window: firstWindow(volume) });
      await this.#paint(volume, recipe);
      if (isWanted()) this.#sayUncertainty();
      this.#looking.tell();
    } catch (error) {
      if (isWanted()) this.#uncertainty.fail(error.message);
    }
  }

  #sayUncertainty() {
    this.#uncertainty.say(this.#painted, this.#facts, channelOf(this.look, UNCERTAINTY).window);
  }

  #repaintSoon() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#repaint();
    });
  }

  get #palette() {
    return { colours: this.#facts.colours, uncertainty: this.#facts.uncertainty.colour };
  }

  // The picture

  /** Resolves to the painted canvas, {width, height, data}: RGBA, rows from the top down. */
  async pixels() {
    return this.#panels.kind ? this.#panels.pixels() : (await this.#painter).pixels();
  }

  /** Where each plane is on the canvas, in CSS pixels, x, y, z of the voxel they meet in, and the volume's shape and scale. */
  async where() {
    const { shape, voxel_um } = this.#shown.any ?? {};
    const voxel = this.#panels.kind ? this.#voxel : (await this.#painter).voxel;
    return { tiles: this.#tiles(), voxel, shape, voxel_um, cssWidth: this.#canvas.clientWidth };
  }

  /** Volumes have come that make the picture of `recipe`. */
  #take(volumes, recipe) {
    this.#shown.volumes = volumes;
    this.#looking.meet(this.#painted && recipe !== this.#painted && recipe !== this.#lookFor);
  }

  async #paint(volume, recipe) {
    this.#take([volume], recipe);
    this.#dressing.kind = kindOf(recipe);
    this.#panels.hide();
    await this.#repaint();
    await this.#arrange();
  }

  /** @param {object} [kind] what makes the panels that are painted; undefined for one volume */
  async #repaint(kind = this.#panels.kind) {
    if (!this.#shown.any) return;
    const look = JSON.stringify(this.look);
    delete this.#element.dataset.look;
    const isMixed = !kind && areMany(this.look, this.#shown.names);
    this.#dressing.mixing = isMixed ? "each voxel in the colour of its brightest structure" : "";
    this.#dressing.areSurfaces = Boolean(this.look.surfaces);
    if (kind) this.#paintPanels(kind);
    else await this.#paintVolume();
    if (this.#uncertainty.isShown) this.#sayUncertainty();
    this.#element.dataset.look = look; // what is painted
  }

  async #paintVolume() {
    const [volume, look] = [this.#shown.any, this.look];
    const { shape, voxel_um, channels } = volume;
    const counts = (name) => this.#shown.counts(name);
    const seen = appearances(look, channels, this.#palette).map((one, k) => ({ ...one, solid: solidWindow(one.window, () => counts(channels[k])) }));
    this.#rgba = compose(volume, seen, this.#rgba);
    const surfaces = (isWanted) => this.#surfaces.of(volume, wanted(volume, look, this.#palette, counts), isWanted);
    await (await this.#painter).load(this.#rgba, shape.slice(1), voxel_um, look.surfaces ? surfaces : null);
  }

  #paintPanels(kind) {
    const counts = (name, volumes) => this.#shown.counts(name, volumes);
    const how = { look: this.look, palette: this.#palette, facts: this.#facts, recipe: this.#asked, beside: this.beside, counts, voxel: this.#voxel };
    this.#panels.paint(kind, this.#shown.volumes, how);
  }

  /** The painter says what it draws 3D with, how often a context was lost, what 3D shows and from where. */
  #start() {
    const { dataset } = this.#element;
    this.#canvas.setAttribute("aria-hidden", "true"); // the caption says what it shows
    const tell = ({ hasWebgl, n_renewed, solid, camera }) => {
      dataset.painter = hasWebgl ? "webgl" : "planes";
      if (n_renewed) dataset.renewed = n_renewed;
      dataset.solid = solid;
      if (camera === this.camera) return;
      dataset.camera = camera;
      this.#element.dispatchEvent(new CustomEvent("place", { bubbles: true }));
    };
    this.#painter = Painter.on(this.#canvas, (voxel) => this.#sayPlace(voxel), tell);
  }

  #tiles() {
    if (this.#panels.kind) return this.#panels.tiles;
    if (!this.#shown.any || this.#panelKind) return [];
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    return tiles(this.#view, { width, height }, this.#shown.any.shape.slice(1));
  }

  async #arrange() {
    const painter = await this.#painter;
    this.#panels.arrange();
    this.#element.dataset.view = this.#view;
    const places = this.#tiles();
    this.#dressing.arrange(places, this.#view, this.#shown.any);
    if (!this.#panels.kind) this.#dressing.strip = [];
    if (!this.#panels.kind && places.length) await painter.arrange(places);
    const voxel = this.#panels.kind ? this.#voxel : painter.voxel;
    if (voxel) this.#sayPlace(voxel);
  }

  #sayPlace(voxel) {
    if (!this.#shown.any) return;
    const moved = this.#voxel?.join() !== voxel.join();
    this.#voxel = voxel;
    if (moved) this.#element.dispatchEvent(new CustomEvent("place", { bubbles: true }));
    if (this.#panels.hasPlace) this.#dressing.sayPlace(this.#tiles(), voxel, this.#shown.any);
    else this.#dressing.clearPlace();
  }
}
