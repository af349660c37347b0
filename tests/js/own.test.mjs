import assert from "node:assert/strict";
import test from "node:test";

import { fieldsOf, foundWords, given, measuredWords, missing, voxelWords } from "../../assets/modules/own_form.mjs";
import { comparisonOf, genesOf } from "../../assets/modules/variants.mjs";
import { Volumes } from "../../assets/modules/volumes.mjs";

test("a role is one channel's at most", () => {
  assert.deepEqual(given(["membrane", "dna", ""], 2, "dna"), ["membrane", "", "dna"]);
  assert.deepEqual(given(["membrane", "dna", ""], 0, ""), ["", "dna", ""]);
});

test("what is missing is said, one thing after the other", () => {
  const voxel = ["0.29", "0,3", "0.3"];
  assert.match(missing(["", "", ""], voxel), /membrane and which is DNA/);
  assert.match(missing(["membrane", "", ""], voxel), /channel is DNA/);
  assert.match(missing(["membrane", "dna", "cell_mask"], voxel), /both masks or neither/);
  assert.match(missing(["membrane", "dna"], ["", "0.3", "-1"]), /along z, x/);
  assert.equal(missing(["membrane", "dna"], voxel), null);
});

test("the form says which channel is what, and no more", () => {
  assert.deepEqual(fieldsOf(["dna", "", "membrane"], ["0,29", " 0.3", "0.31"], "abc"), {
    dna: 0, membrane: 2, voxel_um: "0.29,0.3,0.31", atlas: "abc", observed: true,
  });
});

test("what was found and measured, in words", () => {
  const channels = [{ role: "dna" }, { role: null }];
  assert.match(foundWords({ grid: [63, 186, 170], axes: "ZCYX", channels }), /^170 × 186 × 63 voxels .*2 channels, axes ZCYX\. Those/);
  assert.doesNotMatch(foundWords({ grid: [1, 2, 3], axes: "CZYX", channels: channels.slice(0, 1) }), /Those|not say/);
  assert.equal(voxelWords([0.29, 0.3, 0.3]), "as the file says");
  assert.match(voxelWords([null, 0.3, 0.3]), /a part/);
  assert.match(voxelWords(null), /does not say/);
  const measured = { cell_volume_um3: 1999.6, dna_volume_um3: 300, height_um: 9.06, cropped: true, masks: "found" };
  assert.equal(measuredWords(measured), "Cell 2,000 µm³, DNA 300 µm³, 9.1 µm high; outlined in the image, the cell in its middle. Part of it lies outside the model's grid and is cut off.");
});

const OWN = "own:mine:1,2:1,2:0,3:0.1,0.9";
const facts = (brought) => ({ genes: ["FBL", "DSP"], cells: [], brought });

test("a cell of one's own is compared with what the page has of it", () => {
  const observed = `atlas=a;show=observed;shape=${OWN}`;
  assert.deepEqual(comparisonOf(observed, facts([{ recipe: observed }])), {
    observed,
    reconstructed: `atlas=a;show=reconstructed;shape=${OWN}`,
    predicted: `atlas=a;show=predicted;shape=${OWN};structures=DSP`,
  });
  assert.equal(comparisonOf(observed, facts(undefined)).observed, null, "another page does not have it");
  assert.equal(comparisonOf("atlas=a;show=predicted;shape=own:mine:1,2;structures=FBL", facts()).reconstructed, null);
  assert.deepEqual(genesOf("atlas=a;show=observed;shape=own:mine:1,2", facts()), ["FBL", "DSP"]);
});

test("a volume that was brought along is never asked for, and never thrown away", async () => {
  const volumes = new Volumes(() => assert.fail("asked"), 0);
  const volume = { shape: [1, 1, 1, 1], channels: ["DNA"], data: new Uint8Array(1) };
  volumes.bring("show=observed;shape=own:x", volume);
  assert.equal(volumes.has("show=observed;shape=own:x"), true);
  assert.equal(await volumes.get("show=observed;shape=own:x"), volume);
});
