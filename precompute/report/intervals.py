"""How sure a figure is: 95 % intervals of a bootstrap over cells."""

from collections.abc import Callable

import numpy as np
from numpy import ndarray

N_DRAWS = 1000
LEVELS = (0.025, 0.975)


def interval(
    statistic: Callable[[ndarray], float | ndarray], strata: ndarray | int, *, n_draws: int = N_DRAWS, seed: int = 0
) -> tuple[ndarray, ndarray]:
    """low, high: the 95 % percentile interval of `statistic` over cells drawn again with replacement.

    strata : (N,) label of each cell: as many are drawn of each as there are; or the number of cells, all of one stratum.
    statistic : of rows (N,) into the cells, a number or an array. Draws in which it is nan are left out, number by number.
    """
    strata = np.zeros(strata, int) if np.isscalar(strata) else np.asarray(strata)
    groups = [np.flatnonzero(strata == label) for label in np.unique(strata)]
    if not groups:
        return np.float64(np.nan), np.float64(np.nan)
    rng = np.random.default_rng(seed)
    drawn = np.array([statistic(np.concatenate([rng.choice(g, len(g)) for g in groups])) for _ in range(n_draws)], np.float64)
    return _quantiles(drawn)


def interval_of_mean(values: ndarray, *, n_draws: int = N_DRAWS, seed: int = 0) -> tuple[float, float, float]:
    """mean, low, high of the finite ones of `values` (N,); all nan where there is none."""
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan, np.nan
    rows = np.random.default_rng(seed).integers(len(values), size=(n_draws, len(values)))
    return (float(values.mean()), *(float(q) for q in np.quantile(values[rows].mean(axis=1), LEVELS)))


def _quantiles(drawn: ndarray) -> tuple[ndarray, ndarray]:
    known = ~np.isnan(drawn).all(axis=0)
    low, high = np.full((2, *drawn.shape[1:]), np.nan)
    if drawn.ndim == 1:
        return tuple(np.nanquantile(drawn, LEVELS)) if known else (np.float64(np.nan), np.float64(np.nan))
    low[known], high[known] = np.nanquantile(drawn[:, known], LEVELS, axis=0)
    return low, high
