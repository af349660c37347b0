import assert from "node:assert/strict";
import test from "node:test";

import { of, rowsOf } from "../../assets/modules/selection.mjs";
import { after, fromText, selectedBy, simplified, strokeOf, toText } from "../../assets/modules/strokes.mjs";

const N = 16;
const places = (shown) => ({ x: Float32Array.from({ length: N }, (_, k) => k % 4), y: Float32Array.from({ length: N }, (_, k) => k >> 2), shown: Uint8Array.from({ length: N }, (_, k) => Number(shown(k))) });
const all = { z_r: places(() => true), z_s: places(() => true) };
const square = (x, y, side) => [[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
const stroke = (how, polygon, map = "z_r", shown = all.z_r) => strokeOf(map, polygon, how, shown, all.z_r);

test("a text and back selects the same cells", () => {
  let strokes = [];
  for (const next of [stroke("replace", square(-0.5, -0.5, 2)), stroke("add", square(1.75, 1.75, 3), "z_s"), stroke("subtract", square(-0.25, -0.25, 0.5))]) {
    strokes = after(strokes, next);
  }
  const text = toText(strokes);
  assert.match(text, /^z_r,replace,-0\.5,-0\.5,1\.5,.*~z_s,add,.*~z_r,subtract,/);
  assert.deepEqual(fromText(text, N), strokes);
  assert.deepEqual(rowsOf(selectedBy(fromText(text, N), all, N)), [1, 4, 5, 10, 11, 14, 15]);
  assert.equal(encodeURIComponent(text).replaceAll("%2C", ","), text, "nothing in it needs to be encoded");
});

test("a new lasso forgets the strokes before it", () => {
  assert.equal(after([stroke("replace", square(0, 0, 1))], stroke("replace", square(1, 1, 1))).length, 1);
});

test("cells of hidden groups are not taken, in another browser either", () => {
  const shown = places((k) => k !== 5);
  const drawn = stroke("replace", square(-0.5, -0.5, 2), "z_r", shown);
  assert.deepEqual(rowsOf(drawn.bits), [0, 1, 4]);
  assert.deepEqual(rowsOf(selectedBy(fromText(toText([drawn]), N), all, N)), [0, 1, 4]);
  assert.ok(stroke("replace", square(-0.5, -0.5, 1), "z_r", shown).polygon, "none of them was inside");
  const many = { bits: of(Array.from({ length: 5 }, (_, k) => 62 + k), 200), how: "replace" };
  assert.deepEqual(fromText(toText([many]), 200), [many], "signs of base64 that a link does not take");
});

test("nonsense selects nothing", () => {
  for (const text of ["", "z_r", "z_r,replace,1,2,3,4", "z_r,replace,1,2,3,4,5,", "z_q,add,1,2,3,4,5,6", "z_r,steal,1,2,3,4,5,6", "bits,add", "bits,add,%%"]) {
    assert.deepEqual(fromText(text, N), [], text);
  }
  assert.deepEqual(rowsOf(selectedBy(fromText("bits,add,AA", N), all, N)), [], "bits of another atlas");
});

test("a lasso of many corners keeps those that matter", () => {
  const circle = Array.from({ length: 400 }, (_, k) => [100 * Math.cos(k / 64), 100 * Math.sin(k / 64)]);
  const few = simplified(circle, 1);
  assert.ok(few.length < 40, `${few.length}`);
  for (const [x, y] of circle) assert.ok(Math.hypot(x, y) - 100 < 1e-9);
  const middle = few.slice(1).map(([x, y], k) => Math.hypot((x + few[k][0]) / 2, (y + few[k][1]) / 2));
  assert.ok(Math.min(...middle) >= 99 - 1e-9, "nowhere farther from the circle than a pixel");
  assert.deepEqual(simplified([[0, 0], [1, 0], [2, 0], [2, 5]], 0.5), [[0, 0], [2, 0], [2, 5]]);
});
