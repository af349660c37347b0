// The page's scripts, put together. Dash calls what is exported here (assets/explorer.js); what happened goes back as an event.

import { Address } from "./address.mjs";
import { complete } from "./facts.mjs";
import { Home } from "./home.mjs";
import { describe as describeKeys, listen as listenToKeys } from "./keys.mjs";
import { Know } from "./know.mjs";
import { listen as listenToLegend } from "./legend.mjs";
import { Maps } from "./maps.mjs";
import { Own } from "./own.mjs";
import { Player } from "./player.mjs";
import { walkRecipe } from "./recipe.mjs";
import { watch as watchServer } from "./server.mjs";
import { listen as listenToTheme, paint, remembered } from "./theme.mjs";
import { fieldsOf, genesOf } from "./variants.mjs";
import { Viewer } from "./viewer.mjs";
import { Volumes } from "./volumes.mjs";
import { placeAt, wordsAt } from "./walk.mjs";
import { hasWebgl2, isSoftwareRendered } from "./webgl.mjs";

const SAY_EVERY_MS = 700; // while the walk is played, the server's words follow this often
const SETTLE_MS = 250; // after the slider stopped

const byId = (id) => document.getElementById(id);
const set = (id, props) => window.dash_clientside.set_props(id, props);

const volumes = new Volumes();
let viewer, maps, player, home, know, own, address; // made when Dash has drawn the page
let state; // what app/page.py says is shown
let theFacts; // what it says of the atlas
let n_events = 0;
let lastSaid = 0;
let isAnswered = true; // whether the server has answered what was last said
let settling;
let selectionAsked = ""; // by the address, before the maps are there
let isHeld = false; // whether a hand was the last to move the slider

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

/** Whether maps can be drawn with WebGL. */
export const has_webgl = () => hasWebgl2();

/** The page's theme at first. */
export const remembered_theme = () => paint(remembered(), byId("theme-switch"));

/** What is shown changed. While the walk is played, its own frames are ahead of what the server knows. */
export async function show(newState, given) {
  if (!newState || !given) return;
  const facts = await complete(given);
  state = newState;
  isAnswered = true;
  if (!maps) start(facts);
  maps.mark(state.marks, state.recipe);
  home.show(state, facts);
  byId("all-structures").setAttribute("aria-pressed", hasAll(facts));
  if (state.t !== null && player.playing) return;
  player?.pause();
  if (state.t !== null) takePlace(state.t);
  sayWalk(facts.walk, state.t);
  know.doubt();
  theViewer().facts = facts;
  theViewer()
    .show(state.recipe)
    .then(() => {
      state.nearby.forEach((recipe) => theViewer().prefetch(recipe));
      if (newState === state) know.trust(state);
    });
}

const hasAll = (facts) => state.structures === facts.genes.join();

function takePlace(t) {
  if (t === player.t) return;
  player.be(t);
  isHeld = false;
  set("walk", { value: t });
}

/** The drawer opens. */
export const home_opened = (clicks) => Boolean(clicks);

/** Cells are chosen by structure and stage, or by id: the other choice is hidden. */
export const home_which = (which) => [which !== "group", which === "ids" ? "block" : "none"];

/** Only predictions choose structures. */
export const home_show = (show) => (show === "predicted" ? "block" : "none");

/** The view was chosen. */
export function view(name) {
  if (name) theViewer().setView(name);
}

/** The address always leads back to what is shown. */
export function remember(newState, colour, viewName) {
  if (newState) theAddress().write({ recipe: newState.recipe, colour, view: viewName }, player?.playing);
}

function theAddress() {
  if (address) return address;
  address = new Address(window, ({ recipe, colour, view: viewName }) => {
    if (!recipe?.startsWith(`atlas=${theFacts.atlas};`)) return window.location.reload();
    player?.pause();
    report({ do: "open", recipe });
    set("colour", { value: colour });
    set("view", { value: viewName });
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

/** The slider of the walk was moved. When the player moves it that comes back too, and late; only a hand counts. */
export function seek(t) {
  if (isHeld && t !== player.t) player.seek(t);
}

/** Speed or loop was chosen. */
export function set_pace(speed, loops) {
  if (player) [player.speed, player.loops] = [Number(speed), loops];
}

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
  if (facts.walk) startPlayer(facts);
  else document.querySelector(".tries").lastElementChild.hidden = true; // there is nothing to play
  const go = (by) => {
    isHeld = false;
    return state.t === null ? report({ do: "step", by }) : player.step(by);
  };
  listenToKeys((asked) => press(asked, go));
  describeKeys(byId("keys").querySelector("dl"));
  byId("show-keys").addEventListener("click", () => byId("keys").showModal());
  byId("undo").addEventListener("click", () => theAddress().undo());
  byId("redo").addEventListener("click", () => theAddress().redo());
  listenToTheme(byId("theme-switch"), (theme) => {
    set("theme", { forceColorScheme: theme });
    for (const page of ["atlas", "model"]) byId(`${page}-page`).href = `/${page}?atlas=${facts.atlas}&theme=${theme}`;
  });
  offer3d();
}

/** A key was pressed that asks for something. */
function press(asked, go) {
  const [what, which] = asked.split(" ");
  const acts = {
    back: () => go(-1),
    on: () => go(1),
    play: () => player?.toggle(),
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
  player?.pause();
  report({ do: "open", recipe: mean });
  set("view", { value: "compare" });
}

/** A cell of one's own was placed: this page alone has its image. */
function placed({ recipe, measured }, observed) {
  volumes.bring(recipe, observed);
  theFacts.brought = [...(theFacts.brought ?? []), { recipe, measured, shape: fieldsOf(recipe).shape }];
  player?.pause();
  know.open("about");
  report({ do: "open", recipe });
}

function startPlayer(facts) {
  const { walk } = facts;
  player = new Player(walk.stages.length, {
    recipe: (t) => walkRecipe(facts, state.structures, t),
    prefetch: (recipe) => theViewer().prefetch(recipe),
    show: (recipe) => theViewer().show(recipe),
    moved: (t) => {
      sayWalk(walk, t);
      set("walk", { value: t });
      clearTimeout(settling);
      if (!player.playing) settling = setTimeout(() => report({ do: "walk", t }), SETTLE_MS);
      else if (isAnswered && performance.now() - lastSaid > SAY_EVERY_MS) tell(t);
    },
    changed: (playing) => {
      isHeld &&= !playing;
      byId("player").dataset.playing = playing;
      byId("play").setAttribute("aria-label", playing ? "Pause" : "Play the cell cycle");
      byId("sentence").setAttribute("aria-live", playing ? "off" : "polite"); // not a sentence every second
      if (!playing) tell(player.t);
    },
  });
  const marks = walk.stages.map((label, value) => ({ value, label }));
  set("walk", { max: walk.stages.length - 1, marks });
  byId("player").hidden = false;
  byId("play").addEventListener("click", () => player.toggle());
  const hold = ({ key, target }) => {
    if (key === "Tab" || !target.closest("#walk")) return;
    isHeld = true;
    player.pause();
  };
  for (const kind of ["pointerdown", "keydown"]) byId("player").addEventListener(kind, hold, { capture: true });
}

function tell(t) {
  lastSaid = performance.now();
  isAnswered = false;
  report({ do: "walk", t });
}

/** Where the walk is, on the map and in words; `t` is null where something else is shown. */
function sayWalk(walk, t) {
  if (!walk) return;
  maps.walk(walk.positions, t === null ? null : placeAt(walk.positions, t));
  byId("player").querySelector(".walk-words").textContent = t === null ? "From medoid to medoid of its stages" : wordsAt(walk.stages, t);
}

/** Where a graphics card draws, 3D costs nothing: show it too, unless the address asks for a view. */
function offer3d() {
  const asked = new URLSearchParams(window.location.search).has("view");
  if (!asked && hasWebgl2() && !isSoftwareRendered()) set("view", { value: "both" });
}
