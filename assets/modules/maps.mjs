// The two maps, linked: what is pointed at or opened on one is marked on both, in an SVG over each, so the points are not redrawn.
// A lasso on either selects on both.

import { Lasso } from "./lasso.mjs";
import { placeOf, pointsOf, selectedIn } from "./points.mjs";
import { count, has, none, within } from "./selection.mjs";
import { placeAt } from "./walk.mjs";

const SVG = "http://www.w3.org/2000/svg";
const CARD_GAP = 14;
const DOUBLE_CLICK_MS = 300;
const DIMMED = { "unselected.marker.opacity": 0.1, "selected.marker.opacity": 0.95 };

export class Maps {
  #maps = new Map(); // name -> {plot, svg, points}
  #lassos = new WeakMap(); // holder -> Lasso
  #marks = {}; // name -> {row} or {place}
  #hovered = null;
  #trail = []; // rows of the walk's stops
  #walker = null; // t of the place on it
  #places = new Map(); // row of a stop -> its place on the map of z_r, known also while its group is hidden
  #selection; // a bit a cell, selection.mjs
  #arrow = null; // {map, from: [x, y], to: [x, y]}
  #isShaded = false;
  #placing; // the click on empty space that waits whether it is half of a double one

  /**
   * @param {object} facts of the atlas, as app/page.py gives them
   * @param {HTMLElement} card where the cell pointed at is described
   * @param {(event: object) => void} report told of clicks
   * @param {(drawn: Uint8Array, how: string) => void} lassoed told of a lasso: the cells in it, and "replace", "add" or "subtract"
   * @param {() => void} cleared told of a double click while cells are selected
   */
  constructor(facts, card, report, lassoed = () => {}, cleared = () => {}) {
    this.lassoed = lassoed;
    this.cleared = cleared;
    this.#selection = none(facts.cells.length);
    this.facts = facts;
    this.card = card;
    this.report = report;
  }

  /** A map is drawn for the first time, or anew. `holder` is the element with data-map, in which Dash keeps the plot. */
  async attach(holder) {
    const plot = await drawn(holder);
    if (this.#maps.get(holder.dataset.map)?.plot !== plot) this.#listen(holder.dataset.map, plot, holder);
  }

  /** What is selected: per map {row}, {place: [x, y]} or nothing. */
  mark(marks) {
    this.#marks = marks;
    this.#draw();
  }

  /** A walk on the map of z_r: rows of its stops, and t of the place on it, null where it is not walked. */
  walk(trail, walker) {
    this.#trail = trail;
    this.#walker = walker;
    this.#draw();
  }

  /** Hides or shows groups on both maps. `visible` is a boolean a group; what has no switch stays. */
  showGroups(visible) {
    for (const { plot } of this.#maps.values()) {
      window.Plotly.restyle(plot, { visible: plot.data.map((_, k) => visible[k] ?? true) });
    }
  }

  /** Dims all cells but the selected ones, on both maps; none where none is selected. */
  select(bits) {
    this.#selection = bits;
    for (const map of this.#maps.values()) this.#dim(map);
  }

  /** An arrow on one map, {map, from, to}, or null. */
  point(arrow) {
    this.#arrow = arrow;
    this.#draw();
  }

  /** Shades where no cell supports what would be decoded there, or no longer. */
  shade(isShaded) {
    this.#isShaded = isShaded;
    for (const [name, map] of this.#maps) this.#veil(name, map);
  }

  #listen(name, plot, holder) {
    const map = { plot, svg: holder.querySelector(".marks") ?? holder.appendChild(shape("svg", { class: "marks" })) };
    const refresh = () => {
      this.#read(map);
      this.#draw();
    };
    plot.on("plotly_hover", ({ points, event }) => this.#hover(points[0]?.customdata, event));
    plot.on("plotly_unhover", () => this.#hover(undefined));
    plot.on("plotly_click", (click) => this.#clicked(clicked(name, click)));
    plot.on("plotly_doubleclick", () => {
      clearTimeout(this.#placing);
      if (count(this.#selection)) this.cleared();
      else window.Plotly.relayout(plot, wholeOf(plot));
    });
    plot.on("plotly_afterplot", refresh);
    plot.on("plotly_relayouting", () => this.#draw());
    this.#maps.set(name, map);
    this.#lassoOn(name, holder);
    refresh();
    holder.dataset.drawn = true;
  }

  #lassoOn(name, holder) {
    if (this.#lassos.has(holder)) return;
    const map = () => this.#maps.get(name);
    const lasso = new Lasso(holder, {
      toData: (at) => place(map().plot, at),
      drawing: () => this.#hover(undefined),
      drawn: (polygon, how) => this.lassoed(within(map().points, polygon), how),
    });
    this.#lassos.set(holder, lasso);
    holder.addEventListener("pointerdown", () => clearTimeout(this.#placing), { capture: true }); // the second of a double click
  }

  /** The figure may be another: its points, and on it what was selected and shaded. */
  #read(map) {
    const { plot } = map;
    const visible = plot._fullData.map((trace) => trace.visible).join();
    if (map.traces === plot.data && map.visible === visible) return;
    const isNew = map.traces !== plot.data;
    Object.assign(map, { traces: plot.data, visible, points: pointsOf(plot._fullData, this.facts.cells.length) });
    if (count(this.#selection)) this.#dim(map); // a group that is shown again, too
    if (isNew && this.#isShaded) this.#veil(nameOf(this.#maps, map), map);
  }

  #dim({ plot }) {
    const isAny = count(this.#selection) > 0;
    const selectedpoints = isAny ? selectedIn(plot._fullData, (row) => has(this.#selection, row)) : [null];
    window.Plotly.restyle(plot, { selectedpoints, ...DIMMED });
  }

  #veil(name, { plot }) {
    const [xaxis, yaxis] = ["xaxis", "yaxis"].map((axis) => twice(wholeRange(plot)[axis])); // as app/trust.py draws it
    const image = {
      ...{ source: `/api/support/${this.facts.atlas}/${name}.png`, layer: "below", sizing: "stretch", xref: "x", yref: "y" },
      ...{ x: xaxis[0], y: yaxis[1], sizex: xaxis[1] - xaxis[0], sizey: yaxis[1] - yaxis[0] },
    };
    window.Plotly.relayout(plot, { images: this.#isShaded ? [image] : [] });
  }

  /** Tells of a click. One on empty space waits, while cells are selected, whether a second one clears the selection. */
  #clicked(event) {
    clearTimeout(this.#placing);
    if (event.do !== "place" || !count(this.#selection)) return this.report(event);
    this.#placing = setTimeout(() => this.report(event), DOUBLE_CLICK_MS);
  }

  #hover(row, event) {
    this.#hovered = row === undefined ? null : row;
    this.card.hidden = this.#hovered === null;
    if (this.#hovered !== null) this.#describe(row, event);
    this.#draw();
  }

  #describe(row, event) {
    const { facts, card } = this;
    const words = [facts.cells[row], facts.structures[facts.structure[row]], facts.stages[facts.stage[row]]];
    if (facts.real.length) words.push(facts.real.includes(row) ? "a real cell" : "simulated");
    const picture = document.createElement("img");
    picture.alt = "";
    picture.src = `/api/sprites/${facts.atlas}/${encodeURIComponent(facts.cells[row])}.png`;
    const lines = words.map((text) => Object.assign(document.createElement("p"), { textContent: text }));
    card.replaceChildren(...(facts.pictures && !facts.blank?.includes(row) ? [picture] : []), ...lines);
    const { width, height } = card.getBoundingClientRect();
    card.style.left = `${Math.min(event.clientX + CARD_GAP, window.innerWidth - width - CARD_GAP)}px`;
    card.style.top = `${Math.max(CARD_GAP, Math.min(event.clientY - height / 2, window.innerHeight - height - CARD_GAP))}px`;
  }

  #walkShapes(points, on) {
    for (const row of this.#trail) this.#places.set(row, placeOf(points, row) ?? this.#places.get(row));
    const places = this.#trail.map((row) => this.#places.get(row));
    if (!places.length || !places.every(Boolean)) return [];
    const line = shape("polyline", { class: "trail", points: places.map(on).join(" ") });
    const walker = this.#walker === null ? [] : [circle("walker", on(placeAt(places, this.#walker)), 7)];
    return [line, ...places.map((at) => circle("trail-stop", on(at), 3)), ...walker];
  }

  #draw() {
    for (const [name, { plot, svg, points }] of this.#maps) {
      const on = (place) => place && pixel(plot, place);
      const mark = this.#marks[name] ?? {};
      const shapes = [];
      if (name === "z_r") shapes.push(...this.#walkShapes(points, on));
      if (mark.row !== undefined) shapes.push(circle("selected", on(placeOf(points, mark.row)), 9));
      if (this.#arrow?.map === name) shapes.push(...arrow(on(this.#arrow.from), on(this.#arrow.to)));
      if (mark.place) shapes.push(...cross(on(mark.place)));
      if (this.#hovered !== null) shapes.push(circle("hovered", on(placeOf(points, this.#hovered)), 8));
      svg.replaceChildren(...shapes.filter(Boolean));
    }
  }
}

/** What a click means: the cell under it, else the place. */
export function clicked(name, { points, xvals, yvals }) {
  if (points?.length) return { do: "cell", row: points[0].customdata };
  return { do: "place", map: name, x: xvals[0], y: yvals[0] };
}

/** The plot in `holder`, once Plotly has drawn it. */
async function drawn(holder) {
  for (;;) {
    const plot = holder.querySelector(".js-plotly-plot");
    if (plot?._fullData?.length) return plot;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Pixels of a place, within the plot's element. */
function pixel(plot, [x, y]) {
  const { xaxis, yaxis, _size } = plot._fullLayout;
  return [xaxis.d2p(x) + _size.l, yaxis.d2p(y) + _size.t];
}

/** The place at pixels within the plot's element. */
function place(plot, [x, y]) {
  const { xaxis, yaxis, _size } = plot._fullLayout;
  return [xaxis.p2d(x - _size.l), yaxis.p2d(y - _size.t)];
}

/** The ranges that show every cell, as the figure came: it names them in `layout.meta`. */
const wholeRange = (plot) => plot.layout.meta;

const wholeOf = (plot) => ({ "xaxis.range": [...wholeRange(plot).xaxis], "yaxis.range": [...wholeRange(plot).yaxis] });

const twice = ([low, high]) => [low - (high - low) / 2, high + (high - low) / 2];

const nameOf = (maps, map) => [...maps].find(([, other]) => other === map)?.[0];

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const circle = (name, at, r) => at && shape("circle", { class: name, cx: at[0], cy: at[1], r });

const cross = ([x, y]) => [
  shape("path", { class: "placed", d: `M${x - 8} ${y}h5m6 0h5M${x} ${y - 8}v5m0 6v5` }),
  shape("circle", { class: "placed", cx: x, cy: y, r: 3 }),
];

/** A line with a head; no head where there is no room for one. */
function arrow([ax, ay], [bx, by]) {
  const length = Math.hypot(bx - ax, by - ay);
  const line = shape("path", { class: "arrow", d: `M${ax} ${ay}L${bx} ${by}` });
  if (length < 10) return [line];
  const [ux, uy] = [(bx - ax) / length, (by - ay) / length];
  const wing = (side) => `${bx - 9 * ux + 5 * side * uy} ${by - 9 * uy - 5 * side * ux}`;
  return [line, shape("path", { class: "arrow", d: `M${wing(1)}L${bx} ${by}L${wing(-1)}` })];
}
