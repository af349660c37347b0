// What the player walks along, as plain objects: a path through cells, or one dimension of a latent. Pure functions of recipes.
//
//   { kind: "path", way: "radial", stops: ["a", "b"] }                     stops as a recipe names cells
//   { kind: "dimension", latent: "z_r", dimension: 3, shape: "cell:a", z_s: undefined }    what is held, as in a recipe
//
// t runs from 0: to the number of segments of a path; of a dimension it is the value plus REACH.

import { fieldsOf, kindOf, recipeOf } from "./variants.mjs";
import { wordsAt } from "./walk.mjs";

export const WAYS = ["radial", "slerp", "linear"];
export const REACH = 3; // standard deviations of the prior, to either side

const PATH = /^path:([a-z]+):([^@]*)@(.*)$/;
const DIMENSION = /^dim:(\d+)@([^:]*):(.*)$/;

/** Where on which track a recipe is, {track, t}; null where it is on none. */
export function placeOf(recipe) {
  const { shape, z_s } = fieldsOf(recipe);
  const [of_r, of_s, path] = [DIMENSION.exec(shape), DIMENSION.exec(z_s ?? ""), PATH.exec(shape)];
  if (of_r) return alongDimension("z_r", of_r, { shape: of_r[3], z_s });
  if (of_s) return alongDimension("z_s", of_s, { shape, z_s: of_s[3] });
  return path && { track: { kind: "path", way: path[1], stops: path[2].split(",") }, t: Number(path[3]) };
}

const alongDimension = (latent, [, dimension, value], held) => ({
  track: { kind: "dimension", latent, dimension: Number(dimension), ...held },
  t: Number(value) + REACH,
});

/** The recipe of a place on a track. `structures` as in a recipe; `z_s` is where a path puts them, empty for the most probable. */
export function recipeAt(track, t, { atlas, structures, z_s }) {
  const common = { atlas, show: "predicted", structures };
  if (track.kind === "path") return recipeOf({ ...common, shape: `path:${track.way}:${track.stops.join()}@${t}`, z_s });
  const changed = (base) => `dim:${track.dimension}@${t - REACH}:${base}`;
  return track.latent === "z_r"
    ? recipeOf({ ...common, shape: changed(track.shape), z_s: track.z_s })
    : recipeOf({ ...common, shape: track.shape, z_s: changed(track.z_s ?? "0") });
}

/** The track along a dimension around what a recipe shows: what it holds is what is shown, less an earlier change of that latent. */
export function around(recipe, latent, dimension) {
  const place = placeOf(recipe);
  const { shape, z_s } = fieldsOf(recipe);
  const held = place?.track.latent === latent ? { shape: place.track.shape, z_s: place.track.z_s } : { shape, z_s };
  if (latent === "z_s" && kindOf(recipe) !== "predicted") held.z_s = shape; // the cell's own
  if (latent === "z_s") held.z_s ??= "0";
  return { kind: "dimension", latent, dimension, ...held };
}

/** What a track along a dimension goes around, as a recipe. */
export const heldBy = ({ shape, z_s }, { atlas, structures }) =>
  recipeOf({ atlas, show: "predicted", shape, structures, z_s: z_s === "0" ? undefined : z_s });

export const lastOf = (track) => (track.kind === "path" ? track.stops.length - 1 : 2 * REACH);

export const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Marks of the slider. `names` of the stops. */
export function marksOf(track, names) {
  if (track.kind === "path") return names.map((label, value) => ({ value, label }));
  return Array.from({ length: 2 * REACH + 1 }, (_, k) => ({ value: k - REACH, label: signed(k - REACH) }));
}

/** The slider's value at t. */
export const valueAt = (track, t) => (track.kind === "path" ? t : t - REACH);

export const timeAt = (track, value) => (track.kind === "path" ? value : value + REACH);

/** A place in words. */
export function wordsOf(track, t, names) {
  if (track.kind === "path") return wordsAt(names, t);
  return `dimension ${track.dimension} of ${track.latent} at ${signed(t - REACH)}`;
}

const signed = (value) => `${value < 0 ? "−" : ""}${Math.abs(value)}`;
