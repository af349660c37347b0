// Where the model is unsure: fetches the standard deviation that belongs to a picture, lays it over it, and says what it shows.

import { UncertaintySwitch } from "./overlay.mjs";
import { withUncertainty, wordsOf } from "./uncertain.mjs";
import { genesOf, uncertaintyOf } from "./variants.mjs";

export class Uncertainty {
  #element;
  #switch;
  #volumes;
  #waiting; // recipe of the standard deviation that is waited for

  /** As UncertaintySwitch, and the volumes that it takes from. */
  constructor(place, element, volumes, turned) {
    this.#element = element;
    this.#volumes = volumes;
    this.#switch = new UncertaintySwitch(place, element, turned);
  }

  /** Where it means nothing it cannot be turned on. */
  set isPossible(possible) {
    this.#switch.isPossible = possible;
  }

  /** Whether it is shown, or on its way. */
  get isOn() {
    return this.#element.dataset.uncertain !== "off";
  }

  get isShown() {
    return this.#element.dataset.uncertain === "shown";
  }

  /** The picture of `recipe` with one channel more. */
  async over(picture, recipe, facts) {
    const { recipe: deviation, n_samples } = uncertaintyOf(recipe, facts);
    this.#waiting = deviation;
    this.#switch.say("loading", `Drawing ${n_samples} localisations at random…`);
    return withUncertainty(picture, await this.#volumes.get(deviation));
  }

  /** It is shown, through this window of contrast. */
  say(recipe, facts, window) {
    const genes = genesOf(recipe, facts).map(decodeURIComponent);
    const { n_samples } = uncertaintyOf(recipe, facts);
    this.#switch.say("shown", wordsOf(genes, n_samples, window, facts.uncertainty.full_scale));
  }

  fail(message) {
    this.#switch.say("error", message);
  }

  giveUp() {
    if (this.#waiting) this.#volumes.giveUp(this.#waiting);
    this.#waiting = undefined;
    this.#switch.say("off");
  }
}
