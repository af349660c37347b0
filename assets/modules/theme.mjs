// Dark, as microscopes are looked at, or light for print. Remembered in this browser; the volume stays on black in both.

const KEY = "integrated-cell-theme";

/** Paints the page in a theme, and says on the button what the other one is. */
export function paint(theme, button) {
  document.documentElement.dataset.theme = theme;
  button.textContent = theme === "dark" ? "Light" : "Dark";
  return theme;
}

/** @param {HTMLElement} button  @param {(theme: "dark"|"light") => void} tell what has colours of its own: controls, maps, plots */
export function listen(button, tell) {
  button.addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "light" ? "dark" : "light";
    remember(theme);
    tell(paint(theme, button));
  });
}

/** The theme that was chosen in this browser before. */
export function remembered() {
  try {
    return localStorage.getItem(KEY) === "light" ? "light" : "dark";
  } catch {
    return "dark"; // storage is switched off
  }
}

function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // it lasts as long as the page
  }
}
