// Volumes by URL: fetched once, kept while there is room, shared by whoever asks meanwhile.

import { volumeUrl } from "./recipe.mjs";

const ROOM = 256 * 2 ** 20; // bytes kept

/** A volume that could not be had; the message says why, in words for the page. */
export class VolumeError extends Error {}

/**
 * Read a response of /api/volumes/RECIPE.bin.
 * @returns {Promise<{shape: number[], channels: string[], voxel_um: number, data: Uint8Array}>} shape is C, Z, Y, X.
 */
export async function readVolume(response) {
  if (!response.ok) throw new VolumeError(await reason(response));
  const shape = (response.headers.get("X-Shape") ?? "").split(",").map(Number);
  const channels = (response.headers.get("X-Channels") ?? "").split(",").map(decodeURIComponent);
  const voxel_um = Number(response.headers.get("X-Voxel-Um"));
  const data = new Uint8Array(await response.arrayBuffer());
  const expected = shape.reduce((product, n) => product * n, 1);
  if (shape.length !== 4 || channels.length !== shape[0] || !(voxel_um > 0) || data.length !== expected) {
    throw new VolumeError("The server's answer is not a whole volume. Try again.");
  }
  return { shape, channels, voxel_um, data };
}

async function reason(response) {
  const words = await response.json().then((body) => body?.error?.message, () => undefined);
  return words ?? `The server answered ${response.status} and did not say why. Try again.`;
}

/** Volumes that were asked for, the latest used last. */
export class Volumes {
  #kept = new Map(); // recipe -> {promise, n_bytes}
  #n_bytes = 0;

  constructor(fetcher = (address) => fetch(address), room = ROOM) {
    this.fetcher = fetcher;
    this.room = room;
  }

  /** The volume of a recipe, in canonical form. */
  get(recipe) {
    const kept = this.#kept.get(recipe) ?? { promise: this.#fetch(recipe), n_bytes: 0 };
    this.#kept.delete(recipe);
    this.#kept.set(recipe, kept);
    return kept.promise;
  }

  /** Fetch ahead. Nobody waits for it, so nobody hears of it if it fails: whoever wants the volume will ask again. */
  prefetch(recipe) {
    this.get(recipe).catch(() => {});
  }

  async #fetch(recipe) {
    try {
      const volume = await readVolume(await this.#answer(recipe));
      this.#keep(recipe, volume.data.length);
      return volume;
    } catch (error) {
      this.#kept.delete(recipe);
      throw error;
    }
  }

  async #answer(recipe) {
    try {
      return await this.fetcher(volumeUrl(recipe));
    } catch {
      throw new VolumeError("The server does not answer. Check that it is running, then try again.");
    }
  }

  #keep(recipe, n_bytes) {
    const kept = this.#kept.get(recipe);
    if (!kept) return;
    kept.n_bytes = n_bytes;
    this.#n_bytes += n_bytes;
    for (const [oldest, { n_bytes: freed }] of this.#kept) {
      if (this.#n_bytes <= this.room || oldest === recipe) break;
      this.#kept.delete(oldest);
      this.#n_bytes -= freed;
    }
  }
}
