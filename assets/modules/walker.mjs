// What is walked (the cell cycle, stops of one's own, one dimension) and the player that walks it. What is chosen stands in the
// address beside the recipe; what is seen of it is walk_room.mjs.

import { cssColour } from "./look.mjs";
import { Player } from "./player.mjs";
import { encodeName } from "./recipe.mjs";
import { added, FIRST, MAX_STOPS, readChoice, writeChoice } from "./stops.mjs";
import { around, heldBy, isSame, lastOf, marksOf, placeOf, REACH, recipeAt, timeAt, valueAt, wordsOf } from "./track.mjs";
import { fieldsOf, rowOf } from "./variants.mjs";
import { frameAt, timeOf } from "./walk.mjs";
import { WalkRoom } from "./walk_room.mjs";

const SAY_EVERY_MS = 700; // while the walk is played, the server's words follow this often
const SETTLE_MS = 250; // after the slider stopped

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
  #room;
  #measured; // the track whose curves are drawn

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
    if (row === null || row === undefined) return this.#room.say("Only a cell can be a stop: open one, then add it.");
    const name = this.#facts.cells.at(row);
    const more = added(stops, encodeName(name));
    if (more === stops) return this.#room.say(stops.length >= MAX_STOPS ? `A walk has at most ${MAX_STOPS} stops.` : `${name} is the last stop already.`);
    this.#choose({ mode: "stops", stops: more });
    this.#room.say(`${name} is stop ${more.length}.${more.length < 2 ? " Add another to walk there." : ""}`);
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
    this.#room.playing = playing;
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
    const open = (row) => this.#page.report({ do: "cell", row });
    const seek = (frame) => {
      this.#isHeld = false;
      this.#player.pause();
      this.#player.seek(timeOf(frame));
    };
    const details = () => {
      this.#choice = { ...this.#choice, open: !this.#choice.open };
      this.#refresh();
      this.#page.changed(false);
    };
    this.#room = new WalkRoom(
      { n_latent: this.#facts.n_latent, hasCycle: Boolean(this.#facts.walk) },
      {
        choose: (changes) => this.#choose(changes),
        toggle: () => this.toggle(),
        add: () => this.addShown(),
        back: () => this.#open(this.#held),
        beside: () => this.#besides(),
        open: (stop) => open(this.#rowsOf([stop])[0]),
        openCell: (cell) => open(this.#facts.cells.indexOf(cell)),
        seek,
        details,
      },
    );
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
    const [choice, track, names] = [this.#choice, this.#track, this.#names];
    this.#room.show(choice, {
      names,
      stages: this.#stagesOf(choice.stops),
      isWalk: Boolean(track),
      isShown: this.isShown,
      isBeside: this.#page.view() === "ways",
      isCell: Boolean(this.#state) && rowOf(this.#state.recipe, this.#facts) !== null,
      own: this.#own && choice.mode === "dimension" ? this.#ownValue : undefined,
    });
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
    this.#room.place(t === null || !track ? this.#invitation : wordsOf(track, t, this.#names), t);
    this.#room.curves.at(t === null ? null : frameAt(t));
    this.#room.nearest.at(t === null || !this.#choice.open ? null : this.#recipeAt(t));
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
      return this.#room.curves.show(null);
    }
    if (this.#t === null && isSame(track, this.#measured)) return; // a cell is looked at: the curves stay
    this.#measured = track;
    const genes = this.#state.structures.split(",").map(decodeURIComponent);
    const { look } = this.#page.viewer();
    const palette = { colours: this.#facts.colours, uncertainty: this.#facts.uncertainty.colour };
    const colours = genes.map((gene, k) => cssColour(look, gene, 2 + k, palette));
    const recipes = Array.from({ length: frameAt(lastOf(track)) + 1 }, (_, frame) => this.#recipeAt(timeOf(frame)));
    this.#room.curves.show({ recipes, genes, colours });
  }

  #besides() {
    const isBeside = this.#page.view() === "ways";
    if (!isBeside && this.#t === null && this.#track) this.#player.seek(this.#player.t);
    this.#page.set("view", { value: isBeside ? "planes" : "ways" });
  }

  /** Another view was chosen. */
  viewed() {
    this.#room.isBeside = this.#page.view() === "ways";
  }
}
