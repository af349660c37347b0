import assert from "node:assert/strict";
import test from "node:test";

import { meaning } from "../../assets/modules/keys.mjs";
import { afterClick } from "../../assets/modules/legend.mjs";
import { clicked } from "../../assets/modules/maps.mjs";
import { planePixels } from "../../assets/modules/planes.mjs";

test("a click hides a group or shows it, a double click leaves it alone or shows all", () => {
  assert.deepEqual(afterClick([true, true, true], 1, false), [true, false, true]);
  assert.deepEqual(afterClick([true, false, true], 1, false), [true, true, true]);
  assert.deepEqual(afterClick([true, false, true], 1, true), [false, true, false]);
  assert.deepEqual(afterClick([false, true, false], 1, true), [true, true, true]);
});

test("a click is a cell, or else a place", () => {
  assert.deepEqual(clicked("z_r", { points: [{ customdata: 7 }] }), { do: "cell", row: 7 });
  assert.deepEqual(clicked("z_s", { points: [], xvals: [1], yvals: [2] }), { do: "place", map: "z_s", x: 1, y: 2 });
});

test("keys mean something, unless a control has them", () => {
  const on = (matches) => ({ closest: (selector) => (selector.includes(matches) ? {} : null) });
  assert.equal(meaning({ key: "ArrowRight", target: on("nothing") }), "on");
  assert.equal(meaning({ key: " ", target: on("nothing") }), "play");
  assert.equal(meaning({ key: " ", target: on("button") }), null);
  assert.equal(meaning({ key: "ArrowLeft", target: on("slider") }), null);
  assert.equal(meaning({ key: "ArrowLeft", ctrlKey: true, target: on("nothing") }), null);
});


test("planes are numpy's slices, with z upwards", () => {
  const [nz, ny, nx] = [2, 3, 4];
  const rgba = new Uint8ClampedArray(4 * nz * ny * nx);
  for (let at = 0; at < nz * ny * nx; at++) rgba[4 * at] = at; // red is the voxel's number
  const red = (plane, voxel) => {
    const { width, height, data } = planePixels(rgba, [nz, ny, nx], plane, voxel);
    return Array.from({ length: height }, (_, row) => Array.from({ length: width }, (_, column) => data[4 * (row * width + column)]));
  };
  assert.deepEqual(red("xy", [0, 0, 1]), [[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]]);
  assert.deepEqual(red("xz", [0, 1, 0]), [[16, 17, 18, 19], [4, 5, 6, 7]]);
  assert.deepEqual(red("yz", [2, 0, 0]), [[14, 18, 22], [2, 6, 10]]);
});
