"""Fig. S6: how alike the structure channels of two cells of one class are, observed, decoded and generated."""

import numpy as np
import pandas as pd
from numpy import ndarray
from scipy.stats import wasserstein_distance

from precompute.report.intervals import LEVELS, N_DRAWS, NORMAL

N_DISTANCE_DRAWS = 200  # of a distance, which takes longer than a mean


def pairs(rho: ndarray) -> ndarray:
    """The upper triangle of rho (m, m) without its diagonal, (m (m - 1) / 2,); pairs with an image without contrast left "
    "out."""
    values = rho[np.triu_indices(len(rho), 1)]
    return values[np.isfinite(values)]


def mean_pair(rho: ndarray, *, n_draws: int = N_DRAWS, seed: int = 0) -> tuple[float, float, float]:
    """Mean over the pairs of rho (m, m), with the 95 % interval of a bootstrap over cells, not over pairs.

    A cell that is drawn twice makes no pair with itself. All nan where there is no pair.
    """
    known = np.isfinite(rho.diagonal())
    rho = rho[np.ix_(known, known)]
    m = len(rho)
    if m < 2:
        return np.nan, np.nan, np.nan
    if m == 2:
        return float(rho[0, 1]), np.nan, np.nan  # one pair has no interval
    counts = np.random.default_rng(seed).multinomial(m, np.full(m, 1 / m), size=n_draws).astype(np.float64)
    off = rho - np.diag(rho.diagonal())
    n_pairs = m**2 - (counts**2).sum(axis=1)
    drawn = ((counts @ off) * counts).sum(axis=1) / np.where(n_pairs > 0, n_pairs, np.nan)
    return (float(pairs(rho).mean()), *(float(q) for q in np.nanquantile(drawn, LEVELS)))


def distance(rho: ndarray, other: ndarray, *, n_draws: int = N_DISTANCE_DRAWS, seed: int = 0) -> tuple[float, float, float]:
    """Wasserstein-1 distance between the pairs of rho (m, m) and of other (l, l), with its interval by a bootstrap over "
    "cells."""
    if not len(pairs(rho)) or not len(pairs(other)):
        return np.nan, np.nan, np.nan
    value, rng, drawn = float(wasserstein_distance(pairs(rho), pairs(other))), np.random.default_rng(seed), []
    for _ in range(n_draws):
        both = [_drawn_pairs(matrix, rng) for matrix in (rho, other)]
        if all(map(len, both)):
            drawn.append(wasserstein_distance(*both))
    reach = NORMAL * np.std(drawn) if drawn else np.nan
    return value, max(value - reach, 0.0), value + reach


def _drawn_pairs(rho: ndarray, rng: np.random.Generator) -> ndarray:
    rows = np.sort(rng.integers(len(rho), size=len(rho)))
    i, j = np.triu_indices(len(rows), 1)
    different = rows[i] != rows[j]
    values = rho[rows[i][different], rows[j][different]]
    return values[np.isfinite(values)]


def table(genes: list[str], kinds: dict[str, dict[str, ndarray]], reference: str, *, seed: int = 0) -> pd.DataFrame:
    """A row a structure and a kind: n cells, n pairs, mean with interval, and distance to the kind `reference`.

    kinds : by name, rho of each gene that has cells.
    """
    rows = []
    for gene in genes:
        for kind, matrices in kinds.items():
            rho = matrices.get(gene, np.empty((0, 0)))
            row = {"gene": gene, "kind": kind, "n": len(rho), "n_pairs": len(pairs(rho))}
            row |= dict(zip(("mean", "mean_low", "mean_high"), mean_pair(rho, seed=seed), strict=True))
            if kind != reference:
                theirs = kinds[reference].get(gene, np.empty((0, 0)))
                row |= dict(zip(("W1", "W1_low", "W1_high"), distance(rho, theirs, seed=seed), strict=True))
            rows.append(row)
    return pd.DataFrame(rows)


def side_by_side(long: pd.DataFrame) -> pd.DataFrame:
    """The same, a row a structure: for each kind n, mean and W1 with their intervals."""
    table = pd.DataFrame({"gene": long["gene"].unique()}).set_index("gene")
    for kind, some in long.set_index("gene").groupby("kind", sort=False):
        table[f"n {kind}"] = some["n"]
        for name, title in (("mean", f"mean {kind}"), ("W1", f"W1 {kind}")):
            if some[name].notna().any():
                table[[title, f"{title}_low", f"{title}_high"]] = some[[name, f"{name}_low", f"{name}_high"]]
    return table.reset_index()
