import assert from "node:assert/strict";
import test from "node:test";

import { colourOf, compose, cssColour } from "../../assets/modules/compose.mjs";

// Two voxels, three channels.
const volume = { shape: [3, 1, 1, 2], data: Uint8Array.of(100, 0, 50, 200, 10, 255) };
const colours = (rgba) => [0, 4].map((at) => [...rgba.slice(at, at + 3)]);

test("channels add up as light does, and no further than white", () => {
  assert.deepEqual(colours(compose(volume, [true, true, true])), [
    [110, 60, 150],
    [255, 255, 200],
  ]);
});

test("a channel that is off is not there", () => {
  assert.deepEqual(colours(compose(volume, [true, false, true])), [
    [110, 10, 100],
    [255, 255, 0],
  ]);
});

test("one channel alone is grey, none is black", () => {
  assert.deepEqual(colours(compose(volume, [false, true, false])), [
    [50, 50, 50],
    [200, 200, 200],
  ]);
  assert.deepEqual(colours(compose(volume, [false, false, false])), [
    [0, 0, 0],
    [0, 0, 0],
  ]);
});

test("an array that is given is filled anew", () => {
  const first = compose(volume, [true, true, true]);
  const second = compose(volume, [true, false, false], first);
  assert.equal(second, first);
  assert.deepEqual(second, compose(volume, [true, false, false]));
});

test("in 3D one looks through the membrane", () => {
  const [membrane, dna] = [[true, false, true], [false, true, true]].map((on) => compose({ shape: [3, 1, 1, 1], data: Uint8Array.of(200, 200, 0) }, on)[3]);
  assert.ok(membrane < dna);
});

test("every channel has a colour, and the first structures have different ones", () => {
  assert.equal(new Set([0, 1, 2, 3, 4, 5].map(cssColour)).size, 6);
  assert.deepEqual(colourOf(3), colourOf(6));
});
