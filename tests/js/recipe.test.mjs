import assert from "node:assert/strict";
import test from "node:test";

import { encodeName, query, volumeUrl } from "../../assets/modules/recipe.mjs";

test("a percent sign is encoded once more, and nothing else is", () => {
  assert.equal(volumeUrl("show=observed;shape=cell:a%20b"), "/api/volumes/show=observed;shape=cell:a%2520b.bin");
});

test("a name is written as the server writes it", () => {
  assert.equal(encodeName("plate 1/é (2)~*"), "plate%201%2F%C3%A9%20%282%29%7E%2A");
  assert.equal(encodeName("sim1_000042.b-3"), "sim1_000042.b-3");
});

test("the query reads back as it was, and can be read", () => {
  const recipe = "show=predicted;shape=map:z_r:1.5,-2e-7;structures=A%2BB";
  const text = query(recipe, "stage", "3d");
  const read = new URLSearchParams(text);
  assert.deepEqual([read.get("recipe"), read.get("colour"), read.get("view")], [recipe, "stage", "3d"]);
  assert.ok(text.includes("show=predicted;shape=map:z_r:1.5,-2e-7"));
});
