// Recipes as text. What one means is the server's to say; here they are only put together and made into addresses.

/** The address of a recipe's volume: the recipe as it is, but for "%", which is encoded once more. */
export const volumeUrl = (recipe, extension = "bin") => `/api/volumes/${recipe.replaceAll("%", "%25")}.${extension}`;

/** The address of three of its planes: those through `voxel` x, y, z, or the middle. */
export const planesUrl = (recipe, voxel) =>
  `/api/planes/${recipe.replaceAll("%", "%25")}.bin${voxel ? `?voxel=${voxel.join()}` : ""}`;

/** A cell's or a structure's name as it stands in a recipe: encoded outside A-Za-z0-9_.- */
export const encodeName = (name) =>
  encodeURIComponent(name).replace(/[!'()*~]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);

/** The query that opens the page on this picture again. Only what a query needs is encoded, so it can still be read. */
export function query(recipe, colour, view) {
  const text = encodeURIComponent(recipe).replace(/%(3B|3D|3A|2C|40)/g, (code) => decodeURIComponent(code));
  return `?recipe=${text}&colour=${colour}&view=${view}`;
}
