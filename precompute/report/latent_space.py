"""z against its prior (Fig. S4), and how far a z lies from the cells that the model learned from. z is (N, n)."""

import numpy as np
import pandas as pd
from numpy import ndarray
from scipy.stats import kstwo, norm
from sklearn.neighbors import NearestNeighbors

from precompute.report.intervals import interval, spread


def ks(z: ndarray) -> ndarray:
    """(n,) Kolmogorov-Smirnov distance of each dimension to the standard normal."""
    z = np.sort(z.astype(np.float64), axis=0)
    n, cdf = len(z), norm.cdf(z)
    steps = np.arange(n + 1)[:, None] / n
    return np.maximum(steps[1:] - cdf, cdf - steps[:-1]).max(axis=0)


def against_prior(z: ndarray, *, seed: int = 0) -> dict[str, float]:
    """n, n_dimensions; over dimensions the greatest |mean|, mean sd, mean KS distance; mean norm; intervals; and n_rejected.

    n_rejected: dimensions whose KS test against N(0, 1) has p < 0.05 after Bonferroni. The prior's mean norm is about sqrt(n).
    """

    def of(rows: ndarray) -> ndarray:
        some = z[rows].astype(np.float64)
        figures = [
            np.abs(some.mean(axis=0)).max(),
            some.std(axis=0).mean(),
            ks(some).mean(),
            np.linalg.norm(some, axis=1).mean(),
        ]
        return np.array(figures)

    figures: dict[str, float] = {"n": len(z), "n_dimensions": z.shape[1]}
    values, (low, high) = of(np.arange(len(z))), spread(of, len(z), n_draws=200, seed=seed)
    for i, name in enumerate(("mean_max_abs", "sd_mean", "ks_mean", "norm_mean")):
        figures |= {name: values[i], f"{name}_low": low[i], f"{name}_high": high[i]}
    return figures | {"n_rejected": int((kstwo.sf(ks(z), len(z)) < 0.05 / z.shape[1]).sum())}


def quantiles(z: ndarray, n_points: int = 99) -> tuple[ndarray, ndarray]:
    """QQ view: n_points quantiles of the standard normal (n_points,), and of each dimension of z (n_points, n)."""
    levels = np.arange(1, n_points + 1) / (n_points + 1)
    return norm.ppf(levels), np.quantile(z.astype(np.float64), levels, axis=0)


def to_nearest(z: ndarray, train: ndarray, *, own: bool = False) -> ndarray:
    """(N,) Euclidean distance from each z to the nearest of `train` (M, n); with `own` z is `train`, and itself left out."""
    k = 2 if own else 1
    if len(train) < k or not len(z):
        return np.full(len(z), np.nan)
    return NearestNeighbors(n_neighbors=k).fit(train).kneighbors(z)[0][:, k - 1]


def support(distances: dict[str, ndarray], reference: str, *, seed: int = 0) -> pd.DataFrame:
    """A row a group: n, median distance to the nearest training cell, and the share beyond 95 % of `reference`, with "
    "intervals."""
    limit, rows = np.quantile(distances[reference], 0.95), []
    for name, values in distances.items():
        row = {"cells": name, "n": len(values)} | dict.fromkeys(
            ("median", "median_low", "median_high", "beyond", "beyond_low", "beyond_high"), np.nan
        )
        if len(values) and np.isfinite(values).all():
            low, high = interval(lambda r, v=values: [np.median(v[r]), (v[r] > limit).mean()], len(values), seed=seed)
            row |= {"median": np.median(values), "median_low": low[0], "median_high": high[0]}
            row |= {"beyond": (values > limit).mean(), "beyond_low": low[1], "beyond_high": high[1]}
        rows.append(row)
    return pd.DataFrame(rows)
