"""What a linear map reads from the latents: class, stage, and the factors that simulated cells were made with.

Fitted to training cells, measured on test cells.
"""

import numpy as np
import pandas as pd
from numpy import ndarray
from sklearn.linear_model import RidgeCV
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from precompute.report.intervals import interval
from precompute.scores import linear_classifier

LEAST = 5  # training cells of a class that is to be learned
LEAST_TEST = 10  # test cells for an R2
CODES = ("structure", "stage")  # factors that are names of classes: the linear classifiers read these


def read_class(z: ndarray, labels: ndarray, train: ndarray, test: ndarray, *, seed: int = 0) -> dict:
    """Balanced accuracy over the test cells of classes with LEAST training cells, with interval and chance (1 / n_classes).

    z (N, n), labels (N,), train and test (N,) bool. Without two such classes, or test cells of them, it is nan.
    """
    names, counts = np.unique(labels[train], return_counts=True)
    enough = names[counts >= LEAST]
    fit, at = train & np.isin(labels, enough), test & np.isin(labels, enough)
    result = {"n_train": int(fit.sum()), "n_test": int(at.sum()), "n_classes": len(enough)}
    if len(enough) < 2 or not at.any():
        return result | dict.fromkeys(
            ("balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high", "chance"), np.nan
        )
    true, predicted = labels[at], linear_classifier().fit(z[fit], labels[fit]).predict(z[at])

    def recall(rows: ndarray) -> float:
        right, of = true[rows] == predicted[rows], true[rows]
        return float(np.mean([right[of == name].mean() for name in np.unique(of)]))

    present = np.isin(predicted, np.unique(true))  # sklearn warns of a class that is predicted alone; recall is the same
    assert not present.all() or np.isclose(recall(np.arange(len(true))), balanced_accuracy_score(true, predicted))
    low, high = interval(recall, true, n_draws=500, seed=seed)
    value = recall(np.arange(len(true)))
    return result | {
        "balanced_accuracy": value,
        "balanced_accuracy_low": low,
        "balanced_accuracy_high": high,
        "chance": 1 / len(enough),
    }


def targets(name: str, values: ndarray) -> ndarray:
    """(N, 1) a factor, or (N, 2) the cosine and sine of an angle in degrees, whose 0 and 360 are the same."""
    if not name.endswith("_deg"):
        return values[:, None].astype(np.float64)
    angle = np.deg2rad(values.astype(np.float64))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def read_factors(z: dict[str, ndarray], factors: pd.DataFrame, train: ndarray, test: ndarray, *, seed: int = 0) -> pd.DataFrame:
    """R2 on test cells of a ridge regression, a row a factor: n_train, n_test, and for each of `z` the R2 and its interval.

    Only cells to which a factor applies count. nan where it does not vary, or applies to fewer than LEAST_TEST test cells.
    """
    rows = []
    for name in factors.columns.difference(CODES, sort=False):
        values = factors[name].to_numpy()
        known = np.isfinite(values)
        fit, at = train & known, test & known
        row = {"factor": name, "n_train": int(fit.sum()), "n_test": int(at.sum())}
        goal = targets(name, values)
        enough = at.sum() >= LEAST_TEST and fit.sum() >= LEAST_TEST and np.ptp(values[at]) > 0 and np.ptp(values[fit]) > 0
        for latent, z_ in z.items():
            low = high = score = np.nan
            if enough:
                model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))).fit(z_[fit], goal[fit])
                true, guess = goal[at], model.predict(z_[at]).reshape(goal[at].shape)
                score = r2(true, guess)
                low, high = interval(lambda r, t=true, g=guess: r2(t[r], g[r]), len(true), n_draws=200, seed=seed)
            row |= {latent: score, f"{latent}_low": low, f"{latent}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def r2(true: ndarray, guess: ndarray) -> float:
    """1 - residual / total sum of squares, over all columns of (N, 1) or (N, 2) together; nan where nothing varies."""
    if not np.ptp(true, axis=0).any():
        return np.nan
    return float(r2_score(true, guess, multioutput="variance_weighted"))
