// The comparison: one cell observed, reconstructed and predicted, one cursor and one contrast for all, and what differs.

import { autoWindow, FULL } from "./contrast.mjs";
import { differencePixels, gradient } from "./difference.mjs";
import { appearances, channelOf, forAnother, isLocked } from "./look.mjs";
import { slice, slicePixels } from "./slices.mjs";
import { comparisonOf, fieldsOf, isOwn, rowOf } from "./variants.mjs";

const KINDS = ["observed", "reconstructed", "predicted"];
const STRUCTURE = 2; // channel
const OWN_MISSING = {
  observed: "Your image is not in this page, and no server keeps it. Bring the file along again to see it here.",
  reconstructed: "No structure was imaged in your cell, so there is no z_s to reconstruct it from.",
};

export const planes = [["xy", "xz"], ["xy"]]; // the second where there is little room
export const isChoice = false; // a click moves the cursor

/** Of each kind; null where there is none. */
export const recipes = (recipe, facts) => Object.values(comparisonOf(recipe, facts));

/** @param {(object|null)[]} volumes as `recipes` gives them */
export function panels(volumes, { look, palette, facts, recipe, counts, differing = STRUCTURE }) {
  const isCell = rowOf(recipe, facts) !== null;
  const absent = (kind) => (isOwn(fieldsOf(recipe).shape) ? OWN_MISSING[kind] : missing(kind, isCell, facts));
  const pictures = volumes.map((volume, k) => ({
    key: KINDS[k],
    label: KINDS[k].toUpperCase(),
    ...(volume ? { pixels: pixelsOf(volume, { look, palette, counts }) } : { words: absent(KINDS[k]) }),
  }));
  return [...pictures, difference(volumes, look, differing)];
}

/** Paints a volume. Locked, all are seen alike; else an automatic window is each panel's own. */
export function pixelsOf(volume, { look, palette, counts }) {
  const own = forAnother(look, (name) => autoWindow(counts(name, [volume])));
  const channels = appearances(own, volume.channels, palette);
  return (plane, voxel) => slicePixels(volume, volume.channels.map((_, k) => k), channels, plane, voxel);
}

function missing(kind, isCell, facts) {
  if (!isCell) return `Only a cell can be ${kind}. Nobody imaged this shape.`;
  return `This cell's observed volume is not in the atlas. It holds those of ${facts.observed.length} of ${facts.cells.length} cells.`;
}

/** What differs in a channel between two volumes, or why that is not to be had. */
export function difference([observed, reconstructed], look, channel = STRUCTURE) {
  const panel = { key: "difference", label: "DIFFERENCE" };
  if (!observed || !reconstructed) return { ...panel, words: "Not both volumes are there, so no difference can be shown." };
  const window = differenceWindow(observed, look, channel);
  return {
    ...panel,
    pixels: (plane, voxel) => {
      const [of, by] = [observed, reconstructed].map((volume) => slice(volume, [channel], plane, voxel));
      return new ImageData(differencePixels(of.data, by.data, window), of.shape[3]);
    },
  };
}

const differenceWindow = (volume, look, channel) => (isLocked(look) ? channelOf(look, volume.channels[channel]).window : FULL);

/** Under the comparison: of which channel the difference is, and what its colours mean. */
export function strip(volumes, { look, differing = STRUCTURE, differ }, [first, second] = KINDS) {
  const [observed, reconstructed] = volumes;
  if (!observed || !reconstructed) return { nodes: [], moved: () => {} };
  const label = document.createElement("label");
  label.textContent = "Difference in";
  const choice = document.createElement("select");
  choice.append(...observed.channels.map((name, k) => new Option(name, k, false, k === differing)));
  choice.addEventListener("change", () => differ(Number(choice.value)));
  label.append(choice);
  const legend = document.createElement("div");
  legend.className = "difference-legend";
  const bar = document.createElement("i");
  bar.style.background = gradient;
  const [low, high] = differenceWindow(observed, look, differing);
  const most = Math.round((100 * (high - low)) / 255);
  legend.title = `Orange where the ${first} is brighter, by ${most} % or more in full colour; blue where the ${second} is`;
  legend.append(`${second} +${most} %`, bar, `${first} +${most} %`);
  return { nodes: [label, legend], moved: () => {} };
}
