"""How sure a figure is: 95 % intervals of a bootstrap over cells."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy import ndarray

N_DRAWS = 1000
LEVELS, NORMAL = (0.025, 0.975), 1.96


def interval(
    statistic: Callable[[ndarray], float | ndarray], strata: ndarray | int, *, n_draws: int = N_DRAWS, seed: int = 0
) -> tuple[ndarray, ndarray]:
    """low, high: the 95 % percentile interval of `statistic` over cells drawn again with replacement.

    strata : (N,) label of each cell: as many are drawn of each as there are; or the number of cells, all of one stratum.
    statistic : of rows (N,) into the cells, a number or an array. Draws in which it is nan are left out, number by number.
    """
    return _quantiles(np.array([statistic(rows) for rows in _draws(strata, n_draws, seed)], np.float64))


def spread(
    statistic: Callable[[ndarray], ndarray], strata: ndarray | int, *, n_draws: int = N_DRAWS, seed: int = 0
) -> tuple[ndarray, ndarray]:
    """low, high: 1.96 standard deviations of the bootstrap to both sides of `statistic` itself, not below 0.

    For a distance or an error that is never below 0: a bootstrap adds its own noise to it, so that the percentiles of its
    draws lie above the value they are to surround. `strata` as for `interval`.
    """
    n = strata if np.isscalar(strata) else len(strata)
    value = np.asarray(statistic(np.arange(n)), np.float64)
    drawn = np.array([statistic(rows) for rows in _draws(strata, n_draws, seed)], np.float64)
    reach = NORMAL * np.nanstd(drawn, axis=0)
    return np.maximum(value - reach, 0), value + reach


def _draws(strata: ndarray | int, n_draws: int, seed: int) -> Iterator[ndarray]:
    strata = np.zeros(strata, int) if np.isscalar(strata) else np.asarray(strata)
    groups = [np.flatnonzero(strata == label) for label in np.unique(strata)]
    rng = np.random.default_rng(seed)
    for _ in range(n_draws):
        yield np.concatenate([rng.choice(group, len(group)) for group in groups])


def interval_of_mean(values: ndarray, *, n_draws: int = N_DRAWS, seed: int = 0) -> tuple[float, float, float]:
    """mean, low, high of the finite ones of `values` (N,); nan where there is none, and no interval of one alone."""
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return (float(values.mean()) if len(values) else np.nan), np.nan, np.nan
    rows = np.random.default_rng(seed).integers(len(values), size=(n_draws, len(values)))
    return (float(values.mean()), *(float(q) for q in np.quantile(values[rows].mean(axis=1), LEVELS)))


def _quantiles(drawn: ndarray) -> tuple[ndarray, ndarray]:
    known = ~np.isnan(drawn).all(axis=0)
    low, high = np.full((2, *drawn.shape[1:]), np.nan)
    if drawn.ndim == 1:
        return tuple(np.nanquantile(drawn, LEVELS)) if known else (np.float64(np.nan), np.float64(np.nan))
    low[known], high[known] = np.nanquantile(drawn[:, known], LEVELS, axis=0)
    return low, high
