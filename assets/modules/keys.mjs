// Keys, for the page as a whole. A control that has the focus keeps its own keys.

const TYPED_IN = "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [role=grid], [contenteditable], dialog";
const MOVED_WITHIN = "input, [role=slider], [role=radio], [role=switch]"; // by arrows and space

/** Every key: what it asks for, how it is written on the sheet, and what it does in words. */
export const KEYS = [
  { key: "ArrowLeft", asks: "back", name: "←", does: "Previous cell, or the frame before" },
  { key: "ArrowRight", asks: "on", name: "→", does: "Next cell, or the frame after" },
  { key: " ", asks: "play", name: "Space", does: "Play or pause the walk" },
  { key: "w", asks: "stop", name: "W", does: "The cell that is shown becomes a stop of a walk" },
  { key: ",", asks: "seed -1", name: ", .", does: "Structures of a prediction drawn anew: the seed before, the next" },
  { key: ".", asks: "seed 1" },
  { key: "0", asks: "likeliest", name: "0", does: "Structures where the model most expects them" },
  ...[..."123456789"].map((digit) => ({ key: digit, asks: `channel ${digit - 1}` })),
  { name: "1 … 9", does: "Channel on or off, in their order" },
  { key: "z", asks: "view slice", name: "Z", does: "The xy plane alone" },
  { key: "y", asks: "view xz", name: "Y", does: "The xz plane alone" },
  { key: "x", asks: "view yz", name: "X", does: "The yz plane alone" },
  { key: "p", asks: "view planes", name: "P", does: "All three planes" },
  { key: "d", asks: "view 3d", name: "D", does: "3D" },
  { key: "s", asks: "surfaces", name: "S", does: "3D as surfaces, or as light" },
  { key: "c", asks: "contrast", name: "C", does: "Automatic contrast, or none" },
  { key: "r", asks: "reset", name: "R", does: "Crosshair to the middle, all channels on" },
  { key: "?", asks: "sheet", name: "?", does: "This sheet" },
  { name: "Shift-drag", does: "Select cells on a map; Ctrl adds, Alt subtracts" },
  { name: "Double click", does: "On a map: select nothing, or see all of it" },
  { name: "Ctrl Z", does: "Undo: back to what was shown before" },
  { name: "Ctrl Shift Z", does: "Redo" },
];

/** What a key press asks for, or null. */
export function meaning({ key, altKey, ctrlKey, metaKey, shiftKey, target }) {
  if (altKey || target.closest?.(TYPED_IN)) return null;
  if ((key === " " || key.startsWith("Arrow")) && target.closest?.(MOVED_WITHIN)) return null;
  if (ctrlKey || metaKey) return key.toLowerCase() === "z" ? (shiftKey ? "redo" : "undo") : null;
  if (key === " " && target.closest?.("button, a, summary")) return null;
  return KEYS.find((known) => known.key === (key.length === 1 ? key.toLowerCase() : key))?.asks ?? null;
}

/** @param {(asked: string) => void} act */
export function listen(act) {
  const onKey = (event) => {
    const asked = meaning(event);
    if (!asked) return;
    event.preventDefault();
    event.stopPropagation(); // the volume's canvas has keys of its own
    act(asked);
  };
  document.addEventListener("keydown", onKey, { capture: true });
}

/** Fills the sheet of keys. */
export function describe(list) {
  list.replaceChildren(
    ...KEYS.filter(({ does }) => does).flatMap(({ name, does }) => [element("dt", name), element("dd", does)]),
  );
}

function element(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}
