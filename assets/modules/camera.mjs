// From where 3D is seen: degrees round the cell, degrees above it, magnification. Text in an address: "15,35,1.5".

// NiiVue leaves room for a cube's corners; a cell has none. 0, 90 would be the xy plane as it is seen beside it.
export const FIRST_CAMERA = Object.freeze({ azimuth: 15, elevation: 35, zoom: 1.5 });

const rounded = ({ azimuth, elevation, zoom }) => [Math.round(azimuth), Math.round(elevation), Number(zoom.toFixed(2))];

/** Empty where it was not turned. */
export const cameraText = (camera) => (rounded(camera).join() === rounded(FIRST_CAMERA).join() ? "" : rounded(camera).join());

/** What a text says; the first camera where it says none. */
export function cameraOf(text) {
  const [azimuth, elevation, zoom] = (text || "").split(",").map(Number);
  const isOne = Number.isFinite(azimuth) && Math.abs(elevation) <= 90 && zoom > 0 && zoom <= 20;
  return isOne ? { azimuth, elevation, zoom } : FIRST_CAMERA;
}
