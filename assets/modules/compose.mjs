// Channels to colours: each through its window of contrast, in its colour, and their sum, as light adds up.

import { ramp } from "./contrast.mjs";

/** @typedef {{on: boolean, window: number[], colour: number[], opacity: number, depth: number, solid?: number[], competes?: boolean}}
 *  Appearance of a channel: contrast [low, high]; colour (r, g, b), 0 to 1 a part; how much of it is shown, 0 to 1; how opaque its
 *  brightest voxel is in 3D, 0 to 1, and the window of that, where it is another. Of channels that compete, each voxel shows only
 *  the brightest. */

/**
 * Mix the channels that are on into RGBA, voxel by voxel.
 * @param {{shape: number[], data: Uint8Array}} volume C, Z, Y, X
 * @param {Appearance[]} appearances a channel each
 * @param {Uint8ClampedArray} [rgba] written into, where there is one of the right length
 * @returns {Uint8ClampedArray} Z, Y, X, RGBA; RGB is what planes show, A how opaque the voxel is in 3D
 */
export function compose({ shape, data }, appearances, rgba = undefined) {
  const n_voxels = data.length / shape[0];
  const mixed = rgba?.length === 4 * n_voxels ? rgba.fill(0) : new Uint8ClampedArray(4 * n_voxels);
  const winners = winnersOf(data, n_voxels, appearances);
  appearances.forEach(({ on, window, colour, opacity, depth, solid, competes }, channel) => {
    if (!on || opacity === 0) return;
    const shown = ramp(window);
    const dense = solid ? ramp(solid) : shown;
    const [red, green, blue] = colour.map((part) => part * opacity);
    const alpha = depth * opacity;
    for (let voxel = 0, at = channel * n_voxels, to = 0; voxel < n_voxels; voxel++, at++, to += 4) {
      const value = shown[data[at]];
      if (value === 0 || (competes && winners[voxel] !== channel)) continue;
      mixed[to] += value * red;
      mixed[to + 1] += value * green;
      mixed[to + 2] += value * blue;
      mixed[to + 3] = Math.max(mixed[to + 3], dense[data[at]] * alpha);
    }
  });
  return mixed;
}

/** The channel that is brightest in each voxel among those that compete, the first of equals; nothing where none competes. */
function winnersOf(data, n_voxels, appearances) {
  if (!appearances.some(({ on, competes }) => on && competes)) return null;
  const winners = new Uint8Array(n_voxels);
  const brightest = new Float32Array(n_voxels);
  appearances.forEach(({ on, competes, window, opacity }, channel) => {
    if (!on || !competes) return;
    const shown = ramp(window).map((value) => value * opacity);
    for (let voxel = 0, at = channel * n_voxels; voxel < n_voxels; voxel++, at++) {
      if (shown[data[at]] <= brightest[voxel]) continue;
      brightest[voxel] = shown[data[at]];
      winners[voxel] = channel;
    }
  });
  return winners;
}
