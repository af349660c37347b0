"""What is known of a cell brought along: what it is like, and how far it lies from all that the model has seen."""

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy import ndarray
from scipy.spatial.distance import cdist

from app import resolve
from app.recipe import Own
from app.resolve import Nearest
from app.words import stage_words
from model.atlas import Atlas

N_NEAREST = 5
N_COMPARED = 2000  # unseen cells at most that the distance is compared with, evenly from all
MIN_UNSEEN = 20  # with fewer, each training cell is compared with the others
RARE = 0.05
SAME = 0.05  # of the median of the distances compared with: the same cell, but for its last voxels


class Distance(NamedTuple):
    """How far a cell lies from the nearest training cell, and how many of the atlas's cells lie as far."""

    distance: float  # Euclidean, in z_r
    share: float  # 0..1: of the cells compared with, how many are at least as far from their nearest training cell
    n: int  # cells compared with
    are_unseen: bool  # whether those are cells kept apart from training; else each is compared with the other training cells
    is_known: bool = False  # whether it is as good as a training cell itself

    @property
    def words(self) -> str:
        """How far to trust what is said of the cell."""
        others = f"{self.n:,} cells the model has not seen" if self.are_unseen else f"{self.n:,} training cells"
        if self.is_known:
            return "The model has learned from this very cell: what it says of it is no test of the model."
        if self.share >= RARE:
            return f"Among the training cells: {self.share:.0%} of {others} lie at least as far from them."
        if self.share > 0:
            return f"Far from the training cells: only {self.share:.1%} of {others} lie as far. Trust it little."
        return f"Farther from the training cells than any of {others}: do not trust it."


class Known(NamedTuple):
    """Of a cell brought along."""

    stage: str  # that most of its nearest cells are in
    n_alike: int  # of them
    n_nearest: int
    nearest: list[Nearest]  # the first few
    p_structure: list[tuple[str, float]]  # p(y | x), the likeliest first; empty where no structure was imaged
    distance: Distance


def known(atlas: Atlas, cell: Own) -> Known:
    """What an atlas says of it."""
    near = resolve.nearest_cells(atlas, np.array(cell.z_r), 8)
    ((stage, n_alike),) = Counter(atlas.cells["stage"].iloc[[n.row for n in near]]).most_common(1)
    p = zip((s.gene for s in atlas.structures), cell.y, strict=False)
    return Known(
        stage_words(stage), n_alike, len(near), near[:N_NEAREST], sorted(p, key=lambda it: -it[1]), how_far(atlas, cell.z_r)
    )


def how_far(atlas: Atlas, z_r: tuple[float, ...] | ndarray) -> Distance:
    """The distance of z_r (n,) from the nearest training cell, beside those of cells that the model has not seen."""
    training, usual, are_unseen = _usual(atlas)
    distance = float(cdist(np.asarray(z_r, float)[None], training).min())
    is_known = distance < SAME * float(np.median(usual))
    return Distance(distance, float((usual >= distance).mean()), len(usual), are_unseen, is_known)


@lru_cache(8)
def _usual(atlas: Atlas) -> tuple[ndarray, ndarray, bool]:
    """z_r (m, n) of the training cells, the distances (k,) that others have from them, and whether those are unseen."""
    z, is_training = atlas.latent("z_r").astype(float), (atlas.cells["split"] == "train").to_numpy()
    training = z[is_training] if is_training.any() else z
    unseen = z[~is_training]
    are_unseen = len(unseen) >= MIN_UNSEEN and bool(is_training.any())
    compared = unseen if are_unseen else training
    compared = compared[np.unique(np.linspace(0, len(compared) - 1, N_COMPARED).astype(int))]
    distances = np.sort(cdist(compared, training), axis=1)
    return training, distances[:, 0 if are_unseen else min(1, len(training) - 1)], are_unseen
