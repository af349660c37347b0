import assert from "node:assert/strict";
import test from "node:test";

import { barLength, crosshair, tiles } from "../../assets/modules/tiles.mjs";

const SHAPE = [32, 48, 64]; // Z, Y, X
const SIZES = { xy: [64, 48], xz: [64, 32], yz: [48, 32] };

for (const [width, height] of [
  [573, 520],
  [400, 700],
  [1200, 300],
  [90, 90],
]) {
  test(`planes have one scale, whole pixels and room in ${width} x ${height}`, () => {
    const planes = Object.fromEntries(tiles("both", { width, height }, SHAPE).map((tile) => [tile.plane, tile]));
    const scale = planes.xy.width / 64;
    for (const [plane, [across, down]] of Object.entries(SIZES)) {
      const tile = planes[plane];
      assert.deepEqual([tile.width, tile.height], [across * scale, down * scale]);
      assert.ok(Object.entries(tile).every(([key, value]) => key === "plane" || (Number.isInteger(value) && value >= 0)));
      assert.ok(tile.left + tile.width <= width && tile.top + tile.height <= height);
    }
    assert.equal(planes.xy.left, planes.xz.left, "x is aligned");
    assert.equal(planes.xz.top, planes.yz.top, "z is aligned");
    assert.ok(planes["3d"].left >= planes.xy.left + planes.xy.width, "no overlap");
  });
}

test("a slice fills what room there is", () => {
  const [tile] = tiles("slice", { width: 664, height: 1000 }, SHAPE);
  assert.deepEqual([tile.plane, tile.width, tile.height], ["xy", 640, 480]);
});

test("3D takes all of it", () => {
  assert.deepEqual(tiles("3d", { width: 300, height: 200 }, SHAPE), [{ plane: "3d", left: 0, top: 0, width: 300, height: 200 }]);
});

test("a scale bar is 1, 2 or 5 and fits", () => {
  assert.deepEqual([0.9, 1, 4.9, 5, 12, 99].map(barLength), [0.5, 1, 2, 5, 10, 50]);
});

test("the crosshair goes through the middle of the voxel, z upwards", () => {
  const planes = [{ plane: "xz", left: 0, top: 0, width: 640, height: 320 }];
  assert.equal(crosshair(planes, [0, 0, 31], SHAPE, 2), "M0 5H3M7 5H640M5 0V3M5 7V320");
});
