import assert from "node:assert/strict";
import test from "node:test";

import { placeOn, Sprites } from "../../assets/modules/sprites.mjs";

const ABOUT = { per_sheet: 6, columns: 3, width: 64, height: 48 };

/** Images that come, or do not, when they are told to. */
function images() {
  const made = [];
  const newImage = () => {
    const image = {};
    image.decode = () => new Promise((come, fail) => Object.assign(image, { come, fail }));
    made.push(image);
    return image;
  };
  return { made, newImage };
}

function canvas() {
  const drawn = [];
  return { drawn, dataset: {}, getContext: () => ({ drawImage: (image, ...where) => drawn.push([image.src, ...where]) }) };
}

test("cells lie on their sheets row by row", () => {
  assert.deepEqual(placeOn(ABOUT, 0), { sheet: 0, x: 0, y: 0 });
  assert.deepEqual(placeOn(ABOUT, 4), { sheet: 0, x: 64, y: 48 });
  assert.deepEqual(placeOn(ABOUT, 8), { sheet: 1, x: 128, y: 0 });
});

test("a sheet is asked for once, whoever points at its cells", async () => {
  const { made, newImage } = images();
  const sprites = new Sprites("abc", ABOUT, newImage);
  const [first, second, third] = [canvas(), canvas(), canvas()];
  const painted = [sprites.paint(first, 7), sprites.paint(second, 10)];
  assert.deepEqual(first.drawn, []);
  made[0].come();
  assert.deepEqual(await Promise.all(painted), [true, true]);
  sprites.paint(third, 11); // at once
  assert.deepEqual(made.map(({ src }) => src), ["/api/sheets/abc/1.png"]);
  assert.deepEqual(first.drawn, [["/api/sheets/abc/1.png", 64, 0, 64, 48, 0, 0, 64, 48]]);
  assert.deepEqual(second.drawn, [["/api/sheets/abc/1.png", 64, 48, 64, 48, 0, 0, 64, 48]]);
  assert.deepEqual([third.drawn.length, third.dataset.row], [1, 11]);
});

test("a sheet that did not come is asked for again", async () => {
  const { made, newImage } = images();
  const sprites = new Sprites("abc", ABOUT, newImage);
  const paints = sprites.paint(canvas(), 0);
  made[0].fail(new Error("gone"));
  assert.equal(await paints, false);
  const again = sprites.paint(canvas(), 0);
  made[1].come();
  assert.equal(await again, true);
});
