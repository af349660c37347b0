// Where each plane of a view goes. All planes of a view have one scale, and those that share an axis are aligned on it:
//
//   xy  3d      x to the right and y down, as images are; z up, away from the dish
//   xz  yz      yz has y to the right

/** Axes of each plane: to the right, and down. */
export const AXES = { xy: ["x", "y"], xz: ["x", "z"], yz: ["y", "z"] };

/**
 * @param {"slice"|"xz"|"yz"|"planes"|"both"|"3d"} view
 * @param {{width: number, height: number}} room CSS pixels
 * @param {number[]} shape Z, Y, X of the volume in voxels, which are cubes
 * @param {number} gap between planes, CSS pixels
 * @param {number} margin around them, CSS pixels
 * @returns {{plane: string, left: number, top: number, width: number, height: number}[]}
 *   whole CSS pixels in the planes' own proportions. In "planes" the place of the 3D picture stays free.
 */
export function tiles(view, { width, height }, [z, y, x], gap = 10, margin = 12) {
  if (view === "3d") return [{ plane: "3d", left: 0, top: 0, width, height }];
  const alone = { slice: [x, y], xz: [x, z], yz: [y, z] }[view];
  const [across, down, between] = alone ? [...alone, 0] : [x + y, y + z, gap];
  const taken = between + 2 * margin;
  // Pixels a voxel, in steps that give every axis a whole number of pixels.
  const step = 1 / divisor(x, divisor(y, z));
  const scale = Math.max(step, Math.floor(Math.min((width - taken) / across, (height - taken) / down) / step) * step);
  const [wide, high, deep] = [x, y, z].map((n) => Math.round(n * scale));
  const left = Math.round((width - across * scale - between) / 2);
  const top = Math.round((height - down * scale - between) / 2);
  const [right, below] = [left + wide + gap, top + high + gap];
  const planes = {
    xy: { plane: "xy", left, top, width: wide, height: high },
    xz: { plane: "xz", left, top: below, width: wide, height: deep },
    yz: { plane: "yz", left: right, top: below, width: high, height: deep },
    "3d": { plane: "3d", left: right, top, width: high, height: high },
  };
  if (alone) {
    const plane = view === "slice" ? "xy" : view;
    return [{ plane, left, top, width: Math.round(across * scale), height: Math.round(down * scale) }];
  }
  return { planes: ["xy", "xz", "yz"], both: ["xy", "xz", "yz", "3d"] }[view].map((plane) => planes[plane]);
}

const divisor = (a, b) => (b === 0 ? a : divisor(b, a % b)); // Euclid

/** A length in um for a scale bar: 1, 2 or 5 times a power of ten, and no longer than `longest` um. */
export function barLength(longest) {
  const power = 10 ** Math.floor(Math.log10(longest));
  return [5, 2, 1].find((step) => step * power <= longest) * power;
}

/** The crosshair through the middle of `voxel` (x, y, z) on every plane, as an SVG path with a gap where the lines would meet. */
export function crosshair(planes, voxel, [nz, ny, nx], gap = 9) {
  const at = { x: (voxel[0] + 0.5) / nx, y: (voxel[1] + 0.5) / ny, z: 1 - (voxel[2] + 0.5) / nz };
  return planes
    .filter(({ plane }) => plane in AXES)
    .map(({ plane, left, top, width, height }) => {
      const [across, down] = AXES[plane];
      const [x, y] = [left + at[across] * width, top + at[down] * height];
      const [before, after, above, below] = [Math.max(left, x - gap), Math.min(left + width, x + gap), Math.max(top, y - gap), Math.min(top + height, y + gap)];
      return `M${left} ${y}H${before}M${after} ${y}H${left + width}M${x} ${top}V${above}M${x} ${below}V${top + height}`;
    })
    .join("");
}
