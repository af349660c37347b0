// Observed minus reconstructed, in two colours that everybody can tell apart, dark where there is no difference.

export const BRIGHTER = [255, 150, 40]; // orange: the observed is
export const DARKER = [70, 150, 255]; // blue: the reconstructed is

/** The colour of a difference from -1 to 1, (r, g, b) 0 to 255. */
export const colourOf = (difference) => (difference > 0 ? BRIGHTER : DARKER).map((part) => Math.round(part * Math.min(1, Math.abs(difference))));

/**
 * One plane's difference as an opaque image.
 * @param {Uint8Array} observed, reconstructed of the same plane and channel
 * @param {number[]} window of contrast: a difference as large as it is wide has the full colour
 */
export function differencePixels(observed, reconstructed, [low, high]) {
  const data = new Uint8ClampedArray(4 * observed.length);
  const span = high - low;
  observed.forEach((value, at) => data.set([...colourOf((value - reconstructed[at]) / span), 255], 4 * at));
  return data;
}

/** A legend's gradient, in CSS. */
export const gradient = `linear-gradient(to right, rgb(${DARKER.join(" ")}), #000, rgb(${BRIGHTER.join(" ")}))`;
