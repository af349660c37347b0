"""What a model has to beat: a PCA with as many components as it has latents, and the mean image of a class and stage.

Both are fitted to cells other than those they are measured on: to the cells that the model learned from where those are at
hand, else to the evaluated cells themselves, fold by fold.
"""

from collections.abc import Iterator

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
    parts: dict[str, list[ndarray]] = {}
    for fit, measured in _splits(cells, rows, fitted, seed):
        for name, channels in (("x_r", REFERENCE), ("x_s", [STRUCTURE])):
            shape = (len(channels), *grid)
            ours, theirs = _images(*fit, channels, grid), _images(cells, measured, channels, grid)
            keys = [source.table.iloc[at] for source, at in (fit, (cells, measured))]
            by = ["stage"] if name == "x_r" else ["structure", "stage"]
            guesses = {
                "pca": pca(ours, theirs, min(n_components[name], len(ours) - 1), seed),
                "mean": group_means(ours, keys[0][by], keys[1][by]),
            }
            x = torch.from_numpy(theirs).unflatten(1, shape)
            for kind, guess in guesses.items():
                x_hat = torch.from_numpy(guess).clamp(HALF_GREY, 1 - HALF_GREY).unflatten(1, shape)
                parts.setdefault(f"{kind}_bce_{name}", []).append(bce(x, x_hat).numpy())
                parts.setdefault(f"{kind}_r_{name}", []).append(pearson(x, x_hat).mean(1).numpy())
    n_fitted = len(fit[1])
    figures = {key: float(np.concatenate(values).mean()) for key, values in sorted(parts.items())}
    return figures | {
        "baselines": {
            "pca_components": {name: min(n, n_fitted - 1) for name, n in n_components.items()},
            "n_fitted": n_fitted,
            "fitted_to": "five folds of the evaluated cells" if fitted is None else "cells that the model learned from",
        }
    }


def _splits(cells, rows, fitted, seed) -> Iterator[tuple[tuple[Cells, ndarray], ndarray]]:
    """((cells, rows) to fit to, rows of `cells` to measure on)."""
    if fitted is not None:
        source, learned = fitted
        if len(learned) > MOST_FITTED:
            learned = np.sort(np.random.default_rng(seed).permutation(learned)[:MOST_FITTED])
        yield (source, learned), rows
        return
    folds = KFold(min(N_FOLDS, len(rows)), shuffle=True, random_state=seed)
    for fit, measured in tqdm(folds.split(rows), "baselines", folds.get_n_splits(), unit="fold", mininterval=1):
        yield (cells, rows[fit]), rows[measured]


def _images(cells: Cells, rows: ndarray, channels: list[int], grid: tuple[int, int, int]) -> ndarray:
    """(n, C * V) float32 in 0..1."""
    images = np.empty((len(rows), len(channels) * int(np.prod(grid))), np.float32)
    for i, row in enumerate(rows):
        images[i] = cells.volume(row, grid)[channels].ravel() / np.float32(255)
    return images


def pca(fit: ndarray, x: ndarray, n_components: int, seed: int = 0) -> ndarray:
    """x (M, V) through the first principal components of `fit` (N, V) and back."""
    model = PCA(n_components, svd_solver="randomized", random_state=seed).fit(fit)
    return model.inverse_transform(model.transform(x)).astype(np.float32)


def group_means(fit: ndarray, fit_keys: pd.DataFrame, keys: pd.DataFrame) -> ndarray:
    """(M, V): for each row of `keys` (M, ...) the mean of `fit` (N, V) over its group; over all where the group is empty."""
    groups = {key: fit[at].mean(axis=0) for key, at in fit_keys.reset_index(drop=True).groupby(list(fit_keys)).indices.items()}
    everyone = fit.mean(axis=0)
    return np.stack([groups.get(key, everyone) for key in keys.itertuples(index=False, name=None)])
