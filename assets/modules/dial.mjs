// The dial of z_s: where structures are placed in the shape that is shown. Most probable, or drawn at random with a seed.

import { make } from "./elements.mjs";
import { fieldsOf, kindOf, recipeOf } from "./variants.mjs";

const MAX_SEED = 2 ** 32 - 1;
const NOT_A_SEED = { map: "from the map", cell: "as in a cell", dim: "one dimension" };

/** The seed of a recipe's z_s; null where it is not drawn. */
export const seedOf = (recipe) => {
  const seed = /^seed:(\d+)$/.exec(fieldsOf(recipe).z_s ?? "");
  return seed && Number(seed[1]);
};

/** The same prediction with z_s drawn with `seed`, or the most probable one for null. */
export const withSeed = (recipe, seed) => recipeOf({ ...fieldsOf(recipe), z_s: seed === null ? undefined : `seed:${seed}` });

/** The seed `by` on; before the first is the most probable, null. */
export function nextSeed(seed, by) {
  const next = (seed ?? 0) + by;
  return next < 1 ? null : Math.min(next, MAX_SEED);
}

/** What a recipe's z_s is in a word or two. */
export function wordsOf(recipe) {
  const { z_s } = fieldsOf(recipe);
  if (!z_s) return "most probable";
  return NOT_A_SEED[z_s.split(":")[0]] ?? "as given";
}

export class Dial {
  #recipe;
  #parts;

  /** @param {HTMLElement} element  @param {(recipe: string) => void} open told which prediction is wanted */
  constructor(element, open) {
    this.element = element;
    this.open = open;
    const step = (by, text, label, key) =>
      make("button", { className: "dial-step", textContent: text, title: `${label} (${key})`, "aria-label": label, on: { click: () => this.step(by) } });
    this.#parts = {
      back: step(-1, "‹", "Previous seed", ","),
      seed: make("input", { className: "dial-seed", type: "text", inputMode: "numeric", "aria-label": "Seed of where structures are placed", on: { change: () => this.#typed() } }),
      on: step(1, "›", "Next seed", "."),
      likeliest: make("button", { className: "dial-likeliest", textContent: "×", title: "Where the model most expects them (0)", "aria-label": "Most probable", on: { click: () => this.likeliest() } }),
    };
    const { back, seed, on, likeliest } = this.#parts;
    element.append(make("span", { className: "dial-label", textContent: "Placed" }), back, seed, on, likeliest);
  }

  /** What is shown; only a prediction has a dial. */
  show(recipe) {
    this.#recipe = recipe;
    const isPossible = kindOf(recipe) === "predicted";
    this.element.hidden = !isPossible;
    if (!isPossible) return;
    const { back, seed, likeliest } = this.#parts;
    const drawn = seedOf(recipe);
    seed.value = drawn === null ? "" : `seed ${drawn}`;
    seed.placeholder = wordsOf(recipe);
    back.disabled = drawn === null;
    likeliest.hidden = !fieldsOf(recipe).z_s;
    this.element.dataset.seed = drawn ?? "";
  }

  step(by) {
    if (!this.element.hidden) this.#to(nextSeed(seedOf(this.#recipe), by));
  }

  likeliest() {
    if (!this.element.hidden) this.#to(null);
  }

  #typed() {
    const text = this.#parts.seed.value.replace(/^\s*seed\s*/i, "").trim();
    const isSeed = /^\d{1,10}$/.test(text) && Number(text) <= MAX_SEED;
    this.#parts.seed.setCustomValidity(isSeed || !text ? "" : `${text} is no seed; give a whole number from 0 to ${MAX_SEED}`);
    if (!this.#parts.seed.reportValidity()) return;
    this.#to(text ? Number(text) : null);
  }

  #to(seed) {
    if (withSeed(this.#recipe, seed) !== this.#recipe) this.open(withSeed(this.#recipe, seed));
  }
}
