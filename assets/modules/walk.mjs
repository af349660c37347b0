// The walk through the medoids as arithmetic: its frames, the place on the map, the words.

export const FRAMES_A_SEGMENT = 8;
export const FRAMES_A_SECOND = 6; // at speed 1

/** Frames of a walk through `n_stops` stops: a frame is t times FRAMES_A_SEGMENT. */
export const lastFrame = (n_stops) => (n_stops - 1) * FRAMES_A_SEGMENT;

export const frameAt = (t) => Math.round(t * FRAMES_A_SEGMENT);

export const timeOf = (frame) => frame / FRAMES_A_SEGMENT;

/** The frame after this one; at the end the first again, or none. */
export function nextFrame(frame, last, loops) {
  if (frame < last) return frame + 1;
  return loops ? 0 : null;
}

/** The place at `t` on the map: on the straight line between the medoids' places, for a picture that is on no map has none. */
export function placeAt(positions, t) {
  const segment = Math.min(Math.floor(t), positions.length - 2);
  const part = t - segment;
  return [0, 1].map((axis) => positions[segment][axis] * (1 - part) + positions[segment + 1][axis] * part);
}

/** For example "metaphase", or "50 % from prophase to metaphase". */
export function wordsAt(stages, t) {
  const segment = Math.floor(t);
  if (t === segment) return stages[segment];
  return `${Math.round(100 * (t - segment))} % from ${stages[segment]} to ${stages[segment + 1]}`;
}
