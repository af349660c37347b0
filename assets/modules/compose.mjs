// Channels to colours: magenta membrane, cyan DNA, yellow structure, and their sum, as light adds up.

/** RGB of each channel in the order they are served, 0 or 1 a part; structures after the first take the colours that follow. */
export const COLOURS = [
  [1, 0, 1],
  [0, 1, 1],
  [1, 1, 0],
  [0, 1, 0],
  [1, 0.5, 0],
  [0.4, 0.5, 1],
];
/** How opaque a channel's brightest voxel is in 3D: one looks through the membrane at what is inside. */
const OPACITY = [0.2, 1, 0.5];

export const colourOf = (channel) => COLOURS[channel < 3 ? channel : 3 + ((channel - 3) % (COLOURS.length - 3))];

export const cssColour = (channel) => `rgb(${colourOf(channel).map((part) => Math.round(255 * part)).join(" ")})`;

/**
 * Mix the channels that are on into RGBA, voxel by voxel. One channel alone is shown in grey.
 * @param {{shape: number[], data: Uint8Array}} volume C, Z, Y, X
 * @param {boolean[]} on a channel each
 * @param {Uint8ClampedArray} [rgba] written into, where there is one of the right length
 * @returns {Uint8ClampedArray} Z, Y, X, RGBA; RGB is what planes show, A how opaque the voxel is in 3D
 */
export function compose({ shape, data }, on, rgba = undefined) {
  const n_voxels = data.length / shape[0];
  const mixed = rgba?.length === 4 * n_voxels ? rgba.fill(0) : new Uint8ClampedArray(4 * n_voxels);
  const alone = on.filter(Boolean).length === 1;
  on.forEach((isOn, channel) => {
    if (!isOn) return;
    const [red, green, blue] = alone ? [1, 1, 1] : colourOf(channel);
    const opacity = alone ? OPACITY[2] : OPACITY[Math.min(channel, 2)];
    for (let voxel = 0, at = channel * n_voxels, to = 0; voxel < n_voxels; voxel++, at++, to += 4) {
      const value = data[at];
      if (value === 0) continue;
      mixed[to] += value * red;
      mixed[to + 1] += value * green;
      mixed[to + 2] += value * blue;
      mixed[to + 3] = Math.max(mixed[to + 3], value * opacity);
    }
  });
  return mixed;
}
