// Curves along the walk, below its slider and as wide: cell volume, volume of the DNA, brightness of the structures. A marker
// moves over them without the server; a click goes to the frame under it.

import { make } from "./elements.mjs";
import { coarseFirst, curvePath, Measuring, rangeOf, valueNear } from "./measuring.mjs";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [1000, 30]; // of a curve's own coordinates
const MOST = 3; // structures with a curve each

const volume = (um3) => `${Math.round(um3).toLocaleString("en")} µm³`;
const part = (value) => `${(100 * value).toFixed(1)} %`;

const KINDS = [
  { key: "cell_volume_um3", name: "Cell volume", write: volume, title: "Largest piece where membrane or DNA is above a tenth of full scale, holes filled" },
  { key: "dna_volume_um3", name: "Volume of the DNA", write: volume, title: "In the cell, above 0.4 of the way from its median to its brightest, after smoothing by 0.6 µm" },
  { key: "brightness", name: "Brightness", write: part, title: "Mean within the cell, of full scale" },
];

export class Curves {
  #element;
  #seek;
  #measuring;
  #rows;
  #marker;
  #said;
  #shown; // {recipes, genes, colours}
  #frame = null;

  /** @param {HTMLElement} element  @param {(frame: number) => void} seek */
  constructor(element, seek, measuring = new Measuring()) {
    this.#element = element;
    this.#seek = seek;
    this.#measuring = measuring;
    this.#rows = KINDS.map((kind) => row(kind));
    this.#marker = make("div", { className: "curve-marker", hidden: true });
    this.#said = make("p", { className: "curve-said", role: "status" });
    const drawn = make("div", { className: "curves-drawn", on: { click: (event) => this.#click(event) } }, ...this.#rows.map(({ figure }) => figure), this.#marker);
    element.append(drawn, this.#said);
  }

  /** Begins a walk's curves: `recipes` of its frames in order, genes and colours of its structures. null ends them. */
  async show(shown) {
    if (shown && this.#shown?.recipes.join() === shown.recipes.join()) return;
    this.#shown = shown;
    if (!shown) {
      this.#measuring.stop();
      this.#element.dataset.measured = "";
      return;
    }
    this.#draw();
    const order = coarseFirst(shown.recipes.length - 1).map((frame) => shown.recipes[frame]);
    const trouble = await this.#measuring.ask(order, () => this.#shown === shown && this.#draw());
    if (this.#shown !== shown) return;
    if (trouble) this.#said.textContent = `The curves stop here: ${trouble}`;
    if (trouble) this.#shown = undefined; // asked again when the walk is next opened
  }

  /** The marker goes to a frame; null: the walk is not where we are. */
  at(frame) {
    this.#frame = frame;
    const last = (this.#shown?.recipes.length ?? 1) - 1;
    this.#marker.hidden = frame === null || !last;
    if (!this.#marker.hidden) this.#marker.style.left = `${(100 * frame) / last}%`;
    this.#element.dataset.frame = frame ?? "";
    this.#sayValues();
  }

  #draw() {
    const measures = this.#shown.recipes.map((recipe) => this.#measuring.of(recipe));
    const n_known = measures.filter(Boolean).length;
    this.#element.dataset.measured = n_known === measures.length ? "all" : n_known;
    this.#said.textContent = n_known === measures.length ? "" : `Measuring: ${n_known} of ${measures.length} frames`;
    for (const row of this.#rows) {
      const lines = linesOf(row.key, measures, this.#shown);
      row.range = rangeOf(lines.flatMap(({ values }) => values));
      row.lines = lines;
      row.svg.replaceChildren(...(row.range ? lines : []).map(({ values, colour }) => line(curvePath(values, row.range, WIDTH, HEIGHT - 4), colour)));
      const few = row.range ? `${row.write(row.range.low)} to ${row.write(row.range.high)}` : "";
      row.extent.textContent = few;
      row.svg.setAttribute("aria-label", row.range ? `${row.name} along the walk: ${few}` : `${row.name}: not measured yet`);
    }
    this.at(this.#frame);
  }

  #sayValues() {
    for (const { lines = [], now, write } of this.#rows) {
      const values = lines.map(({ gene, values }) => [gene, this.#frame === null ? undefined : valueNear(values, this.#frame)]);
      now.textContent = values.filter(([, value]) => value !== undefined).map(([gene, value]) => (gene ? `${gene} ${write(value)}` : write(value))).join(", ");
    }
  }

  #click(event) {
    if (!this.#shown) return;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const last = this.#shown.recipes.length - 1;
    this.#seek(Math.min(last, Math.max(0, Math.round(((event.clientX - left) / width) * last))));
  }
}

/** The lines of one kind of measure: one, or of brightness one a structure, the first few. */
function linesOf(key, measures, { genes, colours }) {
  if (key !== "brightness") return [{ values: measures.map((known) => known?.[key]) }];
  return genes.slice(0, MOST).map((gene, k) => ({ gene, colour: colours[k], values: measures.map((known) => known?.brightness[gene]) }));
}

function row(kind) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 -2 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" })) svg.setAttribute(name, value);
  const [now, extent] = [make("output"), make("span", { className: "curve-extent" })];
  const head = make("figcaption", { className: "curve-head", title: kind.title }, make("span", { textContent: kind.name }), now, extent);
  return { ...kind, svg, now, extent, figure: make("figure", { className: "curve", "data-curve": kind.key }, head, svg) };
}

function line(d, colour) {
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", d);
  if (colour) path.style.stroke = colour;
  return path;
}
