// The names of very many cells, as the bytes in which they came: a million strings would take ten times the room.

const NEWLINE = 10;

/** Read as an array of names is: `length`, `at(row)`, `indexOf(name)`. */
export class Names {
  #bytes;
  #starts; // of each name; the last is where another would begin

  /** @param {Uint8Array} bytes UTF-8, names parted by newlines  @param {number} n how many there are */
  constructor(bytes, n) {
    this.#bytes = bytes;
    this.#starts = new Uint32Array(n + 1);
    let row = 1;
    for (let at = 0; at < bytes.length && row <= n; at++) if (bytes[at] === NEWLINE) this.#starts[row++] = at + 1;
    this.#starts[n] = bytes.length + 1;
  }

  get length() {
    return this.#starts.length - 1;
  }

  at(row) {
    return new TextDecoder().decode(this.#bytes.subarray(this.#starts[row], this.#starts[row + 1] - 1));
  }

  /** The row of a name; -1 where there is none of it. */
  indexOf(name) {
    const wanted = new TextEncoder().encode(name);
    const bytes = this.#bytes;
    for (let row = 0; row < this.length; row++) {
      const start = this.#starts[row];
      if (this.#starts[row + 1] - 1 - start !== wanted.length) continue;
      let same = 0;
      while (same < wanted.length && bytes[start + same] === wanted[same]) same++;
      if (same === wanted.length) return row;
    }
    return -1;
  }
}

/** The rows whose flags have a bit set, as an array of rows would be asked: `length`, `includes(row)`. */
export const flagged = (flags, bit) => ({
  length: flags.reduce((n, value) => n + ((value & bit) !== 0), 0),
  includes: (row) => (flags[row] & bit) !== 0,
});
