"""How near decoded cells come to the observed ones, stage by stage."""

import numpy as np
import pandas as pd
from numpy import ndarray

from precompute.report.intervals import interval_of_mean

FIGURES = ("bce_x_r", "r_membrane", "r_DNA", "bce_x_s", "r_x_s", "r_x_s_predicted")


def errors(figures: dict[str, ndarray], stage: ndarray, stages: list[str], *, seed: int = 0) -> pd.DataFrame:
    """A row a stage, those without cells too, and all of them: n, and the mean of each of FIGURES with its interval.

    figures : (N,) by name, nan for a cell without an image, which does not count; stage (N,).
    """
    has_image, rows = np.isfinite(figures["bce_x_r"]), []
    for name in (*stages, "all"):
        at = has_image & ((stage == name) | (name == "all"))
        row: dict = {"stage": name, "n": int(at.sum())}
        for figure in FIGURES:
            values = interval_of_mean(figures[figure][at], seed=seed)
            row |= dict(zip((figure, f"{figure}_low", f"{figure}_high"), values, strict=True))
        rows.append(row)
    return pd.DataFrame(rows)
