// The drawer from which everything can be taken home: addresses of what is shown, and what is made or fetched on a click.

import { picture } from "./picture.mjs";
import { volumeUrl } from "./recipe.mjs";

const FRAMES_A_SEGMENT = 8; // as the player has them
const PER_SECOND = 10;

const path = (recipe) => recipe.replaceAll("%", "%25");

/** Whether the server has what a recipe means: all but the image of a cell of one's own, which is in the page alone. */
export const isServed = (recipe) => !recipe.includes("show=observed;shape=own:");

/** Addresses of a recipe's volume as files and of its script, by the id of the link. */
export const links = (recipe) => ({
  download: volumeUrl(recipe, "ome.tif"),
  "home-file-imagej-tif": volumeUrl(recipe, "imagej.tif"),
  "home-file-nii-gz": volumeUrl(recipe, "nii.gz"),
  "home-file-bin": volumeUrl(recipe, "bin"),
  "home-script": `/api/scripts/${path(recipe)}.py`,
});

/** The recipe whose walk is taken home: the one that is shown, else that through the medoids; null where there is neither. */
export function walkOf(recipe, facts, structures) {
  if (recipe.includes(";shape=path:")) return recipe;
  if (!facts.walk) return null;
  return `atlas=${facts.atlas};show=predicted;shape=path:${facts.walk.path}@0;structures=${structures}`;
}

/** How many frames a walk's film has: eight from stop to stop. */
export const nFrames = (recipe) => FRAMES_A_SEGMENT * (/;shape=path:[^;@]*/.exec(recipe)[0].split(",").length - 1) + 1;

/** The address of a walk's film. */
export const filmUrl = (recipe, extension) =>
  `/api/walks/${path(recipe)}${extension}?n=${Math.min(600, nFrames(recipe))}&fps=${PER_SECOND}`;

/** A name for a picture: the recipe, in letters that any file system takes. */
export const pictureName = (recipe) =>
  `${recipe.replace(/^atlas=[^;]*;/, "").replace(/\b(show|shape|structures)=/g, "").replace(/[^A-Za-z0-9_.-]+/g, "_").slice(0, 120)}.png`;

/** The name that the server gives a file. */
export const fileName = (disposition) => /filename="([^"]+)"/.exec(disposition ?? "")?.[1] ?? "cell";

const FILMS = {
  "home-film-mp4": [".mp4", "film"],
  "home-film-gif": [".gif", "GIF"],
  "home-film-png-zip": [".png.zip", "pictures"],
  "home-film-ome-tif": [".ome.tif", "time series"],
};

export class Home {
  #state;
  #facts;
  #making;

  /**
   * @param {Document} document
   * @param {() => Viewer} viewer what is painted
   * @param {(id: string, props: object) => void} set properties of a component of the page
   */
  constructor(document, viewer, set) {
    this.document = document;
    this.viewer = viewer;
    this.set = set;
    document.addEventListener("click", ({ target }) => this.#clicked(target.closest?.("button")?.id));
  }

  /** Something else is shown. */
  show(state, facts) {
    [this.#state, this.#facts] = [state, facts];
    const isThere = isServed(state.recipe);
    for (const [id, href] of Object.entries(links(state.recipe))) this.set(id, { href: isThere ? href : undefined });
    this.set("home-zarr", { disabled: !isThere });
    this.set("home-yours", { hidden: isThere });
    const hasWalk = walkOf(state.recipe, facts, state.structures) !== null;
    for (const id of Object.keys(FILMS)) this.set(id, { disabled: !hasWalk });
  }

  #clicked(id) {
    if (id === "home-png") this.#make("picture", (signal) => this.#png(signal));
    if (id === "home-zarr") this.#copy();
    if (id === "home-stop") this.#making?.abort();
    if (id in FILMS) {
      const [extension, what] = FILMS[id];
      const recipe = walkOf(this.#state.recipe, this.#facts, this.#state.structures);
      this.#make(`${what} of ${nFrames(recipe)} frames`, (signal) => fetched(filmUrl(recipe, extension), signal));
    }
  }

  async #png(signal) {
    const viewer = this.viewer();
    const recipe = this.document.getElementById("viewer").dataset.recipe;
    const answer = await asked(volumeUrl(recipe, "json"), signal);
    const where = await viewer.where();
    const blob = await picture(await viewer.pixels(), where, await answer.json());
    return { blob, name: pictureName(recipe) };
  }

  /** Makes something, says so, and saves it; one at a time. */
  async #make(what, make) {
    this.#making?.abort();
    const controller = (this.#making = new AbortController());
    this.#say(`Making the ${what}…`, true);
    try {
      const { blob, name } = await make(controller.signal);
      if (controller.signal.aborted) return;
      save(this.document, blob, name);
      this.#say(`Saved ${name}.`);
    } catch (error) {
      if (this.#making === controller) this.#say(error.name === "AbortError" ? "Cancelled. Nothing was kept." : error.message);
    }
  }

  async #copy() {
    const address = new URL(volumeUrl(this.#state.recipe, "ome.zarr"), this.document.location).href;
    try {
      await this.document.defaultView.navigator.clipboard.writeText(address);
      this.#say("Copied. Give it to napari, Vol-E or any reader of OME-Zarr by URL.");
    } catch {
      this.#say(`The browser does not let the page copy. The address is ${address}`);
    }
  }

  #say(words, isBusy = false) {
    this.set("home-said", { children: words });
    this.set("home-stop", { hidden: !isBusy });
  }
}

async function asked(address, signal) {
  const answer = await fetch(address, { signal }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Check that it is running, then try again.");
  });
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => undefined);
  throw new Error(body?.error?.message ?? `The server answered ${answer.status} and did not say why. Try again.`);
}

async function fetched(address, signal) {
  const answer = await asked(address, signal);
  return { blob: await answer.blob(), name: fileName(answer.headers.get("Content-Disposition")) };
}

function save(document, blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
