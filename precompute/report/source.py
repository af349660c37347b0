"""What a report reads: an atlas, its model, and images from the atlas or, where given, from the cells it was made from."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy import ndarray

from model.aae import IntegratedCell
from model.atlas import Atlas, fingerprint
from model.cells import Cells
from model.hdf5 import read_table
from model.vocabulary import NOT_ANNOTATED
from precompute.embed import cells_sha, check_own, found, stored_model

SPLITS = ("train", "test")


@dataclass(frozen=True)
class Options:
    """What decides how much is measured.

    n_per_class : cells of each structure, at most, in the training sample; and cells generated of each.
    n_variation : training cells for Algorithm 4, half of them in interphase where there are as many.
    n_walks : walks through the stages, the first by the medoids, the others by cells chosen by chance.
    """

    seed: int = 0
    batch_size: int = 32
    n_per_class: int = 100
    n_variation: int = 16
    n_walks: int = 8


@dataclass
class Source:
    """An open atlas with what the sections ask it for. N cells, K structures, n latent dimensions."""

    atlas: Atlas
    cells: Cells | None
    model: IntegratedCell
    options: Options
    y: ndarray = field(init=False)  # (N,) index of the structure
    stage: ndarray = field(init=False)  # (N,) name of the stage
    split: ndarray = field(init=False)  # (N,) "train" or "test"

    def __post_init__(self):
        table = self.atlas.cells
        self.y = table["structure"].map(self.genes.index).to_numpy(np.int64)
        self.stage, self.split = table["stage"].to_numpy(str), table["split"].to_numpy(str)

    @classmethod
    def open(cls, atlas: Path, cells: Path | None, device: str | None, options: Options) -> "Source":
        """InputError for what is no atlas, or cells that are not the atlas's own."""
        opened, given = Atlas(atlas), None
        if cells is not None:
            given = Cells(cells)
            check_own(opened.file, given)
        return cls(opened, given, stored_model(opened.file, found(device)), options)

    def close(self) -> None:
        """Close the files."""
        self.atlas.close()
        if self.cells is not None:
            self.cells.__exit__()

    @property
    def genes(self) -> list[str]:
        """Gene symbols in the order of y."""
        return [structure.gene for structure in self.atlas.structures]

    @property
    def annotated(self) -> ndarray:
        """(N,) bool: the cells whose stage is known."""
        return self.stage != NOT_ANNOTATED

    @property
    def interphase(self) -> ndarray:
        """(N,) bool: the cells in the first stage of the scale."""
        return self.stage == self.atlas.stages[0]

    def rows(self, split: str) -> ndarray:
        """Rows of all cells of a split."""
        return np.flatnonzero(self.split == split)

    def sample(self, split: str) -> ndarray:
        """Rows that are decoded: all of the test split; of the training split at most n_per_class of each structure."""
        rows = self.rows(split)
        if split == "test":
            return rows
        shuffled = np.random.default_rng(self.options.seed).permutation(rows)
        return np.sort(np.concatenate([shuffled[self.y[shuffled] == k][: self.options.n_per_class] for k in range(self.n)]))

    @property
    def n(self) -> int:
        """K, the number of structures."""
        return len(self.genes)

    def has_image(self, rows: ndarray) -> ndarray:
        """(len(rows),) bool: whose observed volume is at hand."""
        return np.full(len(rows), True) if self.cells is not None else np.isin(rows, self.atlas.observed_cells)

    def image(self, row: int) -> ndarray:
        """Observed x_rs (3, Z, Y, X) uint8 on the model's grid, of a cell that has one."""
        volume = self.atlas.observed(row)
        return self.cells.volume(row, self.atlas.config.grid) if volume is None else volume

    @property
    def factors(self) -> pd.DataFrame | None:
        """(N, ...) known factors of simulated cells, or None."""
        return read_table(self.atlas.file["factors"]) if "factors" in self.atlas.file else None

    @property
    def made_from(self) -> str:
        """Fingerprint of everything that is read, options apart."""
        groups = {name: group.attrs.get("made_from") for name, group in self.atlas.file.items() if name != "report"}
        return fingerprint(self.atlas.atlas_id, groups, self.cells and cells_sha(self.cells))
