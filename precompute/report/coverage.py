"""Precision and recall of generated cells: whether they are like cells, and whether all kinds of cells are among them.

The manifold of a set is the union of balls around its points, each reaching to its k-th nearest neighbour in the set. Precision
is the share of generated cells inside the manifold of the data, recall the share of data inside that of the generated cells
(Kynkäänniemi et al. 2019).
"""

import numpy as np
from numpy import ndarray
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from precompute.report.intervals import interval

NEIGHBOURS = 3
N_COMPONENTS = 32


def inside(points: ndarray, of: ndarray, k: int = NEIGHBOURS) -> ndarray:
    """(N,) bool: which of `points` (N, F) lie in the manifold of `of` (M, F), M > k."""
    reach = NearestNeighbors(n_neighbors=k + 1).fit(of).kneighbors(of)[0][:, k]
    return (pairwise_distances(points, of) <= reach).any(axis=1)


def precision_recall(data: ndarray, generated: ndarray, *, seed: int = 0) -> dict[str, float]:
    """n of both; precision and recall with the intervals of a bootstrap over the cells that are asked, manifolds as they are.

    All nan where either has no more than NEIGHBOURS cells.
    """
    figures: dict[str, float] = {"n_data": len(data), "n_generated": len(generated)}
    figures |= share_inside("precision", generated, data, seed=seed)
    return figures | share_inside("recall", data, generated, seed=seed)


def share_inside(name: str, points: ndarray, of: ndarray, *, seed: int = 0) -> dict[str, float]:
    """`name`, with its interval by a bootstrap over `points` (N, F): the share of them in the manifold of `of` (M, F)."""
    if len(of) <= NEIGHBOURS or not len(points):
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), np.nan)
    hit = inside(points, of)
    low, high = interval(lambda rows: hit[rows].mean(), len(hit), seed=seed)
    return {name: hit.mean(), f"{name}_low": low, f"{name}_high": high}


def components(data: ndarray, *others: ndarray, seed: int = 0) -> list[ndarray]:
    """`data` (N, F) and the others in at most N_COMPONENTS principal components of `data`: a space the model had no part in."""
    model = PCA(min(N_COMPONENTS, len(data) - 1), svd_solver="randomized", random_state=seed).fit(data)
    return [model.transform(x) if len(x) else x for x in (data, *others)]
