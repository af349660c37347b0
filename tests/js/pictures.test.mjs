import assert from "node:assert/strict";
import test from "node:test";

import { BRIGHTER, DARKER, differencePixels } from "../../assets/modules/difference.mjs";
import { panelPlaces, roomyPlaces } from "../../assets/modules/panels.mjs";
import { slice } from "../../assets/modules/slices.mjs";
import { firstWindow, withUncertainty, wordsOf } from "../../assets/modules/uncertain.mjs";

test("a slice of some channels, z upwards", () => {
  const [n, nz, ny, nx] = [2, 2, 3, 4];
  const volume = { shape: [n, nz, ny, nx], data: Uint8Array.from({ length: n * nz * ny * nx }, (_, i) => i) };
  const at = (c, z, y, x) => ((c * nz + z) * ny + y) * nx + x;
  assert.deepEqual(slice(volume, [1], "xy", [0, 0, 1]), { shape: [1, 1, ny, nx], data: volume.data.slice(at(1, 1, 0, 0), at(1, 1, 0, 0) + ny * nx) });
  assert.deepEqual([...slice(volume, [0], "xz", [0, 2, 0]).data], [1, 0].flatMap((z) => [0, 1, 2, 3].map((x) => at(0, z, 2, x))));
  assert.deepEqual([...slice(volume, [0, 1], "yz", [3, 0, 0]).data], [0, 1].flatMap((c) => [1, 0].flatMap((z) => [0, 1, 2].map((y) => at(c, z, y, 3)))));
});

test("panels are as large as they can be, and do not overlap", () => {
  const shape = [32, 48, 64];
  const room = { width: 568, height: 540 };
  for (const n of [1, 2, 4, 14]) {
    const places = panelPlaces(n, ["xy", "xz"], room, shape, { caption: 20 });
    assert.equal(places.length, n);
    const { width, height, tiles } = places[0];
    assert.deepEqual(tiles.map(({ plane }) => plane), ["xy", "xz"]);
    assert.equal(tiles[0].width / 64, tiles[0].height / 48);
    assert.equal(tiles[1].top, tiles[0].top + tiles[0].height + 2);
    for (const a of places) {
      assert.ok(a.left >= 12 && a.left + width <= room.width - 12 && a.top >= 34 && a.top + height + 20 <= room.height - 46);
      for (const b of places) assert.ok(a === b || Math.abs(a.left - b.left) >= width + 8 || Math.abs(a.top - b.top) >= height + 28);
    }
  }
});

test("where there is little room there are fewer planes", () => {
  const sets = [["xy", "xz"], ["xy"]];
  assert.equal(roomyPlaces(4, sets, { width: 900, height: 800 }, [32, 48, 64])[0].tiles.length, 2);
  assert.equal(roomyPlaces(4, sets, { width: 480, height: 360 }, [32, 48, 64])[0].tiles.length, 1);
});

test("a difference has one colour for more and one for less, and full colour at the window's width", () => {
  const data = differencePixels(Uint8Array.of(50, 10, 10, 30), Uint8Array.of(50, 30, 90, 10), [0, 40]);
  const half = (colour) => colour.map((part) => Math.round(part / 2));
  assert.deepEqual([...data], [[0, 0, 0], half(DARKER), DARKER, half(BRIGHTER)].flatMap((rgb) => [...rgb, 255]));
});

test("uncertainty is the largest deviation of any structure, as one channel more", () => {
  const volume = { shape: [3, 1, 1, 2], channels: ["membrane", "DNA", "A"], voxel_um: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const deviation = { shape: [4, 1, 1, 2], data: Uint8Array.of(90, 90, 90, 90, 10, 40, 20, 30) };
  const both = withUncertainty(volume, deviation);
  assert.deepEqual([...both.data], [1, 2, 3, 4, 5, 6, 20, 40]);
  assert.deepEqual([both.shape, both.channels], [[4, 1, 1, 2], ["membrane", "DNA", "A", "uncertainty"]]);
  assert.deepEqual(volume.shape, [3, 1, 1, 2]);
  assert.deepEqual(firstWindow(both), [20, 40]);
  assert.match(wordsOf(["A"], 16, [51, 102], 0.5), /how much A varies over 16 .* from 0\.10 to 0\.20/);
  assert.match(wordsOf(["A", "B", "C", "D"], 16, [0, 255], 0.5), /any of 4 structures/);
});
