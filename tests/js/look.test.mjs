import assert from "node:assert/strict";
import test from "node:test";

import { appearances, changed, channelOf, cssColour, forAnother, isLocked, readLook, UNCERTAINTY, withSwitch } from "../../assets/modules/look.mjs";

const palette = { colours: [[255, 0, 255], [0, 255, 255], [255, 255, 0]], uncertainty: [255, 40, 40] };

test("what is as at first is not in the look", () => {
  const look = changed({}, "DNA", { on: false, window: [10, 90] });
  assert.deepEqual(look, { channels: { DNA: { on: false, window: [10, 90] } } });
  assert.deepEqual(changed(look, "DNA", { on: true }), { channels: { DNA: { window: [10, 90] } } });
  assert.deepEqual(changed(look, "DNA", { on: true, window: [0, 255] }), {});
  assert.deepEqual(withSwitch(withSwitch({}, "lock", false), "lock", true), {});
  assert.deepEqual(withSwitch(withSwitch({}, "uncertain", true), "uncertain", false), {});
});

test("a look survives being written and read; what cannot be is left out", () => {
  const look = { lock: false, uncertain: true, channels: { DNA: { on: false, window: [20, 180], auto: true, colour: "#00ffff", opacity: 0.5 } } };
  assert.deepEqual(readLook(JSON.parse(JSON.stringify(look))), look);
  const wrong = { lock: "no", more: 1, channels: { DNA: { window: [9, 3], opacity: 7, colour: "red", on: 0, x: 1 }, RNA: null } };
  assert.deepEqual(readLook(wrong), {});
  for (const nothing of [null, undefined, 3, "x"]) assert.deepEqual(readLook(nothing), {});
});

test("locked, windows stay when another cell is shown; else automatic ones are found anew and others begin again", () => {
  const look = { channels: { DNA: { window: [5, 9], auto: true }, FBL: { window: [1, 2], colour: "#123456" } } };
  assert.equal(isLocked(look), true);
  assert.equal(forAnother(look, () => [7, 8]), look);
  assert.deepEqual(forAnother({ ...look, lock: false }, (name) => name === "DNA" && [7, 8]), {
    lock: false,
    channels: { DNA: { window: [7, 8], auto: true }, FBL: { colour: "#123456" } },
  });
});

test("colours come from the palette, by place, unless one was chosen", () => {
  assert.equal(cssColour({}, "FBL", 2, palette), "#ffff00");
  assert.equal(cssColour({}, UNCERTAINTY, 3, palette), "#ff2828");
  assert.equal(cssColour({ channels: { FBL: { colour: "#010203" } } }, "FBL", 2, palette), "#010203");
  const [membrane, , , unsure] = appearances({}, ["membrane", "DNA", "FBL", UNCERTAINTY], palette);
  assert.deepEqual(membrane.colour, [1, 0, 1]);
  assert.deepEqual(unsure.colour, [1, 40 / 255, 40 / 255]);
  assert.equal(channelOf({}, "any").on, true);
});
