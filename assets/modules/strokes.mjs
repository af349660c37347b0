// What lassos drew, as text for an address: a link selects the same cells in any browser, in as much text as the lassos have
// corners, however many cells are in them. Strokes are joined by "~", the first replaces whatever was selected:
//
//   z_r,replace,x,y,x,y,...    a polygon in the coordinates of a map, z_r or z_s; or "add", or "subtract"
//   bits,add,BASE64URL         drawn while groups were hidden, of which it took no cell: a bit a cell, as in selection.mjs
//
// Pure functions; a stroke is {map, how, polygon: [x, y][]} or {bits, how}.

import { combine, fromBase64, none, toBase64, within } from "./selection.mjs";

const MAPS = ["z_r", "z_s"];
const HOWS = ["replace", "add", "subtract"];
const DIGITS = 5; // significant, of a coordinate: finer than a pixel

/** Corners that can be left out without the outline moving by more than `tolerance` are (Ramer, Douglas and Peucker). */
export function simplified(corners, tolerance) {
  const kept = new Set([0, corners.length - 1]);
  const open = [[0, corners.length - 1]];
  while (open.length) {
    const [first, last] = open.pop();
    let [farthest, most] = [0, tolerance];
    for (let at = first + 1; at < last; at++) {
      const distance = fromLine(corners[at], corners[first], corners[last]);
      if (distance > most) [farthest, most] = [at, distance];
    }
    if (!farthest) continue;
    kept.add(farthest);
    open.push([first, farthest], [farthest, last]);
  }
  return corners.filter((_, at) => kept.has(at));
}

function fromLine([x, y], [ax, ay], [bx, by]) {
  const [ux, uy] = [bx - ax, by - ay];
  const length = ux * ux + uy * uy;
  const along = length ? Math.min(1, Math.max(0, ((x - ax) * ux + (y - ay) * uy) / length)) : 0;
  return Math.hypot(x - ax - along * ux, y - ay - along * uy);
}

/**
 * A lasso round a polygon on a map.
 * @param {object} shown the map's points as they are shown, points.mjs
 * @param {object} all the same with no group hidden
 */
export function strokeOf(map, polygon, how, shown, all) {
  const rounded = polygon.map((corner) => corner.map((value) => Number(value.toPrecision(DIGITS))));
  const bits = within(shown, rounded);
  return within(all, rounded).every((byte, at) => byte === bits[at]) ? { map, how, polygon: rounded } : { bits, how };
}

/** The strokes after another one. */
export const after = (strokes, stroke) => (stroke.how === "replace" ? [stroke] : [...strokes, stroke]);

/** Which of `n` cells the strokes select; `all`: map -> its points with no group hidden. */
export function selectedBy(strokes, all, n) {
  const drawn = ({ map, polygon, bits }) => bits ?? within(all[map], polygon);
  return strokes.reduce((before, stroke) => combine(before, drawn(stroke), stroke.how), none(n));
}

export const toText = (strokes) =>
  strokes.map(({ map, how, polygon, bits }) => (bits ? ["bits", how, urlSafe(toBase64(bits))] : [map, how, ...polygon.flat()]).join()).join("~");

/** The strokes of a text; those that cannot be are left out. */
export function fromText(text, n) {
  return text.split("~").map((part) => read(part, n)).filter(Boolean);
}

function read(text, n) {
  const [what, how, ...rest] = text.split(",");
  if (!HOWS.includes(how)) return null;
  if (what === "bits") return /^[\w-]+$/.test(rest[0] ?? "") ? { bits: fromBase64(plain(rest[0]), n), how } : null;
  const numbers = rest.map((number) => (number ? Number(number) : NaN));
  if (!MAPS.includes(what) || numbers.length < 6 || numbers.length % 2 || !numbers.every(Number.isFinite)) return null;
  return { map: what, how, polygon: Array.from({ length: numbers.length / 2 }, (_, k) => numbers.slice(2 * k, 2 * k + 2)) };
}

const urlSafe = (base64) => base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** base64 as `atob` takes it, which does without the "=" at its end. */
const plain = (text) => text.replaceAll("-", "+").replaceAll("_", "/").slice(0, text.length - (text.length % 4 === 1 ? 1 : 0));
