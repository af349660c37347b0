// The look: how channels are shown, by name, whatever cell is shown. One plain object that fits into an address:
//
//   { lock: false, uncertain: true, surfaces: true, channels: { DNA: { on: false, window: [20, 180], auto: true, colour: "#00ffff", opacity: 0.5 } } }
//
// What is as it was at first is left out, so that the look of a new page is {}. All functions are pure.

import { FULL } from "./contrast.mjs";

export const UNCERTAINTY = "uncertainty"; // the channel that says where the model is unsure
const DEPTH = [0.2, 1, 0.5]; // in 3D one looks through the membrane at what is inside
const N_BODY = 2; // membrane and DNA
const N_ADDED = 3; // structures whose light adds up; the sum of more would be white
const FIRST = { on: true, window: FULL, auto: false, colour: null, opacity: 1 };
const CAN_BE = {
  on: (value) => typeof value === "boolean",
  auto: (value) => typeof value === "boolean",
  window: (value) => Array.isArray(value) && value.length === 2 && value.every((v) => v >= 0 && v <= 255) && value[0] < value[1],
  colour: (value) => /^#[0-9a-f]{6}$/.test(value),
  opacity: (value) => value >= 0 && value <= 1,
};

/** A look from outside, such as an address: what cannot be is left out. */
export function readLook(given) {
  let look = {};
  if (given?.lock === false) look.lock = false;
  if (given?.uncertain === true) look.uncertain = true;
  if (given?.surfaces === true) look.surfaces = true;
  for (const [name, fields] of Object.entries(given?.channels ?? {})) {
    look = changed(look, name, Object.fromEntries(Object.entries(fields ?? {}).filter(([key, value]) => CAN_BE[key]?.(value))));
  }
  return look;
}

/** What is said of a channel, with what is not said filled in. */
export const channelOf = (look, name) => ({ ...FIRST, ...look.channels?.[name] });

/** The look with fields of one channel changed. */
export function changed(look, name, fields) {
  const said = Object.entries({ ...look.channels?.[name], ...fields }).filter(([key, value]) => String(value) !== String(FIRST[key]));
  const { [name]: _, ...channels } = look.channels ?? {};
  if (said.length) channels[name] = Object.fromEntries(said);
  const { channels: __, ...rest } = look;
  return Object.keys(channels).length ? { ...rest, channels } : rest;
}

/** The look with `lock`, `uncertain` or `surfaces` (in 3D, instead of light) set. */
export function withSwitch(look, name, on) {
  const { [name]: _, ...rest } = look;
  return on === (name === "lock") ? rest : { ...rest, [name]: on };
}

/** Whether windows stay when another cell is shown, and are the same in all panels. */
export const isLocked = (look) => look.lock ?? true;

/** The look when another picture comes: locked, the same; else each window anew, by `auto(name)` where it was automatic. */
export function forAnother(look, auto) {
  if (isLocked(look)) return look;
  return Object.keys(look.channels ?? {}).reduce((next, name) => {
    const { auto: isAuto } = channelOf(look, name);
    return changed(next, name, { window: isAuto ? auto(name) : FULL });
  }, look);
}

const isStructure = (channels, k) => k >= N_BODY && channels[k] !== UNCERTAINTY;

/** Whether so many structures are on that their sum would show none of them. */
export const areMany = (look, channels) =>
  channels.filter((name, k) => isStructure(channels, k) && channelOf(look, name).on).length > N_ADDED;

/**
 * How each channel of a volume looks. One that is alone is grey, unless a colour was chosen for it. Of many structures each
 * voxel shows the brightest.
 * @param {{colours: number[][], uncertainty: number[]}} palette (r, g, b), 0 to 255, of channels in their order
 * @returns {Appearance[]} see compose.mjs
 */
export function appearances(look, channels, palette, { greyAlone = true, compete = true } = {}) {
  const said = channels.map((name) => channelOf(look, name));
  const isAlone = greyAlone && said.filter(({ on }) => on).length === 1;
  const competes = compete && areMany(look, channels);
  return said.map(({ on, window, colour, opacity }, k) => ({
    on,
    window,
    opacity,
    competes: competes && isStructure(channels, k),
    colour: colour ? fromHex(colour) : isAlone ? [1, 1, 1] : paletteColour(palette, channels[k], k).map((part) => part / 255),
    depth: channels[k] === UNCERTAINTY ? 1 : isAlone ? DEPTH[2] : DEPTH[Math.min(k, 2)],
  }));
}

/** The colour of a channel's switch, "#rrggbb". */
export const cssColour = (look, name, k, palette) => channelOf(look, name).colour ?? toHex(paletteColour(palette, name, k));

const paletteColour = ({ colours, uncertainty }, name, k) => (name === UNCERTAINTY ? uncertainty : colours[k % colours.length]);

const toHex = (rgb) => `#${rgb.map((part) => part.toString(16).padStart(2, "0")).join("")}`;

const fromHex = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
