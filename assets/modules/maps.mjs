// The two maps, linked: what is pointed at or selected on one is marked on both, in an SVG over each, so the points are not redrawn.

const SVG = "http://www.w3.org/2000/svg";
const CARD_GAP = 14;

export class Maps {
  #maps = new Map(); // name -> {plot, svg, rows: Map(row -> [x, y])}
  #marks = {}; // name -> {row} or {place}
  #hovered = null;
  #trail = [];
  #walker = null;

  /**
   * @param {object} facts of the atlas, as app/page.py gives them
   * @param {HTMLElement} card where the cell pointed at is described
   * @param {(event: object) => void} report told of clicks
   */
  constructor(facts, card, report) {
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

  /** The walk through the medoids on the map of z_r: its line, and where the walker is, null where it is not walked. */
  walk(trail, walker) {
    this.#trail = trail;
    this.#walker = walker;
    this.#draw();
  }

  /** Hides or shows groups on both maps. `visible` is a boolean a group. */
  showGroups(visible) {
    for (const { plot } of this.#maps.values()) window.Plotly.restyle(plot, { visible });
  }

  #listen(name, plot, holder) {
    const map = { plot, svg: holder.querySelector(".marks") ?? holder.appendChild(shape("svg", { class: "marks" })) };
    const refresh = () => {
      map.rows = positions(plot);
      this.#draw();
    };
    plot.on("plotly_hover", ({ points, event }) => this.#hover(points[0]?.customdata, event));
    plot.on("plotly_unhover", () => this.#hover(undefined));
    plot.on("plotly_click", (click) => this.report(clicked(name, click)));
    plot.on("plotly_afterplot", refresh);
    plot.on("plotly_relayouting", () => this.#draw());
    this.#maps.set(name, map);
    refresh();
    holder.dataset.drawn = true;
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
    card.replaceChildren(...(facts.pictures ? [picture] : []), ...lines);
    const { width, height } = card.getBoundingClientRect();
    card.style.left = `${Math.min(event.clientX + CARD_GAP, window.innerWidth - width - CARD_GAP)}px`;
    card.style.top = `${Math.max(CARD_GAP, Math.min(event.clientY - height / 2, window.innerHeight - height - CARD_GAP))}px`;
  }

  #draw() {
    for (const [name, { plot, svg, rows }] of this.#maps) {
      const on = (place) => place && pixel(plot, place);
      const mark = this.#marks[name] ?? {};
      const shapes = [];
      if (name === "z_r" && this.#walker) {
        shapes.push(shape("polyline", { class: "trail", points: this.#trail.map(on).join(" ") }));
        shapes.push(circle("walker", on(this.#walker), 7));
      }
      if (mark.row !== undefined) shapes.push(circle("selected", on(rows?.get(mark.row)), 9));
      if (mark.place) shapes.push(...cross(on(mark.place)));
      if (this.#hovered !== null) shapes.push(circle("hovered", on(rows?.get(this.#hovered)), 8));
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

/** Map of row to [x, y] of every point that is drawn; a hidden group has none. */
function positions(plot) {
  const rows = new Map();
  for (const { x, y, customdata } of plot._fullData.filter(({ visible }) => visible === true)) {
    customdata.forEach((row, at) => rows.set(row, [x[at], y[at]]));
  }
  return rows;
}

/** Pixels of a place, within the plot's element. */
function pixel(plot, [x, y]) {
  const { xaxis, yaxis, _size } = plot._fullLayout;
  return [xaxis.d2p(x) + _size.l, yaxis.d2p(y) + _size.t];
}

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
