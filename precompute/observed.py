"""Observed volumes in the atlas: the images themselves, on the model's grid, of as many cells as the author wishes to show."""

import argparse
from pathlib import Path

import h5py
import numpy as np
from numpy import ndarray

from model.atlas import editing, fingerprint, is_current, mark_changed, replace_group
from model.cells import CHANNELS, Cells
from model.errors import InputError
from precompute.embed import batches, cells_sha, check_own, stored_config
from precompute.pictures import add_images_of, shown_of

HELP = "put observed volumes into an existing atlas, or take them out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute observed`."""
    parser.add_argument("--atlas", type=Path, required=True, metavar="FILE", help="an atlas.h5")
    parser.add_argument("--cells", type=Path, required=True, metavar="FILE", help="the cells.h5 that it was made from")
    add_options(parser)
    add_images_of(parser)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which cells."""
    parser.add_argument(
        "--observed",
        default="test",
        metavar="test|all|none|N",
        help="whose observed volume goes into the atlas; N: that many of the test cells (default: test)",
    )


def run(*, atlas: Path, cells: Path, observed: str, images_of: str) -> None:
    """`precompute observed`."""
    with Cells(cells) as given, editing(atlas) as file:
        changed = include(file, given, observed=observed, images_of=images_of)
        n = len(file["observed/cell"]) if "observed" in file else 0
        print(f"{atlas}: {n} observed volumes" if changed else f"{atlas}: unchanged, kept")


def include(file: h5py.File, cells: Cells, *, observed: str = "test", images_of: str = "all") -> bool:
    """Write the group `observed`, or delete it where no cell is left. Returns whether anything had to be done."""
    check_own(file, cells)
    rows = wanted(cells, observed, images_of)
    grid = stored_config(file).grid
    made_from = fingerprint(cells_sha(cells), grid, rows.tolist())
    if is_current(file, "observed", made_from) or (not len(rows) and "observed" not in file):
        return False
    if not len(rows):
        del file["observed"]
        mark_changed(file)
        return True
    with replace_group(file, "observed", made_from) as group:
        group.create_dataset("cell", data=rows)
        shape = (len(CHANNELS), *grid)
        volumes = group.create_dataset(
            "volume", (len(rows), *shape), np.uint8, chunks=(1, *shape), compression="gzip", compression_opts=9, shuffle=True
        )
        for at, x_rs in batches(cells, rows, grid, 1, "observed"):
            volumes[at] = x_rs
    return True


def wanted(cells: Cells, observed: str, images_of: str = "all") -> ndarray:
    """Rows of the cells that `observed` (test, all, none or a number) names, in order.

    Raises
    ------
    InputError
        for any other word.
    """
    if observed not in ("test", "all", "none") and not observed.isdigit():
        raise InputError(f"--observed {observed!r}: give test, all, none or a number of test cells")
    if observed == "none":
        return np.empty(0, np.int64)
    rows = np.flatnonzero(shown_of(cells, images_of) & ((observed == "all") | (cells.table["split"] == "test")))
    # A number: spread over the table, so that no structure or stage is left out because it comes late.
    n = min(int(observed), len(rows)) if observed.isdigit() else len(rows)
    return rows[np.linspace(0, len(rows) - 1, n).round().astype(int)] if n < len(rows) else rows
