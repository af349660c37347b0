"""Simulate cells: shape, DNA, one of eleven tagged structures, the microscope; then the preprocessing of real cells.

Cell i of seed s is the same whatever is asked for beside it and however many processes work. Stopped by Ctrl-C, the same
command goes on where it was.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from model.cells import TEST_FRACTION, CellsWriter, split_of
from model.errors import InputError
from model.preprocess import Prepared, Preprocessing, preprocess
from model.vocabulary import PAPER_STAGES, PAPER_STRUCTURES
from precompute.contact_sheet import contact_sheet as write_contact_sheet
from precompute.simulate.cell import simulate_cell
from precompute.simulate.factors import STAGE_WEIGHTS, Factors

HELP = "simulated cells with known factors -> cells.h5"
VERSION = 3  # of the simulator: the same seed gives the same cells within a version
PREPROCESSING = Preprocessing(register_masks=False)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m precompute simulate`."""
    parser.add_argument("--n-cells", type=int, default=4000, help="cells to simulate (default 4000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the data set (default 1)")
    parser.add_argument("--out", type=Path, required=True, help="the cells.h5 to write")
    parser.add_argument(
        "--stages",
        choices=sorted(STAGE_WEIGHTS),
        default="balanced",
        help="balanced: half in interphase, the rest spread over mitosis (default); paper: the paper's frequencies",
    )
    parser.add_argument(
        "--test-fraction", type=float, default=TEST_FRACTION, help="share of cells held out (default %(default)s)"
    )
    parser.add_argument("--bits", type=int, choices=(8, 16), default=8, help="of the camera (default 8)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument(
        "--contact-sheet", type=Path, metavar="FILE.png", help="also draw one cell of every structure and stage"
    )


def run(
    n_cells: int,
    seed: int,
    out: Path,
    stages: str = "balanced",
    test_fraction: float = TEST_FRACTION,
    bits: int = 8,
    workers: int = 1,
    contact_sheet: Path | None = None,
) -> None:
    """Write `n_cells` simulated cells to `out`, and the contact sheet if asked.

    Raises
    ------
    InputError
        for a count, seed, share or number of workers out of range, or a folder that does not exist.
    """
    if not 0 <= test_fraction < 1:
        raise InputError(f"--test-fraction {test_fraction}; give a share from 0 to below 1")
    for name, value, least in (("n-cells", n_cells, 1), ("seed", seed, 0), ("workers", workers, 1)):
        if value < least:
            raise InputError(f"--{name} {value}; give a whole number of at least {least}")
    if contact_sheet and not contact_sheet.parent.is_dir():
        raise InputError(f"{contact_sheet}: the folder {contact_sheet.parent} does not exist; make it first")
    writer = CellsWriter(
        out,
        structures=list(PAPER_STRUCTURES),
        stages=PAPER_STAGES,
        title=f"simulated cells, seed {seed}, {stages} stages",
        preprocessing=asdict(PREPROCESSING),
        made_from=hashlib.sha256(
            json.dumps(["simulate", VERSION, seed, stages, n_cells, test_fraction, bits]).encode()
        ).hexdigest(),
        seed=seed,
    )
    with writer, _mapping(workers) as mapping:
        todo = range(writer.n_done, n_cells)
        bar = tqdm(total=n_cells, initial=writer.n_done, unit="cell", desc="simulate")
        for volume, row, factors in mapping(partial(make_row, seed, stages, test_fraction, bits), todo):
            writer.append(volume, row, factors)
            bar.update()
        bar.close()
    if contact_sheet:
        draw_contact_sheet(seed, contact_sheet, workers)


def make_row(seed: int, stages: str, test_fraction: float, bits: int, index: int) -> tuple[np.ndarray, dict, dict]:
    """Cell `index`: its volume (3, Z, Y, X) uint8, its row of the cell table, its known factors."""
    prepared, factors = prepared_cell(seed, index, stages, bits=bits)
    cell_id = f"sim{seed}_{index:06d}"
    row = {
        "cell_id": cell_id,
        "structure": PAPER_STRUCTURES[factors.structure].gene,
        "stage": PAPER_STAGES[factors.stage],
        "split": split_of(cell_id, test_fraction),
        "source": "simulated",
        "cell_volume_um3": prepared.cell_volume_um3,
        "dna_volume_um3": prepared.dna_volume_um3,
        "height_um": prepared.height_um,
        "cropped": prepared.cropped,
    }
    return prepared.volume, row, factors.known()


def prepared_cell(
    seed: int, index: int, stages: str = "balanced", structure: int | None = None, stage: int | None = None, bits: int = 8
) -> tuple[Prepared, Factors]:
    """A simulated cell through the preprocessing of real cells."""
    cell = simulate_cell(seed, index, stages, structure, stage, bits=bits)
    return preprocess(cell.image, cell.cell_mask, cell.dna_mask, cell.voxel_um, PREPROCESSING), cell.factors


def draw_contact_sheet(seed: int, path: Path, workers: int) -> None:
    """One cell of every structure (rows) and stage (columns)."""
    with _mapping(workers) as mapping:
        tiles = mapping(partial(_tile, seed), range(len(PAPER_STRUCTURES) * len(PAPER_STAGES)))
        write_contact_sheet(tiles, path, len(PAPER_STAGES))


def _tile(seed: int, index: int) -> tuple[np.ndarray, str]:
    structure, stage = divmod(index, len(PAPER_STAGES))
    prepared, _ = prepared_cell(seed, index, structure=structure, stage=stage)
    return prepared.volume, f"{PAPER_STRUCTURES[structure].gene} {PAPER_STAGES[stage]}"


@contextmanager
def _mapping(workers: int) -> Iterator:
    """An ordered lazy map over `workers` processes; they leave Ctrl-C to this one."""
    if workers == 1:
        yield map
        return
    with multiprocessing.get_context("spawn").Pool(workers, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        yield partial(pool.imap, chunksize=4)
