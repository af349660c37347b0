// The cell nearest to a frame of the walk, among those that were there before the model: imaged or simulated, and how far.

import { make } from "./elements.mjs";

/** A neighbour, as /api/neighbours gives it, in words. */
export function nearestWords({ cell_id, stage, source, distance }) {
  const kind = source === "simulated" ? "simulated" : "imaged";
  const known = stage === "not annotated" ? "stage not annotated" : stage;
  return { name: cell_id, about: `${kind}, ${known}, ${distance < 0.005 ? "this very shape" : `${distance.toFixed(1)} away in z_r`}` };
}

export class Nearest {
  #known = new Map(); // recipe -> neighbour
  #wanted = null;
  #asking; // AbortController

  /** @param {HTMLElement} element  @param {(cell_id: string) => void} open told of a click */
  constructor(element, open) {
    this.element = element;
    this.button = make("button", { className: "nearest-cell", title: "Open this cell", on: { click: () => this.cell && open(this.cell) } });
    element.append(make("span", { className: "nearest-label", textContent: "Nearest cell" }), this.button);
    this.at(null);
  }

  /** The frame that is shown, as a recipe; null where there is none. */
  async at(recipe) {
    this.#wanted = recipe;
    this.element.hidden = recipe === null;
    this.#asking?.abort();
    if (recipe === null) return;
    if (!this.#known.has(recipe)) {
      this.#asking = new AbortController();
      const answer = await fetch(`/api/neighbours/${recipe.replaceAll("%", "%25")}?n=1`, { signal: this.#asking.signal }).catch(() => null);
      if (!answer?.ok) return;
      const [near] = await answer.json().catch(() => []); // given up while it came
      if (near) this.#known.set(recipe, near);
    }
    if (this.#wanted === recipe && this.#known.has(recipe)) this.#say(recipe);
  }

  #say(recipe) {
    const { name, about } = nearestWords(this.#known.get(recipe));
    this.cell = name;
    this.element.dataset.recipe = recipe;
    this.button.replaceChildren(make("b", { textContent: name }), ` ${about}`);
  }
}
