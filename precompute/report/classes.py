"""What the classifier in Enc_rs says: Tables S9, S10 and S11, and whether p(y | x) means what it says.

N cells, K structures; y (N,) true classes, p (N, K) probabilities.
"""

import numpy as np
import pandas as pd
from numpy import ndarray
from scipy.special import rel_entr
from sklearn.metrics import log_loss

from precompute.report.intervals import interval, spread
from precompute.scores import classification

N_BINS = 10
ALL = "all"


def cells_by_split(table: pd.DataFrame, genes: list[str]) -> pd.DataFrame:
    """Table S9: a row a structure, and all of them: total, train, test, and of these the real ones and the annotated stages."""
    counts = pd.crosstab(table["structure"], table["split"]).reindex(index=genes, columns=["train", "test"], fill_value=0)
    counts.insert(0, "total", counts.sum(axis=1))
    counts["real"] = (table["source"] == "real").groupby(table["structure"]).sum().reindex(genes, fill_value=0)
    counts.loc[ALL] = counts.sum()
    return counts.rename_axis("gene").reset_index()


def stages_by_split(table: pd.DataFrame, stages: list[str]) -> pd.DataFrame:
    """A row a stage of the scale, those without cells too: total, train, test."""
    counts = pd.crosstab(table["stage"], table["split"]).reindex(index=stages, columns=["train", "test"], fill_value=0)
    counts.insert(0, "total", counts.sum(axis=1))
    return counts.rename_axis("stage").reset_index()


def accuracy_and_recall(confusion: ndarray) -> tuple[float, float]:
    """Accuracy and macro recall of confusion (K, K), rows true (Table S11); classes without cells have no recall."""
    n_true = confusion.sum(axis=1)
    return float(confusion.trace() / confusion.sum()), float((confusion.diagonal()[n_true > 0] / n_true[n_true > 0]).mean())


def inception(p: ndarray, y: ndarray, frequency: ndarray) -> ndarray:
    """(K + 1,) inception score of each class, and of all of them last (eq. 19).

    The classes count as `frequency` (K,), which sums to 1, however many cells of each are at hand: p(y) and the mean divergence
    are weighted so. With the frequencies of y itself it is exp of the mean KL(p(y|x) || p(y)). A class without cells or
    frequency has the score nan.
    """
    counts = np.bincount(y, minlength=len(frequency))
    present = (counts > 0) & (frequency > 0)
    weight = np.where(present, frequency, 0) / frequency[present].sum()
    each = (weight / np.maximum(counts, 1))[y]
    divergence = rel_entr(p.astype(np.float64), each @ p.astype(np.float64)).sum(axis=1)
    divergence[each == 0] = 0  # it may be infinite, and does not count
    per_class = np.bincount(y, divergence, minlength=len(frequency)) / np.where(present, counts, np.nan)
    return np.exp(np.append(per_class, (each * divergence).sum()))


def ceilings(frequency: ndarray) -> ndarray:
    """(K + 1,) the scores of a classifier without doubt or error: 1 / frequency of each class, exp(entropy) of all."""
    with np.errstate(divide="ignore"):
        per_class = np.where(frequency > 0, 1 / frequency, np.nan)
    return np.append(per_class, np.exp(-(frequency[frequency > 0] * np.log(frequency[frequency > 0])).sum()))


def inception_table(
    genes: list[str], kinds: dict[str, tuple[ndarray, ndarray]], frequency: ndarray, *, seed: int = 0
) -> pd.DataFrame:
    """Table S10 of one split: a row a structure and all of them: ceiling, and of each kind (p, y) its n, score and interval.

    The interval is a bootstrap over cells, as many of each class as there are.
    """
    table = pd.DataFrame({"gene": [*genes, ALL], "ceiling": ceilings(frequency)})
    for kind, (p, y) in kinds.items():
        counts = np.bincount(y, minlength=len(genes))
        low, high = interval(lambda rows, p=p, y=y: inception(p[rows], y[rows], frequency), y, n_draws=500, seed=seed)
        scores, alone = inception(p, y, frequency), np.append(counts, counts.sum()) < 2
        low[alone] = high[alone] = np.nan  # one cell has no interval
        table[f"n_{kind}"] = [*counts, counts[frequency > 0].sum()]
        table[kind], table[f"{kind}_low"], table[f"{kind}_high"] = scores, low, high
    return table


def confusion_table(genes: list[str], y: ndarray, p: ndarray, *, seed: int = 0) -> tuple[ndarray, pd.DataFrame, pd.DataFrame]:
    """Table S11: confusion (K, K), rows true; recall and precision a class; accuracy and macro recall; all with intervals."""
    figures, confusion, per_class = classification(y, p)
    y_hat, n = p.argmax(axis=1), len(genes)

    def of(rows: ndarray) -> ndarray:
        counts = np.bincount(y[rows] * n + y_hat[rows], minlength=n**2).reshape(n, n)
        with np.errstate(invalid="ignore"):
            each = [counts.diagonal() / counts.sum(axis=1), counts.diagonal() / counts.sum(axis=0)]
        return np.concatenate([accuracy_and_recall(counts), *each])

    low, high = interval(of, y, seed=seed)  # within each class: one with a single cell must not drop out
    low[2 : 2 + n][per_class["n"] < 2] = high[2 : 2 + n][per_class["n"] < 2] = np.nan  # one cell has no interval
    names = ["accuracy", "macro_recall"]
    overall = pd.DataFrame({"figure": names, "n": len(y), "value": [figures[name] for name in names]})
    overall["value_low"], overall["value_high"] = low[:2], high[:2]
    per_class.insert(0, "gene", genes)
    for name, at in (("recall", slice(2, 2 + n)), ("precision", slice(2 + n, None))):
        place = per_class.columns.get_loc(name) + 1
        per_class.insert(place, f"{name}_low", low[at])
        per_class.insert(place + 1, f"{name}_high", high[at])
    return confusion, per_class, overall


def reliability(y: ndarray, p: ndarray, *, seed: int = 0) -> pd.DataFrame:
    """A row a bin of confidence (the greatest of p), N_BINS of equal width: n, mean confidence, accuracy with its interval."""
    confidence, correct = p.max(axis=1), p.argmax(axis=1) == y
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    rows = []
    for b in range(N_BINS):
        at = bins == b
        row = {"from": b / N_BINS, "to": (b + 1) / N_BINS, "n": int(at.sum()), "confidence": np.nan, "accuracy": np.nan}
        row |= {"accuracy_low": np.nan, "accuracy_high": np.nan}
        if at.any():
            row |= {"confidence": confidence[at].mean(), "accuracy": correct[at].mean()}
        if at.sum() > 1:
            row["accuracy_low"], row["accuracy_high"] = interval(lambda r, c=correct[at]: c[r].mean(), int(at.sum()), seed=seed)
        rows.append(row)
    return pd.DataFrame(rows)


def calibration_error(y: ndarray, p: ndarray) -> float:
    """Expected calibration error: mean over cells of |accuracy - confidence| of their bins."""
    confidence, correct = p.max(axis=1), p.argmax(axis=1) == y
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    return float(np.abs(np.bincount(bins, correct - confidence, minlength=N_BINS)).sum() / len(y))


def calibration(y: ndarray, p: ndarray, *, seed: int = 0) -> dict[str, float]:
    """n; mean confidence less accuracy; calibration error; Brier score, sum over classes; log loss (nat); with intervals."""
    p = p.astype(np.float64) / p.sum(axis=1, keepdims=True, dtype=np.float64)

    def of(rows: ndarray) -> ndarray:
        y_, p_ = y[rows], p[rows]
        hot = np.eye(p.shape[1])[y_]
        overconfidence = p_.max(axis=1).mean() - (p_.argmax(axis=1) == y_).mean()
        loss = log_loss(
            y_, np.clip(p_, 1e-12, None) / np.clip(p_, 1e-12, None).sum(axis=1, keepdims=True), labels=range(p.shape[1])
        )
        return np.array([overconfidence, calibration_error(y_, p_), ((p_ - hot) ** 2).sum(axis=1).mean(), loss])

    values, (low, high) = of(np.arange(len(y))), interval(of, len(y), n_draws=300, seed=seed)
    # An error of calibration is never below 0, so that the percentiles of its draws would lie above it.
    low[1], high[1] = spread(lambda rows: calibration_error(y[rows], p[rows]), len(y), n_draws=300, seed=seed)
    figures: dict[str, float] = {"n": len(y)}
    for i, name in enumerate(("overconfidence", "calibration_error", "brier", "log_loss")):
        figures |= {name: values[i], f"{name}_low": low[i], f"{name}_high": high[i]}
    return figures
