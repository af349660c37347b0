// Views of many pictures: which there are, what each needs, and the one that is painted.

import * as compare from "./comparison.mjs";
import * as grid from "./grid.mjs";
import { Panels } from "./panels.mjs";
import * as ways from "./ways.mjs";

/** By the name of the view. A kind says which recipes it needs, and makes its panels and the strip below them. */
export const PANELS = { grid, compare, ways };

export class Panelled {
  #panels;
  #strip; // under the panels, {nodes, moved}
  #differing; // channel whose difference is shown
  #painted; // what was last painted, for when another difference is asked for
  #changed;

  /**
   * @param {HTMLElement} element the viewer
   * @param {object} does move(voxel); pick(gene) shows one structure alone; changed() is told that the strip is another
   */
  constructor(element, { move, pick, changed }) {
    this.#panels = new Panels(element, { move, pick });
    this.#changed = changed;
    this.move = move;
  }

  /** The kind that is painted; undefined where it is one volume. */
  get kind() {
    return this.#painted?.kind;
  }

  /** Whether the cursor is a place in the cell, or no more than which slice is seen. */
  get hasPlace() {
    return this.kind !== grid;
  }

  /** What all panels show, in a word; empty where each says it for itself. */
  get word() {
    return this.kind === compare ? "" : "predicted";
  }

  /** What is under the panels. */
  get strip() {
    return this.#strip?.nodes ?? [];
  }

  /**
   * @param {object} kind of PANELS  @param {(object|null)[]} volumes of its recipes, null for what there is not
   * @param {object} how look, palette, facts, recipe, counts(name, volumes), voxel
   */
  paint(kind, volumes, how) {
    this.#painted = { kind, volumes, how };
    const more = { ...how, move: this.move, differing: this.#differing, differ: (channel) => this.#differ(channel) };
    const { shape } = volumes.find(Boolean);
    this.#panels.show(kind.panels(volumes, more), { planes: kind.planes, shape: shape.slice(1), voxel: how.voxel, isChoice: kind.isChoice });
    this.#strip = kind.strip(volumes, more);
    this.#changed();
  }

  #differ(channel) {
    this.#differing = channel;
    const { kind, volumes, how } = this.#painted;
    this.paint(kind, volumes, how);
  }

  /** One volume is painted instead. */
  hide() {
    this.#panels.hide();
    this.#painted = this.#strip = undefined;
  }

  moveTo(voxel) {
    this.#panels.moveTo(voxel);
    if (this.#painted) this.#painted.how.voxel = voxel;
    this.#strip?.moved(voxel);
  }

  arrange() {
    this.#panels.arrange();
  }

  get tiles() {
    return this.#panels.tiles;
  }

  pixels() {
    return this.#panels.pixels();
  }
}
