import assert from "node:assert/strict";
import test from "node:test";

import { autoWindow, FULL, histogram, outline, percentile, pooled, ramp, windowMoved } from "../../assets/modules/contrast.mjs";

const values = Uint8Array.from([0, 0, 0, 10, 20, 20, 30, 200]);

test("a histogram counts every value, or those of one channel", () => {
  const counts = histogram(values);
  assert.deepEqual([counts[0], counts[10], counts[20], counts[200]], [3, 1, 2, 1]);
  assert.equal(histogram(values, 3, 6)[20], 2);
  assert.equal(histogram(values, 3, 6)[0], 0);
});

test("percentiles are of what is not black, as numpy's inverted_cdf", () => {
  const counts = histogram(values);
  // np.percentile([10, 20, 20, 30, 200], [0.1, 50, 60, 61, 98.3, 100], method="inverted_cdf")
  assert.deepEqual([0.001, 0.5, 0.6, 0.61, 0.983, 1].map((fraction) => percentile(counts, fraction)), [10, 20, 20, 30, 200, 200]);
});

test("auto is from the 50th to the 98.3rd percentile", () => {
  const ramp1000 = Uint8Array.from({ length: 2000 }, (_, k) => (k < 1000 ? 0 : 1 + Math.floor((k - 1000) / 5)));
  // of 1000 values 1, 1, 1, 1, 1, 2, ...: the 500th is 100, the 983rd 197
  assert.deepEqual(autoWindow(histogram(ramp1000)), [100, 197]);
});

test("auto of a picture that is black, or of one value, can be shown", () => {
  assert.deepEqual(autoWindow(histogram(new Uint8Array(5))), FULL);
  assert.deepEqual(autoWindow(histogram(new Uint8Array(5).fill(7))), [6, 7]);
});

test("several pictures are counted as one", () => {
  assert.deepEqual(pooled([histogram(values.subarray(0, 4)), histogram(values.subarray(4))]), histogram(values));
});

test("a window is spread over the whole range; the full one changes nothing", () => {
  assert.deepEqual([...ramp(FULL)], Array.from({ length: 256 }, (_, value) => value));
  const shown = ramp([100, 150]);
  assert.deepEqual([0, 100, 125, 150, 255].map((value) => shown[value]), [0, 0, 127.5, 255, 255]);
});

test("the ends of a window do not cross", () => {
  assert.deepEqual(windowMoved([10, 20], 0, 15), [15, 20]);
  assert.deepEqual(windowMoved([10, 20], 0, 40), [19, 20]);
  assert.deepEqual(windowMoved([10, 20], 1, 3), [10, 11]);
});

test("the histogram is drawn closed, its highest bar up to the top", () => {
  const path = outline(histogram(values), 64);
  assert.match(path, /^M0 64L0\.5 64\.00/);
  assert.match(path, /L19\.5 0\.00/);
  assert.match(path, /L255 64Z$/);
});
