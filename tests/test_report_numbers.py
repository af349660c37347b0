"""The figures of a report against scikit-learn, scipy, the formulas and naive loops; and against what the paper printed."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy, kstest, wasserstein_distance
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, r2_score, recall_score

from precompute.report import classes, correlation, coverage, curves, latent_space, paper, probes, stages, variability
from precompute.report.intervals import interval, interval_of_mean
from precompute.scores import inception_ceiling, inception_score


@pytest.fixture
def predicted():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 300)
    p = rng.dirichlet(np.ones(5), 300)
    p[np.arange(300), y] += 0.5
    return y, p / p.sum(axis=1, keepdims=True)


def test_table_S11_as_printed():
    accuracy, recall = classes.accuracy_and_recall(paper.TABLE_S11)
    assert paper.TABLE_S11.sum() == 2212
    assert accuracy == pytest.approx(0.967, abs=5e-4)
    assert recall == pytest.approx(0.902, abs=5e-4)
    np.testing.assert_array_equal(paper.TABLE_S11.sum(axis=1), paper.TABLE_S9["test"])


@pytest.mark.parametrize(("split", "ceiling", "n"), [("train", 8.0855, 19755), ("test", 8.153, 2212)])
def test_ceilings_of_the_papers_counts(split, ceiling, n):
    counts = paper.TABLE_S9[split].to_numpy()
    assert counts.sum() == n
    assert classes.ceilings(counts / n)[-1] == pytest.approx(ceiling, abs=1e-3)
    assert inception_ceiling(np.repeat(np.arange(11), counts)) == pytest.approx(ceiling, abs=1e-3)


def test_stage_counts_of_the_paper():
    assert sum(paper.STAGE_COUNTS.values()) == 7592


def test_confusion_accuracy_and_recall_are_sklearns(predicted):
    y, p = predicted
    genes = list("abcde")
    confusion, per_class, overall = classes.confusion_table(genes, y, p)
    y_hat = p.argmax(axis=1)
    np.testing.assert_array_equal(confusion, confusion_matrix(y, y_hat))
    expected = [accuracy_score(y, y_hat), recall_score(y, y_hat, average="macro")]
    np.testing.assert_allclose(overall["value"], expected)
    np.testing.assert_allclose(per_class["recall"], recall_score(y, y_hat, average=None))
    for table, name in ((overall, "value"), (per_class, "recall"), (per_class, "precision")):
        assert ((table[f"{name}_low"] < table[name]) & (table[name] < table[f"{name}_high"])).all()


def test_inception_with_its_own_frequencies_is_the_formula(predicted):
    y, p = predicted
    frequency = np.bincount(y) / len(y)
    scores = classes.inception(p, y, frequency)
    divergence = np.array([entropy(row, p.mean(axis=0)) for row in p])
    assert scores[-1] == pytest.approx(np.exp(divergence.mean()))
    assert scores[-1] == pytest.approx(inception_score(p))
    np.testing.assert_allclose(scores[:-1], [np.exp(divergence[y == k].mean()) for k in range(5)])


def test_inception_at_other_frequencies_is_that_of_cells_repeated(predicted):
    y, p = predicted
    rows = np.concatenate([np.flatnonzero(y == k)[:20] for k in range(5)])
    repeats = np.repeat(rows, np.array([1, 2, 3, 4, 5])[y[rows]])
    weighted = classes.inception(p[rows], y[rows], np.arange(1, 6) / 15)
    assert weighted[-1] == pytest.approx(inception_score(p[repeats]))


def test_a_classifier_without_doubt_reaches_the_ceilings(predicted):
    y, _ = predicted
    frequency = np.bincount(y) / len(y)
    np.testing.assert_allclose(classes.inception(np.eye(5)[y], y, frequency), classes.ceilings(frequency))


def test_a_class_without_cells_has_no_score():
    scores = classes.inception(np.eye(3)[[0, 0, 2]], np.array([0, 0, 2]), np.array([2, 0, 1]) / 3)
    assert np.isnan(scores).tolist() == [False, True, False, False]
    alone = classes.inception_table(list("abc"), {"data": (np.eye(3), np.arange(3))}, np.array([0.5, 0, 0.5]))
    assert np.isnan(alone["data"]).tolist() == [False, True, False, False]
    assert alone["n_data"].tolist() == [1, 1, 1, 2]
    assert alone["data_low"].isna().tolist() == [True, True, True, False]


def test_cells_by_split():
    table = pd.DataFrame(
        {"structure": ["A", "A", "B"], "split": ["train", "test", "train"], "source": ["real", "simulated", "real"]}
    )
    counts = classes.cells_by_split(table, ["A", "B", "C"]).set_index("gene")
    assert counts.loc["A"].to_dict() == {"total": 2, "train": 1, "test": 1, "real": 1}
    assert counts.loc["C"].sum() == 0
    assert counts.loc["all"].to_dict() == {"total": 3, "train": 2, "test": 1, "real": 2}


def test_calibration(predicted):
    y, p = predicted
    figures = classes.calibration(y, p)
    assert figures["brier"] == pytest.approx(((p - np.eye(5)[y]) ** 2).sum() / len(y))
    assert figures["log_loss"] == pytest.approx(log_loss(y, p))
    confidence, right, naive = p.max(axis=1), p.argmax(axis=1) == y, 0.0
    for low in np.arange(10) / 10:
        at = (confidence >= low) & ((confidence < low + 0.1) | (low == 0.9))
        naive += at.sum() / len(y) * abs(right[at].mean() - confidence[at].mean()) if at.any() else 0
    assert figures["calibration_error"] == pytest.approx(naive)
    assert classes.reliability(y, p)["n"].sum() == len(y)


def test_pairs_are_numpys_correlations_of_two():
    images = np.random.default_rng(0).random((6, 50))
    rho = np.corrcoef(images)
    naive = [np.corrcoef(images[i], images[j])[0, 1] for i in range(6) for j in range(i + 1, 6)]
    np.testing.assert_allclose(correlation.pairs(rho), naive)
    rho[2] = rho[:, 2] = np.nan
    assert len(correlation.pairs(rho)) == 10


def test_mean_of_pairs_is_as_uncertain_as_its_cells():
    """Cells of one common image and noise: the interval covers what many such sets give, which one over pairs would not."""
    rng = np.random.default_rng(1)
    weight = rng.uniform(0.2, 1, (200, 20))
    rhos = [np.outer(w, w) + np.diag(1 - w**2) for w in weight]
    means = np.array([correlation.pairs(rho).mean() for rho in rhos])
    widths = [np.subtract(*correlation.mean_pair(rho, n_draws=300)[:0:-1]) for rho in rhos[:20]]
    assert np.mean(widths) == pytest.approx(2 * 1.96 * means.std(), rel=0.25)


def test_distance_of_two_sets_of_pairs():
    rng = np.random.default_rng(0)
    a, b = (np.corrcoef(rng.random(40) + noise * rng.random((12, 40))) for noise in (1, 3))
    value, low, high = correlation.distance(a, b)
    assert value == pytest.approx(wasserstein_distance(correlation.pairs(a), correlation.pairs(b)))
    assert low < value < high
    assert np.isnan(correlation.distance(a, np.eye(1))).all()


def test_latents_against_the_prior():
    z = np.random.default_rng(0).standard_normal((400, 6))
    np.testing.assert_allclose(latent_space.ks(z), [kstest(column, "norm").statistic for column in z.T])
    figures = latent_space.against_prior(z)
    assert figures["n_rejected"] == 0
    assert figures["norm_mean"] == pytest.approx(np.sqrt(6), rel=0.1)
    assert latent_space.against_prior(z + np.array([0, 0, 1, 0, 2, 0]))["n_rejected"] == 2
    x, qq = latent_space.quantiles(2 * z)
    assert np.polyfit(x, qq.mean(axis=1), 1)[0] == pytest.approx(2, rel=0.1)


def test_nearest_by_brute_force():
    rng = np.random.default_rng(0)
    z, train = rng.random((7, 3)), rng.random((20, 3))
    np.testing.assert_allclose(latent_space.to_nearest(z, train), [min(np.linalg.norm(a - b) for b in train) for a in z])
    own = [min(np.linalg.norm(a - b) for j, b in enumerate(train) if j != i) for i, a in enumerate(train)]
    np.testing.assert_allclose(latent_space.to_nearest(train, train, own=True), own)
    table = latent_space.support({"train": np.array(own), "far": np.full(5, 9.0), "none": np.empty(0)}, "train").set_index(
        "cells"
    )
    assert table.loc["far", "beyond"] == 1
    assert table.loc["train", "beyond"] == pytest.approx(0.05)
    assert np.isnan(table.loc["none", "median"])


def test_precision_and_recall_by_brute_force():
    rng = np.random.default_rng(0)
    data, generated = rng.standard_normal((30, 2)), rng.standard_normal((25, 2)) * 2

    def naive(points, of):
        reach = [sorted(np.linalg.norm(a - b) for b in of)[coverage.NEIGHBOURS] for a in of]
        return np.mean([any(np.linalg.norm(x - a) <= r for a, r in zip(of, reach, strict=True)) for x in points])

    figures = coverage.precision_recall(data, generated)
    assert figures["precision"] == pytest.approx(naive(generated, data))
    assert figures["recall"] == pytest.approx(naive(data, generated))
    assert coverage.precision_recall(data, data)["precision"] == 1
    assert coverage.precision_recall(data, data + 100)["recall"] == 0
    assert np.isnan(coverage.precision_recall(data[:3], generated)["precision"])


def test_factors_read_from_latents():
    """R2 is sklearn's on test cells; an angle that wraps is read by its cosine and sine; noise is not read."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((300, 4))
    angle = np.rad2deg(np.arctan2(z[:, 1], z[:, 2])) % 360
    factors = pd.DataFrame({"size": 3 * z[:, 0] + 1, "turn_deg": angle, "noise": rng.standard_normal(300), "same": 1.0})
    factors.loc[:99, "noise"] = np.nan
    train = np.arange(300) % 2 == 0
    table = probes.read_factors({"z_r": z}, factors, train, ~train).set_index("factor")
    assert table.loc["size", "z_r"] > 0.999
    assert table.loc["turn_deg", "z_r"] > 0.6
    assert table.loc["noise", "z_r"] < 0.1
    assert table.loc["noise", "n_test"] == 100
    assert np.isnan(table.loc["same", "z_r"])
    true, guess = rng.random((20, 1)), rng.random((20, 1))
    assert probes.r2(true, guess) == pytest.approx(r2_score(true, guess))


def test_a_class_is_read_where_it_can_be():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"])[np.arange(120) % 3]
    labels[-1] = "rare"
    train = np.arange(120) < 60
    z = rng.standard_normal((120, 3))
    nothing = probes.read_class(z, labels, train, ~train)
    everything = probes.read_class(z + 20 * (labels[:, None] == np.array(["a", "b", "c"])), labels, train, ~train)
    assert everything["balanced_accuracy"] == 1
    assert everything["n_test"] == 59
    assert nothing["balanced_accuracy_low"] < nothing["chance"] == 1 / 3 < nothing["balanced_accuracy_high"]
    assert np.isnan(probes.read_class(z, np.full(120, "a"), train, ~train)["balanced_accuracy"])


def test_mitosis_against_interphase():
    rng = np.random.default_rng(0)
    interphase = np.arange(60) < 30
    score = np.where(interphase, 5.0, 4.0)[:, None] + rng.normal(size=(60, 2)) * (0.1, 10)
    score[0, 0] = np.nan
    table = variability.compared(score, interphase, ["LMNB1", "XYZ"])
    assert table["delta"].iloc[0] == -1
    assert table["q"].iloc[0] < 0.001 < table["p"].iloc[1] <= table["q"].iloc[1]
    assert table["n_interphase"].tolist() == [29, 30]
    assert table["paper_sign"].iloc[0] == -1
    a, b = score[interphase, 1], score[~interphase, 1]
    assert table["delta"].iloc[1] == pytest.approx(sum(np.sign(m - i) for m in b for i in a) / 900)
    alone = variability.compared(score, np.full(60, False), ["LMNB1", "XYZ"])
    assert alone[["p", "q", "delta", "difference"]].isna().all(axis=None)


def test_extremes_and_enrichment():
    score = np.array([[3.0], [1], [np.nan], [2], [9], [8], [7], [6], [5]])
    most, least = variability.extremes(score, 0, 2)
    assert (most.tolist(), least.tolist()) == ([1, 3], [4, 5])
    row = variability.enrichment(score, np.isin(np.arange(9), [1, 3]), ["FBL"]).iloc[0]
    assert (row["n"], row["most"], row["least"]) == (2, 1, 0)


def test_errors_by_stage():
    figures = {name: np.array([1.0, 3, 5, np.nan]) for name in stages.FIGURES}
    stage = np.array(["a", "a", "not annotated", "b"])
    table = stages.errors(figures, stage, ["a", "b", "c"]).set_index("stage")
    assert table["n"].to_dict() == {"a": 2, "b": 0, "c": 0, "all": 3}
    assert table.loc["a", "r_x_s"] == 2
    assert table.loc["all", "bce_x_r"] == 3
    assert table.loc["c"].drop("n").isna().all()


def test_convergence():
    frame = pd.DataFrame({"phase": "r", "split": "train", "epoch": np.repeat([0, 1, 2], 4), "step": np.arange(12)})
    frame["L_x"] = np.repeat([4.0, 2, 1], 4)
    row = curves.convergence(frame).iloc[0]
    assert (row["last"], row["change"], row["n"], row["n_epochs"]) == (1, -0.5, 4, 3)
    step, median = curves.smoothed(frame["step"].to_numpy(), frame["L_x"].to_numpy(), 3)
    assert (step.tolist(), median.tolist()) == ([1.5, 5.5, 9.5], [4, 2, 1])


def test_intervals_are_those_of_a_bootstrap():
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = interval(lambda rows: values[rows].mean(), 400)
    assert high - low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.15)
    mean, low, high = interval_of_mean(np.append(values, np.nan))
    assert low < mean < high
    assert mean == pytest.approx(values.mean())
    assert np.isnan(interval_of_mean(np.array([np.nan]))).all()
    labels = np.array(["a"] * 5 + ["b"] * 2)
    low, high = interval(lambda rows: [(labels[rows] == "a").sum(), np.nan], labels, n_draws=20)
    assert low[0] == high[0] == 5  # of each stratum as many as there are
    assert np.isnan([low[1], high[1]]).all()
