// Which of very many points is nearest to a place: they are sorted into the squares of a net once.

const N = 512; // squares along each axis

export class Closest {
  #rows; // sorted by square
  #starts; // where each square's rows begin
  #squareOf;

  /** @param {{x: Float32Array, y: Float32Array}} points  @param {{xaxis: number[], yaxis: number[]}} extent */
  constructor({ x, y }, { xaxis, yaxis }) {
    const along = ([low, high]) => (value) => Math.min(N - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * N)));
    this.#squareOf = [along(xaxis), along(yaxis)];
    const [column, line] = this.#squareOf;
    const squares = Uint32Array.from(x, (value, row) => line(y[row]) * N + column(value));
    this.#starts = new Uint32Array(N * N + 1);
    for (const square of squares) this.#starts[square + 1] += 1;
    for (let at = 0; at < N * N; at++) this.#starts[at + 1] += this.#starts[at];
    const next = this.#starts.slice();
    this.#rows = new Uint32Array(x.length);
    squares.forEach((square, row) => (this.#rows[next[square]++] = row));
  }

  /** The row of the shown one of these points nearest to x, y; undefined where none is within a reach of `across` and `up`. */
  to(x, y, across, up, { x: xs, y: ys, shown }) {
    const [column, line] = this.#squareOf;
    let [best, found] = [1, undefined];
    for (let j = line(y - up); j <= line(y + up); j++) {
      const end = this.#starts[j * N + column(x + across) + 1];
      for (let at = this.#starts[j * N + column(x - across)]; at < end; at++) {
        const row = this.#rows[at];
        if (!shown[row]) continue;
        const distance = ((xs[row] - x) / across) ** 2 + ((ys[row] - y) / up) ** 2;
        if (distance <= best) [best, found] = [distance, row];
      }
    }
    return found;
  }
}
