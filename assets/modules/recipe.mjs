// Recipes as text. What one means is the server's to say; here they are only put together and made into addresses.

/** The address of a recipe's volume: the recipe as it is, but for "%", which is encoded once more. */
export const volumeUrl = (recipe, extension = "bin") => `/api/volumes/${recipe.replaceAll("%", "%25")}.${extension}`;

/** The address of three of its planes: those through `voxel` x, y, z, or the middle. */
export const planesUrl = (recipe, voxel) =>
  `/api/planes/${recipe.replaceAll("%", "%25")}.bin${voxel ? `?voxel=${voxel.join()}` : ""}`;

/** The recipe of a place `t` on the walk through the medoids, in canonical form, so that the server's cache knows it. */
export function walkRecipe({ atlas, walk }, structures, t) {
  return `atlas=${atlas};show=predicted;shape=path:${walk.path}@${t};structures=${structures}`;
}

/** The query that opens the page on this picture again. Only what a query needs is encoded, so it can still be read. */
export function query(recipe, colour, view) {
  const text = encodeURIComponent(recipe).replace(/%(3B|3D|3A|2C|40)/g, (code) => decodeURIComponent(code));
  return `?recipe=${text}&colour=${colour}&view=${view}`;
}
