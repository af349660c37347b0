import assert from "node:assert/strict";
import test from "node:test";

import { FAULT, GONE, watch } from "../../assets/modules/server.mjs";

const DASH = "http://here/_dash-update-component";

/** A window whose server answers what `answers` says, and what was told of it. */
function page(answers) {
  const [told, asked] = [[], []];
  const window = {
    fetch: async (address) => {
      asked.push(address);
      const answer = answers(address);
      if (answer instanceof Error) throw answer;
      return { status: answer, ok: answer < 400 };
    },
  };
  watch(window, (words) => told.push(words), 1);
  return { window, told, asked };
}

test("while there is no answer it says so, and asks until there is one", async () => {
  let isUp = false;
  const { window, told, asked } = page(() => (isUp ? 200 : new TypeError("Failed to fetch")));
  await assert.rejects(window.fetch(DASH), /Failed to fetch/);
  await assert.rejects(window.fetch(DASH), /Failed to fetch/);
  assert.deepEqual(told, [GONE]);
  isUp = true;
  while (told.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(told, [GONE, ""]);
  assert.ok(asked.includes("/api/health"));
});

test("a fault of the server's is said, and forgotten with the next answer", async () => {
  let status = 500;
  const { window, told } = page(() => status);
  await window.fetch(DASH);
  status = 204;
  await window.fetch(DASH);
  assert.deepEqual(told, [FAULT, ""]);
});

test("what was given up, and what others ask, is nothing to speak of", async () => {
  const gone = Object.assign(new Error("stopped"), { name: "AbortError" });
  const { window, told } = page((address) => (address === DASH ? gone : new TypeError("Failed to fetch")));
  await assert.rejects(window.fetch(DASH));
  await assert.rejects(window.fetch("/api/volumes/x.bin"));
  assert.deepEqual(told, []);
});
