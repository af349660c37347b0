import assert from "node:assert/strict";
import test from "node:test";

import { readPlanes, readVolume, VolumeError, Volumes } from "../../assets/modules/volumes.mjs";

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

test("planes are a volume that is dark elsewhere", async () => {
  const [n_channels, nz, ny, nx] = [2, 2, 3, 4];
  const whole = Uint8Array.from({ length: n_channels * nz * ny * nx }, (_, i) => i + 1);
  const at = (c, z, y, x) => ((c * nz + z) * ny + y) * nx + x;
  const [x, y, z] = [2, 1, 0];
  const bytes = [];
  for (let c = 0; c < n_channels; c++) for (let j = 0; j < ny; j++) for (let i = 0; i < nx; i++) bytes.push(whole[at(c, z, j, i)]);
  for (let c = 0; c < n_channels; c++) for (let k = 0; k < nz; k++) for (let i = 0; i < nx; i++) bytes.push(whole[at(c, k, y, i)]);
  for (let c = 0; c < n_channels; c++) for (let k = 0; k < nz; k++) for (let j = 0; j < ny; j++) bytes.push(whole[at(c, k, j, x)]);
  const headers = { ...HEADERS, "X-Shape": "2,2,3,4", "X-Voxel": "2,1,0" };
  const planes = await readPlanes(new Response(new Uint8Array(bytes), { headers }));
  assert.deepEqual(planes.voxel, [2, 1, 0]);
  for (let c = 0; c < n_channels; c++) {
    for (let k = 0; k < nz; k++) {
      for (let j = 0; j < ny; j++) {
        for (let i = 0; i < nx; i++) {
          const isOnPlane = k === z || j === y || i === x;
          assert.equal(planes.data[at(c, k, j, i)], isOnPlane ? whole[at(c, k, j, i)] : 0);
        }
      }
    }
  }
  await assert.rejects(readPlanes(new Response(new Uint8Array(bytes.slice(1)), { headers })), /not a whole volume/);
});

test("what is given up is hung up on, and asked for anew", async () => {
  const signals = [];
  const volumes = new Volumes((_, signal) => {
    signals.push(signal);
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      if (signals.length > 1) resolve(answer());
    });
  });
  const first = volumes.get("a");
  volumes.giveUp("a");
  await assert.rejects(first, { name: "AbortError" });
  assert.equal(signals[0].aborted, true);
  assert.equal((await volumes.get("a")).data.length, 4);
  volumes.giveUp("a"); // is here: stays
  assert.equal(volumes.has("a"), true);
  assert.equal(signals[1].aborted, false);
});

test("a busy server is asked again when it said so", async () => {
  const busy = () => new Response(JSON.stringify({ error: { message: "more than it can" } }), { status: 503, headers: { "Retry-After": "0" } });
  let asked = 0;
  const volumes = new Volumes(async () => (++asked < 3 ? busy() : answer()));
  assert.equal((await volumes.get("a")).data.length, 4);
  assert.equal(asked, 3);
  await assert.rejects(new Volumes(async () => busy()).get("a"), /more than it can/);
});
