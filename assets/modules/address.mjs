// The address holds all that is on the page: opening it gives the same picture. Each act is a step back, a lasso too; what only
// turns the picture about (the crosshair, a channel's switch) changes the address and is none.

import { query } from "./recipe.mjs";

const LOOK_AFTER_MS = 200; // a part that changes many times a second is written down once it rests

/** What two addresses show is the same act's: they differ in nothing but how it is looked at. */
export const isSameStep = (before, after) => before?.recipe === after.recipe;

export class Address {
  #parts = new Map(); // name -> {get: (main: {recipe: string}) => string, set: (text: string) => void}
  #main; // {recipe, colour, view} as last written
  #waiting;

  /**
   * @param {Window} window
   * @param {(main: {recipe: string, colour: string, view: string}, before?: object) => void} open told where Back and Forward
   *   lead, and from where
   */
  constructor(window, open) {
    this.window = window;
    this.window.addEventListener("popstate", () => {
      const [before, asked] = [this.#main, this.#read()];
      this.#main = { recipe: asked.get("recipe"), colour: asked.get("colour"), view: asked.get("view") };
      open(this.#main, before);
      this.#setParts(asked);
    });
  }

  /** A part of the address beside the recipe, the colours and the view; an empty text is left out. */
  add(name, part) {
    this.#parts.set(name, part);
    const asked = this.#read().get(name);
    if (asked) part.set(asked);
  }

  /** What is shown. `isFleeting` for a frame of a walk that goes on: no step of its own. */
  write(main, isFleeting = false) {
    const isStep = this.#main !== undefined && !isFleeting && !isSameStep(this.#main, main);
    this.#main = main;
    this.window.history[isStep ? "pushState" : "replaceState"](null, "", this.#text());
  }

  /** A part changed. */
  changed() {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#main && this.window.history.replaceState(null, "", this.#text()), LOOK_AFTER_MS);
  }

  /** A change of a part that can be undone. */
  step(change) {
    clearTimeout(this.#waiting);
    if (!this.#main) return change();
    this.window.history.replaceState(null, "", this.#text()); // what waited to be written belongs to the step before
    change();
    this.window.history.pushState(null, "", this.#text());
  }

  /** A part was changed by an act that can be undone. */
  stepped() {
    clearTimeout(this.#waiting);
    if (this.#main) this.window.history.pushState(null, "", this.#text());
  }

  undo() {
    this.window.history.back();
  }

  redo() {
    this.window.history.forward();
  }

  #read() {
    return new URLSearchParams(this.window.location.search);
  }

  #setParts(asked) {
    for (const [name, part] of this.#parts) part.set(asked.get(name) ?? "");
  }

  #text() {
    const { recipe, colour, view } = this.#main;
    const parts = [...this.#parts].map(([name, part]) => [name, part.get(this.#main)]).filter(([, text]) => text);
    return query(recipe, colour, view) + parts.map(([name, text]) => `&${name}=${encodeURIComponent(text).replaceAll("%2C", ",")}`).join("");
  }
}
