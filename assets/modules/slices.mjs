// Planes cut out of volumes before they are coloured: a small picture needs no whole volume of RGBA.

import { compose } from "./compose.mjs";
import { AXES } from "./tiles.mjs";

/**
 * The plane through `voxel` (x, y, z) of some channels; rows from the top down, z runs upwards.
 * @param {{shape: number[], data: Uint8Array}} volume C, Z, Y, X
 * @returns {{shape: number[], data: Uint8Array}} C, 1, height, width
 */
export function slice({ shape: [, nz, ny, nx], data }, channels, plane, [x, y, z]) {
  const sizes = { x: nx, y: ny, z: nz };
  const [across, down] = AXES[plane];
  const [width, height] = [sizes[across], sizes[down]];
  const cut = new Uint8Array(channels.length * width * height);
  const steps = { x: 1, y: nx, z: nx * ny };
  let to = 0;
  for (const channel of channels) {
    for (let row = 0; row < height; row++) {
      const at = { x, y, z, [across]: 0, [down]: down === "z" ? nz - 1 - row : row };
      let from = channel * nz * ny * nx + at.z * steps.z + at.y * steps.y + at.x;
      for (let column = 0; column < width; column++, from += steps[across]) cut[to++] = data[from];
    }
  }
  return { shape: [channels.length, 1, height, width], data: cut };
}

/** Some channels of the plane in their colours, as an opaque image. `appearances`: one a channel, see compose.mjs. */
export function slicePixels(volume, channels, appearances, plane, voxel) {
  const cut = slice(volume, channels, plane, voxel);
  const rgba = compose(cut, appearances);
  for (let at = 3; at < rgba.length; at += 4) rgba[at] = 255;
  return new ImageData(rgba, cut.shape[3]);
}
