import assert from "node:assert/strict";
import test from "node:test";

import { query, volumeUrl, walkRecipe } from "../../assets/modules/recipe.mjs";

test("a percent sign is encoded once more, and nothing else is", () => {
  assert.equal(volumeUrl("show=observed;shape=cell:a%20b"), "/api/volumes/show=observed;shape=cell:a%2520b.bin");
});

test("a frame of the walk is a canonical recipe", () => {
  const facts = { atlas: "0123456789ab", walk: { path: "radial:a,b" } };
  assert.equal(walkRecipe(facts, "TOMM20,FBL", 0.5), "atlas=0123456789ab;show=predicted;shape=path:radial:a,b@0.5;structures=TOMM20,FBL");
});

test("the query reads back as it was, and can be read", () => {
  const recipe = "show=predicted;shape=map:z_r:1.5,-2e-7;structures=A%2BB";
  const text = query(recipe, "stage", "3d");
  const read = new URLSearchParams(text);
  assert.deepEqual([read.get("recipe"), read.get("colour"), read.get("view")], [recipe, "stage", "3d"]);
  assert.ok(text.includes("show=predicted;shape=map:z_r:1.5,-2e-7"));
});
