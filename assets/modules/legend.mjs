// The legend switches groups on both maps: a click hides one or shows it again, a double click leaves it alone or shows all.

/** Which groups are visible after a click (`isDouble` or not) on group `k`. */
export function afterClick(visible, k, isDouble) {
  if (!isDouble) return visible.map((on, other) => (other === k ? !on : on));
  const isAlone = visible.every((on, other) => on === (other === k));
  return visible.map((_, other) => isAlone || other === k);
}

/** @param {HTMLElement} legend  @param {(visible: boolean[]) => void} show */
export function listen(legend, show) {
  const buttons = () => [...legend.querySelectorAll("[data-group]")];
  let before = []; // what was visible before the first click of a double one
  const change = (event, isDouble) => {
    const button = event.target.closest("[data-group]");
    if (!button) return;
    const now = buttons().map((other) => other.getAttribute("aria-pressed") === "true");
    if (event.detail === 1) before = now;
    const visible = afterClick(isDouble ? before : now, Number(button.dataset.group), isDouble);
    buttons().forEach((other, k) => other.setAttribute("aria-pressed", visible[k]));
    show(visible);
  };
  legend.addEventListener("click", (event) => change(event, event.detail === 2));
}
