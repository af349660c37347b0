// The volumes of the picture, and what can be counted in them.

import { histogram, pooled } from "./contrast.mjs";

export class Shown {
  #histograms = new WeakMap(); // volume -> counts of each channel

  volumes = []; // null for one that there is not

  get #there() {
    return this.volumes.filter(Boolean);
  }

  /** One of them; undefined where there is none yet. */
  get any() {
    return this.#there[0];
  }

  /** x, y, z of the voxel in the middle. */
  get middle() {
    return [...this.any.shape.slice(1)].reverse().map((n) => n >> 1);
  }

  /** Channels of all of them. */
  get names() {
    return [...new Set(this.#there.flatMap(({ channels }) => channels))];
  }

  /** Histogram of a channel, over all volumes of the picture or some. */
  counts(name, volumes = this.#there) {
    const having = volumes.filter(({ channels }) => channels.includes(name));
    return pooled(having.map((volume) => {
      const known = this.#histograms.get(volume) ?? {};
      this.#histograms.set(volume, known);
      const [k, n_voxels] = [volume.channels.indexOf(name), volume.data.length / volume.shape[0]];
      return (known[name] ??= histogram(volume.data, k * n_voxels, (k + 1) * n_voxels));
    }));
  }
}
