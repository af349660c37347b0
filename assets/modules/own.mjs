// A cell of one's own: a TIFF is dropped on the page or chosen, its channels are confirmed in a dialog, and it is placed.

import { fieldsOf, foundWords, given, measuredWords, missing, ROLES, voxelWords } from "./own_form.mjs";

const AXES = ["z", "y", "x"];
const NO_ANSWER = "The server does not answer. Check that it is running, then try again.";
const LEAD = "A TIFF of one cell: membrane and DNA, and a tagged structure where you have one. It is read, placed and forgotten; no server keeps it.";

export class Own {
  #dialog;
  #does;
  #file;
  #roles = [];
  #voxel = ["", "", ""];
  #asking; // AbortController
  #veil;

  /**
   * @param {HTMLDialogElement} dialog empty
   * @param {{atlas: () => string, placed: (answer: object, observed: object) => void}} does which atlas it goes to; told of the
   *   answer of /api/encode and of the volume it came with
   */
  constructor(dialog, does) {
    this.#dialog = dialog;
    this.#does = does;
    this.parts = build(dialog);
    const { file, form, cancel } = this.parts;
    file.addEventListener("change", () => file.files[0] && this.take(file.files[0]));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#place();
    });
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.#asking?.abort());
    this.#listenToDrops();
  }

  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** A file was chosen or dropped: what is in it? */
  async take(file) {
    this.open();
    this.#file = file;
    this.#roles = [];
    this.parts.found.hidden = true;
    this.parts.name.textContent = file.name;
    const answer = await this.#ask("inspect", {}, "Reading the file…");
    if (!answer || file !== this.#file) return;
    this.#roles = answer.channels.map(({ role }) => role ?? "");
    this.#voxel = AXES.map((_, k) => answer.voxel_um?.[k]?.toPrecision(4).replace(/\.?0+$/, "") ?? "");
    this.#show(answer);
  }

  #show(found) {
    const { parts } = this;
    parts.is.textContent = foundWords(found);
    parts.channels.replaceChildren(...found.channels.map((channel, k) => this.#channel(channel, k)));
    parts.sizes.forEach((input, axis) => {
      input.value = this.#voxel[axis];
      input.oninput = () => {
        this.#voxel[axis] = input.value;
        parts.from.textContent = "as typed";
      };
    });
    parts.from.textContent = voxelWords(found.voxel_um);
    parts.found.hidden = false;
    this.#say("");
    (parts.channels.querySelector("select") ?? parts.place).focus();
  }

  #channel({ name, picture }, k) {
    const words = name || `Channel ${k + 1}`;
    const choice = element("select", { className: "own-role", ariaLabel: `What ${words} is` });
    choice.append(new Option("not used", ""), ...Object.entries(ROLES).map(([role, text]) => new Option(text, role)));
    choice.value = this.#roles[k];
    choice.addEventListener("change", () => {
      this.#roles = given(this.#roles, k, choice.value);
      this.parts.channels.querySelectorAll("select").forEach((other, at) => (other.value = this.#roles[at]));
      this.#say("");
    });
    const card = element("label", { className: "own-channel" });
    card.append(element("img", { src: picture, alt: "" }), element("span", { textContent: words }), choice);
    return card;
  }

  async #place() {
    const lacking = missing(this.#roles, this.#voxel);
    if (lacking) return this.#say(lacking);
    const fields = fieldsOf(this.#roles, this.#voxel, this.#does.atlas());
    const answer = await this.#ask("encode", fields, "Preparing it as the atlas's cells were, encoding, placing…");
    if (!answer) return;
    const { recipe, shape, channels, voxel_um, gzip } = answer.observed;
    this.#does.placed({ ...answer, measured: measuredWords(answer), recipe }, { shape, channels, voxel_um, data: await unpacked(gzip) });
    this.#dialog.close();
  }

  /** Posts the file; null where that failed, which the dialog says, or was given up. */
  async #ask(route, fields, doing) {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const body = new FormData();
    for (const [key, value] of Object.entries(fields)) body.append(key, value);
    body.append("image", this.#file);
    this.#say("", doing);
    try {
      const response = await fetch(`/api/${route}`, { method: "POST", body, signal: asking.signal });
      const answer = await response.json().catch(() => null);
      if (response.ok && answer) {
        this.#say("");
        return answer;
      }
      this.#say(sentence(answer?.error?.message ?? `The server answered ${response.status} and did not say why. Try again.`));
    } catch (error) {
      if (error.name !== "AbortError") this.#say(NO_ANSWER);
      else if (asking === this.#asking) this.#say("");
    }
    return null;
  }

  /** What is wrong, or what is being done. */
  #say(trouble, doing = "") {
    this.parts.trouble.textContent = trouble;
    this.parts.doing.textContent = doing;
    this.parts.place.disabled = Boolean(doing);
    this.#dialog.dataset.state = doing ? "busy" : trouble ? "trouble" : this.parts.found.hidden ? "empty" : "found";
  }

  /** A file can be dropped anywhere. While one is held over the page a veil says so. */
  #listenToDrops() {
    const hasFile = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes("Files");
    const veil = (on) => {
      this.#veil ??= document.body.appendChild(element("div", { className: "own-veil", hidden: true, textContent: "Drop a TIFF of one cell" }));
      this.#veil.hidden = !on;
    };
    document.addEventListener("dragover", (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      veil(!this.#dialog.open);
    });
    document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || veil(false));
    document.addEventListener("drop", (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      veil(false);
      if (event.dataTransfer.files[0]) this.take(event.dataTransfer.files[0]);
    });
  }
}

/** Everything in the dialog. */
function build(dialog) {
  const form = element("form", { noValidate: true });
  const file = element("input", { type: "file", accept: ".tif,.tiff,image/tiff", id: "own-file", ariaLabel: "A TIFF of one cell" });
  const name = element("span", { id: "own-name", className: "own-soft", textContent: "or drop it anywhere on the page" });
  const found = element("div", { className: "own-found", hidden: true });
  const is = element("p", { className: "own-soft" });
  const channels = element("div", { className: "own-channels" });
  const sizes = AXES.map((axis) => element("input", { className: "own-size", inputMode: "decimal", ariaLabel: `Voxel size along ${axis}, µm`, placeholder: axis }));
  const from = element("span", { className: "own-soft" });
  const trouble = element("p", { id: "own-trouble", role: "alert" });
  const doing = element("p", { id: "own-doing", role: "status" });
  const place = element("button", { id: "own-place", className: "own-place", textContent: "Place it on the maps" });
  const cancel = element("button", { type: "button", className: "step", textContent: "Close" });
  const voxel = row("own-voxel", element("span", { textContent: "Voxel, µm" }), ...sizes.flatMap((input, k) => [element("label", { textContent: AXES[k] }), input]), from);
  found.append(is, channels, voxel);
  const choose = element("label", { className: "step", textContent: "Choose a file" });
  choose.append(file);
  form.append(
    element("h2", { id: "own-title", textContent: "Your own cell" }),
    element("p", { className: "own-soft", textContent: LEAD }),
    row("own-file", choose, name),
    found,
    trouble,
    doing,
    row("own-acts", cancel, place),
  );
  dialog.append(form);
  dialog.dataset.state = "empty";
  return { form, file, name, found, is, channels, sizes, from, trouble, doing, place, cancel };
}

function row(className, ...children) {
  const holder = element("div", { className });
  holder.append(...children);
  return holder;
}

const element = (tag, properties) => Object.assign(document.createElement(tag), properties);

/** A message of the API as a sentence. */
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

/** The bytes of base64 of gzip. */
async function unpacked(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
