// The page's scripts, put together. Dash calls what is exported here (assets/explorer.js); what happened goes back as an event.

import { Address } from "./address.mjs";
import { Dial } from "./dial.mjs";
import { complete } from "./facts.mjs";
import { Home } from "./home.mjs";
import { describe as describeKeys, listen as listenToKeys } from "./keys.mjs";
import { Know } from "./know.mjs";
import { listen as listenToLegend } from "./legend.mjs";
import { Maps } from "./maps.mjs";
import { Own } from "./own.mjs";
import { watch as watchServer } from "./server.mjs";
import { listen as listenToTheme, paint, remembered } from "./theme.mjs";
import { fieldsOf, genesOf } from "./variants.mjs";
import { Viewer } from "./viewer.mjs";
import { Volumes } from "./volumes.mjs";
import { Walker } from "./walker.mjs";
import { hasWebgl2, isSoftwareRendered } from "./webgl.mjs";

const byId = (id) => document.getElementById(id);
const set = (id, props) => window.dash_clientside.set_props(id, props);

const volumes = new Volumes();
let viewer, maps, walker, dial, home, know, own, address; // made when Dash has drawn the page
let state; // what app/page.py says is shown
let theFacts; // what it says of the atlas
let n_events = 0;
let theView; // its name
let selectionAsked = ""; // by the address, before the maps are there
let walkText = ""; // what it says of the walk before there is a walker

watchServer(window, (words) => byId("trouble") && (byId("trouble").textContent = words));

/** Tells the server what was done. Counted, so that the same thing done twice is two events. */
const report = (event) => set("event", { data: { ...event, n: ++n_events } });

const theViewer = () =>
  (viewer ??= window.cellViewer =
    new Viewer(byId("viewer"), { channels: byId("channels"), overlays: byId("overlays") }, volumes, {
      invited: () => set("view", { value: "both" }),
      picked: showAlone,
    }));

/** One structure alone, in planes if it was picked among others. */
function showAlone(gene) {
  report({ do: "structures", structures: [gene] });
  if (byId("viewer").dataset.view === "grid") set("view", { value: "planes" });
}

/**
 * The query that the page was opened with. Not Dash's Location, which at every step back would set the whole page up anew, and
 * whatever was done meanwhile would be lost.
 */
export const opened_with = () => window.location.search;

/** Whether maps can be drawn with WebGL. */
export const has_webgl = () => hasWebgl2();

/** The page's theme at first. */
export const remembered_theme = () => paint(remembered(), byId("theme-switch"));

/** What is shown changed. While the walk is played, its own frames are ahead of what the server knows. */
export async function show(newState, given) {
  if (!newState || !given) return;
  const facts = await complete(given);
  state = newState;
  if (!maps) start(facts);
  maps.mark(state.marks, state.recipe);
  home.show(state, facts);
  byId("all-structures").setAttribute("aria-pressed", hasAll(facts));
  dial.show(state.recipe);
  know.doubt(); // an arrow is of the place before
  if (walker.follow(state)) return;
  theViewer().facts = facts;
  theViewer()
    .show(state.recipe)
    .then(() => {
      state.nearby.forEach((recipe) => theViewer().prefetch(recipe));
      if (newState === state) know.trust(state);
    });
}

const hasAll = (facts) => state.structures === facts.genes.join();

/** The drawer opens. */
export const home_opened = (clicks) => Boolean(clicks);

/** Cells are chosen by structure and stage, or by id: the other choice is hidden. */
export const home_which = (which) => [which !== "group", which === "ids" ? "block" : "none"];

/** Only predictions choose structures. */
export const home_show = (show) => (show === "predicted" ? "block" : "none");

/** The view was chosen. */
export function view(name) {
  if (!name) return;
  theView = name;
  theViewer().setView(name);
  walker?.viewed();
}

/** The address always leads back to what is shown. */
export function remember(newState, colour, viewName) {
  if (newState) theAddress().write({ recipe: newState.recipe, colour, view: viewName }, walker?.playing);
}

function theAddress() {
  if (address) return address;
  address = new Address(window, ({ recipe, colour, view: viewName }, before) => {
    if (!recipe?.startsWith(`atlas=${theFacts.atlas};`)) return window.location.reload();
    walker?.halt();
    report({ do: "open", recipe });
    if (colour !== before?.colour) set("colour", { value: colour }); // set to what it is, it would draw the maps anew
    if (viewName !== before?.view) set("view", { value: viewName });
  });
  const shown = theViewer();
  for (const change of ["look", "place"]) byId("viewer").addEventListener(change, () => address.changed());
  address.add("voxel", {
    get: () => shown.voxel?.join() ?? "",
    set: (text) => text && shown.moveTo(text.split(",").map(Number)),
  });
  address.add("look", {
    get: () => (Object.keys(shown.look).length ? JSON.stringify(shown.look) : ""),
    set: (text) => shown.setLook(parsed(text)),
  });
  address.add("camera", { get: () => shown.camera, set: (text) => shown.setCamera(text) });
  address.add("beside", {
    get: ({ recipe }) => shown.besideOf(recipe) ?? "",
    set: (shape) => (shown.beside = shape ? { of: fieldsOf(new URLSearchParams(window.location.search).get("recipe")).shape, shape } : null),
  });
  address.add("lasso", {
    get: () => know?.text ?? selectionAsked,
    set: (text) => (know ? know.restore(text) : (selectionAsked = text)),
  });
  address.add("walk", {
    get: () => walker?.text ?? walkText,
    set: (text) => (walker ? (walker.text = text) : (walkText = text)),
  });
  return address;
}

/** What a look's text in an address says; nothing where it says nothing. */
function parsed(text) {
  try {
    return JSON.parse(text || "{}");
  } catch {
    return {};
  }
}

/** The maps' figures changed. */
export async function maps_drawn(figure_r, figure_s, given) {
  if (!figure_r || !given) return;
  const facts = await complete(given);
  if (!maps) start(facts);
  for (const button of byId("legend").querySelectorAll("[data-group]")) button.setAttribute("aria-pressed", "true");
  for (const holder of document.querySelectorAll("[data-map]")) maps.attach(holder);
}

/** Where no cell is near is to be shaded, or not. */
export function shade(isShaded) {
  maps?.shade(Boolean(isShaded));
}

/** A panel was opened, or what it holds has come. */
export function panel_opened(panel) {
  if (panel === "table") know.gridCame();
}

/** What was measured of a cell of one's own is known on the page that brought it. */
export function about_came() {
  const measured = byId("own-measured");
  if (measured && state) measured.textContent = theFacts.brought?.find(({ shape }) => state.recipe.includes(shape))?.measured ?? "";
}

/** Another atlas was chosen: the page starts over with it. */
export function change_atlas(atlas, facts) {
  if (atlas && facts && atlas !== facts.atlas) window.location.search = `?atlas=${atlas}`;
}

/** The slider of the walk was moved, by a hand or by the player. */
export const seek = (value) => walker?.seek(value);

/** Speed or loop was chosen. */
export const set_pace = (speed, loops) => walker?.setPace(speed, loops);

function start(facts) {
  theFacts = facts;
  maps = new Maps(facts, byId("card"), report, (stroke) => know.lasso(stroke), () => know.clear());
  know = new Know(facts, { report, set, maps, step: (change) => theAddress().step(change), genes, pair });
  know.restore(selectionAsked);
  home = new Home(document, theViewer, set);
  own = new Own(byId("own"), { atlas: () => facts.atlas, placed });
  byId("own-open").addEventListener("click", () => own.open());
  listenToLegend(byId("legend"), (visible) => maps.showGroups(visible));
  byId("previous").addEventListener("click", () => report({ do: "step", by: -1 }));
  byId("next").addEventListener("click", () => report({ do: "step", by: 1 }));
  byId("all-structures").addEventListener("click", () => {
    const all = facts.genes.map(decodeURIComponent);
    report({ do: "structures", structures: hasAll(facts) ? [] : all });
  });
  maps.lost = () => set("webgl", { data: false }); // as SVG they need no context
  if (!facts.walk) document.querySelector(".tries").lastElementChild.hidden = true; // there is nothing to play
  startWalker(facts);
  dial = new Dial(byId("dial"), (recipe) => walker.open(recipe));
  const go = (by) => (walker.isShown ? walker.step(by) : report({ do: "step", by }));
  listenToKeys((asked) => press(asked, go));
  describeKeys(byId("keys").querySelector("dl"));
  byId("show-keys").addEventListener("click", () => byId("keys").showModal());
  byId("undo").addEventListener("click", () => theAddress().undo());
  byId("redo").addEventListener("click", () => theAddress().redo());
  linkPages(facts, remembered());
  listenToTheme(byId("theme-switch"), (theme) => {
    set("theme", { forceColorScheme: theme });
    linkPages(facts, theme);
  });
  offer3d();
}

/** The pages about the atlas and the model are of this atlas, and in the page's theme. */
function linkPages(facts, theme) {
  for (const page of ["atlas", "model"]) byId(`${page}-page`).href = `/${page}?atlas=${facts.atlas}&theme=${theme}`;
}

/** A key was pressed that asks for something. */
function press(asked, go) {
  const [what, which] = asked.split(" ");
  const acts = {
    back: () => go(-1),
    on: () => go(1),
    play: () => walker.toggle(),
    stop: () => walker.addShown(),
    seed: () => dial.step(Number(which)),
    likeliest: () => dial.likeliest(),
    channel: () => theViewer().toggle(Number(which)),
    view: () => set("view", { value: which }),
    contrast: () => theViewer().autoContrast(),
    surfaces: () => theViewer().toggleSurfaces(),
    reset: () => theViewer().reset(),
    sheet: () => byId("keys").showModal(),
    undo: () => theAddress().undo(),
    redo: () => theAddress().redo(),
  };
  acts[what]();
}

/** Structures that are shown. */
const genes = () => genesOf(state.recipe, theFacts).map(decodeURIComponent);

/** The mean cell of a selection and its medoid are shown beside each other. */
function pair({ mean, medoid }) {
  theViewer().beside = { of: fieldsOf(mean).shape, shape: fieldsOf(medoid).shape };
  walker?.halt();
  report({ do: "open", recipe: mean });
  set("view", { value: "compare" });
}

/** A cell of one's own was placed: this page alone has its image. */
function placed({ recipe, measured }, observed) {
  volumes.bring(recipe, observed);
  theFacts.brought = [...(theFacts.brought ?? []), { recipe, measured, shape: fieldsOf(recipe).shape }];
  walker?.halt();
  know.open("about");
  report({ do: "open", recipe });
}

function startWalker(facts) {
  const changed = (isStep) => (isStep ? theAddress().stepped() : theAddress().changed());
  walker = new Walker(facts, { report, set, maps, viewer: theViewer, view: () => theView, changed });
  if (walkText) walker.text = walkText;
}

/** Where a graphics card draws, 3D costs nothing: show it too, unless the address asks for a view. */
function offer3d() {
  const asked = new URLSearchParams(window.location.search).has("view");
  if (!asked && hasWebgl2() && !isSoftwareRendered()) set("view", { value: "both" });
}
