// The two maps, linked: what is pointed at or opened on one is marked on both, in an SVG over each, so the points are not redrawn.
// A lasso on either selects on both.

import { DOUBLE_CLICK_MS, isDouble } from "./clicks.mjs";
import { Crowd } from "./crowd.mjs";
import { Lasso } from "./lasso.mjs";
import { nearestTo, placeOf, pointsOf, selectedIn } from "./points.mjs";
import { count, has, none } from "./selection.mjs";
import { Sprites } from "./sprites.mjs";
import { strokeOf } from "./strokes.mjs";
import { placeAt } from "./walk.mjs";

const SVG = "http://www.w3.org/2000/svg";
const CARD_GAP = 14;
const REACH = 14; // CSS pixels from a cell, within which a click means it
const DIMMED = { "unselected.marker.opacity": 0.1, "selected.marker.opacity": 0.95 };

export class Maps {
  #maps = new Map(); // name -> {plot, svg, points, crowd}: a crowd draws the points where they are very many
  #lassos = new WeakMap(); // holder -> Lasso
  #marks = {}; // name -> {row} or {place}
  #hovered = null;
  #trail = []; // rows of the walk's stops
  #walker = null; // t of the place on it
  #places = new Map(); // row of a stop -> its place on the map of z_r, known also while its group is hidden
  #own = {}; // name -> {own: [x, y], name}, and recipe, of a cell brought along: it stays marked
  #selection; // a bit a cell, selection.mjs
  #arrow = null; // {map, from: [x, y], to: [x, y]}
  #isShaded = false;
  #known; // resolves `places`
  #before; // the last click
  #placing; // the click on empty space that waits whether it is half of a double one

  /**
   * @param {object} facts of the atlas, as app/page.py gives them
   * @param {HTMLElement} card where the cell pointed at is described
   * @param {(event: object) => void} report told of clicks
   * @param {(stroke: object) => void} lassoed told of a lasso, as of strokes.mjs
   * @param {() => void} cleared told of a double click while cells are selected
   */
  constructor(facts, card, report, lassoed = () => {}, cleared = () => {}) {
    this.lassoed = lassoed;
    this.cleared = cleared;
    this.#selection = none(facts.cells.length);
    /** Resolves, once both maps are drawn, to where all cells are on each, those of hidden groups too: name -> points.mjs. */
    this.places = new Promise((resolve) => (this.#known = resolve));
    this.facts = facts;
    this.sprites = facts.pictures && new Sprites(facts.atlas, facts.pictures);
    this.card = card;
    this.report = report;
  }

  /** Told that the points are gone, with the WebGL context that they were drawn in. */
  lost() {}

  /** A map is drawn for the first time, or anew. `holder` is the element with data-map, in which Dash keeps the plot. */
  async attach(holder) {
    const plot = await drawn(holder);
    const crowd = plot.layout.meta.crowd && (await this.#crowdOn(plot, holder));
    if (this.#maps.get(holder.dataset.map)?.plot !== plot) this.#listen(holder.dataset.map, plot, holder, crowd);
  }

  /** What is shown: per map {row}, {place: [x, y]}, {own: [x, y], name} or nothing; and its recipe. */
  mark(marks, recipe) {
    this.#marks = marks;
    if (marks.z_r.own) this.#own = { ...marks, recipe };
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
    for (const map of this.#maps.values()) {
      const { plot, crowd } = map;
      crowd?.showGroups(visible);
      if (crowd) map.points = crowd.points;
      else window.Plotly.restyle(plot, { visible: plot.data.map((_, k) => visible[k] ?? true) });
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

  #crowdOn(plot, holder) {
    const map = this.#maps.get(holder.dataset.map);
    return map?.plot === plot ? map.crowd : Crowd.on(plot, holder, this.facts, holder.dataset.map);
  }

  #listen(name, plot, holder, crowd) {
    const map = { plot, crowd, svg: holder.querySelector(".marks") ?? holder.appendChild(shape("svg", { class: "marks" })) };
    const refresh = () => {
      this.#read(map);
      this.#draw();
    };
    plot.on("plotly_hover", ({ points, event }) => this.#hover(points[0]?.customdata, event));
    plot.on("plotly_unhover", () => this.#hover(undefined));
    plot.on("plotly_click", (click) => this.#clicked(clicked(name, this.#meant(map, click)), click.event, plot));
    plot.on("plotly_webglcontextlost", () => this.lost());
    plot.on("plotly_afterplot", refresh);
    plot.on("plotly_relayouting", () => {
      crowd?.draw();
      this.#draw();
    });
    if (crowd) this.#pointAt(map, holder);
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
      drawn: (polygon, how) => this.lassoed(strokeOf(name, polygon, how, map().points, map().all)),
    });
    this.#lassos.set(holder, lasso);
  }

  /** Plotly points at what it draws, which a crowd is not. */
  #pointAt({ plot, crowd }, holder) {
    holder.addEventListener("pointermove", (event) => {
      const box = holder.getBoundingClientRect();
      this.#hover(event.buttons ? undefined : crowd.at(place(plot, [event.clientX - box.left, event.clientY - box.top])), event);
    });
    holder.addEventListener("pointerleave", () => this.#hover(undefined));
  }

  /** The figure may be another: its points, and on it what was selected and shaded. */
  #read(map) {
    const { plot, crowd } = map;
    crowd?.refresh();
    const visible = plot._fullData.map((trace) => trace.visible).join();
    if (map.traces === plot.data && map.visible === visible) return;
    const isNew = map.traces !== plot.data;
    Object.assign(map, { traces: plot.data, visible, points: crowd?.allPoints() ?? pointsOf(plot._fullData, this.facts.cells.length) });
    if (isNew) map.all = map.points; // at first no group is hidden
    if (this.#maps.size === 2) this.#known(Object.fromEntries([...this.#maps].map(([name, { all }]) => [name, all])));
    if (count(this.#selection)) this.#dim(map); // a group that is shown again, too
    if (isNew && this.#isShaded) this.#veil(nameOf(this.#maps, map), map);
  }

  #dim({ plot, crowd }) {
    if (crowd) return crowd.dim(this.#selection);
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

  /** Plotly looks for what is under the pointer some twenty times a second: after a quick click its answer is of another place. */
  #meant({ plot, points }, click) {
    const { left, top } = plot.getBoundingClientRect();
    const at = [click.event.clientX - left, click.event.clientY - top];
    const row = nearestTo(points, at, (x, y) => pixel(plot, [x, y]), REACH);
    const [x, y] = place(plot, at);
    return { points: row === undefined ? [] : [{ customdata: row }], xvals: [x], yvals: [y] };
  }

  /** Tells of a click. One on empty space waits, while cells are selected, whether a second one clears the selection. */
  #clicked(event, pointer, plot) {
    clearTimeout(this.#placing);
    const [before, isSelected] = [this.#before, count(this.#selection) > 0];
    this.#before = pointer;
    if (isDouble(before, pointer)) return this.#doubleClicked(plot);
    if (event.do !== "place" || !isSelected) return this.report(event);
    this.#placing = setTimeout(() => this.report(event), DOUBLE_CLICK_MS);
  }

  /** Nothing selected any more, or where nothing was, every cell seen. */
  #doubleClicked(plot) {
    this.#before = undefined; // a third click begins anew
    if (count(this.#selection)) this.cleared();
    else window.Plotly.relayout(plot, wholeOf(plot));
  }

  #hover(row, event) {
    this.#hovered = row === undefined ? null : row;
    this.card.hidden = this.#hovered === null;
    if (this.#hovered !== null) this.#describe(row, event);
    this.#draw();
  }

  #describe(row, event) {
    const { facts, card } = this;
    const words = [facts.cells.at(row), facts.structures[facts.structure[row]], facts.stages[facts.stage[row]]];
    if (facts.real.length) words.push(facts.real.includes(row) ? "a real cell" : "simulated");
    const lines = words.map((text) => Object.assign(document.createElement("p"), { textContent: text }));
    card.replaceChildren(...(this.sprites && !facts.blank?.includes(row) ? [this.#picture(row)] : []), ...lines);
    const { width, height } = card.getBoundingClientRect();
    card.style.left = `${Math.min(event.clientX + CARD_GAP, window.innerWidth - width - CARD_GAP)}px`;
    card.style.top = `${Math.max(CARD_GAP, Math.min(event.clientY - height / 2, window.innerHeight - height - CARD_GAP))}px`;
  }

  #picture(row) {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    this.sprites.paint(canvas, row).then((came) => came || canvas.remove());
    return canvas;
  }

  /** The name of a cell brought along beside its ring, on the side where there is room; a click opens it again. */
  #label(holder, at, name) {
    let label = holder.querySelector(".own-mark");
    if (!at) return label?.remove();
    if (!label) {
      label = holder.appendChild(Object.assign(document.createElement("button"), { className: "own-mark" }));
      label.addEventListener("click", () => this.report({ do: "open", recipe: this.#own.recipe }));
    }
    Object.assign(label, { textContent: name, title: `Open your cell ${name}`, hidden: at.some((v, k) => v < 0 || v > [holder.clientWidth, holder.clientHeight][k]) });
    label.classList.toggle("left", at[0] > holder.clientWidth / 2);
    Object.assign(label.style, { left: `${at[0]}px`, top: `${at[1]}px` });
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
      const own = this.#own[name]?.own && on(this.#own[name].own);
      if (own) shapes.push(circle("own-ring", own, 9), circle("own-ring", own, 2));
      this.#label(svg.parentElement, own, this.#own[name]?.name);
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
