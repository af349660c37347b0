"""The most typical cell of each stage of the cell cycle: the stops of the walk through mitosis."""

import argparse
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy import ndarray

from model.atlas import editing, fingerprint, is_current, replace_group
from model.hdf5 import read_table, write_table
from model.latent import medoid

HELP = "the most typical cell of each stage, on an existing atlas"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute medoids`."""
    parser.add_argument("--atlas", type=Path, required=True, metavar="FILE", help="an atlas.h5")


def run(*, atlas: Path) -> None:
    """`precompute medoids`."""
    with editing(atlas) as file:
        print(f"{atlas}: medoids found" if find_medoids(file) else f"{atlas}: unchanged, kept")


def find_medoids(file: h5py.File) -> bool:
    """Write the group `medoids`. Returns whether anything had to be done."""
    made_from = fingerprint(file["latent"].attrs["made_from"])
    if is_current(file, "medoids", made_from):
        return False
    table = medoids(read_table(file["cells"]), file["latent/z_r"][:], tuple(file["stages/stage"].asstr()[:]))
    for row in table[table["split"] == "train"].itertuples():
        print(f"medoids: no test cell in {row.stage}; chosen from its {row.n_candidates} train cells")
    with replace_group(file, "medoids", made_from) as group:
        write_table(group, table)
    return True


def medoids(cells: pd.DataFrame, z_r: ndarray, stages: tuple[str, ...]) -> pd.DataFrame:
    """Per stage that has cells, in order: stage, cell (row of `cells`), n_candidates, split.

    The medoid is the argmin of the summed L1 distance among the test cells of the stage, in the space of z_r (N, n); among its
    train cells where it has no test cell.
    """
    rows = []
    for stage in stages:
        for split in ("test", "train"):
            candidates = np.flatnonzero((cells["stage"] == stage) & (cells["split"] == split))
            if len(candidates):
                rows.append((stage, candidates[medoid(z_r[candidates])], len(candidates), split))
                break
    table = pd.DataFrame(rows, columns=["stage", "cell", "n_candidates", "split"])
    return table.astype({"cell": np.int64, "n_candidates": np.int64})
