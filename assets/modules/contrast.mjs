// Contrast: how bright a value is shown. A window [low, high] of values 0 to 255 is spread over the whole range from dark to bright.

export const FULL = Object.freeze([0, 255]);
const AUTO = [0.5, 0.983]; // of the voxels that are not zero: from their median up to where few are brighter

/** How often each value 0 to 255 is in `data` between two places: 256 counts. */
export function histogram(data, from = 0, to = data.length) {
  const counts = new Uint32Array(256);
  for (let at = from; at < to; at++) counts[data[at]]++;
  return counts;
}

/** The counts of several pictures as if they were one. */
export const pooled = (histograms) => histograms.reduce((sum, counts) => sum.map((n, value) => n + counts[value]), new Uint32Array(256));

/** The least value that no fewer than `fraction` of the voxels above zero reach or stay below; 0 where there are none. */
export function percentile(counts, fraction) {
  let left = fraction * counts.subarray(1).reduce((sum, n) => sum + n, 0);
  if (left === 0) return 0;
  for (let value = 1; value < 255; value++) if ((left -= counts[value]) <= 1e-6) return value;
  return 255;
}

/** The window from the 50th to the 98.3rd percentile of the voxels above zero; at least one value wide. */
export function autoWindow(counts) {
  const [low, high] = AUTO.map((fraction) => percentile(counts, fraction));
  if (high === 0) return [...FULL];
  return low < high ? [low, high] : [high - 1, high];
}

/** Whether a window is the one that nobody has set. */
export const isFull = (window) => String(window) === String(FULL);

/** The window in 3D, where haze would hide what it surrounds: the automatic one of `counts()` where none was set. */
export const solidWindow = (window, counts) => (isFull(window) ? autoWindow(counts()) : window);

/** What each value 0 to 255 is shown as, 0 to 255. */
export function ramp([low, high]) {
  return Float32Array.from({ length: 256 }, (_, value) => Math.min(255, Math.max(0, (255 * (value - low)) / (high - low))));
}

/** A window that can be: whole numbers within 0 to 255, the end that was moved (0 or 1) giving way. */
export function windowMoved(window, end, value) {
  const moved = [...window];
  moved[end] = end === 0 ? Math.min(value, window[1] - 1) : Math.max(value, window[0] + 1);
  return moved;
}

/** The histogram as an SVG path in a box of 255 by `height`: the logarithm of the counts above zero, or many a bar would not show. */
export function outline(counts, height) {
  const heights = Array.from(counts.subarray(1), (n) => Math.log1p(n));
  const highest = Math.max(...heights) || 1;
  return `M0 ${height}${heights.map((h, value) => `L${value + 0.5} ${(height * (1 - h / highest)).toFixed(2)}`).join("")}L255 ${height}Z`;
}
