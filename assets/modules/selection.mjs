// Which cells are selected: a bit a cell, so that all of 22,000 fit in 3.7 kB of base64. Pure functions of bits and polygons.

/** No cell of `n` selected. */
export const none = (n) => new Uint8Array(Math.ceil(n / 8));

/** Whether the cell in `row` is selected. */
export const has = (bits, row) => (bits[row >> 3] & (1 << (row & 7))) !== 0;

/** The selection of these rows of `n` cells. Bit `row % 8`, from the lowest, of byte `row / 8`: numpy's "little" order. */
export function of(rows, n) {
  const bits = none(n);
  for (const row of rows) bits[row >> 3] |= 1 << (row & 7);
  return bits;
}

/** Rows that are selected, in order. */
export function rowsOf(bits) {
  const rows = [];
  bits.forEach((byte, at) => {
    for (let bit = 0; byte; bit++, byte >>= 1) if (byte & 1) rows.push(8 * at + bit);
  });
  return rows;
}

/** How many are selected. */
export function count(bits) {
  let n = 0;
  for (let byte of bits) for (; byte; byte &= byte - 1) n += 1;
  return n;
}

/** What is selected after a lasso round `drawn`: "replace" takes it alone, "add" both, "subtract" what was before without it. */
export function combine(before, drawn, how) {
  if (how === "add") return before.map((byte, at) => byte | drawn[at]);
  if (how === "subtract") return before.map((byte, at) => byte & ~drawn[at]);
  return drawn;
}

/** What the keys held while a lasso is drawn mean; null: no lasso. Shift alone begins anew. */
export function meaning({ shiftKey, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey) return "add";
  if (altKey) return "subtract";
  return shiftKey ? "replace" : null;
}

/** Whether [x, y] is inside a polygon of [x, y] corners, by the even-odd rule. */
export function isInside(x, y, polygon) {
  let inside = false;
  for (let at = 0, last = polygon.length - 1; at < polygon.length; last = at++) {
    const [ax, ay] = polygon[at];
    const [bx, by] = polygon[last];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** The selection of the points that are shown inside a polygon; `points` as in points.mjs. */
export function within({ x, y, shown }, polygon) {
  const bits = none(x.length);
  if (polygon.length < 3) return bits;
  const [left, right] = extent(polygon.map(([px]) => px));
  const [low, high] = extent(polygon.map(([, py]) => py));
  for (let row = 0; row < x.length; row++) {
    if (!shown[row] || x[row] < left || x[row] > right || y[row] < low || y[row] > high) continue; // most are not near it
    if (isInside(x[row], y[row], polygon)) bits[row >> 3] |= 1 << (row & 7);
  }
  return bits;
}

const extent = (values) => [Math.min(...values), Math.max(...values)];

/** The bits as base64, for the server. */
export function toBase64(bits) {
  let text = "";
  for (let at = 0; at < bits.length; at += 8192) text += String.fromCharCode(...bits.subarray(at, at + 8192));
  return btoa(text);
}

/** The bits of base64 for `n` cells; a text for another number of cells selects none. */
export function fromBase64(text, n) {
  const bits = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return bits.length === none(n).length ? bits : none(n);
}

/** How many selected cells each value of a column has, as [value, count], the most first. `column` is a value's number a row. */
export function tally(bits, column, names) {
  const counts = new Array(names.length).fill(0);
  for (const row of rowsOf(bits)) counts[column[row]] += 1;
  return names.map((name, k) => [name, counts[k]]).filter(([, n]) => n).sort(([, a], [, b]) => b - a);
}

/** The tally in words, at most `most` of them: "12 interphase, 3 metaphase, 2 others". */
export function inWords(tallied, most = 3) {
  const shown = tallied.length > most + 1 ? tallied.slice(0, most) : tallied;
  const rest = tallied.slice(shown.length).reduce((sum, [, n]) => sum + n, 0);
  const words = shown.map(([name, n]) => `${n.toLocaleString("en")} ${name}`);
  return [...words, ...(rest ? [`${rest.toLocaleString("en")} others`] : [])].join(", ");
}
