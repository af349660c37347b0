// The grid: every structure in the shape that is shown, a panel each, membrane and DNA dimmed behind it, one slice for all.

import { appearances, cssColour } from "./look.mjs";
import { slicePixels } from "./slices.mjs";
import { withAllStructures } from "./variants.mjs";

const DIMMED = 0.4; // how much of membrane and DNA is left

export const planes = [["xy"]];
export const isChoice = true; // a click picks a structure

/** One recipe holds them all. */
export const recipes = (recipe, facts) => [withAllStructures(recipe, facts)];

export function panels([volume], { look, palette }) {
  const seen = appearances(look, volume.channels, palette, { greyAlone: false, compete: false });
  const body = seen.slice(0, 2).map((channel) => ({ ...channel, opacity: DIMMED * channel.opacity }));
  return volume.channels.slice(2).map((name, k) => ({
    key: name,
    label: name,
    colour: cssColour(look, name, 2 + k, palette),
    pixels: (plane, voxel) => slicePixels(volume, [0, 1, 2 + k], [...body, { ...seen[2 + k], on: true }], plane, voxel),
  }));
}

/** Under the grid: which slice is shown. */
export function strip([volume], { voxel, move }) {
  const n_slices = volume.shape[1];
  const label = document.createElement("label");
  label.textContent = "Slice";
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: n_slices - 1, step: 1 });
  const place = document.createElement("output");
  label.append(slider);
  let at = voxel;
  slider.addEventListener("input", () => move([at[0], at[1], Number(slider.value)]));
  const moved = (voxel) => {
    at = voxel;
    slider.value = voxel[2];
    place.textContent = `z ${((voxel[2] + 0.5) * volume.voxel_um).toFixed(1)} µm, ${voxel[2] + 1} of ${n_slices}`;
  };
  moved(voxel);
  return { nodes: [label, place], moved };
}
