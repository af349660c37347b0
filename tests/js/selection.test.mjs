import assert from "node:assert/strict";
import test from "node:test";

import { nearestTo, placeOf, pointsOf, selectedIn } from "../../assets/modules/points.mjs";
import * as selection from "../../assets/modules/selection.mjs";

const { combine, count, fromBase64, has, inWords, isInside, meaning, none, of, rowsOf, tally, toBase64, within } = selection;

test("a bit a cell, read back by row", () => {
  const bits = of([0, 7, 8, 21], 22);
  assert.deepEqual([...bits], [0b10000001, 1, 0b100000]);
  assert.deepEqual(rowsOf(bits), [0, 7, 8, 21]);
  assert.equal(count(bits), 4);
  assert.deepEqual([has(bits, 7), has(bits, 9)], [true, false]);
});

test("base64 there and back, and all of 22,000 cells in less than 10 kB", () => {
  const bits = of([3, 4, 19_999], 22_000);
  assert.deepEqual(fromBase64(toBase64(bits), 22_000), bits);
  const all = of(Array.from({ length: 22_000 }, (_, row) => row), 22_000);
  assert.equal(count(fromBase64(toBase64(all), 22_000)), 22_000);
  assert.equal(toBase64(all).length, 3668);
  assert.equal(count(fromBase64(toBase64(all), 4084)), 0, "a selection of another atlas selects none");
  assert.ok(toBase64(none(200_000)).length < 34_000);
});

test("a lasso replaces, adds or subtracts, as the keys say", () => {
  const [before, drawn] = [of([1, 2], 16), of([2, 9], 16)];
  assert.deepEqual(rowsOf(combine(before, drawn, "replace")), [2, 9]);
  assert.deepEqual(rowsOf(combine(before, drawn, "add")), [1, 2, 9]);
  assert.deepEqual(rowsOf(combine(before, drawn, "subtract")), [1]);
  assert.equal(meaning({ shiftKey: true }), "replace");
  assert.equal(meaning({ shiftKey: true, ctrlKey: true }), "add");
  assert.equal(meaning({ metaKey: true }), "add");
  assert.equal(meaning({ shiftKey: true, altKey: true }), "subtract");
  assert.equal(meaning({}), null);
});

test("inside a polygon with a notch, by the even-odd rule", () => {
  const notched = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
  assert.equal(isInside(1, 1, notched), true);
  assert.equal(isInside(2, 3, notched), false, "in the notch");
  assert.equal(isInside(5, 1, notched), false);
});

test("a lasso takes what is shown inside it, on the rows' own places", () => {
  const traces = [
    { x: [0.5, 9], y: [0.5, 9], customdata: [2, 0], visible: true },
    { x: [0.6], y: [0.4], customdata: [1], visible: "legendonly" },
    { x: [0.2], y: [0.9], customdata: [3] },
  ];
  const points = pointsOf(traces, 4);
  const square = [[0, 0], [1, 0], [1, 1], [0, 1]];
  assert.deepEqual(rowsOf(within(points, square)), [2, 3]);
  assert.deepEqual(rowsOf(within(points, square.slice(0, 2))), [], "a click draws no polygon");
  assert.equal(placeOf(points, 1), null);
  assert.deepEqual(placeOf(points, 0), [9, 9]);
  assert.deepEqual(selectedIn(traces, (row) => row >= 2), [[0], [], [0]]);
});

test("what is selected, counted and in words", () => {
  const tallied = tally(of([0, 1, 2, 4], 5), [0, 1, 1, 0, 2], ["interphase", "metaphase", "anaphase", "none"]);
  assert.deepEqual(tallied, [["metaphase", 2], ["interphase", 1], ["anaphase", 1]]);
  assert.equal(inWords(tallied), "2 metaphase, 1 interphase, 1 anaphase");
  assert.equal(inWords([["a", 1200], ["b", 5], ["c", 4], ["d", 3], ["e", 2]]), "1,200 a, 5 b, 4 c, 5 others");
});

test("the nearest cell that is shown is found, within reach", () => {
  const points = { x: Float32Array.of(0, 1, 1.1), y: Float32Array.of(0, 1, 1), shown: Uint8Array.of(1, 1, 0) };
  const toPixel = (x, y) => [100 * x, 200 - 100 * y];
  assert.equal(nearestTo(points, [103, 98], toPixel, 14), 1);
  assert.equal(nearestTo(points, [3, 190], toPixel, 14), 0);
  assert.equal(nearestTo(points, [110, 100], toPixel, 14), 1, "the nearer is hidden");
  assert.equal(nearestTo(points, [50, 150], toPixel, 14), undefined);
});
