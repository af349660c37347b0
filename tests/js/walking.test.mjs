import assert from "node:assert/strict";
import test from "node:test";

import { nextSeed, seedOf, withSeed, wordsOf as dialWords } from "../../assets/modules/dial.mjs";
import { coarseFirst, curvePath, Measuring, rangeOf, valueNear } from "../../assets/modules/measuring.mjs";
import { nearestWords } from "../../assets/modules/nearest.mjs";
import { added, FIRST, MAX_STOPS, moved, readChoice, removed, writeChoice } from "../../assets/modules/stops.mjs";
import { around, heldBy, isSame, lastOf, marksOf, placeOf, recipeAt, timeAt, valueAt, wordsOf } from "../../assets/modules/track.mjs";
import { recipes as waysOf } from "../../assets/modules/ways.mjs";

const ATLAS = "0123456789ab";
const START = `atlas=${ATLAS};show=predicted;`;
const given = { atlas: ATLAS, structures: "FBL,TOMM20", z_s: undefined };

test("a place on a track is a canonical recipe, and is found in it again", () => {
  const path = { kind: "path", way: "slerp", stops: ["a", "b%20c", "d"] };
  const shape = { kind: "dimension", latent: "z_r", dimension: 3, shape: "path:radial:a,b@0.5", z_s: "seed:7" };
  const structures = { kind: "dimension", latent: "z_s", dimension: 12, shape: "cell:a", z_s: "0" };
  for (const [track, t, z_s, recipe] of [
    [path, 1.125, undefined, `${START}shape=path:slerp:a,b%20c,d@1.125;structures=FBL,TOMM20`],
    [path, 2, "seed:4", `${START}shape=path:slerp:a,b%20c,d@2;structures=FBL,TOMM20;z_s=seed:4`],
    [shape, 1.5, undefined, `${START}shape=dim:3@-1.5:path:radial:a,b@0.5;structures=FBL,TOMM20;z_s=seed:7`],
    [structures, 6, undefined, `${START}shape=cell:a;structures=FBL,TOMM20;z_s=dim:12@3:0`],
  ]) {
    assert.equal(recipeAt(track, t, { ...given, z_s }), recipe);
    assert.deepEqual(placeOf(recipe), { track, t });
  }
  assert.equal(placeOf(`${START}shape=cell:a;structures=FBL`), null);
});

test("a dimension goes around what is shown, and a change of the same latent is taken back first", () => {
  const shown = `${START}shape=cell:a;structures=FBL;z_s=seed:2`;
  const track = around(shown, "z_r", 5);
  assert.equal(heldBy(track, { atlas: ATLAS, structures: "FBL" }), shown);
  const there = recipeAt(track, 4, { ...given, structures: "FBL" });
  assert.ok(isSame(around(there, "z_r", 5), track));
  assert.deepEqual(around(there, "z_r", 6), { ...track, dimension: 6 });
  assert.deepEqual(around(there, "z_s", 1), { kind: "dimension", latent: "z_s", dimension: 1, shape: "dim:5@1:cell:a", z_s: "seed:2" });
  assert.equal(around(`atlas=${ATLAS};show=reconstructed;shape=cell:a`, "z_s", 1).z_s, "cell:a", "the cell's own");
  assert.equal(around(`${START}shape=cell:a;structures=FBL`, "z_s", 1).z_s, "0");
});

test("the slider has the values of the dimension, or the stops", () => {
  const path = { kind: "path", way: "radial", stops: ["a", "b"] };
  const dimension = around(`${START}shape=cell:a;structures=FBL`, "z_r", 5);
  assert.deepEqual(marksOf(path, ["prophase", "metaphase"]), [{ value: 0, label: "prophase" }, { value: 1, label: "metaphase" }]);
  assert.deepEqual(marksOf(dimension, []).map(({ label }) => label), ["−3", "−2", "−1", "0", "1", "2", "3"]);
  assert.deepEqual([lastOf(path), lastOf(dimension)], [1, 6]);
  for (const track of [path, dimension]) assert.equal(timeAt(track, valueAt(track, 0.625)), 0.625);
  assert.equal(valueAt(dimension, 0), -3);
  assert.equal(wordsOf(dimension, 1.5, []), "dimension 5 of z_r at −1.5");
  assert.equal(wordsOf(path, 0.5, ["prophase", "metaphase"]), "50 % from prophase to metaphase");
});

test("stops are added, moved and removed", () => {
  assert.deepEqual(added(["a"], "b"), ["a", "b"]);
  assert.deepEqual(added(["a", "b"], "a"), ["a", "b", "a"], "a walk may come back");
  const same = ["a"];
  assert.equal(added(same, "a"), same);
  const full = Array.from({ length: MAX_STOPS }, (_, k) => String(k));
  assert.equal(added(full, "x"), full);
  assert.deepEqual(moved(["a", "b", "c"], 0, 1), ["b", "a", "c"]);
  assert.deepEqual(moved(["a", "b", "c"], 2, -1), ["a", "c", "b"]);
  assert.deepEqual(moved(["a", "b"], 1, 1), ["a", "b"]);
  assert.deepEqual(removed(["a", "b", "c"], 1), ["a", "c"]);
});

test("what is chosen of walks is written short and read back", () => {
  const isCell = (stop) => ["a", "b"].includes(stop);
  assert.equal(writeChoice(FIRST), "");
  const choice = { ...FIRST, mode: "stops", way: "linear", stops: ["a", "b"], open: true };
  assert.deepEqual(JSON.parse(writeChoice(choice)), { mode: "stops", way: "linear", stops: ["a", "b"], open: true });
  assert.deepEqual(readChoice(writeChoice(choice), isCell, 8), choice);
  for (const text of ["", "no JSON", "null", "[]", '{"mode":"dance","way":1,"stops":["a","nobody"],"dimension":9,"latent":"z_q","open":"yes"}']) {
    assert.deepEqual(readChoice(text, isCell, 8), FIRST, text);
  }
});

test("frames are measured from coarse to fine, each once", () => {
  const order = coarseFirst(16);
  assert.deepEqual(order.slice(0, 5), [0, 8, 16, 4, 12]);
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 17 }, (_, k) => k));
});

test("a curve goes through what is known", () => {
  const values = [10, undefined, 20, undefined];
  const range = rangeOf(values);
  assert.deepEqual([range.low, range.high], [10, 20]);
  assert.equal(curvePath(values, range, 300, 30), "M0 30L200 0");
  assert.deepEqual([0, 1, 2, 3].map((frame) => valueNear(values, frame)), [10, 15, 20, undefined]);
  assert.equal(rangeOf([undefined]), null);
  const flat = rangeOf([100, 100.5]);
  assert.ok(flat.top - flat.bottom >= 10, "what hardly changes is drawn as flat");
});

const answer = (body, status = 200) => ({ ok: status < 400, status, json: async () => body, headers: new Map() });

test("a few are asked for at a time, in order, and each once", async () => {
  let [open, most] = [0, 0];
  const asked = [];
  const measuring = new Measuring(async (address) => {
    asked.push(address);
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 1));
    open--;
    return answer({ cell_volume_um3: asked.length });
  });
  let n_came = 0;
  assert.equal(await measuring.ask(["a", "b%20", "c", "d", "e"], () => n_came++), null);
  assert.deepEqual([asked[1], most, n_came], ["/api/measures/b%2520", 2, 5]);
  assert.equal(await measuring.ask(["e", "f"], () => n_came++), null);
  assert.deepEqual([asked.length, n_came], [6, 6]);
});

test("another walk gives up what the one before asked for", async () => {
  const signals = [];
  const measuring = new Measuring((address, signal) => {
    signals.push(signal);
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      if (address.endsWith("new")) resolve(answer({}));
    });
  });
  const old = measuring.ask(["a", "b", "c"], () => assert.fail("it was given up"));
  assert.equal(await measuring.ask(["new"], () => {}), null);
  assert.equal(await old, undefined);
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, true, false]);
});

test("what goes wrong is said in the server's words", async () => {
  const measuring = new Measuring(async () => answer({ error: { message: "shape: no dimension 99" } }, 400));
  assert.equal(await measuring.ask(["a"], () => {}), "shape: no dimension 99");
});

test("the dial of z_s steps through seeds and back to the most probable", () => {
  const recipe = `${START}shape=cell:a;structures=FBL`;
  assert.equal(withSeed(recipe, 7), `${recipe};z_s=seed:7`);
  assert.equal(withSeed(`${recipe};z_s=map:1,2`, null), recipe);
  assert.deepEqual([seedOf(recipe), seedOf(`${recipe};z_s=seed:0`), seedOf(`${recipe};z_s=dim:1@2:seed:3`)], [null, 0, null]);
  assert.deepEqual([nextSeed(null, 1), nextSeed(1, 1), nextSeed(1, -1), nextSeed(2 ** 32 - 1, 1)], [1, 2, null, 2 ** 32 - 1]);
  assert.deepEqual(["", ";z_s=map:1,2", ";z_s=dim:1@2:0", ";z_s=1,2"].map((z_s) => dialWords(recipe + z_s)), ["most probable", "from the map", "one dimension", "as given"]);
});

test("the three ways are at the same place; without a walk there is one picture", () => {
  const recipe = `${START}shape=path:slerp:a,b@0.25;structures=FBL;z_s=seed:3`;
  assert.deepEqual(waysOf(recipe), ["radial", "slerp", "linear"].map((way) => recipe.replace("slerp", way)));
  assert.deepEqual(waysOf(`${START}shape=cell:a;structures=FBL`), [`${START}shape=cell:a;structures=FBL`]);
});

test("the nearest cell says what kind of cell it is", () => {
  const near = { cell_id: "AICS_1", stage: "metaphase", source: "AICS", distance: 2.345 };
  assert.deepEqual(nearestWords(near), { name: "AICS_1", about: "imaged, metaphase, 2.3 away in z_r" });
  assert.match(nearestWords({ ...near, source: "simulated", distance: 0 }).about, /^simulated, metaphase, this very shape/);
});
