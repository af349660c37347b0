// Which surfaces a picture has: one a channel, at the middle of its contrast, membrane seen through. They are made one after the
// other, so that the page can do something else between them, and kept while their volume is.

import { isFull, solidWindow } from "./contrast.mjs";
import { appearances, UNCERTAINTY } from "./look.mjs";
import { surface } from "./surface.mjs";

const MEMBRANE = 0.22; // how opaque it is, unless it is alone
const INSIDE = 0.9; // structures: what they enclose shines through

/**
 * Those of a volume in a look, from the inside out, which is the order in which they are drawn.
 * @param {{channels: string[]}} volume
 * @param {(name: string) => Uint32Array} counts histogram of a channel
 * @returns {{channel: number, level: number, colour: number[], opacity: number}[]} level 1 to 255; colour parts and opacity 0 to 1
 */
export function wanted(volume, look, palette, counts) {
  const seen = appearances(look, volume.channels, palette, { compete: false });
  const on = seen.map((appearance, channel) => ({ ...appearance, channel })).filter(({ on, opacity }) => on && opacity > 0);
  const isShell = ({ channel }) => channel === 0 && on.length > 1;
  return on
    .filter(({ channel }) => volume.channels[channel] !== UNCERTAINTY)
    .map((one) => ({
      channel: one.channel,
      level: levelOf(one.window, () => counts(volume.channels[one.channel]), one.channel === 0),
      colour: one.colour,
      opacity: one.opacity * (isShell(one) ? MEMBRANE : one.channel > 1 && on.length > 1 ? INSIDE : 1),
    }))
    .sort((a, b) => rank(a.channel) - rank(b.channel));
}

/** DNA is inside of structures, membrane outside of them. */
const rank = (channel) => [Infinity, -1][channel] ?? channel;

/**
 * Half-way up a window of contrast; up the automatic one where none was set, as dim structures do not reach half of 255. Of the
 * automatic one membrane takes a fifth: seen from above it is so much dimmer than from the side that half-way there is no top.
 */
export function levelOf(window, counts, isMembrane = false) {
  const [low, high] = solidWindow(window, counts);
  return Math.max(1, Math.round(low + (isMembrane && isFull(window) ? 0.2 : 0.5) * (high - low)));
}

export class Surfaces {
  #made = new WeakMap(); // volume -> Map of "channel level" -> surface

  /**
   * Makes what `wanted` says, with pauses. Null where `isWanted` says meanwhile that nobody wants it any longer.
   * @returns {Promise<{points: Float32Array, triangles: Uint32Array, colour: number[], opacity: number}[] | null>}
   */
  async of(volume, wanted, isWanted = () => true) {
    const made = this.#made.get(volume) ?? new Map();
    this.#made.set(volume, made);
    const keys = wanted.map(({ channel, level }) => `${channel} ${level}`);
    for (const key of made.keys()) if (made.size > 32 && !keys.includes(key)) made.delete(key);
    for (const [k, { channel, level }] of wanted.entries()) {
      if (made.has(keys[k])) continue;
      await new Promise((resolve) => setTimeout(resolve));
      if (!isWanted()) return null;
      const [n_channels, ...shape] = volume.shape;
      made.set(keys[k], surface(volume.data, shape, level, (channel * volume.data.length) / n_channels));
    }
    return wanted.map((one, k) => ({ ...one, ...made.get(keys[k]) }));
  }
}
