// What is known of an atlas. Of very many cells the page is told the rest in bytes, once (app/crowd.py).

import { flagged, Names } from "./names.mjs";

const [REAL, BLANK] = [1, 2];

let known; // the last one that was completed, as a promise
let atlas;

/** Facts with a column of every cell: those that came with them, or bytes that behave like them. */
export function complete(facts, fetcher = (address) => fetch(address)) {
  if (facts.cells) return Promise.resolve(facts);
  if (atlas !== facts.atlas) [atlas, known] = [facts.atlas, fetched(facts, fetcher)];
  return known;
}

async function fetched(facts, fetcher) {
  const from = `/api/crowd/${facts.atlas}`;
  const [cells, names] = await Promise.all(["cells.bin", "names.txt"].map((what) => bytes(`${from}/${what}`, fetcher)));
  const n = facts.n_cells;
  const [structure, stage, flags] = [0, 1, 2].map((k) => cells.subarray(k * n, (k + 1) * n));
  return { ...facts, cells: new Names(names, n), structure, stage, real: flagged(flags, REAL), blank: flagged(flags, BLANK) };
}

/** The bytes at an address. */
export async function bytes(address, fetcher = (url) => fetch(url)) {
  const answer = await fetcher(address);
  if (!answer.ok) throw new Error(`The server answered ${answer.status} to ${address}. Reload the page.`);
  return new Uint8Array(await answer.arrayBuffer());
}
