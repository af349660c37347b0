"""The figures of an evaluation, each a pure function of arrays."""

import numpy as np
import pandas as pd
from numpy import ndarray
from scipy.special import rel_entr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

N_FOLDS = 5


def classification(y: ndarray, p: ndarray) -> tuple[dict, ndarray, pd.DataFrame]:
    """Accuracy and macro recall, confusion (K, K), and n, recall, precision of each class.

    y : (N,) true classes; p : (N, K) probabilities. Rows of the confusion matrix are true. Macro recall is over the classes
    that have cells; a class without has the recall nan, one that is never predicted the precision nan.
    """
    n_structures = p.shape[1]
    confusion = confusion_matrix(y, p.argmax(axis=1), labels=range(n_structures))
    correct, n_true, n_predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    with np.errstate(invalid="ignore"):
        per_class = pd.DataFrame({"n": n_true, "recall": correct / n_true, "precision": correct / n_predicted})
    figures = {"accuracy": float(correct.sum() / len(y)), "macro_recall": float(per_class["recall"].mean())}
    return figures, confusion, per_class


def inception_score(p: ndarray) -> float:
    """exp of the mean over cells of KL(p(y|x) || p(y)), p (N, K), with p(y) their mean."""
    return float(np.exp(divergence(p).mean()))


def divergence(p: ndarray) -> ndarray:
    """(N,) KL(p(y|x) || p(y)) of each cell, nat; p (N, K)."""
    p = np.asarray(p, np.float64)
    return rel_entr(p, p.mean(axis=0)).sum(axis=1)


def inception_ceiling(y: ndarray) -> float:
    """exp(H) of the frequencies of the classes y (N,): the score of a classifier without doubt or error."""
    frequency = np.unique(y, return_counts=True)[1] / len(y)
    return float(np.exp(-(frequency * np.log(frequency)).sum()))


def linear_classifier() -> Pipeline:
    """Standardised logistic regression with balanced class weights."""
    return make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000))


def linear_probe(z: ndarray, labels: ndarray, seed: int = 0) -> dict:
    """How well a linear classifier reads `labels` (N,) from z (N, n): balanced accuracy over cells it was not fitted on.

    Five folds, stratified; standardised logistic regression with balanced class weights. Classes with fewer cells than folds
    are left out. Returns balanced_accuracy, chance (1 / n_classes), n, n_classes, left_out; balanced_accuracy is None, with
    `skipped` saying why, where fewer than two classes remain.
    """
    labels = np.asarray(labels)
    names, counts = np.unique(labels, return_counts=True)
    enough = names[counts >= N_FOLDS]
    keep = np.isin(labels, enough)
    result = {"n": int(keep.sum()), "n_classes": len(enough), "left_out": sorted(set(names.tolist()) - set(enough.tolist()))}
    if len(enough) < 2:
        return {
            "balanced_accuracy": None,
            "chance": None,
            **result,
            "skipped": f"fewer than 2 classes with {N_FOLDS} cells each",
        }
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    predicted = cross_val_predict(linear_classifier(), z[keep], labels[keep], cv=folds)
    score = balanced_accuracy_score(labels[keep], predicted)
    return {"balanced_accuracy": float(score), "chance": 1 / len(enough), **result}


def normality(z: ndarray) -> dict:
    """Of the per-dimension means and sds of z (N, n): what a prior N(0, I) should make 0 and 1."""
    mean, sd = z.mean(axis=0, dtype=np.float64), z.std(axis=0, dtype=np.float64)
    return {
        "mean_max_abs": float(np.abs(mean).max()),
        "mean_rms": float(np.sqrt((mean**2).mean())),
        "sd_min": float(sd.min()),
        "sd_median": float(np.median(sd)),
        "sd_max": float(sd.max()),
        "norm_mean": float(np.linalg.norm(z, axis=1).mean()),
        "n": len(z),
    }


def by_stage(score: ndarray, interphase: ndarray, genes: list[str], n_draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Variation in mitosis against interphase: a row a structure.

    score : (V, K) of Algorithm 4, nan where singular; interphase : (V,) bool, the other cells being in mitosis.
    Columns: gene; mean in interphase and in mitosis; difference, mitosis minus interphase, with the 95 % interval low..high of
    a bootstrap over cells; n_interphase, n_mitosis. Scores are smaller where there is more variation, so a negative difference
    is MORE variation in mitosis.
    """
    rng, rows = np.random.default_rng(seed), []
    for k, gene in enumerate(genes):
        groups = [score[at, k][np.isfinite(score[at, k])] for at in (interphase, ~interphase)]
        counts = [len(group) for group in groups]
        if min(counts) == 0:
            rows.append((gene, *(group.mean() if len(group) else np.nan for group in groups), np.nan, np.nan, np.nan, *counts))
            continue
        before, after = (group[rng.integers(len(group), size=(n_draws, len(group)))].mean(axis=1) for group in groups)
        means = [group.mean() for group in groups]
        rows.append((gene, *means, means[1] - means[0], *np.quantile(after - before, (0.025, 0.975)), *counts))
    names = ["gene", "interphase", "mitosis", "difference", "low", "high", "n_interphase", "n_mitosis"]
    return pd.DataFrame(rows, columns=names)
