"""Sheets of cells as PNG: a maximum over z of each, membrane magenta, structure yellow, DNA cyan, as in the paper."""

import io
from collections.abc import Callable

import numpy as np
import torch
from numpy import ndarray
from PIL import Image, ImageDraw, ImageFont

from model.latent import walk
from precompute.contact_sheet import mixed
from precompute.pictures import BACKGROUND, LEVEL, WIDTH
from precompute.report.parts import Arrays, Part
from precompute.report.source import SPLITS, Source

N_SHOWN, N_LOCALISED, N_EXTREME = 8, 5, 4  # cells a sheet: Figs. S1 and S2; Fig. 3; at each end of Fig. S8
FRAMES = 2  # places a segment of the walk on Fig. S9
STRETCH = (40, 99.5)  # percentiles, within the cells, shown as black and as full colour
SCALE_BAR_UM, COLOUR_BITS = 10, 7
MARGIN, HEADING, GAP, PAGE = 130, 32, 2, 1024  # pixels: left, above, between tiles; all tiles of a row


def projected(volumes: ndarray) -> ndarray:
    """(B, 3, H, W) float32: the maximum over z of (B, 3, Z, Y, X), averaged by the whole number that brings x to WIDTH."""
    above = volumes.max(axis=2).astype(np.float32)
    factor = -(-above.shape[3] // WIDTH)
    h, w = (n // factor for n in above.shape[2:])
    return above[:, :, : h * factor, : w * factor].reshape(*above.shape[:2], h, factor, w, factor).mean(axis=(3, 5))


def limits(projections: ndarray) -> tuple[ndarray, ndarray]:
    """(3, 1, 1) each: what is black and what is full colour in (B, 3, H, W), by channel, over the pixels that hold cell."""
    cell = projections.max(axis=1) > BACKGROUND
    if not cell.any():
        return np.zeros((3, 1, 1)), np.full((3, 1, 1), 255)
    low, high = np.percentile(projections.transpose(1, 0, 2, 3)[:, cell], STRETCH, axis=1)
    return low[:, None, None], np.maximum(high - low, 1)[:, None, None] + low[:, None, None]


def shaded(projections: ndarray, black_white: tuple[ndarray, ndarray], channels: tuple[int, ...] = (0, 1, 2)) -> ndarray:
    """(B, H, W, 3) uint8 of (B, 3, H, W), only `channels` of it."""
    low, high = black_white
    stretched = np.clip((projections - low) / (high - low), 0, 1)
    stretched[:, [c for c in range(3) if c not in channels]] = 0
    return np.stack([mixed(one) // LEVEL * LEVEL for one in stretched])


def sheet(tiles: ndarray, rows: list[str], columns: list[str], voxel_um: float, grid_x: int) -> bytes:
    """PNG of tiles (R, C, H, W, 3) uint8 with their labels (a line break is a line) and a scale bar of SCALE_BAR_UM."""
    scale = max(1, PAGE // (tiles.shape[1] * tiles.shape[3]))
    tiles = tiles.repeat(scale, axis=2).repeat(scale, axis=3)
    n_rows, n_columns, h, w = tiles.shape[:4]
    image = Image.new("RGB", (MARGIN + n_columns * (w + GAP), HEADING + n_rows * (h + GAP) + 24))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=11)
    for i, label in enumerate(rows):
        draw.text((4, HEADING + i * (h + GAP) + h // 2 - 6), label, fill="white", font=font)
        for j in range(n_columns):
            image.paste(Image.fromarray(tiles[i, j]), (MARGIN + j * (w + GAP), HEADING + i * (h + GAP)))
    for j, label in enumerate(columns):
        draw.text((MARGIN + j * (w + GAP) + 2, 3), label, fill="white", font=font)
    bar = SCALE_BAR_UM / voxel_um * w / grid_x
    y = image.height - 8
    draw.line((MARGIN, y, MARGIN + bar, y), fill="white", width=3)
    draw.text((MARGIN + bar + 6, y - 9), f"{SCALE_BAR_UM} um", fill="white", font=font)
    out = io.BytesIO()
    image.quantize(1 << COLOUR_BITS).save(out, "PNG", optimize=True)
    return out.getvalue()


def shown_cells(source: Source, split: str) -> ndarray:
    """At most N_SHOWN rows of a split with an image: one of every structure first, by chance."""
    rows = source.rows(split)
    rows = np.random.default_rng(source.options.seed).permutation(rows[source.has_image(rows)])
    turn = np.zeros(len(rows), int)
    for k in range(source.n):
        at = np.flatnonzero(source.y[rows] == k)
        turn[at] = np.arange(len(at))
    chosen = rows[np.argsort(turn, kind="stable")][:N_SHOWN]
    return chosen[np.argsort(source.y[chosen], kind="stable")]


def localised_cells(source: Source) -> ndarray:
    """Rows of at most N_LOCALISED medoids, spread over the stages."""
    medoids = source.atlas.medoids
    cells = np.empty(0, int) if medoids is None else medoids["cell"].to_numpy()
    return (
        cells[np.unique(np.linspace(0, len(cells) - 1, min(N_LOCALISED, len(cells))).round().astype(int))]
        if len(cells)
        else cells
    )


def example_cells(source: Source) -> list[int | None]:
    """For each structure a cell whose image is at hand, a test cell where there is one."""
    rows = np.concatenate([source.rows("test"), source.rows("train")])
    rows = rows[source.has_image(rows)]
    return [next((int(row) for row in rows if source.y[row] == k), None) for k in range(source.n)]


def walk_places(source: Source) -> tuple[ndarray, list[str]]:
    """(T, n) z along the radial path through the medoids, and T labels: the stage at a stop."""
    medoids = source.atlas.medoids
    if medoids is None or len(medoids) < 2:
        return np.empty((0, 0)), []
    t = np.linspace(0, len(medoids) - 1, FRAMES * (len(medoids) - 1) + 1)
    stages = medoids["stage"].tolist()
    labels = [stages[i // FRAMES].replace(" ", "\n").replace("-", "-\n") if i % FRAMES == 0 else "" for i in range(len(t))]
    return walk(source.atlas.latent("z_r")[medoids["cell"]], t).astype(np.float32), labels


def parts_of(source: Source, extremes: ndarray) -> list[Part]:
    """sheet_reconstruction_SPLIT, sheet_localisation, sheet_walk, sheet_variation; extremes (K, C) rows for the last, -1 "
    "for none."""
    parts = []
    for split in SPLITS:
        rows = shown_cells(source, split)
        if len(rows):
            parts.append(
                Part(
                    f"sheet_reconstruction_{split}",
                    2 * len(rows),
                    (rows.tolist(), STRETCH),
                    lambda advance, rows=rows: _reconstructions(source, rows, advance),
                )
            )
    z_r, cells, (places, _) = source.atlas.latent("z_r"), localised_cells(source), walk_places(source)
    every = {"sheet_localisation": z_r[cells], "sheet_walk": places}
    for name, z in every.items():
        if len(z):
            z = np.broadcast_to(z, (source.n, *z.shape))
            examples = example_cells(source) if name == "sheet_localisation" else None
            parts.append(_predictions(source, name, z, examples))
    if extremes.size:
        parts.append(_predictions(source, "sheet_variation", np.where((extremes >= 0)[:, :, None], z_r[extremes], np.nan)))
    return parts


@torch.inference_mode()
def _reconstructions(source: Source, rows: ndarray, advance: Callable[[int], object]) -> Arrays:
    """reference and conditional, (2, B, H, W, 3) each: input above reconstruction, both in the shades of the input."""
    latent, model = {n: torch.from_numpy(source.atlas.latent(n)[rows]) for n in ("z_r", "z_s", "z_r_hat", "y")}, source.model
    observed = projected(np.stack([source.image(row) for row in rows]))
    x_rs_hat = model.decode_rs(latent["y"], latent["z_r_hat"], latent["z_s"]).cpu().numpy()
    x_r_hat = model.decode_r(latent["z_r"]).cpu().numpy()
    advance(2 * len(rows))
    with_r = np.stack([x_r_hat[:, 0], np.zeros_like(x_r_hat[:, 0]), x_r_hat[:, 1]], axis=1)
    tiles = {}
    for name, decoded, channels in (("reference", with_r, (0, 2)), ("conditional", x_rs_hat, (0, 1, 2))):
        decoded = projected(decoded * 255)
        shades = [limits(one[None]) for one in observed]
        tiles[name] = np.stack(
            [
                np.concatenate([shaded(one[None], s, channels) for one, s in zip(images, shades, strict=True)])
                for images in (observed, decoded)
            ]
        )
    return tiles


def _predictions(source: Source, name: str, z: ndarray, examples: list[int | None] | None = None) -> Part:
    """Most probable localisations (Algorithm 3): tiles and structure_only (K, C, H, W, 3) of z (K, C, n), nan for no cell.

    Membrane and DNA are those of Dec_r. With `examples` a last column shows an observed cell of each structure.
    """

    @torch.inference_mode()
    def compute(advance: Callable[[int], object]) -> Arrays:
        tiles, structure_only = [], []
        for k in range(source.n):
            there = np.isfinite(z[k]).all(axis=1)
            z_r = torch.from_numpy(np.ascontiguousarray(z[k][there], np.float32))
            shown = np.zeros((len(there), *_tile_shape(source)), np.float32)
            if there.any():
                decoded = source.model.predict(z_r, torch.full((len(z_r),), k)).cpu().numpy()
                decoded[:, [0, 2]] = source.model.decode_r(z_r).cpu().numpy()
                shown[there] = projected(decoded * 255)
            advance(2 * len(there))
            row = [shaded(shown, limits(shown)), shaded(shown, limits(shown), (1,))]
            if examples is not None:
                cell = examples[k]
                seen = np.zeros((1, *shown.shape[1:]), np.float32) if cell is None else projected(source.image(cell)[None])
                row = [
                    np.concatenate([tiles_, shaded(seen, limits(seen), c)])
                    for tiles_, c in zip(row, ((0, 1, 2), (1,)), strict=True)
                ]
            tiles.append(row[0])
            structure_only.append(row[1])
        return {"tiles": np.stack(tiles), "structure_only": np.stack(structure_only)}

    return Part(name, 2 * z.shape[0] * z.shape[1], (np.nan_to_num(z, nan=-99).tolist(), examples, STRETCH), compute)


def _tile_shape(source: Source) -> tuple[int, int, int]:
    return projected(np.zeros((1, 3, *source.atlas.config.grid), np.uint8)).shape[1:]
