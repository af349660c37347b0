// Two shapes beside each other with the same structures, such as the mean cell of a lasso and its medoid, and what differs.

import * as comparison from "./comparison.mjs";
import { fieldsOf, inShape } from "./variants.mjs";

const NAMES = ["mean", "medoid"];

export const { planes, isChoice } = comparison;

/** Of the shape that is shown, and of the one `beside` it. */
export const recipes = (recipe, facts, beside) => [fieldsOf(recipe).shape, beside].map((shape) => inShape(recipe, shape, facts));

/** @param {object[]} volumes as `recipes` gives them */
export function panels(volumes, how) {
  const labels = ["MEAN CELL", `MEDOID ${decodeURIComponent(how.beside.slice("cell:".length))}`];
  const pictures = volumes.map((volume, k) => ({ key: NAMES[k], label: labels[k], pixels: comparison.pixelsOf(volume, how) }));
  return [...pictures, comparison.difference(volumes, how.look, how.differing)];
}

export const strip = (volumes, how) => comparison.strip(volumes, how, NAMES);
