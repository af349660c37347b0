// Very many points as a picture: how many lie in each small square, and in what colour. Pure functions of typed arrays.

const FAINT = 0.4; // how opaque one point is where many others lie elsewhere
const STEPS = 65_535; // of places as they come

/** Places of `n` cells from bytes: uint16 from 0 to 65535 over the map's extent. */
export function placesOf(bytes, n, { xaxis, yaxis }) {
  const steps = new Uint16Array(bytes.buffer, bytes.byteOffset, 2 * n);
  const spread = ([low, high], from) => Float32Array.from(steps.subarray(from, from + n), (step) => low + (step * (high - low)) / STEPS);
  return { x: spread(xaxis, 0), y: spread(yaxis, n), shown: new Uint8Array(n).fill(1) };
}

/**
 * What lies in each square of a picture.
 * @param {{x: Float32Array, y: Float32Array, shown: Uint8Array}} points
 * @param {Uint8Array} shades of each point, an index into a palette
 * @param {{xaxis: number[], yaxis: number[]}} view what the picture covers; y upwards
 * @param {number} width squares across  @param {number} height squares down
 * @param {boolean} isScale whether shades are those of a number: then their mean is taken, without the 0 of those that have none;
 *   else the one that more than half have, if there is one
 * @param {?(row: number) => boolean} only the points that count; all where it is null
 * @returns {{counts: Uint32Array, shades: Uint8Array, n: number, most: number}} of each square, row by row from the top; how many
 *   points there are in all of it, and in the fullest square
 */
export function density({ x, y, shown }, shades, { xaxis, yaxis }, width, height, isScale, only = null) {
  const counts = new Uint32Array(width * height);
  const votes = new Uint32Array(width * height); // of the majority's candidate, or of those that have a number
  const found = new Uint8Array(width * height);
  const sums = isScale ? new Float32Array(width * height) : null;
  const [left, top] = [xaxis[0], yaxis[1]];
  const [perX, perY] = [width / (xaxis[1] - xaxis[0]), height / (yaxis[1] - yaxis[0])];
  let n = 0;
  for (let row = 0; row < x.length; row++) {
    const across = (x[row] - left) * perX;
    const down = (top - y[row]) * perY;
    if (!(across >= 0 && across < width && down >= 0 && down < height) || !shown[row] || (only && !only(row))) continue;
    const at = (down | 0) * width + (across | 0);
    const shade = shades[row];
    counts[at] += 1;
    n += 1;
    if (isScale) {
      if (shade === 0) continue;
      sums[at] += shade;
      votes[at] += 1;
    } else if (votes[at] === 0) {
      // Boyer and Moore's vote: whoever has more than half is the candidate at the end.
      found[at] = shade;
      votes[at] = 1;
    } else votes[at] += found[at] === shade ? 1 : -1;
  }
  let most = 0;
  for (let at = 0; at < counts.length; at++) {
    if (counts[at] > most) most = counts[at];
    if (isScale && votes[at]) found[at] = Math.round(sums[at] / votes[at]);
  }
  return { counts, shades: found, n, most };
}

/** RGBA of a density: the colour of each square, the more opaque the more points, by their logarithm. `opacity` of the fullest. */
export function densityPixels({ counts, shades, most }, palette, opacity = 1) {
  const data = new Uint8ClampedArray(4 * counts.length);
  const alphas = new Map();
  const full = Math.log1p(most);
  const alphaOf = (count) => {
    if (!alphas.has(count)) alphas.set(count, 255 * opacity * (FAINT + (1 - FAINT) * (Math.log1p(count) / full)));
    return alphas.get(count);
  };
  for (let at = 0; at < counts.length; at++) {
    if (!counts[at]) continue;
    const [red, green, blue] = palette[shades[at]] ?? palette[0];
    data[4 * at] = red;
    data[4 * at + 1] = green;
    data[4 * at + 2] = blue;
    data[4 * at + 3] = alphaOf(counts[at]);
  }
  return data;
}

/** Rows of the points that are shown in a view, which are few enough to be drawn one by one. */
export function within({ x, y, shown }, { xaxis, yaxis }) {
  const rows = [];
  for (let row = 0; row < x.length; row++) {
    if (x[row] >= xaxis[0] && x[row] <= xaxis[1] && y[row] >= yaxis[0] && y[row] <= yaxis[1] && shown[row]) rows.push(row);
  }
  return rows;
}

/** "#rrggbb" or "rgb(r, g, b)" as [r, g, b]. */
export const rgbOf = (colour) =>
  colour.startsWith("#") ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) : colour.match(/\d+(\.\d+)?/g).slice(0, 3).map(Number);
