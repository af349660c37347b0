// Dark, as microscopes are looked at, or light for print. Remembered in this browser; the volume stays on black in both.

const KEY = "integrated-cell-theme";

/** @param {HTMLElement} button  @param {(theme: "dark"|"light") => void} tell the components that have colours of their own */
export function listen(button, tell) {
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    tell(theme);
  };
  show(remembered());
  button.addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    remember(theme);
    show(theme);
  });
}

function remembered() {
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
