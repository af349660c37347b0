"""`cells.h5`: preprocessed cells and their table. The contract between whatever brings cells and whatever learns from them.

Layout (ARCHITECTURE.md has it as a table)::

    attrs     schema, schema_version, title, axis_order, channels, voxel_um, structures, stages, preprocessing, made_from, seed
    volumes   (N, 3, Z, Y, X) uint8, one chunk a cell; channels membrane, structure, DNA (the paper's x_rs), 0..255 for 0..1
    cells/    one (N,) dataset a column: COLUMNS first, then any the author adds
    factors/  simulated cells only: the known factors that made each cell, (N,) float32 each; NaN where not simulated

Axis order is always (C, Z, Y, X); the paper's 128 x 96 x 64 (X x Y x Z) at 0.317 um is a grid of (64, 96, 128).
"""

import hashlib
import json
import os
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from model.errors import InputError
from model.hdf5 import STRINGS, open_checked, read_table, write_table
from model.vocabulary import Structure

SCHEMA, SCHEMA_VERSION = "integrated-cell/cells", 1
CHANNELS = ("membrane", "structure", "DNA")
MEMBRANE, STRUCTURE, DNA = range(3)
REFERENCE = [MEMBRANE, DNA]  # the channels of x_r within x_rs
GRID = (64, 96, 128)
VOXEL_UM = 0.317
COLUMNS = {
    "cell_id": "unique name of the cell",
    "structure": "gene symbol of the tagged structure",
    "stage": "stage of the cell cycle, or 'not annotated'",
    "split": "'train' or 'test', by a stable hash of cell_id",
    "source": "'simulated' or 'real'",
    "cell_volume_um3": "volume of the cell mask before alignment, um^3",
    "dna_volume_um3": "volume of the DNA mask before alignment, um^3",
    "height_um": "extent of the cell mask along z, um",
    "cropped": "whether voxels of the cell were lost to the grid",
}
TEST_FRACTION = 0.10


def split_of(cell_id: str, test_fraction: float = TEST_FRACTION) -> str:
    """'test' for a stable `test_fraction` of identities, else 'train'. Depends on nothing but the name of the cell."""
    digest = hashlib.sha256(cell_id.encode()).digest()
    return "test" if int.from_bytes(digest[:8], "big") < test_fraction * 2**64 else "train"


class CellsWriter:
    """Streams cells to `path`, which appears only when it is complete.

    Use as a context manager. Work goes to `path.partial`. Stopped by Ctrl-C or a kill, the partial file stays, and a writer
    with the same `attrs` goes on after the `n_done` cells it holds; on any other error it is removed.

    Parameters
    ----------
    path : where the file will be.
    structures : the classes, in the order of y.
    stages : the ordered scale of stages.
    attrs : title, seed (or None), preprocessing (a JSON-able dict) and made_from (a hash); whatever identifies this file.
    grid : (Z, Y, X) of every volume.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        structures: list[Structure],
        stages: tuple[str, ...],
        title: str,
        preprocessing: dict,
        made_from: str,
        seed: int | None = None,
        grid: tuple[int, int, int] = GRID,
        voxel_um: float = VOXEL_UM,
    ):
        self.path, self.grid = Path(path), tuple(grid)
        if not self.path.parent.is_dir():
            raise InputError(f"{self.path}: the folder {self.path.parent} does not exist; make it first")
        self.partial = self.path.with_name(self.path.name + ".partial")
        self._attrs = {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "title": title,
            "axis_order": "NCZYX",
            "channels": json.dumps(CHANNELS),
            "voxel_um": voxel_um,
            "structures": json.dumps([s._asdict() for s in structures]),
            "stages": json.dumps(list(stages)),
            "preprocessing": json.dumps(preprocessing),
            "made_from": made_from,
            "seed": -1 if seed is None else seed,
        }
        self._genes, self._stages = {s.gene for s in structures}, set(stages)

    def __enter__(self) -> "CellsWriter":
        self._file = self._resume() or self._create()
        self.n_done = len(self._file["rows"])
        return self

    def _resume(self) -> h5py.File | None:
        if not self.partial.exists():
            return None
        try:
            file = h5py.File(self.partial, "r+")
            same = dict(file.attrs) == self._attrs and len(file["rows"]) <= len(file["volumes"])
        except (OSError, KeyError):  # killed in the middle of a write: nothing to go on from
            return None
        if not same:
            file.close()
            return None
        return file

    def _create(self) -> h5py.File:
        file = h5py.File(self.partial, "w")
        file.attrs.update(self._attrs)
        shape = (len(CHANNELS), *self.grid)
        file.create_dataset(
            "volumes", (0, *shape), "uint8", maxshape=(None, *shape), chunks=(1, *shape), compression="gzip", compression_opts=1
        )
        file.create_dataset("rows", (0,), STRINGS, maxshape=(None,), chunks=(1024,))
        return file

    def append(self, volume: np.ndarray, row: dict, factors: dict | None = None) -> None:
        """Add one cell: `volume` (3, Z, Y, X) uint8, `row` with every key of COLUMNS, `factors` by name (simulated cells)."""
        assert volume.shape == (len(CHANNELS), *self.grid), volume.shape
        assert volume.dtype == np.uint8, volume.dtype
        assert set(COLUMNS) <= set(row), set(COLUMNS) - set(row)
        n = self.n_done
        self._file["volumes"].resize(n + 1, axis=0)
        self._file["volumes"][n] = volume
        self._file["rows"].resize(n + 1, axis=0)
        self._file["rows"][n] = json.dumps([row, factors or {}])
        self.n_done = n + 1
        if self.n_done % 64 == 0:
            self._file.flush()

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self._finish()
            self._file.close()
            os.replace(self.partial, self.path)
        else:
            self._file.close()
            if not issubclass(kind, KeyboardInterrupt):
                self.partial.unlink(missing_ok=True)

    def _finish(self) -> None:
        rows = [json.loads(text) for text in self._file["rows"].asstr()[:]]
        if not rows:
            raise InputError(f"{self.path}: no cell to write")
        table = pd.DataFrame([row for row, _ in rows])
        unknown = set(table["structure"]) - self._genes
        assert not unknown, unknown
        del self._file["rows"]
        write_table(self._file.create_group("cells"), table)
        factors = pd.DataFrame([factors for _, factors in rows]).astype("float32")
        if len(factors.columns):
            write_table(self._file.create_group("factors"), factors)


class Cells:
    """Read access to a `cells.h5`.

    Attributes: `table` (DataFrame, COLUMNS and more), `factors` (DataFrame or None), `structures` (list of Structure),
    `stages` (tuple), `y` ((N,) int64, class index), `voxel_um`, `grid` (Z, Y, X), `title`, `made_from`.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file = open_checked(path, SCHEMA, SCHEMA_VERSION)
        attrs = self._file.attrs
        self.title, self.made_from = attrs["title"], attrs["made_from"]
        self.voxel_um = float(attrs["voxel_um"])
        self.structures = [Structure(**s) for s in json.loads(attrs["structures"])]
        self.stages = tuple(json.loads(attrs["stages"]))
        self.preprocessing = json.loads(attrs["preprocessing"])
        self.table = read_table(self._file["cells"])
        self.factors = read_table(self._file["factors"]) if "factors" in self._file else None
        index = {s.gene: k for k, s in enumerate(self.structures)}
        self.y = self.table["structure"].map(index).to_numpy(np.int64, copy=True)
        self.grid = self._file["volumes"].shape[2:]

    def __len__(self) -> int:
        return len(self.table)

    def __enter__(self) -> "Cells":
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def volume(self, index: int, grid: tuple[int, int, int] | None = None) -> np.ndarray:
        """x_rs of one cell, (3, Z, Y, X) uint8, block-averaged to `grid` if given."""
        volume = self._file["volumes"][int(index)]
        return volume if grid is None else block_mean(volume, grid)


def block_mean(volume: np.ndarray, grid: tuple[int, int, int]) -> np.ndarray:
    """Average (C, Z, Y, X) uint8 over equal cubes down to (C, *grid).

    Raises
    ------
    InputError
        where the grid is not the volume's divided by one whole number on every axis.
    """
    grid = tuple(grid)
    if volume.shape[1:] == grid:
        return volume
    factor = volume.shape[1] // grid[0]
    if factor < 1 or tuple(factor * n for n in grid) != volume.shape[1:]:
        raise InputError(
            f"a model grid of {grid} does not divide the cells' {volume.shape[1:]} by one whole number; choose another grid"
        )
    z, y, x = grid
    blocks = volume.reshape(volume.shape[0], z, factor, y, factor, x, factor)
    return np.rint(blocks.mean(axis=(2, 4, 6), dtype=np.float32)).astype(np.uint8)
