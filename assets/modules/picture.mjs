// The painted view as a PNG that says, in its pixels and in its text, what it shows: for a slide or a paper.

import { barLength } from "./tiles.mjs";

const SIGNATURE = 8;
const FONT = '"Inter", system-ui, sans-serif';

/**
 * Text chunks put into a PNG, after its header: tEXt where Latin-1 can say it, iTXt (UTF-8) where not.
 * @param {Uint8Array} png
 * @param {Record<string, string>} texts keyword -> text
 * @returns {Uint8Array}
 */
export function withTexts(png, texts) {
  const header = SIGNATURE + 12 + new DataView(png.buffer, png.byteOffset).getUint32(SIGNATURE);
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
  return joined([png.subarray(0, header), ...chunks, png.subarray(header)]);
}

function textChunk(keyword, text) {
  const isLatin1 = [...text].every((character) => character.codePointAt(0) < 256);
  if (isLatin1) return chunk("tEXt", joined([latin1(`${keyword}\0`), latin1(text)]));
  return chunk("iTXt", joined([latin1(`${keyword}\0\0\0\0\0`), new TextEncoder().encode(text)]));
}

function chunk(type, data) {
  const body = joined([latin1(type), data]);
  const whole = new Uint8Array(body.length + 8);
  const view = new DataView(whole.buffer);
  view.setUint32(0, data.length);
  whole.set(body, 4);
  view.setUint32(body.length + 4, crc32(body));
  return whole;
}

const latin1 = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** As PNG wants it: the polynomial 0xEDB88320, bits reflected. */
export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * Where the scale bar goes: on the xy plane, else on the first that there is; null where only 3D is seen, which has no scale.
 * @param {{plane: string, left: number, top: number, width: number, height: number}[]} tiles in pixels of the picture
 * @param {number} n_across voxels to the right on xy and xz  @param {number} n_down voxels down on xy, which are to the right on yz
 * @returns {{um: number, left: number, bottom: number, width: number} | null}
 */
export function scaleBar(tiles, n_across, n_down, voxel_um) {
  const tile = tiles.find(({ plane }) => plane === "xy") ?? tiles.find(({ plane }) => plane !== "3d");
  if (!tile) return null;
  const perUm = tile.width / ((tile.plane === "yz" ? n_down : n_across) * voxel_um);
  const um = barLength(tile.width / perUm / 4);
  const inset = Math.max(8, tile.width / 32);
  return { um, left: tile.left + inset, bottom: tile.top + tile.height - inset, width: um * perUm };
}

/** What is written under the picture: what it is, and where it comes from. */
export const footer = ({ origin, words, recipe, atlas }) => [
  origin,
  words,
  `${atlas.title} · ${recipe}`,
];

/** What is written into the file beside the pixels. */
export const texts = ({ origin, words, recipe, atlas }) => ({
  Title: origin,
  Description: `${origin}. ${words} Atlas: ${atlas.title}.`,
  Recipe: recipe,
  Software: "Integrated cell explorer",
});

/**
 * @param {{width: number, height: number, data: Uint8Array}} pixels of the viewer's canvas, rows from the top down
 * @param {{tiles: object[], shape: number[], voxel_um: number, cssWidth: number}} where what lies where on it; shape is C, Z, Y, X
 * @param {object} provenance as /api/volumes/RECIPE.json gives it
 * @returns {Promise<Blob>} a PNG: the picture as it is painted, a scale bar on it, and a strip below that says what it is
 */
export async function picture({ width, height, data }, { tiles, shape, voxel_um, cssWidth }, provenance) {
  const ratio = width / cssWidth;
  const small = Math.max(11, Math.round(12 * ratio));
  const lines = footer(provenance);
  const measure = new OffscreenCanvas(1, 1).getContext("2d");
  measure.font = `${small}px ${FONT}`;
  const wrapped = lines.flatMap((line, k) => wrap(line, width - 3 * small, (text) => measure.measureText(text).width).map((text) => [text, k]));
  const canvas = new OffscreenCanvas(width, height + Math.round((wrapped.length + 1.2) * 1.45 * small));
  const context = canvas.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.putImageData(new ImageData(opaque(data), width, height), 0, 0);
  drawBar(context, scaleBar(tiles.map((tile) => scaled(tile, ratio)), shape[3], shape[2], voxel_um), small, ratio);
  wrapped.forEach(([text, k], row) => {
    context.font = `${k === 0 ? 600 : 400} ${small}px ${FONT}`;
    context.fillStyle = k === 0 ? "#a3b3ff" : k === 1 ? "#e9ecf2" : "#a4acba";
    context.fillText(text, 1.5 * small, height + (row + 1.4) * 1.45 * small);
  });
  const png = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
  return new Blob([withTexts(png, texts(provenance))], { type: "image/png" });
}

/** Lines no wider than `width`, broken at spaces, or within a word that is wider than a line. */
export function wrap(text, width, measured) {
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (measured(longer) <= width) {
      line = longer;
      continue;
    }
    if (line) lines.push(line);
    line = word;
    while (measured(line) > width) {
      let fits = line.length - 1;
      while (fits > 1 && measured(line.slice(0, fits)) > width) fits--;
      lines.push(line.slice(0, fits));
      line = line.slice(fits);
    }
  }
  return line ? [...lines, line] : lines;
}

const scaled = ({ plane, left, top, width, height }, ratio) => ({
  plane,
  left: left * ratio,
  top: top * ratio,
  width: width * ratio,
  height: height * ratio,
});

function opaque(data) {
  const rgba = new Uint8ClampedArray(data);
  for (let at = 3; at < rgba.length; at += 4) rgba[at] = 255;
  return rgba;
}

function drawBar(context, bar, small, ratio) {
  if (!bar) return;
  const thick = Math.max(2, Math.round(2 * ratio));
  const [left, width, bottom] = [Math.round(bar.left), Math.round(bar.width), Math.round(bar.bottom)];
  context.fillStyle = "#fff";
  context.fillRect(left, bottom - thick, width, thick);
  context.font = `${small}px ${FONT}`;
  context.textAlign = "center";
  context.fillText(`${bar.um} µm`, left + width / 2, bottom - thick - small / 2);
  context.textAlign = "start";
}
