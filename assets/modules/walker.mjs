// The walk room: what is walked (the cell cycle, stops of one's own, one dimension), the player that walks it, and below it
// the way, the nearest cell and the curves. What is chosen here stands in the address beside the recipe.

import { Curves } from "./curves.mjs";
import { make } from "./elements.mjs";
import { cssColour } from "./look.mjs";
import { Nearest } from "./nearest.mjs";
import { Player } from "./player.mjs";
import { encodeName } from "./recipe.mjs";
import { added, FIRST, MAX_STOPS, moved, readChoice, removed, writeChoice } from "./stops.mjs";
import { around, heldBy, isSame, lastOf, marksOf, placeOf, REACH, recipeAt, timeAt, valueAt, WAYS, wordsOf } from "./track.mjs";
import { fieldsOf, rowOf } from "./variants.mjs";
import { frameAt, timeOf } from "./walk.mjs";

const SAY_EVERY_MS = 700; // while the walk is played, the server's words follow this often
const SETTLE_MS = 250; // after the slider stopped
const WORDS = { z_r: "Shape (z_r)", z_s: "Structures (z_s)" };
const DETAILS = "Ways between stops, the nearest cell, curves of volume and brightness";

const byId = (id) => document.getElementById(id);

export class Walker {
  #facts;
  #page;
  #player;
  #choice = FIRST; // stops.mjs
  #state; // what the server says is shown
  #t = null; // where the walk is, null where something else is shown
  #own = null; // latents of what a dimension goes around: {recipe, z_r, z_s}
  #lastSaid = 0;
  #isAnswered = true; // whether the server has answered what was last said
  #isHeld = false; // whether a hand was the last to move the slider
  #isLeaving = false;
  #settling; // until a frame that a hand went to is told
  #slider; // what the slider was last told
  #parts;
  #curves;
  #measured; // the track whose curves are drawn
  #nearest;

  /**
   * @param {object} facts of the atlas
   * @param {object} page report(event), set(id, props), viewer(), view() (its name) and maps: what this acts on;
   *   changed(isStep) when the address has something else to say
   */
  constructor(facts, page) {
    this.#facts = facts;
    this.#page = page;
    this.#player = new Player(2, {
      recipe: (t) => this.#recipeAt(t),
      prefetch: (recipe) => page.viewer().prefetch(recipe),
      show: (recipe) => page.viewer().show(recipe),
      moved: (t) => this.#moved(t),
      changed: (playing) => this.#changed(playing),
    });
    this.#choice = facts.walk ? FIRST : { ...FIRST, mode: "stops" };
    this.#build();
    this.#listen();
  }

  get playing() {
    return this.#player.playing;
  }

  /** Whether what is shown is a place on the walk. */
  get isShown() {
    return this.#t !== null;
  }

  /** What an address says of the walk beside the recipe. */
  get text() {
    return writeChoice(this.#choice);
  }

  set text(text) {
    const isCell = (stop) => typeof stop === "string" && this.#rowsOf([stop])[0] >= 0;
    this.#choice = readChoice(text, isCell, this.#facts.n_latent);
    if (!this.#facts.walk && this.#choice.mode === "cycle") this.#choice = { ...this.#choice, mode: "stops" };
    if (!this.#state) return;
    this.#t = this.#whereShown;
    this.#refresh();
  }

  /** The server says what is shown (app/page.py: state). True where the player is ahead of it. */
  follow(state) {
    this.#state = state;
    this.#isAnswered = true;
    const place = placeOf(state.recipe);
    const isAhead = this.#player.playing || this.#settling !== undefined;
    if (place && isAhead && isSame(place.track, this.#track)) return true;
    this.halt();
    this.#t = null;
    if (place) this.#adopt(place);
    else this.#isHeld = false;
    if (this.#choice.mode === "dimension") this.#learnOwn();
    this.#refresh();
    return false;
  }

  /** Stops without telling where: something else is shown next. */
  halt() {
    this.#settle();
    this.#isLeaving = true;
    this.#player.pause();
    this.#isLeaving = false;
  }

  toggle() {
    if (this.#track) this.#player.toggle();
  }

  step(by) {
    this.#isHeld = false;
    return this.#player.step(by);
  }

  /** The slider was moved. When the player moves it that comes back too, and late; only a hand counts. */
  seek(value) {
    if (!this.#isHeld || !this.#track) return;
    const t = timeAt(this.#track, value);
    if (t !== this.#player.t || this.#t === null) this.#player.seek(t);
  }

  setPace(speed, loops) {
    [this.#player.speed, this.#player.loops] = [Number(speed), loops];
  }

  /** The cell that is shown becomes the last stop. */
  addShown() {
    const row = this.#state && rowOf(this.#state.recipe, this.#facts);
    const { stops } = this.#choice;
    if (row === null || row === undefined) return this.#say("Only a cell can be a stop: open one, then add it.");
    const name = this.#facts.cells.at(row);
    const more = added(stops, encodeName(name));
    if (more === stops) return this.#say(stops.length >= MAX_STOPS ? `A walk has at most ${MAX_STOPS} stops.` : `${name} is the last stop already.`);
    this.#choose({ mode: "stops", stops: more });
    this.#say(`${name} is stop ${more.length}.${more.length < 2 ? " Add another to walk there." : ""}`);
  }

  get #track() {
    const { mode, way, stops, latent, dimension } = this.#choice;
    if (mode === "cycle") return this.#facts.walk && { kind: "path", way, stops: this.#cycle };
    if (mode === "stops") return stops.length < 2 ? null : { kind: "path", way, stops };
    return this.#state ? around(this.#state.recipe, latent, dimension) : null;
  }

  get #cycle() {
    return this.#facts.walk?.path.split(":")[1].split(",") ?? [];
  }

  #recipeAt(t) {
    return recipeAt(this.#track, t, { atlas: this.#facts.atlas, structures: this.#state.structures, z_s: fieldsOf(this.#state.recipe).z_s });
  }

  #rowsOf(stops) {
    return stops.map((stop) => this.#facts.cells.indexOf(decodeURIComponent(stop)));
  }

  #stagesOf(stops) {
    return this.#rowsOf(stops).map((row) => this.#facts.stages[this.#facts.stage[row]] ?? "");
  }

  /** What the stops of the walk are called: by stage where it is the cell cycle, else by name. */
  get #names() {
    const { mode, stops } = this.#choice;
    return mode === "cycle" ? this.#stagesOf(this.#cycle) : stops.map(decodeURIComponent);
  }

  /** A recipe is on this track: so the walk is this one. */
  #adopt({ track, t }) {
    if (track.kind === "dimension") {
      this.#choice = { ...this.#choice, mode: "dimension", latent: track.latent, dimension: track.dimension };
    } else {
      const isCycle = isSame(track.stops, this.#cycle);
      this.#choice = { ...this.#choice, way: track.way, mode: isCycle ? "cycle" : "stops", ...(isCycle ? {} : { stops: track.stops }) };
    }
    this.#t = t;
    this.#isHeld &&= t === this.#player.t;
    this.#player.be(t);
  }

  /** Something else was chosen here. While the walk is shown, its picture follows. */
  #choose(changes) {
    const before = this.#t;
    this.halt();
    this.#isHeld = false;
    this.#choice = { ...this.#choice, ...changes };
    const track = this.#track;
    this.#t = this.#whereShown;
    const follows = before !== null && this.#t === null && changes.mode === undefined && track !== null;
    if (track?.kind === "path") {
      if (follows) this.#t = Math.min(before, lastOf(track));
      this.#player.be(this.#t ?? 0);
    } else if (track) {
      this.#learnOwn();
    }
    if (follows) this.#open(this.#t === null ? this.#held : this.#recipeAt(this.#t));
    this.#refresh();
    this.#page.changed(!follows);
  }

  /** Where on the walk what is shown is, or null. */
  get #whereShown() {
    const [track, place] = [this.#track, this.#state && placeOf(this.#state.recipe)];
    return track && place && isSame(place.track, track) ? place.t : null;
  }

  /** What a dimension is walked around, as a recipe. */
  get #held() {
    return heldBy(this.#track, { atlas: this.#facts.atlas, structures: this.#state.structures });
  }

  /** A recipe that the server has yet to answer: until then no frame of the walk is told. */
  open(recipe) {
    this.#isAnswered = false;
    this.#open(recipe);
  }

  #open(recipe) {
    this.#page.report({ do: "open", recipe });
  }

  /** What the coordinate is before it is changed: the slider begins there. */
  async #learnOwn() {
    const track = this.#track;
    if (!track) return;
    const recipe = this.#held;
    if (this.#own?.recipe !== recipe) {
      const answer = await fetch(`/api/latents/${recipe.replaceAll("%", "%25")}`).catch(() => null);
      if (!answer?.ok) return;
      const { z_r, z_s } = await answer.json();
      this.#own = { recipe, z_r, z_s };
    }
    if (this.#choice.mode !== "dimension") return;
    if (this.#t === null && !this.#isHeld) this.#player.be(Math.min(2 * REACH, Math.max(0, this.#ownValue + REACH)));
    this.#refresh();
  }

  get #ownValue() {
    const { latent, dimension } = this.#choice;
    return this.#own?.[latent][dimension - 1] ?? 0;
  }

  #moved(t) {
    this.#t = t;
    this.#player.last = frameAt(lastOf(this.#track));
    this.#slide(valueAt(this.#track, t));
    this.#sayPlace();
    this.#settle();
    if (!this.#player.playing) this.#settling = setTimeout(() => this.#tell(), SETTLE_MS);
    else if (this.#isAnswered && performance.now() - this.#lastSaid > SAY_EVERY_MS) this.#tell();
  }

  #changed(playing) {
    this.#isHeld &&= !playing;
    byId("player").dataset.playing = playing;
    byId("play").setAttribute("aria-label", playing ? "Pause" : "Play the walk");
    byId("sentence").setAttribute("aria-live", playing ? "off" : "polite"); // not a sentence every second
    if (!playing && !this.#isLeaving) this.#tell();
  }

  #settle() {
    clearTimeout(this.#settling);
    this.#settling = undefined;
  }

  #tell() {
    this.#settle();
    this.#lastSaid = performance.now();
    this.#isAnswered = false;
    this.#open(this.#recipeAt(this.#player.t));
  }

  /** The slider goes along, but not with the hand that moves it. */
  #slide(value) {
    if (this.#slider?.value === value) return;
    this.#slider = { ...this.#slider, value };
    if (!this.#isHeld) this.#page.set("walk", { value });
  }

  // What is seen

  #build() {
    const button = (name, props) => make("button", { className: name, ...props });
    const ways = WAYS.map((way) => button("way", { textContent: way, "data-way": way, on: { click: () => this.#choose({ way }) } }));
    const beside = button("way", { textContent: "All three", title: "All three ways at the same place, in one view", on: { click: () => this.#besides() } });
    const way = make("div", { className: "ways", role: "group", "aria-label": "Way between stops" }, make("span", { className: "nearest-label", textContent: "Way" }), ...ways, beside);
    const near = make("div", { className: "nearest" });
    const curves = make("div", { className: "curves" });
    byId("walk-room").append(way, near, curves);
    this.#nearest = new Nearest(near, (cell) => this.#page.report({ do: "cell", row: this.#facts.cells.indexOf(cell) }));
    this.#curves = new Curves(curves, (frame) => {
      this.#isHeld = false;
      this.#player.pause();
      this.#player.seek(timeOf(frame));
    });
    const list = make("ol", { className: "stop-list" });
    const add = button("step", { id: "add-stop", textContent: "Add this cell", title: "The cell that is shown becomes a stop (W)", on: { click: () => this.addShown() } });
    const stops = make("div", { className: "stops" }, list, add);
    const latents = ["z_r", "z_s"].map((latent) => button("way", { textContent: WORDS[latent], "data-latent": latent, on: { click: () => this.#choose({ latent }) } }));
    const number = make("input", { className: "dimension-number", type: "number", min: 1, max: this.#facts.n_latent, step: 1, "aria-label": "Dimension", on: { change: () => this.#numbered() } });
    const own = make("span", { className: "own-value" });
    const back = button("step", { textContent: "Back to its own", on: { click: () => this.#open(this.#held) } });
    const dimension = make("div", { className: "dimension" }, ...latents, make("label", {}, "dimension ", number, ` of ${this.#facts.n_latent}`), own, back);
    const said = make("p", { className: "for-screen-readers", "aria-live": "polite" });
    byId("walk-row").append(stops, dimension, said);
    byId("walk-details").title = DETAILS;
    this.#parts = { ways, beside, way, list, add, stops, latents, number, own, back, dimension, said };
    if (!this.#facts.walk) document.querySelector('.walk-tabs [data-mode="cycle"]').disabled = true;
    byId("player").hidden = false;
  }

  #listen() {
    byId("play").addEventListener("click", () => this.toggle());
    for (const tab of document.querySelectorAll(".walk-tabs button")) tab.addEventListener("click", () => this.#choose({ mode: tab.dataset.mode }));
    byId("walk-details").addEventListener("click", () => {
      this.#choice = { ...this.#choice, open: !this.#choice.open };
      this.#refresh();
      this.#page.changed(false);
    });
    byId("viewer").addEventListener("look", () => this.#measure());
    const hold = ({ key, target }) => {
      if (key === "Tab" || !target.closest("#walk")) return;
      this.#isHeld = true;
      this.#player.pause();
    };
    for (const kind of ["pointerdown", "keydown"]) byId("player").addEventListener(kind, hold, { capture: true });
  }

  /** Everything in the room as it is chosen. */
  #refresh() {
    const { mode, way, stops, latent, dimension, open } = this.#choice;
    const [track, parts, names] = [this.#track, this.#parts, this.#names];
    const press = (buttons, isOn) => buttons.forEach((button) => button.setAttribute("aria-pressed", isOn(button)));
    press([...document.querySelectorAll(".walk-tabs button")], (tab) => tab.dataset.mode === mode);
    press(parts.ways, (button) => button.dataset.way === way);
    press([parts.beside], () => this.#page.view() === "ways");
    press(parts.latents, (button) => button.dataset.latent === latent);
    byId("walk-row").hidden = mode === "cycle";
    parts.stops.hidden = mode !== "stops";
    parts.dimension.hidden = mode !== "dimension";
    parts.way.hidden = mode === "dimension";
    byId("walk-room").hidden = !open;
    byId("walk-details").setAttribute("aria-expanded", open);
    byId("player").dataset.mode = mode;
    byId("player").dataset.open = open;
    byId("play").disabled = !track;
    if (document.activeElement !== parts.number) parts.number.value = dimension;
    parts.own.textContent = this.#own && mode === "dimension" ? `its own is ${this.#ownValue.toFixed(2)}` : "";
    parts.back.hidden = this.#t === null;
    if (mode === "stops") this.#listStops(names);
    if (track) {
      this.#player.last = frameAt(lastOf(track));
      if (this.#player.frame > this.#player.last) this.#player.frame = 0;
    }
    this.#setSlider(track, track ? marksOf(track, names) : []);
    this.#sayPlace();
    this.#measure();
  }

  #setSlider(track, marks) {
    const [min, last] = [track ? valueAt(track, 0) : 0, track ? lastOf(track) : 1];
    const next = { min, max: min + last, marks, disabled: !track, value: track ? valueAt(track, this.#t ?? this.#player.t) : 0 };
    if (isSame(next, this.#slider)) return;
    this.#slider = next;
    this.#page.set("walk", next);
  }

  /** Where the walk is, on the map and in words. */
  #sayPlace() {
    const { mode, stops } = this.#choice;
    const [track, t] = [this.#track, this.#t];
    const rows = mode === "cycle" ? (t === null ? [] : this.#rowsOf(this.#cycle)) : mode === "stops" ? this.#rowsOf(stops) : [];
    this.#page.maps.walk(rows, track?.kind === "path" ? t : null);
    byId("player").querySelector(".walk-words").textContent = t === null || !track ? this.#invitation : wordsOf(track, t, this.#names);
    byId("player").dataset.t = t ?? "";
    this.#curves.at(t === null ? null : frameAt(t));
    this.#nearest.at(t === null || !this.#choice.open ? null : this.#recipeAt(t));
  }

  get #invitation() {
    const { mode, stops } = this.#choice;
    if (mode === "cycle") return "From medoid to medoid of its stages";
    if (mode === "dimension") return `From −${REACH} to ${REACH} around what is shown`;
    if (stops.length < 2) return stops.length ? "Open another cell and add it" : "Open a cell and add it (W)";
    return `Through ${stops.length} cells`;
  }

  /** The curves of this walk, while they are looked at. */
  #measure() {
    const track = this.#track;
    if (!this.#choice.open || !track || !this.#state) {
      this.#measured = undefined;
      return this.#curves.show(null);
    }
    if (this.#t === null && isSame(track, this.#measured)) return; // a cell is looked at: the curves stay
    this.#measured = track;
    const genes = this.#state.structures.split(",").map(decodeURIComponent);
    const { look } = this.#page.viewer();
    const palette = { colours: this.#facts.colours, uncertainty: this.#facts.uncertainty.colour };
    const colours = genes.map((gene, k) => cssColour(look, gene, 2 + k, palette));
    const recipes = Array.from({ length: frameAt(lastOf(track)) + 1 }, (_, frame) => this.#recipeAt(timeOf(frame)));
    this.#curves.show({ recipes, genes, colours });
  }

  #listStops(names) {
    const { list, add } = this.#parts;
    const { stops } = this.#choice;
    add.disabled = !this.#state || rowOf(this.#state.recipe, this.#facts) === null;
    const stages = this.#stagesOf(stops);
    const edit = (at, next, focus) => {
      this.#choose({ stops: next });
      this.#say(`${next.length} stops: ${next.map(decodeURIComponent).join(", ")}`);
      list.children[Math.min(focus, next.length - 1)]?.querySelector(".stop-name").focus();
    };
    const act = (text, label, acts, disabled = false) => make("button", { className: "stop-act", textContent: text, title: label, "aria-label": label, disabled, on: { click: acts } });
    list.replaceChildren(
      ...stops.map((stop, at) =>
        make(
          "li",
          { className: "stop", "data-stop": stop },
          make("button", { className: "stop-name", textContent: names[at], title: `Open ${names[at]}, ${stages[at]}`, on: { click: () => this.#page.report({ do: "cell", row: this.#rowsOf([stop])[0] }) } }),
          act("‹", `Move ${names[at]} one earlier`, () => edit(at, moved(stops, at, -1), at - 1), at === 0),
          act("›", `Move ${names[at]} one later`, () => edit(at, moved(stops, at, 1), at + 1), at === stops.length - 1),
          act("×", `Take ${names[at]} out of the walk`, () => edit(at, removed(stops, at), at)),
        ),
      ),
    );
  }

  #numbered() {
    const { number } = this.#parts;
    if (!number.reportValidity() || !number.value) return;
    this.#choose({ dimension: Number(number.value) });
  }

  #besides() {
    const isBeside = this.#page.view() === "ways";
    if (!isBeside && this.#t === null && this.#track) this.#player.seek(this.#player.t);
    this.#page.set("view", { value: isBeside ? "planes" : "ways" });
  }

  /** Another view was chosen. */
  viewed() {
    this.#parts.beside.setAttribute("aria-pressed", this.#page.view() === "ways");
  }

  #say(words) {
    this.#parts.said.textContent = words;
    byId("player").querySelector(".walk-words").textContent = words;
  }
}
