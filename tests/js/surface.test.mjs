import assert from "node:assert/strict";
import { test } from "node:test";

import { FULL } from "../../assets/modules/contrast.mjs";
import { surface } from "../../assets/modules/surface.mjs";
import { levelOf, Surfaces, wanted } from "../../assets/modules/surfaces.mjs";

const SHAPE = [40, 44, 48];
const CENTRE = [23.3, 21.8, 19.4]; // x, y, z
const PALETTE = { colours: [[255, 0, 255], [0, 255, 255], [255, 255, 0]], uncertainty: [255, 0, 0] };

/** A ball whose brightness is 128 at `radius` and falls 16 a voxel. */
function ball(radius, shape = SHAPE, centre = CENTRE) {
  const [nz, ny, nx] = shape;
  const data = new Uint8Array(nz * ny * nx);
  for (let z = 0, at = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, at++) {
        const distance = Math.hypot(x - centre[0], y - centre[1], z - centre[2]);
        data[at] = Math.min(255, Math.max(0, Math.round(128 + 16 * (radius - distance))));
      }
    }
  }
  return data;
}

const corners = ({ points, triangles }, at) =>
  [0, 1, 2].map((k) => [...points.subarray(3 * triangles[at + k], 3 * triangles[at + k] + 3)]);
const minus = (a, b) => a.map((value, k) => value - b[k]);
const cross = ([a, b, c], [d, e, f]) => [b * f - c * e, c * d - a * f, a * e - b * d];
const dot = (a, b) => a.reduce((sum, value, k) => sum + value * b[k], 0);

function measured(mesh) {
  let [volume, area] = [0, 0];
  for (let at = 0; at < mesh.triangles.length; at += 3) {
    const [a, b, c] = corners(mesh, at);
    volume += dot(a, cross(b, c)) / 6;
    area += Math.hypot(...cross(minus(b, a), minus(c, a))) / 2;
  }
  return { volume, area };
}

/** How many edges are not used once in each direction. */
function openEdges({ triangles }) {
  const used = new Map();
  for (let at = 0; at < triangles.length; at += 3) {
    for (const [k, l] of [[0, 1], [1, 2], [2, 0]]) {
      const [a, b] = [triangles[at + k], triangles[at + l]];
      const key = a < b ? `${a} ${b}` : `${b} ${a}`;
      used.set(key, (used.get(key) ?? 0) + (a < b ? 1 : -1));
    }
  }
  return [...used.values()].filter((sum) => sum !== 0).length;
}

test("a sphere has its volume and area, points outwards, lies where it should and is watertight", () => {
  for (const radius of [6, 15]) {
    const mesh = surface(ball(radius), SHAPE, 128);
    const { volume, area } = measured(mesh);
    const [trueVolume, trueArea] = [(4 / 3) * Math.PI * radius ** 3, 4 * Math.PI * radius ** 2];
    assert.ok(Math.abs(volume / trueVolume - 1) < 0.03, `volume ${volume} of ${trueVolume}`);
    assert.ok(Math.abs(area / trueArea - 1) < 0.03, `area ${area} of ${trueArea}`);
    for (let at = 0; at < mesh.points.length; at += 3) {
      const distance = Math.hypot(...minus([...mesh.points.subarray(at, at + 3)], CENTRE));
      assert.ok(Math.abs(distance - radius) < 0.2, `a point at ${distance} of ${radius}`);
    }
    assert.equal(openEdges(mesh), 0);
  }
});

test("what touches the volume's border is closed there", () => {
  const mesh = surface(new Uint8Array(4 * 5 * 6).fill(255), [4, 5, 6], 100);
  assert.equal(openEdges(mesh), 0);
  const { volume } = measured(mesh);
  assert.ok(volume > 4 * 5 * 6 * 0.7 && volume < 5 * 6 * 7, `volume ${volume}`);
});

test("two touching voxels and a cavity are watertight too", () => {
  const shape = [6, 6, 6];
  const random = Uint8Array.from({ length: 216 }, (_, k) => (k * 2654435761) >>> 24); // every ambiguous case
  assert.equal(openEdges(surface(random, shape, 128)), 0);
  const hollow = ball(15).map((value, at) => Math.min(value, 255 - ball6[at]));
  const { volume } = measured(surface(hollow, SHAPE, 128));
  assert.ok(Math.abs(volume / ((4 / 3) * Math.PI * (15 ** 3 - 6 ** 3)) - 1) < 0.04);
});
const ball6 = ball(6);

test("nothing that bright is no surface; a channel is found behind the others", () => {
  assert.equal(surface(new Uint8Array(64), [4, 4, 4], 10).triangles.length, 0);
  const one = ball(6);
  const both = new Uint8Array(2 * one.length);
  both.set(one, one.length);
  assert.deepEqual(surface(both, SHAPE, 128, one.length), surface(one, SHAPE, 128));
});

test("of the automatic contrast membrane takes a fifth, of one that was set half", () => {
  const counts = new Uint32Array(256);
  counts[10] = counts[20] = counts[30] = 100;
  assert.equal(levelOf(FULL, () => counts, true), 22); // the automatic one is 20 to 30
  assert.equal(levelOf([40, 100], () => assert.fail("not asked"), true), 70);
});

test("the level is half-way up the contrast, the automatic one's where none was set", () => {
  assert.equal(levelOf([40, 100], () => assert.fail("not asked")), 70);
  const counts = new Uint32Array(256);
  counts[10] = 60;
  counts[30] = 40;
  assert.equal(levelOf(FULL, () => counts), 20);
});

test("DNA is drawn first and whole, membrane last and seen through; what is off or has no opacity is not drawn", () => {
  const volume = { channels: ["membrane", "DNA", "LMNB1", "uncertainty"] };
  const counts = () => new Uint32Array(256).fill(1);
  const first = wanted(volume, {}, PALETTE, counts);
  assert.deepEqual(first.map(({ channel }) => channel), [1, 2, 0]);
  assert.equal(first[0].opacity, 1);
  assert.ok(first[2].opacity < 0.5);
  const look = { channels: { DNA: { on: false }, LMNB1: { opacity: 0.5, colour: "#00007f" }, uncertainty: { on: false } } };
  const [lamin, membrane] = wanted(volume, look, PALETTE, counts);
  assert.deepEqual([lamin.channel, membrane.channel], [2, 0]);
  assert.deepEqual(lamin.colour.map((part) => Math.round(255 * part)), [0, 0, 127]);
  assert.ok(Math.abs(lamin.opacity - 0.45) < 1e-9);
  assert.equal(wanted(volume, { channels: { membrane: { opacity: 0 } } }, PALETTE, counts).length, 2);
});

test("surfaces are made once, and given up when nobody wants them", async () => {
  const volume = { shape: [1, ...SHAPE], data: ball(6) };
  const surfaces = new Surfaces();
  const one = { channel: 0, level: 128, colour: [1, 1, 1], opacity: 1 };
  const [made] = await surfaces.of(volume, [one]);
  const [again] = await surfaces.of(volume, [{ ...one, opacity: 0.5 }]);
  assert.equal(again.points, made.points);
  assert.equal(again.opacity, 0.5);
  assert.equal(await surfaces.of(volume, [{ ...one, level: 99 }], () => false), null);
});

test("a volume of 128 x 96 x 64 voxels is done in a moment", () => {
  const shape = [64, 96, 128];
  const data = ball(28, shape, [64, 48, 32]);
  const begun = performance.now();
  const { triangles } = surface(data, shape, 128);
  const took = performance.now() - begun;
  assert.ok(triangles.length > 3 * 10_000);
  assert.ok(took < 2000, `${took} ms`); // some 60 ms alone; the machine may be busy
});
