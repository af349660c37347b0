// Keys, for the page as a whole: left and right step, space plays. A control that has the focus keeps its own keys.

const OWN_KEYS = "input, textarea, select, [role=slider], [role=radio], [role=switch], [contenteditable]";

/** What a key press asks for: "back", "on", "play", or nothing. */
export function meaning({ key, altKey, ctrlKey, metaKey, target }) {
  if (altKey || ctrlKey || metaKey || target.closest?.(OWN_KEYS)) return null;
  if (key === " ") return target.closest?.("button, a") ? null : "play";
  return { ArrowLeft: "back", ArrowRight: "on" }[key] ?? null;
}

/** @param {{back: () => void, on: () => void, play: () => void}} actions */
export function listen(actions) {
  const onKey = (event) => {
    const asked = meaning(event);
    if (!asked) return;
    event.preventDefault();
    event.stopPropagation(); // the volume's canvas has keys of its own
    actions[asked]();
  };
  document.addEventListener("keydown", onKey, { capture: true });
}
