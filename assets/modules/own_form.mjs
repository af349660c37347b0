// The form for a cell of one's own: which channel is what, and how large a voxel is. Pure functions.

/** What a channel can be: field of /api/encode -> words. A role is one channel's at most. */
export const ROLES = {
  membrane: "membrane",
  dna: "DNA",
  structure: "structure",
  cell_mask: "mask of the cell",
  dna_mask: "mask of the DNA",
};

/** The roles of all channels, "" for none, after `channel` was given one: whoever had it before has none. */
export const given = (roles, channel, role) => roles.map((had, k) => (k === channel ? role : had === role ? "" : had));

/**
 * What is still to be said, in words, or null.
 * @param {string[]} roles of the channels in their order
 * @param {string[]} voxel z, y, x in um, as typed
 */
export function missing(roles, voxel) {
  const without = ["membrane", "dna"].filter((role) => !roles.includes(role)).map((role) => ROLES[role]);
  if (without.length) return `Say which channel is ${without.join(" and which is ")}: both are needed to place a cell.`;
  const masks = ["cell_mask", "dna_mask"].filter((role) => roles.includes(role));
  if (masks.length === 1) return `Give both masks or neither: there is the ${ROLES[masks[0]]} alone.`;
  const wrong = ["z", "y", "x"].filter((_, axis) => !(sizeOf(voxel[axis]) > 0));
  if (wrong.length) return `Say how large a voxel is along ${wrong.join(", ")}, in µm: the cell's size depends on it.`;
  return null;
}

/** A typed size; a comma may stand for the point. */
export const sizeOf = (text) => Number(String(text).trim().replace(",", ".") || NaN);

/** The fields of /api/encode beside the file. */
export function fieldsOf(roles, voxel, atlas) {
  const channels = Object.fromEntries(roles.flatMap((role, k) => (role ? [[role, k]] : [])));
  return { ...channels, voxel_um: voxel.map(sizeOf).join(","), atlas, observed: true };
}

/** What was found in a file, in words. */
export function foundWords({ grid: [z, y, x], axes, channels }) {
  const n = channels.length;
  const roles = channels.filter(({ role }) => role).length;
  const guessed = roles === n ? "" : roles ? " Those with unusual names are not used, unless you say what they are." : " It does not say which is what: say so below.";
  return `${x} × ${y} × ${z} voxels (x, y, z), ${n} ${n === 1 ? "channel" : "channels"}, axes ${axes}.${guessed}`;
}

/** Where the voxel size comes from. */
export const voxelWords = (voxel) =>
  voxel?.every(Boolean) ? "as the file says" : voxel?.some(Boolean) ? "the file says only a part of it" : "the file does not say";

/** What was measured of a cell on the way, as /api/encode gives it. */
export function measuredWords({ cell_volume_um3, dna_volume_um3, height_um, cropped, masks }) {
  const um3 = (value) => `${Math.round(value).toLocaleString("en")} µm³`;
  const how = masks === "found" ? "outlined in the image, the cell in its middle" : "outlined by your masks";
  const cut = cropped ? " Part of it lies outside the model's grid and is cut off." : "";
  return `Cell ${um3(cell_volume_um3)}, DNA ${um3(dna_volume_um3)}, ${height_um.toFixed(1)} µm high; ${how}.${cut}`;
}
