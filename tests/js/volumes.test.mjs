import assert from "node:assert/strict";
import test from "node:test";

import { readVolume, VolumeError, Volumes } from "../../assets/modules/volumes.mjs";

const HEADERS = { "X-Shape": "2,1,1,2", "X-Channels": "membrane,DNA", "X-Voxel-Um": "0.634" };
const answer = (n_bytes = 4, headers = HEADERS) => new Response(new Uint8Array(n_bytes), { headers });

test("a volume is read with its shape, channels and um", async () => {
  const volume = await readVolume(answer());
  assert.deepEqual(volume.shape, [2, 1, 1, 2]);
  assert.deepEqual(volume.channels, ["membrane", "DNA"]);
  assert.equal(volume.voxel_um, 0.634);
  assert.equal(volume.data.length, 4);
});

test("half a volume is refused", async () => {
  await assert.rejects(readVolume(answer(3)), /not a whole volume/);
  await assert.rejects(readVolume(answer(4, {})), VolumeError);
});

test("the server's own words are passed on", async () => {
  const body = JSON.stringify({ error: { key: "shape", message: "shape: no such cell" } });
  await assert.rejects(readVolume(new Response(body, { status: 404 })), /shape: no such cell/);
  await assert.rejects(readVolume(new Response("<html>", { status: 502 })), /502/);
});

test("who asks while a volume is on its way shares it", async () => {
  const asked = [];
  const volumes = new Volumes(async (address) => (asked.push(address), answer()));
  volumes.prefetch("a");
  assert.equal(await volumes.get("a"), await volumes.get("a"));
  assert.deepEqual(asked, ["/api/volumes/a.bin"]);
});

test("what failed is asked for again", async () => {
  let isUp = false;
  const volumes = new Volumes(async () => {
    if (!isUp) throw new TypeError("Failed to fetch");
    return answer();
  });
  await assert.rejects(volumes.get("a"), /does not answer/);
  isUp = true;
  assert.equal((await volumes.get("a")).data.length, 4);
});

test("the volumes that were used longest ago make room", async () => {
  const asked = [];
  const volumes = new Volumes(async (address) => (asked.push(address), answer()), 8);
  for (const recipe of ["a", "b", "a", "c", "a", "b"]) await volumes.get(recipe);
  assert.deepEqual(asked, ["a", "b", "c", "b"].map((recipe) => `/api/volumes/${recipe}.bin`));
});
