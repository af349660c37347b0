// Two clicks are a double click where they are quick and in one place; elsewhere the second is a click of its own.

export const DOUBLE_CLICK_MS = 300;
const NEAR = 6; // CSS pixels

/** Whether a click ends a double one. Both as the browser's events: timeStamp (ms), clientX, clientY; `before` may be undefined. */
export function isDouble(before, { timeStamp, clientX, clientY }) {
  if (!before || timeStamp - before.timeStamp >= DOUBLE_CLICK_MS) return false;
  return Math.hypot(clientX - before.clientX, clientY - before.clientY) <= NEAR;
}
