import assert from "node:assert/strict";
import { test } from "node:test";

import { isDouble } from "../../assets/modules/clicks.mjs";

const click = (timeStamp, clientX, clientY) => ({ timeStamp, clientX, clientY });

test("two quick clicks in one place are a double click", () => {
  assert.equal(isDouble(click(100, 50, 50), click(350, 53, 48)), true);
});

test("a second click elsewhere, or later, is a click of its own", () => {
  assert.equal(isDouble(click(100, 50, 50), click(160, 80, 50)), false);
  assert.equal(isDouble(click(100, 50, 50), click(420, 50, 50)), false);
  assert.equal(isDouble(undefined, click(100, 50, 50)), false);
});
