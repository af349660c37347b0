import assert from "node:assert/strict";
import { test } from "node:test";

import { density, densityPixels, placesOf, rgbOf, within } from "../../assets/modules/density.mjs";
import { complete } from "../../assets/modules/facts.mjs";
import { flagged, Names } from "../../assets/modules/names.mjs";
import { Closest } from "../../assets/modules/closest.mjs";

const VIEW = { xaxis: [0, 10], yaxis: [0, 10] };

function scattered(n) {
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const [x, y] = [0, 1].map(() => Float32Array.from({ length: n }, () => 10 * random()));
  return { x, y, shown: new Uint8Array(n).fill(1) };
}

test("places come as parts of the map", () => {
  const bytes = new Uint8Array(new Uint16Array([0, 65535, 13107, 65535, 0, 32768]).buffer);
  const { x, y, shown } = placesOf(bytes, 3, { xaxis: [-5, 5], yaxis: [100, 200] });
  assert.deepEqual([...x], [-5, 5, -3]);
  assert.deepEqual([y[0], y[1]], [200, 100]);
  assert.ok(Math.abs(y[2] - 150) < 0.01);
  assert.deepEqual([...shown], [1, 1, 1]);
});

test("each square counts its points and has the colour of most of them; y is upwards", () => {
  const points = { x: Float32Array.of(1, 1, 1, 9, 11), y: Float32Array.of(9, 9, 9, 1, 1), shown: new Uint8Array(5).fill(1) };
  const squares = density(points, Uint8Array.of(2, 7, 7, 3, 1), VIEW, 2, 2, false);
  assert.deepEqual([...squares.counts], [3, 0, 0, 1]);
  assert.deepEqual([squares.shades[0], squares.shades[3]], [7, 3]);
  assert.deepEqual([squares.n, squares.most], [4, 3]);
});

test("of a number the mean is taken, without those that have none", () => {
  const points = { x: Float32Array.of(1, 1, 1), y: Float32Array.of(9, 9, 9), shown: new Uint8Array(3).fill(1) };
  const squares = density(points, Uint8Array.of(10, 0, 30), VIEW, 1, 1, true);
  assert.deepEqual([squares.counts[0], squares.shades[0]], [3, 20]);
  assert.equal(density(points, Uint8Array.of(0, 0, 0), VIEW, 1, 1, true).shades[0], 0);
});

test("hidden points and those that do not count are left out", () => {
  const points = { x: Float32Array.of(1, 1, 1), y: Float32Array.of(9, 9, 9), shown: Uint8Array.of(1, 0, 1) };
  assert.equal(density(points, new Uint8Array(3), VIEW, 1, 1, false).n, 2);
  assert.equal(density(points, new Uint8Array(3), VIEW, 1, 1, false, (row) => row === 2).n, 1);
  assert.deepEqual(within(points, VIEW), [0, 2]);
  assert.deepEqual(within(points, { xaxis: [2, 3], yaxis: [0, 10] }), []);
});

test("a fuller square is more opaque, an empty one is clear", () => {
  const squares = { counts: Uint32Array.of(0, 1, 100), shades: Uint8Array.of(0, 1, 0), most: 100 };
  const data = densityPixels(squares, [[255, 0, 0], [0, 0, 255]]);
  assert.equal(data[3], 0);
  assert.deepEqual([...data.subarray(4, 7)], [0, 0, 255]);
  assert.ok(data[7] > 80 && data[7] < data[11]);
  assert.equal(data[11], 255);
  assert.ok(densityPixels(squares, [[255, 0, 0], [0, 0, 255]], 0.1)[11] < 30);
});

test("colours are read as Plotly writes them", () => {
  assert.deepEqual(rgbOf("#ff8000"), [255, 128, 0]);
  assert.deepEqual(rgbOf("rgb(1, 2.5, 3)"), [1, 2.5, 3]);
});

test("the nearest point is the one that a search through all finds", () => {
  const points = scattered(5000);
  points.shown.fill(0, 100, 200);
  const closest = new Closest(points, VIEW);
  for (const [x, y] of [[5, 5], [0, 0], [9.99, 0.01], [3.3, 7.7], [-0.05, 5]]) {
    let [best, expected] = [1, undefined];
    for (let row = 0; row < 5000; row++) {
      const distance = ((points.x[row] - x) / 0.4) ** 2 + ((points.y[row] - y) / 0.2) ** 2;
      if (points.shown[row] && distance < best) [best, expected] = [distance, row];
    }
    assert.equal(closest.to(x, y, 0.4, 0.2, points), expected);
  }
  assert.equal(closest.to(20, 20, 0.1, 0.1, points), undefined);
});

test("names are read from bytes as from an array", () => {
  const list = ["cell_1", "Zelle_ä", "", "cell_10"];
  const names = new Names(new TextEncoder().encode(list.join("\n")), 4);
  assert.equal(names.length, 4);
  assert.deepEqual([0, 1, 2, 3].map((row) => names.at(row)), list);
  assert.deepEqual(["cell_10", "Zelle_ä", "cell_1", "cell"].map((name) => names.indexOf(name)), [3, 1, 0, -1]);
});

test("flags are asked as a list of rows is", () => {
  const real = flagged(Uint8Array.of(1, 2, 3), 1);
  assert.equal(real.length, 2);
  assert.deepEqual([0, 1, 2].map((row) => real.includes(row)), [true, false, true]);
});

test("few cells come with their facts; of many the rest is fetched once", async () => {
  const few = { atlas: "a", cells: ["x"] };
  assert.equal(await complete(few, () => assert.fail("not asked")), few);
  const asked = [];
  const fetcher = async (address) => {
    asked.push(address);
    const body = address.endsWith("names.txt") ? new TextEncoder().encode("p\nq") : Uint8Array.of(3, 4, 0, 1, 0, 3);
    return new Response(body);
  };
  const many = { atlas: "b", n_cells: 2, stages: ["s"] };
  const facts = await complete(many, fetcher);
  assert.deepEqual([[...facts.structure], [...facts.stage], facts.cells.at(1), facts.real.includes(1), facts.blank.includes(1)], [[3, 4], [0, 1], "q", true, true]);
  assert.equal(await complete({ ...many }, fetcher), facts);
  assert.deepEqual(asked, ["/api/crowd/b/cells.bin", "/api/crowd/b/names.txt"]);
});

test("a million points are counted in a moment", () => {
  const points = scattered(1_000_000);
  const shades = Uint8Array.from(points.x, (x) => x);
  density(points, shades, VIEW, 300, 250, false);
  const begun = performance.now();
  density(points, shades, VIEW, 300, 250, false);
  assert.ok(performance.now() - begun < 500, `${performance.now() - begun} ms`); // some 10 ms alone; the machine may be busy
});
