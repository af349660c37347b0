import assert from "node:assert/strict";
import test from "node:test";

import * as pair from "../../assets/modules/pair.mjs";
import { comparisonOf, genesOf, rowOf, uncertaintyOf, withAllStructures } from "../../assets/modules/variants.mjs";

const facts = { cells: ["a", "b%c"], structure: [1, 0], genes: ["FBL", "X%2CY"], observed: [1], uncertainty: { max_samples: 20 } };
const A = "atlas=0123456789ab";

test("the cell and its structures are read from a recipe", () => {
  assert.equal(rowOf(`${A};show=reconstructed;shape=cell:b%25c`, facts), 1);
  assert.equal(rowOf(`${A};show=predicted;shape=prior:3;structures=FBL`, facts), null);
  assert.deepEqual(genesOf(`${A};show=reconstructed;shape=cell:a`, facts), ["X%2CY"]);
  assert.deepEqual(genesOf(`${A};show=predicted;shape=cell:a;structures=FBL,X%2CY`, facts), ["FBL", "X%2CY"]);
});

test("every structure in the same shape, placed as those that are shown", () => {
  assert.equal(withAllStructures(`${A};show=observed;shape=cell:a`, facts), `${A};show=predicted;shape=cell:a;structures=FBL,X%2CY`);
  assert.equal(
    withAllStructures(`${A};show=predicted;shape=map:z_r:1,2;structures=FBL;z_s=seed:4`, facts),
    `${A};show=predicted;shape=map:z_r:1,2;structures=FBL,X%2CY;z_s=seed:4`,
  );
});

test("uncertainty draws z_s itself, as often as the server allows", () => {
  const one = uncertaintyOf(`${A};show=predicted;shape=prior:3;structures=FBL;z_s=seed:4`, facts);
  assert.deepEqual(one, { n_samples: 16, recipe: `${A};show=predicted;shape=prior:3;structures=FBL;value=sd:16:1` });
  assert.equal(uncertaintyOf(`${A};show=predicted;shape=prior:3;structures=FBL,X%2CY`, facts).n_samples, 10);
});

test("a cell is compared with its own structure, and what is not there is null", () => {
  assert.deepEqual(comparisonOf(`${A};show=predicted;shape=cell:b%25c;structures=X%2CY;z_s=seed:1`, facts), {
    observed: `${A};show=observed;shape=cell:b%25c`,
    reconstructed: `${A};show=reconstructed;shape=cell:b%25c`,
    predicted: `${A};show=predicted;shape=cell:b%25c;structures=FBL;z_s=seed:1`,
  });
  assert.equal(comparisonOf(`${A};show=reconstructed;shape=cell:a`, facts).observed, null);
  const place = comparisonOf(`${A};show=predicted;shape=prior:3;structures=FBL`, facts);
  assert.deepEqual([place.observed, place.reconstructed], [null, null]);
  assert.equal(place.predicted, `${A};show=predicted;shape=prior:3;structures=FBL`);
});

test("a pair is two shapes with the same structures", () => {
  const mean = `${A};show=predicted;shape=z_r:1,2;structures=FBL,X%2CY`;
  assert.deepEqual(pair.recipes(mean, facts, "cell:b%25c"), [mean, `${A};show=predicted;shape=cell:b%25c;structures=FBL,X%2CY`]);
});
