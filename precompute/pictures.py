"""A small picture of each cell, seen from above, for hovering over the maps."""

import argparse
from pathlib import Path

import h5py
import numpy as np
from numpy import ndarray
from tqdm import tqdm

from model.atlas import editing, fingerprint, is_current, replace_group
from model.cells import Cells
from precompute.contact_sheet import mixed
from precompute.embed import cells_sha, check_own

HELP = "small pictures of the cells, on an existing atlas"
WIDTH = 64  # pixels, at most
STRETCH = (20, 99.5)  # percentiles, within the cell, of a channel's projection shown as black and as full colour
LEVEL = 8  # of 255: the step between shades. 32 of them take a third fewer bytes, and in so small a picture look the same
BACKGROUND = 8  # of 255: where no channel is brighter there is no cell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute pictures`."""
    parser.add_argument("--atlas", type=Path, required=True, metavar="FILE", help="an atlas.h5")
    parser.add_argument("--cells", type=Path, required=True, metavar="FILE", help="the cells.h5 that it was made from")
    add_images_of(parser)


def add_images_of(parser: argparse.ArgumentParser) -> None:
    """Whose images may go into the file, shared with `precompute observed`."""
    parser.add_argument(
        "--images-of",
        choices=("all", "simulated", "real"),
        default="all",
        help="whose images, small pictures and observed volumes, may go into the atlas (default: all)",
    )


def run(*, atlas: Path, cells: Path, images_of: str) -> None:
    """`precompute pictures`."""
    with Cells(cells) as given, editing(atlas) as file:
        print(f"{atlas}: {len(given)} pictures" if draw(file, given, images_of=images_of) else f"{atlas}: unchanged, kept")


def draw(file: h5py.File, cells: Cells, *, images_of: str = "all") -> bool:
    """Write the group `pictures`, black for cells that `images_of` leaves out. Returns whether anything had to be done."""
    check_own(file, cells)
    made_from = fingerprint(cells_sha(cells), WIDTH, STRETCH, LEVEL, images_of)
    if is_current(file, "pictures", made_from):
        return False
    shown = np.flatnonzero(shown_of(cells, images_of))
    with replace_group(file, "pictures", made_from) as group:
        shape = (len(cells), *picture(cells.volume(0)).shape)
        dataset = group.create_dataset("cell", shape, np.uint8, chunks=(1, *shape[1:]), compression="gzip", compression_opts=9)
        for row in tqdm(shown, desc="pictures", unit="cell", mininterval=1):
            dataset[row] = picture(cells.volume(row))
    return True


def shown_of(cells: Cells, images_of: str) -> ndarray:
    """(N,) bool: the cells whose images may be shown."""
    return np.full(len(cells), True) if images_of == "all" else (cells.table["source"] == images_of).to_numpy()


def picture(volume: ndarray) -> ndarray:
    """(H, W, 3) uint8: the maximum over z of (3, Z, Y, X) uint8 in the field's colours, channels stretched one by one.

    Rows run along y and columns along x, as in the volume, averaged by the whole number that brings x to at most WIDTH. Seen
    from above a membrane covers all of its cell; the stretch lets one look inside.
    """
    above = volume.max(axis=1).astype(np.float32)  # (3, Y, X)
    factor = -(-above.shape[2] // WIDTH)
    n_y, n_x = (n // factor for n in above.shape[1:])
    above = above[:, : n_y * factor, : n_x * factor].reshape(3, n_y, factor, n_x, factor).mean(axis=(2, 4))
    cell = above.max(axis=0) > BACKGROUND
    low, high = np.percentile(above[:, cell], STRETCH, axis=1)[:, :, None, None] if cell.any() else (0, 255)
    stretched = np.clip((above - low) / np.maximum(high - low, 1), 0, 1)
    return mixed(stretched) // LEVEL * LEVEL
