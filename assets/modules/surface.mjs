// Isosurfaces of a volume, by surface nets: where the brightness passes a level, one point in each cube of eight voxels that it
// passes through, and a quadrilateral across each edge between two voxels of which one is above.

const AXES = [[0, 1], [0, 2], [0, 4], [1, 3], [1, 5], [2, 3], [2, 6], [3, 7], [4, 5], [4, 6], [5, 7], [6, 7]]; // a cube's edges, as corners

/**
 * The closed surface within which a channel is at least `level`. Outside the volume it is dark.
 * @param {Uint8Array} data voxels, Z, Y, X, from `from` on
 * @param {number[]} shape Z, Y, X
 * @param {number} level above 0, up to 255; a voxel that has just this value is inside
 * @returns {{points: Float32Array, triangles: Uint32Array}} x, y, z of each point in voxels, whose centres are whole numbers;
 *   three points a triangle, counter-clockwise as seen from outside where x, y, z are right-handed
 */
export function surface(data, shape, level, from = 0) {
  const { values, across, layer, sizes: [wide, high, deep] } = padded(data, shape, from);
  const corners = [0, 1, across, across + 1, layer, layer + 1, layer + across, layer + across + 1];
  const inside = level - 0.5; // between two whole brightnesses, so that no voxel lies on the surface
  const pointAt = new Int32Array(2 * layer).fill(-1); // of the cubes of this layer and the last
  const [points, triangles] = [[], []];
  for (let z = 0; z < deep - 1; z++) {
    const here = (z & 1) * layer;
    const below = layer - here;
    pointAt.fill(-1, here, here + layer);
    for (let y = 0; y < high - 1; y++) {
      for (let x = 0; x < wide - 1; x++) {
        const at = z * layer + y * across + x;
        let mask = 0;
        for (let k = 0; k < 8; k++) if (values[at + corners[k]] > inside) mask |= 1 << k;
        if (mask === 0 || mask === 255) continue;
        const cube = y * across + x;
        pointAt[here + cube] = points.length / 3;
        addPoint(points, values, at, corners, mask, inside, x, y, z);
        // The three edges from this cube's first corner: the cubes round each of them are behind us, so their points are known.
        const isIn = mask & 1;
        const own = pointAt[here + cube];
        if (y && z && isIn !== ((mask >> 1) & 1)) quad(triangles, own, pointAt[here + cube - across], pointAt[below + cube - across], pointAt[below + cube], isIn);
        if (x && z && isIn !== ((mask >> 2) & 1)) quad(triangles, own, pointAt[below + cube], pointAt[below + cube - 1], pointAt[here + cube - 1], isIn);
        if (x && y && isIn !== ((mask >> 4) & 1)) quad(triangles, own, pointAt[here + cube - 1], pointAt[here + cube - 1 - across], pointAt[here + cube - across], isIn);
      }
    }
  }
  return { points: Float32Array.from(points), triangles: Uint32Array.from(triangles) };
}

/** The volume with one dark voxel more on every side. */
function padded(data, [nz, ny, nx], from) {
  const [wide, high, deep] = [nx + 2, ny + 2, nz + 2];
  const values = new Uint8Array(wide * high * deep);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const row = from + (z * ny + y) * nx;
      values.set(data.subarray(row, row + nx), ((z + 1) * high + y + 1) * wide + 1);
    }
  }
  return { values, across: wide, layer: wide * high, sizes: [wide, high, deep] };
}

/** The middle of where the cube's edges pass the level. */
function addPoint(points, values, at, corners, mask, level, x, y, z) {
  let [n, px, py, pz] = [0, 0, 0, 0];
  for (const [a, b] of AXES) {
    if (((mask >> a) & 1) === ((mask >> b) & 1)) continue;
    const [low, high] = [values[at + corners[a]], values[at + corners[b]]];
    const part = (level - low) / (high - low);
    px += (a & 1) + part * ((b & 1) - (a & 1));
    py += ((a >> 1) & 1) + part * (((b >> 1) & 1) - ((a >> 1) & 1));
    pz += (a >> 2) + part * ((b >> 2) - (a >> 2));
    n += 1;
  }
  points.push(x - 1 + px / n, y - 1 + py / n, z - 1 + pz / n); // of the volume, not of the padded one
}

function quad(triangles, a, b, c, d, isIn) {
  if (isIn) triangles.push(a, b, c, a, c, d);
  else triangles.push(a, c, b, a, d, c);
}
