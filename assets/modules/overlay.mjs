// The switch "show what is uncertain", what it says, and a way out where that takes long.

const PATIENCE_MS = 1000;

export class UncertaintySwitch {
  #element;
  #switch;
  #words;
  #cancel;
  #patience;

  /** @param {HTMLElement} element where the switch goes  @param {HTMLElement} viewer where its words go
   *  @param {(on: boolean) => void} turned */
  constructor(element, viewer, turned) {
    this.#element = viewer;
    this.#switch = element.appendChild(document.createElement("button"));
    Object.assign(this.#switch, { className: "switch", textContent: "Show what is uncertain" });
    this.#switch.setAttribute("role", "switch");
    this.#switch.title = "How much the structures vary from one drawn localisation to another";
    this.#switch.addEventListener("click", () => turned(this.#switch.getAttribute("aria-checked") !== "true"));
    const row = viewer.appendChild(document.createElement("div"));
    row.className = "uncertain";
    this.#words = row.appendChild(document.createElement("p"));
    this.#words.setAttribute("role", "status");
    this.#cancel = row.appendChild(document.createElement("button"));
    Object.assign(this.#cancel, { className: "step", textContent: "Cancel", hidden: true });
    this.#cancel.addEventListener("click", () => turned(false));
    this.say("off");
  }

  /** Where it means nothing it cannot be turned on. */
  set isPossible(possible) {
    this.#switch.disabled = !possible;
  }

  /** @param {"off"|"loading"|"shown"|"error"} state */
  say(state, words = "") {
    this.#element.dataset.uncertain = state;
    this.#switch.setAttribute("aria-checked", state !== "off");
    this.#words.textContent = words;
    clearTimeout(this.#patience);
    this.#cancel.hidden = true;
    if (state === "loading") this.#patience = setTimeout(() => (this.#cancel.hidden = false), PATIENCE_MS);
  }
}
