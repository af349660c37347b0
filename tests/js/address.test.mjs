import assert from "node:assert/strict";
import test from "node:test";

import { Address } from "../../assets/modules/address.mjs";

/** A window with an address and a history. */
function fakeWindow(search = "") {
  const stack = [search];
  let at = 0, onPop = () => {};
  const window = {
    location: { get search() { return stack[at]; } },
    history: {
      pushState: (_, __, text) => stack.splice(++at, Infinity, text),
      replaceState: (_, __, text) => (stack[at] = text),
      back: () => at > 0 && (at--, onPop()),
      forward: () => at < stack.length - 1 && (at++, onPop()),
    },
    addEventListener: (_, listener) => (onPop = listener),
  };
  return { window, stack };
}

const shown = (recipe, view = "planes") => ({ recipe, colour: "stage", view });

test("each recipe is a step, how it is looked at is none", () => {
  const { window, stack } = fakeWindow();
  const opened = [];
  const address = new Address(window, (main) => opened.push(main.recipe));
  address.write(shown("a=1"));
  address.write(shown("a=1", "3d"));
  address.write(shown("a=2"));
  address.write(shown("a=3"), true); // a frame of a walk that goes on
  assert.deepEqual(stack, ["?recipe=a=1&colour=stage&view=3d", "?recipe=a=3&colour=stage&view=planes"]);
  address.undo();
  address.write(shown("a=1", "3d")); // the page shows where Back led
  address.redo();
  assert.deepEqual(opened, ["a=1", "a=3"]);
  assert.equal(stack.length, 2);
});

test("other parts are written, read when they are added, and set when one goes back", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { window, stack } = fakeWindow("?recipe=a=1&voxel=1,2,3");
  let voxel = "";
  const address = new Address(window, () => {});
  address.add("voxel", { get: () => voxel, set: (text) => (voxel = text) });
  assert.equal(voxel, "1,2,3");
  address.write(shown("a=1"));
  assert.match(stack[0], /&voxel=1,2,3$/);
  address.write(shown("a=2"));
  voxel = "";
  address.changed();
  t.mock.timers.tick(1000);
  assert.doesNotMatch(stack[1], /voxel/);
  address.undo();
  assert.equal(voxel, "1,2,3");
});

test("a part can be a step of its own, with what waited to be written before it", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { window, stack } = fakeWindow("?recipe=a=1");
  let lasso = "", voxel = "";
  const address = new Address(window, () => {});
  address.add("voxel", { get: () => voxel, set: (text) => (voxel = text) });
  address.add("lasso", { get: () => lasso, set: (text) => (lasso = text) });
  address.step(() => (lasso = "before anything is shown"));
  assert.equal(stack.length, 1);
  lasso = "";
  address.write(shown("a=1"));
  voxel = "1,2,3";
  address.changed();
  address.step(() => (lasso = "z_r,replace,0,0,1,0,1,1"));
  assert.equal(stack.length, 2);
  assert.match(stack[0], /&voxel=1,2,3$/);
  assert.match(stack[1], /&voxel=1,2,3&lasso=z_r,replace,0,0,1,0,1,1$/);
  address.undo();
  assert.deepEqual([lasso, voxel], ["", "1,2,3"]);
  address.redo();
  assert.equal(lasso, "z_r,replace,0,0,1,0,1,1");
});
