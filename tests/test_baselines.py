"""What a model has to beat, against scikit-learn and a loop; and that no baseline sees the cells it is measured on."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA

from model.cells import Cells
from precompute import baselines as module
from precompute.baselines import HALF_GREY, baselines, group_means, pca
from precompute.held_out import bce, pearson
from tests import synthetic

GRID = (16, 24, 32)


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    with Cells(synthetic.write_cells(tmp_path_factory.mktemp("cells") / "cells.h5", 44, GRID)) as cells:
        yield cells


def test_pca_is_the_exact_one():
    rng = np.random.default_rng(0)
    fit = (rng.normal(size=(40, 6)) * (9, 6, 4, 3, 2, 1) @ rng.normal(size=(6, 300))).astype(np.float32)
    exact = PCA(3, svd_solver="full").fit(fit)
    x = fit[:5] + 1
    np.testing.assert_allclose(pca(fit, x, 3), exact.inverse_transform(exact.transform(x)), atol=0.02)


def test_group_means():
    fit, keys = np.array([[1.0], [3.0], [8.0]]), pd.DataFrame({"structure": ["A", "A", "B"], "stage": ["m", "m", "m"]})
    asked = pd.DataFrame({"structure": ["B", "A", "A"], "stage": ["m", "m", "i"]})
    assert group_means(fit, keys, asked).ravel().tolist() == [8, 2, 4]
    assert group_means(fit, keys[["stage"]], asked[["stage"]]).ravel().tolist() == [4, 4, 4]


def test_fitted_to_other_cells(cells):
    """On a cell of a class and stage that no fitted cell has, and with one component, both figures by hand."""
    fit, measured = np.arange(8), np.array([11])
    figures = baselines(cells, measured, (cells, fit), GRID, n_latent=1)
    x = torch.from_numpy(cells.volume(11)[[1]]).float().unsqueeze(0) / 255
    mean = torch.from_numpy(np.mean([cells.volume(i)[[1]] for i in fit], axis=0)).float().unsqueeze(0) / 255
    mean = mean.clamp(HALF_GREY, 1 - HALF_GREY)
    assert figures["mean_bce_x_s"] == pytest.approx(bce(x, mean).item(), rel=1e-5)
    assert figures["mean_r_x_s"] == pytest.approx(pearson(x, mean).item(), rel=1e-5)
    assert figures["baselines"]["pca_components"] == {"x_r": 1, "x_s": 2}
    assert figures["baselines"]["n_fitted"] == 8


def test_no_cell_is_measured_by_what_was_fitted_to_it(cells, monkeypatch):
    seen = []

    def spy(fit, x, n_components, seed):
        seen.append((len(fit), len(x)))
        assert not (fit[:, None] == x[None]).all(axis=2).any()
        return np.zeros_like(x)

    monkeypatch.setattr(module, "pca", spy)
    figures = baselines(cells, np.arange(20), None, GRID, n_latent=4)
    assert seen == [(16, 4)] * 10  # five folds, x_r and x_s
    assert "five folds" in figures["baselines"]["fitted_to"]
