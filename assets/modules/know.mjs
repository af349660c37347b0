// Below the maps: what is selected, in words and for the server; the panels; how far to trust a place where no cell is.

import * as selection from "./selection.mjs";
import { after, fromText, selectedBy, toText } from "./strokes.mjs";


const NOBODY = "No cell is inside that lasso";

export class Know {
  #asking = null; // AbortController of the way there and back
  #strokes = []; // the lassos that made the selection, strokes.mjs
  /** The selection as text for the address; empty where nothing is selected. */
  text = "";

  /**
   * @param {object} facts of the atlas
   * @param {object} page report(event), set(id, props), maps: what this acts on; step(change): makes a change that can be
   *   undone; genes(): the structures that are shown; pair({mean, medoid}): shows two recipes beside each other
   */
  constructor(facts, page) {
    this.facts = facts;
    this.page = page;
    this.bits = selection.none(facts.cells.length);
    const { textContent, title } = document.getElementById("selected");
    this.hint = { textContent, title }; // while nothing is selected
    const on = (id, act) => document.getElementById(id).addEventListener("click", act);
    on("clear", () => this.clear());
    on("mean", () => page.report({ do: "mean", bits: selection.toBase64(this.bits) }));
    on("side-by-side", () => this.#pair());
    on("medoid", () => page.report({ do: "medoid", bits: selection.toBase64(this.bits) }));
    for (const tab of tabs()) tab.addEventListener("click", () => this.open(isOpen(tab) ? null : tab.dataset.panel));
    document.querySelector(".know").addEventListener("click", ({ target }) => {
      const button = target.closest("[data-open]");
      if (button) page.report({ do: "cell", row: Number(button.dataset.open) });
    });
  }

  /** A lasso was drawn round some cells. */
  async lasso(stroke) {
    await this.#select(after(this.#strokes, stroke));
    const alone = selectedBy([{ ...stroke, how: "replace" }], await this.page.maps.places, this.facts.cells.length);
    if (stroke.how !== "subtract" && !selection.count(alone)) document.getElementById("selected").textContent = NOBODY;
  }

  /** The mean cell beside the medoid, with the structures that are shown. */
  async #pair() {
    const body = { atlas: this.facts.atlas, bits: selection.toBase64(this.bits), structures: this.page.genes() };
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch("/api/selections", options).catch(() => null);
    if (answer?.ok) this.page.pair(await answer.json());
    else document.getElementById("selected").textContent = "The server does not answer. Check that it is running, then try again.";
  }

  clear() {
    if (this.text) this.#select([]);
  }

  /** Selects what a text of the address says, once it is known where the cells are. */
  async restore(text) {
    if (text === this.text) return;
    this.text = text;
    const strokes = fromText(text, this.facts.cells.length);
    const places = await this.page.maps.places;
    if (text === this.text) this.#take(strokes, places);
  }

  async #select(strokes) {
    const places = await this.page.maps.places;
    this.page.step(() => {
      this.text = toText(strokes);
      this.#take(strokes, places);
    });
  }

  #take(strokes, places) {
    this.#strokes = strokes;
    this.select(selectedBy(strokes, places, this.facts.cells.length));
  }

  /** These cells are selected: on both maps, in the bar, in the table and for the server. */
  select(bits) {
    this.bits = bits;
    const n = selection.count(bits);
    this.page.maps.select(bits);
    this.page.set("selection", { data: n ? { atlas: this.facts.atlas, bits: selection.toBase64(bits) } : null });
    const words = document.getElementById("selected");
    Object.assign(words, n ? { textContent: this.#inWords(n), title: this.#inWords(n) } : this.hint);
    words.dataset.n = n;
    document.querySelector(".know .acts").hidden = n === 0;
    grid()?.purgeInfiniteCache();
  }

  /** Opens a panel, or none; the page has one open at most. */
  open(panel) {
    for (const tab of tabs()) {
      tab.setAttribute("aria-expanded", tab.dataset.panel === panel);
      document.getElementById(tab.dataset.panel).hidden = tab.dataset.panel !== panel;
    }
    document.querySelector(".know").dataset.panel = panel ?? "";
    this.page.set("panel", { data: panel });
  }

  /** The table has come: a row opens its cell, by click or by Enter. */
  async gridCame() {
    const api = await window.dash_ag_grid?.getApiAsync("grid");
    if (!api || this.api === api) return;
    this.api = api;
    const open = ({ data }) => data && this.page.report({ do: "cell", row: data.row });
    api.addEventListener("rowClicked", open);
    api.addEventListener("cellKeyDown", (event) => event.event.key === "Enter" && open(event));
  }

  /** Draws where what was decoded from a place lands when it is encoded again. `state` as app/page.py gives it. */
  async trust({ recipe, marks }) {
    this.doubt();
    const name = marks.z_s.place ? "z_s" : marks.z_r.place ? "z_r" : null;
    if (!name) return;
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const answer = await fetch(`/api/trust/${recipe.replaceAll("%", "%25")}`, { signal });
      if (!answer.ok) return;
      const trip = await answer.json();
      this.page.maps.point({ map: trip.map, from: trip.start, to: trip.end });
      say(name, trip.words);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  /** Nothing is known of what is shown now: no arrow, no words. */
  doubt() {
    this.#asking?.abort();
    this.page.maps.point(null);
    for (const name of ["z_r", "z_s"]) say(name, "");
  }

  #inWords(n) {
    const { facts } = this;
    const genes = facts.structures.map((words) => words.split(" ")[0]);
    const stages = selection.inWords(selection.tally(this.bits, facts.stage, facts.stages));
    const structures = selection.inWords(selection.tally(this.bits, facts.structure, genes));
    return `${n.toLocaleString("en")} ${n === 1 ? "cell" : "cells"} selected: ${stages} · ${structures}`;
  }
}

const tabs = () => [...document.querySelectorAll(".know .know-tab")];

const isOpen = (tab) => tab.getAttribute("aria-expanded") === "true";

/** The table's own interface, once it is there. */
function grid() {
  try {
    return document.getElementById("grid") ? window.dash_ag_grid?.getApi("grid") : null;
  } catch {
    return null; // it is on its way
  }
}

/** Words at the foot of a map. */
function say(name, words) {
  const holder = document.querySelector(`[data-map="${name}"]`);
  let line = holder?.querySelector(".map-words");
  if (!holder || (!words && !line)) return;
  line ??= holder.appendChild(Object.assign(document.createElement("p"), { className: "map-words", role: "status" }));
  line.textContent = words;
}
