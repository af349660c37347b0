// A lasso over a map: Shift-drag draws one, with Ctrl or Cmd it adds, with Alt it subtracts. Plotly hears nothing of it.

import { meaning } from "./selection.mjs";
import { simplified } from "./strokes.mjs";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 3; // pixels between corners
const TOLERANCE = 1; // pixels that the outline may lie off what was drawn: it goes into the address

export class Lasso {
  #corners = null; // [x, y] in pixels of the holder, while one is drawn
  #how = null;

  /**
   * @param {HTMLElement} holder the map's
   * @param {object} map toData([x, y]) from pixels of the holder; drawing() when one begins; drawn(polygon, how) when it is closed
   */
  constructor(holder, map) {
    this.holder = holder;
    this.map = map;
    const listen = (kind, act) => holder.addEventListener(kind, (event) => act.call(this, event), { capture: true });
    listen("pointerdown", this.#begin);
    listen("pointermove", this.#go);
    listen("pointerup", this.#end);
    listen("pointercancel", this.#drop);
    // Plotly listens to the mouse: while a lasso is drawn, and at the click that ends it, there is none.
    for (const kind of ["mousedown", "mousemove", "mouseup", "click"]) {
      listen(kind, (event) => {
        if (!this.#how) return;
        event.stopPropagation();
        event.preventDefault();
        if (kind === "click") this.#how = null;
      });
    }
  }

  #begin(event) {
    this.#how = event.button === 0 ? meaning(event) : null;
    if (!this.#how) return;
    this.holder.setPointerCapture(event.pointerId);
    this.#corners = [this.#at(event)];
    this.line = document.createElementNS(SVG, "svg");
    this.line.setAttribute("class", "lasso");
    this.line.append(document.createElementNS(SVG, "path"));
    this.holder.append(this.line);
    this.map.drawing();
    event.preventDefault();
    event.stopPropagation();
  }

  #go(event) {
    if (!this.#corners) return;
    event.stopPropagation();
    const [x, y] = this.#at(event);
    const [lastX, lastY] = this.#corners.at(-1);
    if (Math.hypot(x - lastX, y - lastY) < STEP) return;
    this.#corners.push([x, y]);
    this.line.firstChild.setAttribute("d", `M${this.#corners.map((corner) => corner.join(" ")).join("L")}Z`);
  }

  #end(event) {
    if (!this.#corners) return;
    event.stopPropagation();
    const [corners, how] = [this.#corners, this.#how];
    this.#drop();
    this.#how = how; // until its click has come
    setTimeout(() => (this.#how = null), 50);
    if (corners.length > 2) this.map.drawn(simplified(corners, TOLERANCE).map((corner) => this.map.toData(corner)), how);
  }

  #drop() {
    this.line?.remove();
    this.#corners = this.#how = null;
  }

  #at({ clientX, clientY }) {
    const { left, top } = this.holder.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }
}
