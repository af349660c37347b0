"""Figs. S7 and S8: how much each structure's localisation varies, in interphase and in mitosis.

Scores are those of Algorithm 4, -log|rho| / n: SMALLER means MORE variation.
"""

import numpy as np
import pandas as pd
from numpy import ndarray
from scipy.stats import false_discovery_control, fisher_exact, mannwhitneyu

from precompute.report.intervals import interval
from precompute.report.paper import MITOSIS_SIGN
from precompute.scores import by_stage


def cliffs_delta(interphase: ndarray, mitosis: ndarray) -> float:
    """P(mitosis > interphase) - P(mitosis < interphase) over all pairs, -1..1; below 0 is MORE variation in mitosis."""
    return float(np.sign(mitosis[:, None] - interphase[None]).mean())


def compared(score: ndarray, interphase: ndarray, genes: list[str], *, seed: int = 0) -> pd.DataFrame:
    """Mitosis against interphase (Fig. S7), a row a structure; score (V, K), interphase (V,) bool.

    The columns of `by_stage`; p of a two-sided Mann-Whitney U test, and q, p corrected for the number of structures (Benjamini
    and Hochberg); Cliff's delta with its interval by a bootstrap over cells within each group; the paper's sign.
    """
    table, rows = (
        by_stage(score, interphase, genes, seed=seed).rename(columns={"low": "difference_low", "high": "difference_high"}),
        [],
    )
    for k, gene in enumerate(genes):
        known = np.isfinite(score[:, k])
        values, first = score[known, k], interphase[known]
        row = dict.fromkeys(("p", "delta", "delta_low", "delta_high"), np.nan) | {"paper_sign": MITOSIS_SIGN.get(gene, np.nan)}
        if first.any() and not first.all():
            row["p"] = mannwhitneyu(values[first], values[~first]).pvalue
            row["delta"] = cliffs_delta(values[first], values[~first])
            row["delta_low"], row["delta_high"] = interval(
                lambda r, v=values, f=first: cliffs_delta(v[r][f[r]], v[r][~f[r]]), first, n_draws=500, seed=seed
            )
        rows.append(row)
    table = pd.concat([table, pd.DataFrame(rows)], axis=1)
    known = table["p"].notna()
    table.insert(table.columns.get_loc("p") + 1, "q", np.nan)
    if known.any():
        table.loc[known, "q"] = false_discovery_control(table.loc[known, "p"])
    return table


def extremes(score: ndarray, k: int, n: int) -> tuple[ndarray, ndarray]:
    """Positions (at most n each) of the cells with the most variation of structure k, and with the least, the utmost first."""
    known = np.flatnonzero(np.isfinite(score[:, k]))
    order = known[np.argsort(score[known, k], kind="stable")]
    n = min(n, len(order) // 2)
    return order[:n], order[::-1][:n]


def enrichment(score: ndarray, mitosis: ndarray, genes: list[str], *, seed: int = 0) -> pd.DataFrame:
    """Mitosis among the quarter of cells with the most variation and the quarter with the least (Fig. S8), a row a structure.

    n: cells in each quarter; the mitotic fraction of both; their difference with its interval; odds ratio and p of Fisher's
    exact test.
    """
    rows = []
    for k, gene in enumerate(genes):
        most, least = extremes(score, k, max(1, int(np.isfinite(score[:, k]).sum()) // 4))
        row = {"gene": gene, "n": len(most)} | dict.fromkeys(
            ("most", "least", "difference", "difference_low", "difference_high", "odds_ratio", "p"), np.nan
        )
        if len(most):
            a, b = mitosis[most], mitosis[least]
            row |= {"most": a.mean(), "least": b.mean(), "difference": a.mean() - b.mean()}
            both, group = np.concatenate([a, b]), np.repeat([0, 1], [len(a), len(b)])
            row["difference_low"], row["difference_high"] = interval(
                lambda r, both=both, group=group: both[r][group[r] == 0].mean() - both[r][group[r] == 1].mean(),
                group,
                seed=seed,
            )
            row["odds_ratio"], row["p"] = fisher_exact([[a.sum(), (~a).sum()], [b.sum(), (~b).sum()]])
        rows.append(row)
    return pd.DataFrame(rows)
