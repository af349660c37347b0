// What can be pressed, dragged or typed into, as it is seen, and what is wrong with it. Mantine's hidden inputs stand under a label.
() => {
  const CONTROLS = "button, a[href], input, select, [role=slider], .mantine-SegmentedControl-label, .mantine-Switch-track";
  const isSeen = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 2 && height > 2 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };
  // Within something that scrolls, being out of sight is no fault.
  const scrolls = (element) => {
    for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(up);
      if (/auto|scroll/.test(overflowY) && up.scrollHeight > up.clientHeight + 1) return true;
      if (/auto|scroll/.test(overflowX) && up.scrollWidth > up.clientWidth + 1) return true;
    }
    return false;
  };
  const nameOf = (element) =>
    (element.id && `#${element.id}`) || element.getAttribute("aria-label") || element.innerText || element.className;
  const isHit = (element, x, y) => {
    const hit = document.elementFromPoint(x, y);
    return Boolean(hit) && (element.contains(hit) || hit.contains(element));
  };
  const modal = document.querySelector("dialog[open]");
  const controls = [...(modal ?? document).querySelectorAll(CONTROLS)]
    .filter((element) => isSeen(element) && !scrolls(element) && !element.matches(".range input"))
    .map((element) => {
      const { left, top, right, bottom } = element.getBoundingClientRect();
      return { element, name: nameOf(element), left, top, right, bottom };
    });
  const names = (faulty) => controls.filter(faulty).map(({ name }) => name);
  const isOneControl = (a, b) => {
    const wrapper = a.closest("[class*='-wrapper']"); // a field with its clear button
    return a.contains(b) || b.contains(a) || Boolean(wrapper?.contains(b));
  };
  const shared = (a, b) =>
    Math.min(Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const { scrollWidth, scrollHeight } = document.documentElement;
  return {
    n: controls.length,
    outside: names(({ left, top, right, bottom }) => left < -0.5 || top < -0.5 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5),
    overlaps: controls.flatMap((a, k) =>
      controls
        .slice(k + 1)
        .filter((b) => !isOneControl(a.element, b.element) && shared(a, b) > 1)
        .map((b) => `${a.name} and ${b.name}`),
    ),
    covered: names(({ element, left, top, right, bottom }) => !isHit(element, (left + right) / 2, (top + bottom) / 2)),
    cut: names(({ element }) => element.matches("button, a") && element.scrollWidth > element.clientWidth + 1),
    scrollbars: [scrollWidth > innerWidth, scrollHeight > innerHeight],
  };
}
