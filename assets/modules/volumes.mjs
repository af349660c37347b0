// Volumes by URL: fetched once, kept while there is room, shared by whoever asks meanwhile. What nobody waits for any more is
// given up, and the server is told so by hanging up.

import { planesUrl, volumeUrl } from "./recipe.mjs";

const ROOM = 256 * 2 ** 20; // bytes kept
const MAX_TRIES = 5; // while the server is busy

/** A volume that could not be had; the message says why, in words for the page. */
export class VolumeError extends Error {}

/**
 * Read a response of /api/volumes/RECIPE.bin.
 * @returns {Promise<{shape: number[], channels: string[], voxel_um: number, data: Uint8Array}>} shape is C, Z, Y, X.
 */
export async function readVolume(response) {
  const { data, ...about } = await read(response);
  if (data.length !== about.shape.reduce((product, n) => product * n, 1)) throw notWhole();
  return { ...about, data };
}

/**
 * Read a response of /api/planes/RECIPE.bin: a volume in which all is dark but the three planes that came.
 * @returns as readVolume, and the `voxel` x, y, z in which the planes meet.
 */
export async function readPlanes(response) {
  const { data: planes, ...about } = await read(response);
  const [n_channels, nz, ny, nx] = about.shape;
  const voxel = (response.headers.get("X-Voxel") ?? "").split(",").map(Number);
  const sizes = [ny * nx, nz * nx, nz * ny].map((n) => n * n_channels);
  if (voxel.length !== 3 || planes.length !== sizes[0] + sizes[1] + sizes[2]) throw notWhole();
  const data = new Uint8Array(n_channels * nz * ny * nx);
  const [x, y, z] = voxel;
  let from = 0;
  for (let c = 0; c < n_channels; c++, from += ny * nx) {
    data.set(planes.subarray(from, from + ny * nx), (c * nz + z) * ny * nx);
  }
  for (let c = 0; c < n_channels; c++) {
    for (let k = 0; k < nz; k++, from += nx) data.set(planes.subarray(from, from + nx), ((c * nz + k) * ny + y) * nx);
  }
  for (let c = 0; c < n_channels; c++) {
    for (let k = 0; k < nz; k++) {
      for (let j = 0; j < ny; j++) data[((c * nz + k) * ny + j) * nx + x] = planes[from++];
    }
  }
  return { ...about, voxel, data };
}

async function read(response) {
  if (!response.ok) throw new VolumeError(await reason(response));
  const shape = (response.headers.get("X-Shape") ?? "").split(",").map(Number);
  const channels = (response.headers.get("X-Channels") ?? "").split(",").map(decodeURIComponent);
  const voxel_um = Number(response.headers.get("X-Voxel-Um"));
  const data = new Uint8Array(await response.arrayBuffer());
  if (shape.length !== 4 || channels.length !== shape[0] || !(voxel_um > 0)) throw notWhole();
  return { shape, channels, voxel_um, data };
}

const notWhole = () => new VolumeError("The server's answer is not a whole volume. Try again.");

async function reason(response) {
  const words = await response.json().then((body) => body?.error?.message, () => undefined);
  return words ?? `The server answered ${response.status} and did not say why. Try again.`;
}

/** Volumes that were asked for, the latest used last. */
export class Volumes {
  #kept = new Map(); // recipe -> {promise, n_bytes, hangUp, isHere}
  #brought = new Map(); // recipe -> volume that no server has
  #n_bytes = 0;

  constructor(fetcher = (address, signal) => fetch(address, { signal }), room = ROOM) {
    this.fetcher = fetcher;
    this.room = room;
  }

  /** Whether a recipe's volume is here, or on its way. */
  has(recipe) {
    return this.#brought.has(recipe) || this.#kept.has(recipe);
  }

  /** A volume that no server has is kept for as long as the page is open. */
  bring(recipe, volume) {
    this.#brought.set(recipe, Promise.resolve(volume));
  }

  /** The volume of a recipe, in canonical form. */
  get(recipe) {
    if (this.#brought.has(recipe)) return this.#brought.get(recipe);
    const kept = this.#kept.get(recipe) ?? this.#fetch(recipe);
    this.#kept.delete(recipe);
    this.#kept.set(recipe, kept);
    return kept.promise;
  }

  /** Its planes through `voxel` x, y, z (the middle where there is none), to be shown until the whole is here. They are not kept. */
  async planes(recipe, voxel, signal) {
    return readPlanes(await this.#answer(planesUrl(recipe, voxel), signal));
  }

  /** Fetch ahead. Nobody waits for it, so nobody hears of it if it fails: whoever wants the volume will ask again. */
  prefetch(recipe) {
    this.get(recipe).catch(() => {});
  }

  /** A volume that is not here yet is no longer wanted. */
  giveUp(recipe) {
    const kept = this.#kept.get(recipe);
    if (!kept || kept.isHere) return;
    this.#kept.delete(recipe);
    kept.hangUp();
  }

  #fetch(recipe) {
    const controller = new AbortController();
    const kept = { n_bytes: 0, isHere: false, hangUp: () => controller.abort() };
    kept.promise = this.#answer(volumeUrl(recipe), controller.signal)
      .then(readVolume)
      .then((volume) => {
        kept.isHere = true;
        this.#keep(recipe, kept, volume.data.length);
        return volume;
      })
      .catch((error) => {
        if (this.#kept.get(recipe) === kept) this.#kept.delete(recipe);
        throw error;
      });
    return kept;
  }

  /** The server's answer; where it is busy, the one that it gives later, when it said to come back. */
  async #answer(address, signal) {
    for (let tries = 1; ; tries++) {
      let response;
      try {
        response = await this.fetcher(address, signal);
      } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new VolumeError("The server does not answer. Check that it is running, then try again.");
      }
      if (response.status !== 503 || tries === MAX_TRIES) return response;
      await new Promise((resolve) => setTimeout(resolve, 1000 * Number(response.headers.get("Retry-After") ?? 1)));
    }
  }

  #keep(recipe, kept, n_bytes) {
    if (this.#kept.get(recipe) !== kept) return;
    kept.n_bytes = n_bytes;
    this.#n_bytes += n_bytes;
    for (const [oldest, { n_bytes: freed }] of this.#kept) {
      if (this.#n_bytes <= this.room || oldest === recipe) break;
      this.#kept.delete(oldest);
      this.#n_bytes -= freed;
    }
  }
}
