// The three ways between the same stops beside each other, at the same place on the walk: one cursor and one contrast for all.

import { appearances } from "./look.mjs";
import { slicePixels } from "./slices.mjs";
import { placeOf, recipeAt, WAYS } from "./track.mjs";
import { fieldsOf } from "./variants.mjs";

const WORDS = "Radial: angles and length change evenly. Slerp: the direction turns evenly. Linear: straight, nearer to the average cell.";

export const planes = [["xy", "xz"], ["xy"]];
export const isChoice = false; // a click moves the cursor

/** Of each way; where no walk is shown, of what is shown alone. */
export function recipes(recipe) {
  const place = placeOf(recipe);
  if (place?.track.kind !== "path") return [recipe];
  return WAYS.map((way) => recipeAt({ ...place.track, way }, place.t, fieldsOf(recipe)));
}

/** @param {object[]} volumes as `recipes` gives them */
export function panels(volumes, { look, palette }) {
  const isWalk = volumes.length > 1;
  const pictures = volumes.map((volume, k) => {
    const seen = appearances(look, volume.channels, palette);
    const all = volume.channels.map((_, channel) => channel);
    return { key: isWalk ? WAYS[k] : "here", label: isWalk ? WAYS[k].toUpperCase() : "HERE", pixels: (plane, voxel) => slicePixels(volume, all, seen, plane, voxel) };
  });
  if (isWalk) return pictures;
  return [...pictures, { key: "none", label: "THREE WAYS", words: "Only a walk has ways. Press play, or move its slider." }];
}

/** Under the panels: how the ways differ. */
export function strip(volumes) {
  const words = document.createElement("span");
  words.className = "ways-words";
  words.textContent = volumes.length > 1 ? WORDS : "";
  return { nodes: [words], moved: () => {} };
}
