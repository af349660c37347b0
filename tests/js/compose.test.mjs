import assert from "node:assert/strict";
import test from "node:test";

import { compose } from "../../assets/modules/compose.mjs";
import { appearances } from "../../assets/modules/look.mjs";

// Two voxels, three channels.
const volume = { shape: [3, 1, 1, 2], data: Uint8Array.of(100, 0, 50, 200, 10, 255) };
const palette = { colours: [[255, 0, 255], [0, 255, 255], [255, 255, 0]], uncertainty: [255, 0, 0] };
const NAMES = ["membrane", "DNA", "FBL"];
const looking = (look) => appearances(look, NAMES, palette);
const on = (...switches) => looking({ channels: Object.fromEntries(NAMES.map((name, k) => [name, { on: switches[k] }])) });
const colours = (rgba) => [0, 4].map((at) => [...rgba.slice(at, at + 3)]);

test("channels add up as light does, and no further than white", () => {
  assert.deepEqual(colours(compose(volume, on(true, true, true))), [
    [110, 60, 150],
    [255, 255, 200],
  ]);
});

test("a channel that is off is not there", () => {
  assert.deepEqual(colours(compose(volume, on(true, false, true))), [
    [110, 10, 100],
    [255, 255, 0],
  ]);
});

test("one channel alone is grey unless a colour was chosen for it, none is black", () => {
  assert.deepEqual(colours(compose(volume, on(false, true, false))), [
    [50, 50, 50],
    [200, 200, 200],
  ]);
  const chosen = { channels: { membrane: { on: false }, DNA: { colour: "#ff0000" }, FBL: { on: false } } };
  assert.deepEqual(colours(compose(volume, looking(chosen))), [
    [50, 0, 0],
    [200, 0, 0],
  ]);
  assert.deepEqual(colours(compose(volume, on(false, false, false))), [
    [0, 0, 0],
    [0, 0, 0],
  ]);
});

test("each channel is seen through its window and its opacity", () => {
  const look = { channels: { membrane: { window: [50, 150] }, DNA: { on: false }, FBL: { opacity: 0.5 } } };
  assert.deepEqual(colours(compose(volume, looking(look))), [
    [133, 5, 128], // 127.5 of membrane is written as 128 before 5 is added
    [128, 128, 0],
  ]);
});

test("of many structures each voxel shows the brightest", () => {
  const names = ["membrane", "DNA", "A", "B", "C", "D"];
  const many = { shape: [6, 1, 1, 2], data: Uint8Array.of(0, 0, 0, 0, 10, 90, 20, 30, 20, 0, 5, 100) };
  const six = { colours: [[255, 0, 255], [0, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], uncertainty: [255, 0, 0] };
  assert.deepEqual(colours(compose(many, appearances({}, names, six))), [
    [0, 20, 0],
    [100, 100, 100],
  ]);
  // Of three the light adds up; opacity counts when they compete.
  assert.deepEqual(colours(compose(many, appearances({ channels: { D: { on: false } } }, names, six)))[0], [10, 20, 20]);
  assert.deepEqual(colours(compose(many, appearances({ channels: { D: { opacity: 0.5 } } }, names, six)))[1], [90, 0, 0]);
});

test("an array that is given is filled anew", () => {
  const first = compose(volume, on(true, true, true));
  const second = compose(volume, on(true, false, false), first);
  assert.equal(second, first);
  assert.deepEqual(second, compose(volume, on(true, false, false)));
});

test("haze has its light in planes and no body in 3D where the window of 3D leaves it out", () => {
  const haze = looking({ channels: { DNA: { on: false }, FBL: { on: false } } }).map((one) => ({ ...one, solid: [150, 200] }));
  const [red, , , alpha] = compose({ shape: [3, 1, 1, 1], data: Uint8Array.of(100, 0, 0) }, haze);
  assert.deepEqual([red, alpha], [100, 0]);
});

test("in 3D one looks through the membrane", () => {
  const [membrane, dna] = [on(true, false, true), on(false, true, true)].map(
    (appearance) => compose({ shape: [3, 1, 1, 1], data: Uint8Array.of(200, 200, 0) }, appearance)[3],
  );
  assert.ok(membrane < dna);
});
