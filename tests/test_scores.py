"""The figures of an evaluation against sklearn, scipy and the formulas."""

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import accuracy_score, confusion_matrix, precision_score, recall_score

from precompute.scores import classification, divergence, inception_ceiling, inception_score, linear_probe, normality


@pytest.fixture
def predicted():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 200)
    p = rng.dirichlet(np.ones(5), 200)
    p[np.arange(200), y] += 0.5
    return y, p / p.sum(axis=1, keepdims=True)


def test_classification_is_sklearns(predicted):
    y, p = predicted
    y_hat = p.argmax(axis=1)
    figures, confusion, per_class = classification(y, p)
    assert figures["accuracy"] == pytest.approx(accuracy_score(y, y_hat))
    assert figures["macro_recall"] == pytest.approx(recall_score(y, y_hat, average="macro"))
    np.testing.assert_array_equal(confusion, confusion_matrix(y, y_hat))
    np.testing.assert_allclose(per_class["recall"], recall_score(y, y_hat, average=None))
    np.testing.assert_allclose(per_class["precision"], precision_score(y, y_hat, average=None))
    np.testing.assert_array_equal(per_class["n"], np.bincount(y))


def test_a_class_without_cells_counts_for_nothing():
    figures, confusion, per_class = classification(np.array([0, 0, 2]), np.eye(4)[[0, 2, 2]])
    assert figures == {"accuracy": pytest.approx(2 / 3), "macro_recall": pytest.approx((0.5 + 1) / 2)}
    assert confusion.shape == (4, 4)
    assert per_class["n"].tolist() == [2, 0, 1, 0]
    np.testing.assert_array_equal(per_class["recall"], [0.5, np.nan, 1, np.nan])


def test_inception_score_is_the_formula(predicted):
    p = predicted[1]
    marginal = p.mean(axis=0)
    kl = [sum(q * np.log(q / m) for q, m in zip(row, marginal, strict=True)) for row in p]
    assert inception_score(p) == pytest.approx(np.exp(np.mean(kl)), rel=1e-12)
    np.testing.assert_allclose(divergence(p), kl)


def test_inception_score_has_its_ceiling_and_floor(predicted):
    y = predicted[0]
    assert inception_ceiling(y) == pytest.approx(np.exp(entropy(np.bincount(y))))
    assert inception_score(np.eye(5)[y]) == pytest.approx(inception_ceiling(y))
    assert inception_score(np.full((7, 5), 0.2)) == pytest.approx(1)
    assert inception_ceiling(np.repeat(np.arange(11), 3)) == pytest.approx(11)


def test_a_probe_reads_what_is_there_and_no_more():
    rng = np.random.default_rng(1)
    labels = np.repeat(["a", "b", "c", "rare"], [50, 30, 20, 4])
    z = rng.standard_normal((104, 6))
    blind = linear_probe(z, labels)
    assert blind["balanced_accuracy"] == pytest.approx(1 / 3, abs=0.15)
    z[:, 0] += 8 * (labels == "a")
    z[:, 1] += 8 * (labels == "b")
    seeing = linear_probe(z, labels)
    assert seeing["balanced_accuracy"] > 0.97
    assert (seeing["n"], seeing["n_classes"], seeing["left_out"]) == (100, 3, ["rare"])
    assert seeing["chance"] == pytest.approx(1 / 3)


def test_a_probe_of_too_few_cells_says_so():
    result = linear_probe(np.zeros((9, 2)), np.repeat(["a", "b"], [5, 4]))
    assert result["balanced_accuracy"] is None
    assert result["skipped"] == "fewer than 2 classes with 5 cells each"


def test_normality():
    z = np.random.default_rng(2).standard_normal((5000, 4)) * [1, 1, 0.5, 1] + [0, 0.3, 0, 0]
    figures = normality(z)
    assert figures["mean_max_abs"] == pytest.approx(0.3, abs=0.05)
    assert figures["sd_min"] == pytest.approx(0.5, abs=0.03)
    assert figures["sd_max"] == pytest.approx(1, abs=0.05)
    assert figures["n"] == 5000
