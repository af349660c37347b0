// Stops of a walk: a list of cells as a recipe names them, and what is chosen of walks, as it stands in an address. Pure.
//
//   { way: "slerp", stops: ["a", "b"], mode: "stops", latent: "z_s", dimension: 3, open: true }
//
// What is as on a new page is left out, so that a new page's is {}.

import { WAYS } from "./track.mjs";

export const MAX_STOPS = 64; // as app/recipe.py has it
export const MODES = ["cycle", "stops", "dimension"];
export const FIRST = { mode: "cycle", way: "radial", stops: [], latent: "z_r", dimension: 1, open: false };

/** With one more at the end; the same where the cell is there already, or there is no room. */
export const added = (stops, stop) => (stops.at(-1) === stop || stops.length >= MAX_STOPS ? stops : [...stops, stop]);

export const removed = (stops, at) => stops.filter((_, k) => k !== at);

/** With the stop `at` moved by `by` places, within the list. */
export function moved(stops, at, by) {
  const to = Math.min(stops.length - 1, Math.max(0, at + by));
  const rest = removed(stops, at);
  return [...rest.slice(0, to), stops[at], ...rest.slice(to)];
}

/** What an address says of walks; what cannot be is as on a new page. `isCell` whether there is such a cell. */
export function readChoice(text, isCell, n_latent) {
  let given;
  try {
    given = JSON.parse(text || "{}") ?? {};
  } catch {
    given = {};
  }
  const can = {
    mode: MODES.includes(given.mode),
    way: WAYS.includes(given.way),
    stops: Array.isArray(given.stops) && given.stops.length <= MAX_STOPS && given.stops.every(isCell),
    latent: ["z_r", "z_s"].includes(given.latent),
    dimension: Number.isInteger(given.dimension) && given.dimension >= 1 && given.dimension <= n_latent,
    open: given.open === true,
  };
  return Object.fromEntries(Object.entries(FIRST).map(([key, first]) => [key, can[key] ? given[key] : first]));
}

/** Of a choice, what an address must say. */
export function writeChoice(choice) {
  const said = Object.entries(FIRST).filter(([key, first]) => JSON.stringify(choice[key]) !== JSON.stringify(first));
  return said.length ? JSON.stringify(Object.fromEntries(said.map(([key]) => [key, choice[key]]))) : "";
}
