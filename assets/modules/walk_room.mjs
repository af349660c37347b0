// What is seen of the walk: its tabs, the stops, the ways between them, a dimension and its number; the nearest cell and the
// curves below. It shows what it is told and tells what was asked for; what follows is the walker's (walker.mjs).

import { Curves } from "./curves.mjs";
import { make } from "./elements.mjs";
import { Nearest } from "./nearest.mjs";
import { moved, removed } from "./stops.mjs";
import { WAYS } from "./track.mjs";

const LATENTS = { z_r: "Shape (z_r)", z_s: "Structures (z_s)" };
const DETAILS = "Ways between stops, the nearest cell, curves of volume and brightness";

const byId = (id) => document.getElementById(id);
const button = (name, properties) => make("button", { className: name, ...properties });
const press = (buttons, isOn) => buttons.forEach((one) => one.setAttribute("aria-pressed", isOn(one)));

export class WalkRoom {
  #does;
  #parts;
  #listed; // the stops that are in the list

  /**
   * @param {{n_latent: number, hasCycle: boolean}} atlas
   * @param {object} does choose(changes) of the choice (stops.mjs); toggle() plays; details() opens what is below; add() the cell that is
   *   shown; back() to a dimension's own value; beside() shows all ways; open(stop) and openCell(name) open a cell; seek(frame)
   */
  constructor(atlas, does) {
    this.#does = does;
    const parts = { ...this.#below(), ...this.#stops(), ...this.#dimension(atlas.n_latent) };
    parts.said = make("p", { className: "for-screen-readers", "aria-live": "polite" });
    parts.tabs = [...document.querySelectorAll(".walk-tabs button")];
    byId("walk-row").append(parts.stops, parts.dimension, parts.said);
    byId("walk-details").title = DETAILS;
    byId("walk-details").addEventListener("click", () => does.details());
    byId("play").addEventListener("click", () => does.toggle());
    for (const tab of parts.tabs) tab.addEventListener("click", () => does.choose({ mode: tab.dataset.mode }));
    if (!atlas.hasCycle) parts.tabs.find((tab) => tab.dataset.mode === "cycle").disabled = true;
    byId("player").hidden = false;
    this.#parts = parts;
  }

  #below() {
    const does = this.#does;
    const ways = WAYS.map((way) => button("way", { textContent: way, "data-way": way, on: { click: () => does.choose({ way }) } }));
    const beside = button("way", { textContent: "All three", title: "All three ways at the same place, in one view", on: { click: () => does.beside() } });
    const label = make("span", { className: "nearest-label", textContent: "Way" });
    const way = make("div", { className: "ways", role: "group", "aria-label": "Way between stops" }, label, ...ways, beside);
    const [near, curves] = [make("div", { className: "nearest" }), make("div", { className: "curves" })];
    byId("walk-room").append(way, near, curves);
    this.nearest = new Nearest(near, (cell) => does.openCell(cell));
    this.curves = new Curves(curves, (frame) => does.seek(frame));
    return { ways, beside, way };
  }

  #stops() {
    const list = make("ol", { className: "stop-list" });
    const add = button("step", { id: "add-stop", textContent: "Add this cell", title: "The cell that is shown becomes a stop (W)", on: { click: () => this.#does.add() } });
    return { list, add, stops: make("div", { className: "stops" }, list, add) };
  }

  #dimension(n_latent) {
    const choose = this.#does.choose;
    const latents = Object.entries(LATENTS).map(([latent, words]) => button("way", { textContent: words, "data-latent": latent, on: { click: () => choose({ latent }) } }));
    const asked = () => number.reportValidity() && number.value && choose({ dimension: Number(number.value) });
    const number = make("input", { className: "number", type: "number", min: 1, max: n_latent, step: 1, "aria-label": "Dimension", on: { change: asked } });
    const own = make("span", { className: "own-value" });
    const back = button("step", { textContent: "Back to its own", on: { click: () => this.#does.back() } });
    const label = make("label", {}, "dimension ", number, ` of ${n_latent}`);
    return { latents, number, own, back, dimension: make("div", { className: "dimension" }, ...latents, label, own, back) };
  }

  /**
   * Everything as it is chosen.
   * @param {object} choice of stops.mjs
   * @param {object} seen names and stages of the stops; isWalk whether there is a way to go, isShown whether a place on it is shown,
   *   isBeside whether all ways are; isCell whether what is shown can be a stop; own, a dimension's value, undefined where unknown
   */
  show({ mode, way, stops, latent, dimension, open }, { names, stages, isWalk, isShown, isBeside, isCell, own }) {
    const parts = this.#parts;
    press(parts.tabs, (tab) => tab.dataset.mode === mode);
    press(parts.ways, (one) => one.dataset.way === way);
    press(parts.latents, (one) => one.dataset.latent === latent);
    this.isBeside = isBeside;
    byId("walk-row").hidden = mode === "cycle";
    parts.stops.hidden = mode !== "stops";
    parts.dimension.hidden = mode !== "dimension";
    parts.way.hidden = mode === "dimension";
    byId("walk-room").hidden = !open;
    byId("walk-details").setAttribute("aria-expanded", open);
    Object.assign(byId("player").dataset, { mode, open });
    byId("play").disabled = !isWalk;
    if (document.activeElement !== parts.number) parts.number.value = dimension;
    parts.own.textContent = own === undefined ? "" : `its own is ${own.toFixed(2)}`;
    parts.back.hidden = !isShown;
    parts.add.disabled = !isCell;
    if (mode === "stops") this.#list(stops, names, stages);
  }

  /** Whether all ways are shown beside each other. */
  set isBeside(isBeside) {
    press([this.#parts.beside], () => isBeside);
  }

  set playing(playing) {
    byId("player").dataset.playing = playing;
    byId("play").setAttribute("aria-label", playing ? "Pause" : "Play the walk");
    byId("sentence").setAttribute("aria-live", playing ? "off" : "polite"); // not a sentence every second
  }

  /** Where the walk is, in words, and t; null where something else is shown. */
  place(words, t) {
    byId("player").querySelector(".walk-words").textContent = words;
    byId("player").dataset.t = t ?? "";
  }

  /** Says what came of an act. */
  say(words) {
    this.#parts.said.textContent = words;
    byId("player").querySelector(".walk-words").textContent = words;
  }

  /** The stops, made anew only where they are others: a button keeps its focus, and a click that has begun on it. */
  #list(stops, names, stages) {
    const listed = JSON.stringify([stops, names, stages]);
    if (listed === this.#listed) return;
    this.#listed = listed;
    const { list } = this.#parts;
    const edit = (next, focus) => {
      this.#does.choose({ stops: next });
      this.say(`${next.length} stops: ${next.map(decodeURIComponent).join(", ")}`);
      list.children[Math.min(focus, next.length - 1)]?.querySelector(".stop-name").focus();
    };
    const act = (text, label, acts, disabled = false) => button("stop-act", { textContent: text, title: label, "aria-label": label, disabled, on: { click: acts } });
    const rows = stops.map((stop, at) => [
      button("stop-name", { textContent: names[at], title: `Open ${names[at]}, ${stages[at]}`, on: { click: () => this.#does.open(stop) } }),
      act("‹", `Move ${names[at]} one earlier`, () => edit(moved(stops, at, -1), at - 1), at === 0),
      act("›", `Move ${names[at]} one later`, () => edit(moved(stops, at, 1), at + 1), at === stops.length - 1),
      act("×", `Take ${names[at]} out of the walk`, () => edit(removed(stops, at), at)),
    ]);
    list.replaceChildren(...rows.map((row, at) => make("li", { className: "stop", "data-stop": stops[at] }, ...row)));
  }
}
