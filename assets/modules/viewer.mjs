// The volume viewer: fetches what a recipe means, paints it, and says on its element what is painted (data-state, data-recipe).

import { Channels } from "./channels.mjs";
import * as compare from "./comparison.mjs";
import { compose } from "./compose.mjs";
import { autoWindow, histogram, pooled } from "./contrast.mjs";
import { Dressing } from "./dressing.mjs";
import * as grid from "./grid.mjs";
import { appearances, areMany, changed, channelOf, forAnother, readLook, UNCERTAINTY, withSwitch } from "./look.mjs";
import { UncertaintySwitch } from "./overlay.mjs";
import { Panels } from "./panels.mjs";
import { Painter } from "./painter.mjs";
import { tiles } from "./tiles.mjs";
import { firstWindow, withUncertainty, wordsOf } from "./uncertain.mjs";
import { genesOf, kindOf, uncertaintyOf } from "./variants.mjs";
import * as ways from "./ways.mjs";

const PANELS = { grid, compare, ways }; // views of many pictures

export class Viewer {
  #element;
  #volumes;
  #facts;
  #painter;
  #panels;
  #channels;
  #uncertainty;
  #view = "planes"; // that was chosen
  #kind; // of PANELS: what is painted; undefined where it is one volume
  #look = {};
  #volume; // that the painter shows
  #shown = []; // volumes that are in the picture, null for one that there is not
  #histograms = new WeakMap(); // volume -> counts of each channel
  #rgba;
  #asked;
  #lookFor; // the recipe that the look was given with
  #painted; // the recipe of the last whole picture
  #wanted = []; // recipes that are waited for
  #deviation; // recipe of the standard deviation that is waited for
  #run = 0; // counts what was asked for: an older one that still waits ends
  #frame; // the next repainting
  #strip;
  #differing; // channel whose difference is shown
  #voxel; // x, y, z of the crosshair
  #canvas;
  #dressing;

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
    const canvas = element.appendChild(document.createElement("canvas"));
    this.#panels = new Panels(element, { move: (voxel) => this.moveTo(voxel), pick: picked });
    this.#dressing = new Dressing(element, { invited, again: () => this.#open() });
    this.#channels = new Channels(channels, {
      change: (name, fields) => this.#change(changed(this.#look, name, fields)),
      lock: (on) => this.#change(withSwitch(this.#look, "lock", on)),
      alone: picked,
      counts: (name) => this.#counts(name),
    });
    this.#uncertainty = new UncertaintySwitch(overlays, element, (on) => this.showUncertainty(on));
    this.#start(canvas);
    new ResizeObserver(() => this.#arrange()).observe(element);
  }

  /** What is known of the atlas (app/page.py: facts): needed before anything is shown. */
  set facts(facts) {
    this.#facts = facts;
  }

  get #palette() {
    return { colours: this.#facts.colours, uncertainty: this.#facts.uncertainty.colour };
  }

  /**
   * Shows a canonical recipe: first its planes, where only planes are looked at, then the whole. What was shown stays, dimmed,
   * until something of the new volume is painted. It has the look of the picture before, or the one that is given.
   */
  async show(recipe, look = undefined) {
    if (this.#asked === recipe && this.#element.dataset.state !== "error") return look && this.setLook(look);
    this.#asked = recipe;
    if (look) [this.#look, this.#lookFor] = [readLook(look), recipe];
    await this.#open();
  }

  async #open() {
    const [recipe, run] = [this.#asked, ++this.#run];
    const isCurrent = () => run === this.#run;
    this.#giveUpUncertainty();
    this.#dressing.say("loading");
    try {
      await (PANELS[this.#view] ? this.#openPanels(recipe, isCurrent) : this.#openVolume(recipe, isCurrent));
      if (!isCurrent()) return;
      this.#painted = recipe;
      this.#element.dataset.recipe = recipe;
      this.#dressing.say("painted");
      if (this.#look.uncertain && !PANELS[this.#view]) this.#openUncertainty(recipe, isCurrent);
    } catch (error) {
      if (isCurrent()) this.#dressing.say("error", error.message);
    }
  }

  async #openVolume(recipe, isCurrent) {
    const planes = new AbortController();
    const isHere = this.#volumes.has(recipe);
    const volume = this.#want([recipe]);
    try {
      if (this.#showsPlanesAlone && !isHere) this.#showPlanes(recipe, planes.signal, isCurrent);
      await volume;
    } finally {
      planes.abort();
    }
    if (isCurrent()) await this.#paint((await volume)[0], recipe);
  }

  async #openPanels(recipe, isCurrent) {
    const volumes = await this.#want(PANELS[this.#view].recipes(recipe, this.#facts));
    if (!isCurrent()) return;
    this.#take(volumes, recipe, PANELS[this.#view]);
    this.#voxel ??= [...volumes.find(Boolean).shape.slice(1)].reverse().map((n) => n >> 1);
    await this.#repaint();
    await this.#arrange();
  }

  /** Fetches what is likely to be shown next; not for panels, which are many volumes each. */
  prefetch(recipe) {
    if (!PANELS[this.#view]) this.#volumes.prefetch(recipe);
  }

  /** The volumes of some recipes, null for null. Those that were waited for before and are not among them are given up. */
  #want(recipes) {
    for (const old of this.#wanted) if (!recipes.includes(old)) this.#volumes.giveUp(old);
    this.#wanted = recipes.filter(Boolean);
    return Promise.all(recipes.map((recipe) => recipe && this.#volumes.get(recipe)));
  }

  get #showsPlanesAlone() {
    return !PANELS[this.#view] && this.#view !== "both" && this.#view !== "3d";
  }

  /** If they come before the whole. That they did not come is nothing to speak of: the whole says what is wrong. */
  async #showPlanes(recipe, signal, isCurrent) {
    const planes = await this.#volumes.planes(recipe, this.#voxel, signal).catch(() => null);
    if (!planes || signal.aborted || !isCurrent() || !this.#showsPlanesAlone) return;
    await this.#paint(planes, recipe);
    if (!signal.aborted && isCurrent()) this.#dressing.say("planes");
  }

  /** @param {"slice"|"planes"|"both"|"3d"|"grid"|"compare"|"ways"} view */
  async setView(view) {
    const isOther = PANELS[view] !== PANELS[this.#view];
    this.#view = view;
    this.#uncertainty.isPossible = !PANELS[view];
    if (!isOther || !this.#asked) return this.#arrange();
    await this.#open();
  }

  /** Resolves to the painted canvas, {width, height, data}: RGBA, rows from the top down. */
  async pixels() {
    return this.#kind ? this.#panels.pixels() : (await this.#painter).pixels();
  }

  /** Where each plane is on the canvas, in CSS pixels, x, y, z of the voxel they meet in, and the volume's shape and scale. */
  async where() {
    const { shape, voxel_um } = this.#shown.find(Boolean) ?? {};
    const voxel = this.#kind ? this.#voxel : (await this.#painter).voxel;
    return { tiles: this.#tiles(), voxel, shape, voxel_um, cssWidth: this.#canvas.clientWidth };
  }

  /** Moves the crosshair to x, y, z. */
  async moveTo(voxel) {
    this.#voxel = voxel;
    (await this.#painter).moveTo(voxel);
    this.#panels.moveTo(voxel);
    this.#strip?.moved(voxel);
    this.#sayPlace(voxel);
  }

  /** x, y, z of the crosshair, once there is a volume. */
  get voxel() {
    return this.#voxel;
  }

  /** The crosshair to the middle, and the look of a new page. */
  async reset() {
    this.setLook({});
    const volume = this.#shown.find(Boolean);
    if (volume) await this.moveTo([...volume.shape.slice(1)].reverse().map((n) => n >> 1));
  }

  /** How channels are shown (look.mjs): one plain object, {} at first. The element tells of each change: event "look". */
  get look() {
    return this.#look;
  }

  /** Takes a look, such as one from an address; what cannot be is left out. */
  setLook(look) {
    const next = readLook(look);
    const turns = Boolean(next.uncertain) !== Boolean(this.#look.uncertain);
    this.#change(next);
    if (turns) this.showUncertainty(Boolean(next.uncertain));
  }

  /** Gives every channel that is on the window from the 50th to the 98.3rd percentile of what is not black. */
  autoContrast() {
    const names = this.#names.filter((name) => channelOf(this.#look, name).on);
    this.#change(names.reduce((look, name) => changed(look, name, { window: autoWindow(this.#counts(name)), auto: true }), this.#look));
  }

  /** Shows or hides a channel, by its place. */
  toggle(channel) {
    const name = this.#names[channel];
    if (name) this.#change(changed(this.#look, name, { on: !channelOf(this.#look, name).on }));
  }

  /** Lays the standard deviation over draws of z_s over the picture, or takes it away. */
  showUncertainty(on) {
    this.#change(withSwitch(on ? this.#look : changed(this.#look, UNCERTAINTY, channelOf({}, UNCERTAINTY)), "uncertain", on));
    if (on && this.#element.dataset.uncertain !== "off") return; // it is there, or on its way
    const run = this.#run;
    if (on && this.#asked && this.#painted === this.#asked && !this.#kind) this.#openUncertainty(this.#asked, () => run === this.#run);
    if (on) return;
    const had = this.#element.dataset.uncertain === "shown";
    this.#giveUpUncertainty();
    if (had) this.#open();
  }

  async #openUncertainty(recipe, isCurrent) {
    const { recipe: deviation, n_samples } = uncertaintyOf(recipe, this.#facts);
    const isWanted = () => isCurrent() && this.#look.uncertain;
    const [picture] = this.#shown;
    this.#deviation = deviation;
    this.#uncertainty.say("loading", `Drawing ${n_samples} localisations at random…`);
    try {
      const volume = withUncertainty(picture, await this.#volumes.get(deviation));
      if (!isWanted()) return;
      if (!this.#look.channels?.[UNCERTAINTY]?.window) {
        this.#look = changed(this.#look, UNCERTAINTY, { window: firstWindow(volume) });
      }
      await this.#paint(volume, recipe);
      if (isWanted()) this.#sayUncertainty();
      this.#tell();
    } catch (error) {
      if (isWanted()) this.#uncertainty.say("error", error.message);
    }
  }

  #sayUncertainty() {
    const genes = genesOf(this.#painted, this.#facts).map(decodeURIComponent);
    const { n_samples } = uncertaintyOf(this.#painted, this.#facts);
    const { window } = channelOf(this.#look, UNCERTAINTY);
    this.#uncertainty.say("shown", wordsOf(genes, n_samples, window, this.#facts.uncertainty.full_scale));
  }

  #giveUpUncertainty() {
    if (this.#deviation) this.#volumes.giveUp(this.#deviation);
    this.#deviation = undefined;
    this.#uncertainty.say("off");
  }

  get #names() {
    return [...new Set(this.#shown.filter(Boolean).flatMap(({ channels }) => channels))];
  }

  /** Histogram of a channel, over all volumes of the picture or some. */
  #counts(name, volumes = this.#shown.filter(Boolean)) {
    const having = volumes.filter(({ channels }) => channels.includes(name));
    return pooled(having.map((volume) => {
      const known = this.#histograms.get(volume) ?? {};
      this.#histograms.set(volume, known);
      const [k, n_voxels] = [volume.channels.indexOf(name), volume.data.length / volume.shape[0]];
      return (known[name] ??= histogram(volume.data, k * n_voxels, (k + 1) * n_voxels));
    }));
  }

  #change(look) {
    this.#look = look;
    this.#tell();
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#repaint();
    });
  }

  #tell() {
    if (this.#shown.length) this.#channels.show(this.#names, this.#look, this.#palette);
    this.#element.dispatchEvent(new CustomEvent("look", { detail: this.#look, bubbles: true }));
  }

  /** Volumes have come that make the picture of `recipe`. */
  #take(volumes, recipe, kind = undefined) {
    this.#shown = volumes;
    this.#kind = kind;
    if (this.#painted && recipe !== this.#painted && recipe !== this.#lookFor) this.#look = forAnother(this.#look, (name) => autoWindow(this.#counts(name)));
    this.#channels.show(this.#names, this.#look, this.#palette);
    this.#dressing.kind = kind === compare ? "" : kind === grid ? "predicted" : kindOf(recipe);
  }

  async #paint(volume, recipe) {
    this.#take([volume], recipe);
    this.#volume = volume;
    this.#panels.hide();
    await this.#repaint();
    await this.#arrange();
  }

  async #repaint() {
    if (!this.#shown.length) return;
    const look = JSON.stringify(this.#look);
    delete this.#element.dataset.look;
    const isMixed = !this.#kind && areMany(this.#look, this.#names);
    this.#dressing.mixing = isMixed ? "each voxel in the colour of its brightest structure" : "";
    if (this.#kind) this.#paintPanels();
    else await this.#paintVolume();
    if (this.#element.dataset.uncertain === "shown") this.#sayUncertainty();
    this.#element.dataset.look = look; // what is painted
  }

  async #paintVolume() {
    const { shape, voxel_um, channels } = this.#volume;
    this.#rgba = compose(this.#volume, appearances(this.#look, channels, this.#palette), this.#rgba);
    await (await this.#painter).load(this.#rgba, shape.slice(1), voxel_um);
  }

  #paintPanels() {
    const kind = this.#kind;
    const differ = (channel) => {
      this.#differing = channel;
      this.#paintPanels();
    };
    const how = {
      look: this.#look,
      palette: this.#palette,
      facts: this.#facts,
      recipe: this.#asked,
      counts: (name, volumes) => this.#counts(name, volumes),
      voxel: this.#voxel,
      move: (voxel) => this.moveTo(voxel),
      differing: this.#differing,
      differ,
    };
    const volume = this.#shown.find(Boolean);
    this.#panels.show(kind.panels(this.#shown, how), { planes: kind.planes, shape: volume.shape.slice(1), voxel: this.#voxel, isChoice: kind.isChoice });
    this.#strip = kind.strip(this.#shown, how);
    this.#dressing.strip = this.#strip.nodes;
  }

  /** The canvas of the planes with its painter, which says what it draws 3D with, and how often a context was lost. */
  #start(canvas) {
    this.#canvas = canvas;
    canvas.setAttribute("aria-hidden", "true"); // the caption says what it shows
    const tell = ({ hasWebgl, n_renewed }) => {
      this.#element.dataset.painter = hasWebgl ? "webgl" : "planes";
      if (n_renewed) this.#element.dataset.renewed = n_renewed;
    };
    this.#painter = Painter.on(canvas, (voxel) => this.#sayPlace(voxel), tell);
  }

  #tiles() {
    if (this.#kind) return this.#panels.tiles;
    if (!this.#volume || PANELS[this.#view]) return [];
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    return tiles(this.#view, { width, height }, this.#volume.shape.slice(1));
  }

  async #arrange() {
    const painter = await this.#painter;
    this.#panels.arrange();
    this.#element.dataset.view = this.#view;
    const places = this.#tiles();
    if (!this.#kind && places.length) await painter.arrange(places);
    this.#dressing.arrange(places, this.#view, this.#shown.find(Boolean));
    if (!this.#kind) this.#dressing.strip = [];
    const voxel = this.#kind ? this.#voxel : painter.voxel;
    if (voxel) this.#sayPlace(voxel);
  }

  #sayPlace(voxel) {
    const volume = this.#shown.find(Boolean);
    if (!volume) return;
    const moved = this.#voxel?.join() !== voxel.join();
    this.#voxel = voxel;
    if (moved) this.#element.dispatchEvent(new CustomEvent("place", { bubbles: true }));
    if (this.#kind === grid) this.#dressing.clearPlace(); // there only the slice is chosen
    else this.#dressing.sayPlace(this.#tiles(), voxel, volume);
  }
}
