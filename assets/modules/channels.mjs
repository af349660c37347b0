// A switch for each channel, and under each a popover: histogram, contrast, colour, opacity.

import { autoWindow, FULL, outline, windowMoved } from "./contrast.mjs";
import { channelOf, cssColour, isLocked, UNCERTAINTY } from "./look.mjs";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 64; // of the histogram

export class Channels {
  #element;
  #does;
  #popover;
  #open; // the channel whose popover is open
  #shown; // {names, look, palette, n_structures}

  /**
   * @param {HTMLElement} element
   * @param {object} does change(name, fields) of the look; lock(on); alone(name) shows one structure; counts(name) its histogram
   */
  constructor(element, does) {
    this.#element = element;
    this.#does = does;
    this.#popover = document.createElement("div");
    this.#popover.className = "channel-popover";
    this.#popover.popover = "auto";
    this.#popover.setAttribute("role", "dialog");
    this.#popover.addEventListener("toggle", ({ newState }) => newState === "closed" && this.#closed());
    document.body.append(this.#popover);
  }

  /** Draws what changed. Switches are made anew only where there are other channels. */
  show(names, look, palette) {
    const isOther = this.#shown?.names.join() !== names.join();
    this.#shown = { names, look, palette };
    if (isOther) this.#element.replaceChildren(...names.map((name) => this.#group(name)));
    names.forEach((name, k) => {
      const group = this.#element.children[k];
      group.style.setProperty("--colour", cssColour(look, name, k, palette));
      group.firstChild.setAttribute("aria-pressed", channelOf(look, name).on);
    });
    if (this.#open && !names.includes(this.#open)) this.#popover.hidePopover();
    if (this.#open) this.#refresh();
  }

  /** The histogram may have changed. */
  refresh() {
    if (this.#open) this.#refresh();
  }

  #group(name) {
    const group = document.createElement("div");
    group.className = "channel-group";
    group.dataset.channel = name;
    const toggle = button("channel", name, () => this.#does.change(name, { on: !channelOf(this.#shown.look, name).on }));
    const adjust = button("adjust", "", () => this.#openFor(name, adjust));
    adjust.setAttribute("aria-label", `Contrast, colour and opacity of ${name}`);
    adjust.setAttribute("aria-haspopup", "dialog");
    adjust.title = `${name}: contrast, colour, opacity`;
    group.append(toggle, adjust);
    return group;
  }

  #openFor(name, anchor) {
    if (this.#open === name) return this.#popover.hidePopover();
    this.#open = name;
    this.anchor = anchor;
    this.#draw(name);
    this.#popover.showPopover();
    const box = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#popover;
    const below = window.innerHeight - box.bottom - 8;
    this.#popover.style.left = `${Math.max(8, Math.min(box.right - width / 2, window.innerWidth - width - 8))}px`;
    this.#popover.style.top = `${below > height ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
    this.parts.low.focus();
  }

  #closed() {
    this.#open = undefined;
    this.anchor?.focus();
  }

  #draw(name) {
    const change = (fields) => this.#does.change(name, fields);
    const windowNow = () => channelOf(this.#shown.look, name).window;
    const title = text("h3", name === UNCERTAINTY ? "Uncertainty" : name);
    const graph = document.createElementNS(SVG, "svg");
    graph.setAttribute("viewBox", `0 0 255 ${HEIGHT}`);
    graph.setAttribute("preserveAspectRatio", "none");
    graph.setAttribute("role", "img");
    graph.setAttribute("aria-label", "How often each brightness is in this picture");
    const labels = ["Shown as black, up to", "Shown brightest, from"];
    const move = (end) => (value) => change({ window: windowMoved(windowNow(), end, value), auto: false });
    const [low, high] = labels.map((label, end) => slider(label, 0, 255, 1, move(end)));
    [low.dataset.end, high.dataset.end] = ["low", "high"];
    const ends = labels.map((label, end) => number(label, 0, 255, move(end)));
    const auto = button("step", "Auto", () => change({ window: autoWindow(this.#does.counts(name)), auto: true }));
    auto.title = "From the 50th to the 98.3rd percentile of what is not black";
    const reset = button("step", "Reset", () => change({ window: FULL, auto: false, colour: null, opacity: 1, on: true }));
    const colour = document.createElement("input");
    colour.type = "color";
    colour.addEventListener("input", () => change({ colour: colour.value }));
    const opacity = slider("Opacity", 0, 100, 1, (value) => change({ opacity: value / 100 }));
    const lock = document.createElement("input");
    lock.type = "checkbox";
    lock.addEventListener("change", () => this.#does.lock(lock.checked));
    const both = group("range", low, high);
    const isStructure = this.#shown.names.indexOf(name) > 1 && name !== UNCERTAINTY;
    const n_structures = this.#shown.names.filter((other, k) => k > 1 && other !== UNCERTAINTY).length;
    const alone = isStructure && n_structures > 1 ? [button("step wide", "Show only this structure", () => (this.#popover.hidePopover(), this.#does.alone(name)))] : [];
    this.parts = { graph, low, high, ends, colour, opacity, lock };
    this.#popover.setAttribute("aria-label", `Contrast, colour and opacity of ${name}`);
    this.#popover.replaceChildren(
      group("popover-head", title, group("ends", ends[0], "to", ends[1])),
      group("histogram", graph, both),
      group("popover-row", auto, reset, labelled("Lock", lock, "The same contrast for every cell, and in every panel")),
      group("popover-row", labelled("Colour", colour), labelled("Opacity", opacity)),
      ...alone,
    );
    this.#refresh();
  }

  #refresh() {
    const { look, names, palette } = this.#shown;
    const { graph, low, high, ends, colour, opacity, lock } = this.parts;
    const { window, opacity: part } = channelOf(look, this.#open);
    graph.innerHTML = `<path d="${outline(this.#does.counts(this.#open), HEIGHT)}"/><rect x="${window[0]}" width="${window[1] - window[0]}" height="${HEIGHT}"/>`;
    [low.value, high.value] = window;
    ends.forEach((end, k) => (end.value = window[k]));
    colour.value = cssColour(look, this.#open, names.indexOf(this.#open), palette);
    this.#popover.style.setProperty("--colour", colour.value);
    opacity.value = Math.round(100 * part);
    lock.checked = isLocked(look);
  }
}

function text(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}

function button(className, words, onClick) {
  const element = text("button", words);
  element.className = className;
  element.addEventListener("click", onClick);
  return element;
}

function group(className, ...children) {
  const element = document.createElement("div");
  element.className = className;
  element.append(...children);
  return element;
}

function labelled(words, input, title = "") {
  const label = text("label", words);
  label.title = title;
  label.append(input);
  return label;
}

/** A number to be typed: told once it is, and whole and within its limits. */
function number(label, min, max, onChange) {
  const input = document.createElement("input");
  Object.assign(input, { className: "number", type: "number", min, max, step: 1 });
  input.setAttribute("aria-label", label);
  input.addEventListener("change", () => input.reportValidity() && input.value && onChange(Number(input.value)));
  return input;
}

function slider(label, min, max, step, onInput) {
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min, max, step });
  input.setAttribute("aria-label", label);
  input.addEventListener("input", () => onInput(Number(input.value)));
  return input;
}
