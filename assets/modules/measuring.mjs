// Measures of a walk's frames, asked of the server a few at a time and from coarse to fine; and the curves they make. Pure, but
// for asking.

const AT_ONCE = 2; // frames that are asked for together: what a person waits for meanwhile is not kept long

/** Frames 0 to `last`, the stops first, then half-way between, and so on: every prefix is spread over the whole. */
export function coarseFirst(last, step = 8) {
  const frames = [];
  for (let every = step; every >= 1; every /= 2) {
    for (let frame = 0; frame <= last; frame += every) if (every === step || frame % (2 * every)) frames.push(frame);
  }
  return frames;
}

export class Measuring {
  #known = new Map(); // recipe -> measures
  #current; // AbortController

  /** @param {(address: string, signal: AbortSignal) => Promise<Response>} fetcher */
  constructor(fetcher = (address, signal) => fetch(address, { signal })) {
    this.fetcher = fetcher;
  }

  /** What is known of a recipe, or undefined. */
  of(recipe) {
    return this.#known.get(recipe);
  }

  /**
   * Asks for these recipes in their order; what was asked for before and has not come is given up.
   * @param {() => void} came told of each that comes
   * @returns resolves to null when all are here, to words where one failed, to undefined where this was given up
   */
  async ask(recipes, came) {
    this.stop();
    const { signal } = (this.#current = new AbortController());
    const waiting = recipes.filter((recipe) => !this.#known.has(recipe));
    const worker = async () => {
      for (let recipe; (recipe = waiting.shift()); ) {
        const answer = await this.#answer(recipe, signal);
        if (signal.aborted) return;
        this.#known.set(recipe, answer);
        came();
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      return signal.aborted ? undefined : null;
    } catch (error) {
      if (signal.aborted) return undefined;
      this.stop();
      return error.message;
    }
  }

  /** Asks for no more. */
  stop() {
    this.#current?.abort();
  }

  async #answer(recipe, signal) {
    for (;;) {
      const response = await this.fetcher(`/api/measures/${recipe.replaceAll("%", "%25")}`, signal);
      if (response.status === 503) {
        await new Promise((resolve) => setTimeout(resolve, 1000 * Number(response.headers.get("Retry-After") ?? 1)));
        if (signal.aborted) return undefined;
        continue;
      }
      if (response.ok) return response.json();
      const body = await response.json().catch(() => undefined);
      throw new Error(body?.error?.message ?? `The server answered ${response.status} and did not say why.`);
    }
  }
}

/** Lowest and highest of what is known, and of a flat curve a range that shows it as flat; null where nothing is known. */
export function rangeOf(values) {
  const known = values.filter((value) => value !== undefined);
  if (!known.length) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const least = 0.1 * Math.max(Math.abs(high), 1e-9);
  const missing = Math.max(0, least - (high - low)) / 2;
  return { low, high, bottom: low - missing, top: high + missing };
}

/** An SVG path through the known values, from 0 to `width` and, downwards, from `height` to 0. */
export function curvePath(values, { bottom, top }, width, height) {
  const last = values.length - 1;
  const points = values.flatMap((value, k) => (value === undefined ? [] : [`${round((k / last) * width)} ${round(height * (1 - (value - bottom) / (top - bottom)))}`]));
  return points.length ? `M${points.join("L")}` : "";
}

const round = (value) => Math.round(100 * value) / 100;

/** The value at `frame`, between known neighbours where it is not known itself; undefined beyond them. */
export function valueNear(values, frame) {
  if (values[frame] !== undefined) return values[frame];
  let [before, after] = [frame, frame];
  while (before >= 0 && values[before] === undefined) before--;
  while (after < values.length && values[after] === undefined) after++;
  if (before < 0 || after >= values.length) return undefined;
  return values[before] + ((values[after] - values[before]) * (frame - before)) / (after - before);
}
