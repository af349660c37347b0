"""Many cells on one page, to be looked at: a maximum projection of each in the field's colours."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from model.hdf5 import replacing

# Magenta, yellow, cyan: membrane, structure, DNA. Added up, so where all three are bright the picture is white.
COLOURS = np.array([[255, 0, 255], [255, 255, 0], [0, 255, 255]], np.float32)
GAP = 2  # pixels between the two projections, and around a cell
LABEL_HEIGHT = 14
TEXT, GREY = (230, 230, 230), (60, 60, 60)


def picture(volume: np.ndarray) -> np.ndarray:
    """One cell as (Y + GAP + Z, X, 3) uint8: maximum over z (seen from above), and below it maximum over y with z upward.

    Rows run down the page as y does in the volume; z is turned over because up in the dish should be up on the page.

    Parameters
    ----------
    volume : (3, Z, Y, X) uint8: membrane, structure, DNA.
    """
    above, side = volume.max(axis=1), volume.max(axis=2)[:, ::-1]
    line = np.full((len(volume), GAP, volume.shape[3]), 0, np.uint8)
    both = mixed(np.concatenate([above, line, side], axis=1).astype(np.float32) / 255)
    both[above.shape[1] : above.shape[1] + GAP] = GREY
    return both


def mixed(channels: np.ndarray) -> np.ndarray:
    """(3, H, W) in 0..1, membrane, structure, DNA -> (H, W, 3) uint8 in the field's colours, added up."""
    return np.minimum(np.einsum("chw,cr->hwr", channels, COLOURS), 255).astype(np.uint8)


def contact_sheet(cells: Iterable[tuple[np.ndarray, str]], path: str | Path, n_columns: int = 12) -> None:
    """Write a PNG of `cells`, each a volume (3, Z, Y, X) uint8 and a label, row by row with `n_columns` cells a row."""
    tiles = [(picture(volume), label) for volume, label in cells]
    height, width = (n + 2 * GAP for n in tiles[0][0].shape[:2])
    height += LABEL_HEIGHT
    n_rows = math.ceil(len(tiles) / n_columns)
    sheet = Image.new("RGB", (width * min(n_columns, len(tiles)), height * n_rows))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=10)
    for k, (tile, label) in enumerate(tiles):
        row, column = divmod(k, n_columns)
        y, x = row * height, column * width
        sheet.paste(Image.fromarray(tile), (x + GAP, y + LABEL_HEIGHT + GAP))
        draw.rectangle((x, y, x + width - 1, y + height - 1), outline=GREY)
        draw.text((x + 3, y + 2), label, fill=TEXT, font=font)
    with replacing(path) as partial:
        sheet.save(partial, format="PNG")
