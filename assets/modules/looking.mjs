// How the picture is looked at: holds the look (look.mjs), lets hands change it, and tells of each change: event "look".

import { Channels } from "./channels.mjs";
import { autoWindow } from "./contrast.mjs";
import { changed, channelOf, forAnother, readLook, withSwitch } from "./look.mjs";

export class Looking {
  #element;
  #shown;
  #channels;
  #repaint;
  #look = {};

  palette; // of channels, as look.mjs takes it

  /**
   * @param {HTMLElement} element the viewer  @param {HTMLElement} place where the channels' switches go
   * @param {Shown} shown what is looked at
   * @param {{repaint: () => void, alone: (gene: string) => void}} does the look changed; one structure is to be shown alone
   */
  constructor(element, place, shown, { repaint, alone }) {
    this.#element = element;
    this.#shown = shown;
    this.#repaint = repaint;
    this.#channels = new Channels(place, {
      change: (name, fields) => this.change(changed(this.#look, name, fields)),
      lock: (on) => this.turn("lock", on),
      alone,
      counts: (name) => shown.counts(name),
    });
  }

  /** One plain object; {} at first. */
  get look() {
    return this.#look;
  }

  /** Takes a look for a picture that is still to come, so nothing is painted yet; what cannot be is left out. */
  expect(look) {
    this.#look = readLook(look);
  }

  /** Another look, which is painted. */
  change(look) {
    this.#look = look;
    this.tell();
    this.#repaint();
  }

  /** A field of a channel, where the picture is about to be painted anyway. */
  adopt(name, fields) {
    this.#look = changed(this.#look, name, fields);
  }

  /** Switches `lock`, `uncertain` or `surfaces`. */
  turn(name, on) {
    this.change(withSwitch(this.#look, name, on));
  }

  /** Shows or hides a channel, by its place. */
  toggle(channel) {
    const name = this.#shown.names[channel];
    if (name) this.change(changed(this.#look, name, { on: !channelOf(this.#look, name).on }));
  }

  /** Gives every channel that is on the window from the 50th to the 98.3rd percentile of what is not black. */
  autoContrast() {
    const names = this.#shown.names.filter((name) => channelOf(this.#look, name).on);
    this.change(names.reduce((look, name) => changed(look, name, { window: this.#auto(name), auto: true }), this.#look));
  }

  /** Another picture has come. `isOther`: of another cell, which may have windows of its own. */
  meet(isOther) {
    if (isOther) this.#look = forAnother(this.#look, (name) => this.#auto(name));
    this.#channels.show(this.#shown.names, this.#look, this.palette);
  }

  tell() {
    if (this.#shown.any) this.#channels.show(this.#shown.names, this.#look, this.palette);
    this.#element.dispatchEvent(new CustomEvent("look", { detail: this.#look, bubbles: true }));
  }

  #auto(name) {
    return autoWindow(this.#shown.counts(name));
  }
}
