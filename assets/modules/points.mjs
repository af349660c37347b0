// Where the cells are on a map, as typed arrays by row: 200,000 of them are read in milliseconds and held in 2 MB.

/**
 * Of every cell, from a plot's traces: x, y (Float32Array), whether it is shown (Uint8Array; a hidden group is not).
 * Each trace has x, y and customdata (rows), and a `visible` that is true where it is shown.
 */
export function pointsOf(traces, n) {
  const points = { x: new Float32Array(n), y: new Float32Array(n), shown: new Uint8Array(n) };
  for (const { x, y, customdata: rows, visible } of traces) {
    if ((visible ?? true) !== true) continue; // Plotly does not fill in a hidden trace
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at];
      points.x[row] = x[at];
      points.y[row] = y[at];
      points.shown[row] = 1;
    }
  }
  return points;
}

/** [x, y] of a cell, or null where it is hidden or there is none. */
export const placeOf = (points, row) => (points?.shown[row] ? [points.x[row], points.y[row]] : null);

/**
 * The cell that is shown nearest to [x, y], in pixels, or undefined where none is within `reach`.
 * @param {(x: number, y: number) => number[]} toPixel from the map's coordinates, linear in each
 */
export function nearestTo(points, [x, y], toPixel, reach) {
  const [[left, top], [right, bottom]] = [toPixel(0, 0), toPixel(1, 1)];
  let [nearest, least] = [undefined, reach * reach];
  for (let row = 0; row < points.shown.length; row++) {
    if (!points.shown[row]) continue;
    const across = left + (right - left) * points.x[row] - x;
    const down = top + (bottom - top) * points.y[row] - y;
    const distance = across * across + down * down;
    if (distance <= least) [nearest, least] = [row, distance];
  }
  return nearest;
}

/** For each trace the positions in it of its selected rows, as Plotly's `selectedpoints` wants them. */
export function selectedIn(traces, isSelected) {
  return traces.map(({ customdata: rows = [] }) => {
    const chosen = [];
    for (let at = 0; at < rows.length; at++) if (isSelected(rows[at])) chosen.push(at);
    return chosen;
  });
}
