// The uncertainty overlay: the standard deviation of structures as one more channel of the picture.

import { autoWindow, histogram } from "./contrast.mjs";
import { UNCERTAINTY } from "./look.mjs";

const N_BODY = 2; // membrane and DNA come first and do not depend on z_s

/** A volume with one channel more: at each voxel the largest standard deviation of any structure. `volume` itself stays. */
export function withUncertainty(volume, deviation) {
  const n_voxels = deviation.data.length / deviation.shape[0];
  const data = new Uint8Array(volume.data.length + n_voxels);
  data.set(volume.data);
  const largest = data.subarray(volume.data.length);
  for (let channel = N_BODY; channel < deviation.shape[0]; channel++) {
    const from = channel * n_voxels;
    for (let voxel = 0; voxel < n_voxels; voxel++) largest[voxel] = Math.max(largest[voxel], deviation.data[from + voxel]);
  }
  return { ...volume, shape: [volume.shape[0] + 1, ...volume.shape.slice(1)], channels: [...volume.channels, UNCERTAINTY], data };
}

/** Its window at first: what is more unsure than the median, up to where few voxels are. */
export function firstWindow(volume) {
  const n_voxels = volume.data.length / volume.shape[0];
  return autoWindow(histogram(volume.data, volume.data.length - n_voxels));
}

/** What the overlay shows, in words. `full_scale`: the standard deviation that 255 stands for. */
export function wordsOf(genes, n_samples, window, full_scale) {
  const what = genes.length > 3 ? `any of ${genes.length} structures` : genes.join(", ");
  const [low, high] = window.map((value) => ((value / 255) * full_scale).toFixed(2));
  return `Uncertainty: how much ${what} varies over ${n_samples} localisations drawn at random. Standard deviation from ${low} to ${high}, of at most ${full_scale}.`;
}
