import assert from "node:assert/strict";
import test from "node:test";

import { Player } from "../../assets/modules/player.mjs";
import { frameAt, lastFrame, nextFrame, placeAt, timeOf, wordsAt } from "../../assets/modules/walk.mjs";

test("frames and times are each other's inverse", () => {
  for (let frame = 0; frame <= lastFrame(8); frame++) assert.equal(frameAt(timeOf(frame)), frame);
  assert.equal(timeOf(lastFrame(8)), 7);
});

test("after the last frame comes the first, or nothing", () => {
  assert.deepEqual([nextFrame(1, 8, false), nextFrame(8, 8, true), nextFrame(8, 8, false)], [2, 0, null]);
});

test("the place on the map is on the line between medoids, ends included", () => {
  const positions = [
    [0, 0],
    [4, 8],
    [4, 0],
  ];
  assert.deepEqual([0, 0.25, 1, 2].map((t) => placeAt(positions, t)), [
    [0, 0],
    [1, 2],
    [4, 8],
    [4, 0],
  ]);
});

test("the place in words", () => {
  assert.equal(wordsAt(["prophase", "metaphase"], 1), "metaphase");
  assert.equal(wordsAt(["prophase", "metaphase"], 0.125), "13 % from prophase to metaphase");
});

function playerThat(show, n_stops = 2) {
  const seen = { shown: [], ahead: [], changed: [] };
  const player = new Player(n_stops, {
    recipe: (t) => t,
    prefetch: (t) => seen.ahead.push(t),
    moved: () => {},
    changed: (playing) => seen.changed.push(playing),
    show: async (t) => {
      seen.shown.push(t);
      await show?.(t, player);
    },
  });
  player.speed = 1000;
  return [player, seen];
}

test("playing shows every frame once, in order, and stops at the end", async () => {
  const [player, { shown, changed }] = playerThat();
  player.loops = false;
  await player.play();
  assert.deepEqual(shown, [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1]);
  assert.deepEqual(changed, [true, false]);
  await player.play();
  assert.deepEqual(shown.slice(9), shown.slice(0, 9), "from the start again");
});

test("a pause holds while a frame is on its way", async () => {
  const [player, { shown }] = playerThat((t, player) => t === 0.25 && player.pause());
  await player.play();
  assert.deepEqual([player.playing, player.t, shown.at(-1)], [false, 0.25, 0.25]);
});

test("the next frames are fetched ahead, round the end", async () => {
  const [player, { ahead }] = playerThat();
  await player.seek(0.75);
  assert.deepEqual(ahead, [0.875, 1, 0, 0.125]);
});

test("stepping stays on the walk", async () => {
  const [player] = playerThat();
  await player.step(-1);
  assert.equal(player.t, 0);
  await player.seek(1);
  await player.step(1);
  assert.equal(player.t, 1);
});
