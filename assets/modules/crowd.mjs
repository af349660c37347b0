// Very many cells on a map: a canvas over the plot, which keeps axes and hands. From afar a square for many points; near, each.

import { Closest } from "./closest.mjs";
import { density, densityPixels, placesOf, rgbOf, within } from "./density.mjs";
import { bytes } from "./facts.mjs";
import { count, has } from "./selection.mjs";

const SQUARE = 2; // CSS pixels
const FEW = 12_000; // points in view that are drawn one by one
const REACH = 12; // CSS pixels from a point that still point at it, as Plotly has it
const DIMMED = 0.12;

let last = {}; // {address, coming}: both maps ask for the same colours

const shadesAt = (address) => (last.address === address ? last : (last = { address, coming: bytes(address) })).coming;

export class Crowd {
  #plot;
  #canvas;
  #atlas;
  #colouring; // {colour, colours, groups, is_scale} of the figure
  #shades;
  #selection; // a bit a cell, or null
  #closest;
  #frame;

  points; // as of points.mjs

  /**
   * @param {HTMLElement} plot Plotly's  @param {HTMLElement} holder of the map
   * @param {{atlas: string, n_cells: number}} facts  @param {string} name of the map
   */
  static async on(plot, holder, facts, name) {
    const crowd = new Crowd();
    crowd.#plot = plot;
    crowd.#atlas = facts.atlas;
    crowd.#canvas = document.createElement("canvas");
    crowd.#canvas.className = "crowd";
    crowd.#canvas.setAttribute("aria-hidden", "true"); // the table has the same cells
    const { meta } = plot.layout;
    const [places] = await Promise.all([bytes(`/api/crowd/${facts.atlas}/places/${name}.bin`), crowd.#colour(meta.crowd)]);
    crowd.points = placesOf(places, facts.n_cells, meta);
    crowd.#closest = new Closest(crowd.points, meta);
    holder.querySelector(".js-plotly-plot").parentElement.append(crowd.#canvas);
    crowd.draw();
    return crowd;
  }

  /** The figure may have other colours. */
  async refresh() {
    await this.#colour(this.#plot.layout.meta.crowd);
    this.draw();
  }

  /** Another figure has come, all of whose groups are shown. */
  allPoints() {
    return (this.points = { ...this.points, shown: new Uint8Array(this.points.x.length).fill(1) });
  }

  async #colour(colouring) {
    this.#shades = await shadesAt(`/api/crowd/${this.#atlas}/colours/${encodeURIComponent(colouring.colour)}.bin`);
    this.#colouring = { ...colouring, rgb: colouring.colours.map(rgbOf) };
  }

  /** Hides or shows groups; what has no switch stays. */
  showGroups(visible) {
    const { groups } = this.#colouring;
    const shown = this.#shades.map((shade) => ((visible[groups[shade]] ?? true) ? 1 : 0));
    this.points = { ...this.points, shown };
    this.draw();
  }

  /** Dims all cells but the selected ones; none where none is. */
  dim(selection) {
    this.#selection = count(selection) ? selection : null;
    this.draw();
  }

  /** The row of the cell at a place of the map, if there is one within reach of a pointer. */
  at([x, y]) {
    const { xaxis, yaxis } = this.#plot._fullLayout;
    const per = (axis) => (REACH * Math.abs(axis.range[1] - axis.range[0])) / axis._length;
    return this.#closest.to(x, y, per(xaxis), per(yaxis), this.points);
  }

  /** Draws at the next frame: a hand moves the map oftener than that. */
  draw() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#paint();
    });
  }

  #paint() {
    const { width, height, xaxis, yaxis } = this.#plot._fullLayout;
    const view = { xaxis: xaxis.range, yaxis: yaxis.range };
    const ratio = window.devicePixelRatio;
    [this.#canvas.width, this.#canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const context = this.#canvas.getContext("2d");
    context.scale(ratio, ratio);
    const isSelected = this.#selection && ((row) => has(this.#selection, row));
    const all = this.#squares(context, view, width, height, isSelected ? DIMMED : 1, null);
    if (all.n > FEW) {
      this.#fill(context, all);
      if (isSelected) this.#fill(context, this.#squares(context, view, width, height, 1, isSelected));
    } else this.#dots(context, xaxis, yaxis, view, isSelected);
    Object.assign(this.#canvas.dataset, { n: all.n, colour: this.#colouring.colour });
  }

  #squares(context, view, width, height, opacity, only) {
    const [across, down] = [Math.ceil(width / SQUARE), Math.ceil(height / SQUARE)];
    // The squares cover a little more than the map where its size is odd.
    const [unitX, unitY] = [(view.xaxis[1] - view.xaxis[0]) / width, (view.yaxis[1] - view.yaxis[0]) / height];
    const covered = { xaxis: [view.xaxis[0], view.xaxis[0] + across * SQUARE * unitX], yaxis: [view.yaxis[1] - down * SQUARE * unitY, view.yaxis[1]] };
    return { ...density(this.points, this.#shades, covered, across, down, this.#colouring.is_scale, only), across, down, opacity };
  }

  #fill(context, squares) {
    const { across, down, opacity } = squares;
    const image = new OffscreenCanvas(across, down);
    image.getContext("2d").putImageData(new ImageData(densityPixels(squares, this.#colouring.rgb, opacity), across), 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(image, 0, 0, across * SQUARE, down * SQUARE);
  }

  #dots(context, xaxis, yaxis, view, isSelected) {
    const rows = within(this.points, view);
    const radius = Math.min(9, Math.max(3, 13 - 2.3 * Math.log10(Math.max(1, rows.length)))) / 2; // as app/figures.py: point_size
    const paths = new Map(); // colour and whether dimmed -> path: few changes of colour
    for (const row of rows) {
      const key = this.#shades[row] + (isSelected && !isSelected(row) ? 1000 : 0);
      if (!paths.has(key)) paths.set(key, new Path2D());
      const [x, y] = [xaxis.d2p(this.points.x[row]), yaxis.d2p(this.points.y[row])];
      paths.get(key).moveTo(x + radius, y);
      paths.get(key).arc(x, y, radius, 0, 2 * Math.PI);
    }
    for (const key of [...paths.keys()].sort((a, b) => b - a)) {
      context.globalAlpha = key >= 1000 ? DIMMED : 0.85;
      context.fillStyle = this.#colouring.colours[key % 1000] ?? this.#colouring.colours[0];
      context.fill(paths.get(key));
    }
    context.globalAlpha = 1;
  }
}
