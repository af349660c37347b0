"""What a model has to beat: a PCA with as many components as it has latents, and the mean image of a class and stage.

Both are fitted to cells other than those they are measured on: to the cells that the model learned from where those are at
hand, else to the evaluated cells themselves, fold by fold.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy import ndarray
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold
from tqdm import tqdm

from model.cells import REFERENCE, STRUCTURE, Cells
from precompute.held_out import bce, pearson

MOST_FITTED = 2000  # cells: more would need more memory than they would improve a PCA
MOST_FITTED_BYTES = 4 << 30  # of their x_r in float32, of which a PCA makes a copy
HALF_GREY = 0.5 / 255  # a PCA may leave 0..1, where cross-entropy is infinite: it is kept this far inside
N_FOLDS = 5


def baselines(
    cells: Cells, rows: ndarray, fitted: tuple[Cells, ndarray] | None, grid: tuple[int, int, int], n_latent: int, seed: int = 0
) -> dict:
    """Figures by name, means over `rows` of `cells`: `pca_` and `mean_` bce_x_r, bce_x_s, r_x_r, r_x_s, and what they rest on.

    x_r is given n_latent components, x_s twice as many: Dec_rs has z_r and z_s to draw it from. `fitted` (cells, rows) are the
    cells to fit to; None: the others of `rows`, by five folds.
    """
    n_components = {"x_r": n_latent, "x_s": 2 * n_latent}
    measured = _Cells.read(cells, rows, grid)
    parts: dict[str, list[ndarray]] = {}
    for fit, seen in _splits(measured, fitted, grid, seed):
        n_fitted = len(fit.table)
        for name, channels, by in (("x_r", REFERENCE, ["stage"]), ("x_s", [STRUCTURE], ["structure", "stage"])):
            ours, theirs = fit.images(channels), seen.images(channels)
            guesses = {
                "pca": pca(ours, theirs, min(n_components[name], n_fitted - 1), seed),
                "mean": group_means(ours, fit.table[by], seen.table[by]),
            }
            x = torch.from_numpy(theirs).unflatten(1, (len(channels), *grid))
            for kind, guess in guesses.items():
                x_hat = torch.from_numpy(guess).clamp(HALF_GREY, 1 - HALF_GREY).view_as(x)
                parts.setdefault(f"{kind}_bce_{name}", []).append(bce(x, x_hat).numpy())
                parts.setdefault(f"{kind}_r_{name}", []).append(pearson(x, x_hat).mean(1).numpy())
    figures = {key: float(np.concatenate(values).mean()) for key, values in sorted(parts.items())}
    return figures | {
        "baselines": {
            "pca_components": {name: min(n, n_fitted - 1) for name, n in n_components.items()},
            "n_fitted": n_fitted,
            "fitted_to": "five folds of the evaluated cells" if fitted is None else "cells that the model learned from",
        }
    }


class _Cells(NamedTuple):
    """Some cells in memory: their rows of the table, and volumes (n, 3, Z, Y, X) uint8 on the model's grid."""

    table: pd.DataFrame
    volumes: ndarray

    @classmethod
    def read(cls, cells: Cells, rows: ndarray, grid: tuple[int, int, int]) -> "_Cells":
        return cls(cells.table.iloc[rows], np.stack([cells.volume(row, grid) for row in rows]))

    def take(self, at: ndarray) -> "_Cells":
        return _Cells(self.table.iloc[at], self.volumes[at])

    def images(self, channels: list[int]) -> ndarray:
        """(n, C * V) float32 in 0..1."""
        return self.volumes[:, channels].reshape(len(self.volumes), -1) / np.float32(255)


def _splits(
    measured: _Cells, fitted: tuple[Cells, ndarray] | None, grid: tuple[int, int, int], seed: int
) -> Iterator[tuple[_Cells, _Cells]]:
    """(cells to fit to, cells to measure on)."""
    if fitted is not None:
        source, learned = fitted
        most = min(MOST_FITTED, MOST_FITTED_BYTES // (4 * len(REFERENCE) * math.prod(grid)))
        if len(learned) > most:
            learned = np.sort(np.random.default_rng(seed).permutation(learned)[:most])
        yield _Cells.read(source, learned, grid), measured
        return
    n = len(measured.table)
    folds = KFold(min(N_FOLDS, n), shuffle=True, random_state=seed).split(np.arange(n))
    for fit, at in tqdm(folds, "baselines", min(N_FOLDS, n), unit="fold", mininterval=1):
        yield measured.take(fit), measured.take(at)


def pca(fit: ndarray, x: ndarray, n_components: int, seed: int = 0) -> ndarray:
    """x (M, V) through the first principal components of `fit` (N, V) and back."""
    model = PCA(n_components, svd_solver="randomized", random_state=seed).fit(fit)
    return model.inverse_transform(model.transform(x)).astype(np.float32)


def group_means(fit: ndarray, fit_keys: pd.DataFrame, keys: pd.DataFrame) -> ndarray:
    """(M, V): for each row of `keys` (M, ...) the mean of `fit` (N, V) over its group; over all where the group is empty."""
    groups = {key: fit[at].mean(axis=0) for key, at in fit_keys.reset_index(drop=True).groupby(list(fit_keys)).indices.items()}
    everyone = fit.mean(axis=0)
    return np.stack([groups.get(key, everyone) for key in keys.itertuples(index=False, name=None)])
