// The cell-cycle player: steps through the frames of the walk, never faster than they arrive, and fetches the next ones ahead.

import { FRAMES_A_SECOND, frameAt, lastFrame, nextFrame, timeOf } from "./walk.mjs";

const AHEAD = 4; // frames fetched before they are due

export class Player {
  playing = false;
  speed = 1;
  loops = true;
  frame = 0;
  #run = 0; // which playing this is; an older one that still waits for a frame ends

  /**
   * @param {object} stage what the player acts on:
   *   recipe(t) the frame's recipe; show(recipe) resolves when it is painted; prefetch(recipe); moved(t) after each frame;
   *   changed(playing) when it starts and stops
   */
  constructor(n_stops, stage) {
    this.last = lastFrame(n_stops);
    this.stage = stage;
  }

  get t() {
    return timeOf(this.frame);
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.#run += 1;
    this.stage.changed(false);
  }

  async play() {
    if (this.playing) return;
    const run = ++this.#run;
    this.playing = true;
    this.stage.changed(true);
    if (this.frame === this.last) this.frame = 0;
    for (let frame = this.frame; frame !== null; frame = nextFrame(frame, this.last, this.loops)) {
      const due = performance.now() + 1000 / (FRAMES_A_SECOND * this.speed);
      await this.#showFrame(frame);
      if (run !== this.#run) return;
      await until(due);
      if (run !== this.#run) return;
    }
    this.pause();
  }

  /** Takes `t` as the place it is at, without showing it. */
  be(t) {
    this.frame = frameAt(t);
  }

  /** Goes to the frame at `t`. */
  seek(t) {
    return this.#showFrame(frameAt(t));
  }

  /** Goes `by` frames on, and stays within the walk. */
  step(by) {
    this.pause();
    return this.#showFrame(Math.min(this.last, Math.max(0, this.frame + by)));
  }

  async #showFrame(frame) {
    this.frame = frame;
    this.stage.moved(this.t);
    for (let ahead = 0, next = frame; ahead < AHEAD && next !== null; ahead++) {
      next = nextFrame(next, this.last, this.loops);
      if (next !== null) this.stage.prefetch(this.stage.recipe(timeOf(next)));
    }
    return this.stage.show(this.stage.recipe(this.t));
  }
}

const until = (due) => new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
