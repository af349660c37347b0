"""Algorithm 4 against a naive double loop, and the job that fills an atlas with it."""

import math
import shutil

import h5py
import numpy as np
import pytest

from model.atlas import Atlas, editing
from model.errors import InputError
from model.hdf5 import read_table
from precompute import variation
from precompute.__main__ import main
from precompute.scores import by_stage
from precompute.variation import chosen, correlations, draws, variation_score


def naive(images):
    n = len(images)
    rho = np.eye(n)
    for i in range(n):
        for j in range(n):
            a, b = (image.astype(np.float64) - image.astype(np.float64).mean() for image in (images[i], images[j]))
            rho[i, j] = (a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum())
    return -math.log(np.linalg.det(rho)) / n


@pytest.mark.parametrize(("n", "noise"), [(2, 1.0), (8, 1.0), (8, 0.05), (20, 0.2)])
def test_score_against_a_double_loop(n, noise):
    rng = np.random.default_rng(n)
    images = (rng.random(500) + noise * rng.random((n, 500))).astype(np.float32)
    score, singular = variation_score(images)
    assert not singular
    assert score == pytest.approx(naive(images), abs=1e-8)


def test_more_variation_is_a_smaller_score():
    rng = np.random.default_rng(0)
    base, noise = rng.random(400), rng.random((10, 400))
    scores = [variation_score(base + sd * noise)[0] for sd in (0.1, 0.3, 1, 10)]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0


def test_uncorrelated_images_score_zero():
    waves = np.cos(np.outer(np.arange(1, 9), 2 * np.pi * np.arange(64) / 64))
    assert variation_score(waves) == (pytest.approx(0, abs=1e-12), False)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [2, 30])
def test_identical_images_are_singular(n, dtype):
    images = np.random.default_rng(1).random((n, 300)).astype(dtype)
    images[-1] = images[0]
    score, singular = variation_score(images)
    assert singular
    assert math.isnan(score)


def test_an_image_without_contrast_is_singular():
    images = np.random.default_rng(2).random((5, 300)).astype(np.float32)
    images[3] = 0.1
    score, singular = variation_score(images)
    assert singular
    assert math.isnan(score)


def test_correlations_in_portions_are_those_of_the_whole(monkeypatch):
    images = np.random.default_rng(3).random((6, 1000)).astype(np.float32)
    monkeypatch.setattr(variation, "CHUNK", 77)
    rho = correlations(images)
    np.testing.assert_allclose(rho, np.corrcoef(images.astype(np.float64)), atol=1e-12)
    np.testing.assert_array_equal(rho, rho.T)
    np.testing.assert_array_equal(rho.diagonal(), 1)


def test_draws_are_distinct_and_the_prior():
    z_s = draws(400, 16, seed=5)
    assert len(np.unique(z_s, axis=0)) == 400
    assert abs(z_s.mean()) < 0.05
    assert z_s.std() == pytest.approx(1, abs=0.03)
    np.testing.assert_array_equal(z_s, draws(400, 16, seed=5))


@pytest.fixture
def atlas(tiny_atlas, tmp_path):
    return shutil.copy(tiny_atlas, tmp_path / "atlas.h5")


def test_what_the_atlas_holds(tiny_atlas):
    atlas = Atlas(tiny_atlas)
    group = atlas.file["variation"]
    rows, score, singular = (group[name][:] for name in ("cell", "score", "singular"))
    assert dict(group.attrs)["n"] == 4
    assert score.shape == singular.shape == (len(rows), 11)
    assert set(rows) == set(np.flatnonzero(atlas.cells["split"] == "test")) | set(atlas.medoids["cell"])
    assert "n_done" not in group.attrs
    np.testing.assert_array_equal(np.isnan(score), singular)
    table, stages = read_table(group["by_stage"]), atlas.cells["stage"].to_numpy()[rows]
    assert table["gene"].tolist() == [s.gene for s in atlas.structures]
    assert table["interphase"][2] == pytest.approx(score[stages == "interphase", 2].mean())
    assert table["mitosis"][2] == pytest.approx(score[stages != "interphase", 2].mean())
    assert (score[~singular] >= 0).all()


def test_mitosis_against_interphase():
    """The interval is that of a bootstrap: as wide as the means are uncertain, and without cells on a side there is none."""
    rng = np.random.default_rng(0)
    interphase = np.arange(400) < 200
    score = np.where(interphase, 5.0, 4.0)[:, None] + rng.normal(size=(400, 2)) * (1, 0.1)
    score[0, 0] = np.nan
    table = by_stage(score, interphase, ["LMNB1", "FBL"])
    assert table["n_interphase"].tolist() == [199, 200]
    assert (table["low"] < -1).all()
    assert (table["high"] > -1.15).all()
    for row, sd in zip(table.itertuples(), (1, 0.1), strict=True):
        assert row.high - row.low == pytest.approx(2 * 1.96 * sd * np.sqrt(1 / 200 + 1 / 200), rel=0.15)
    alone = by_stage(score, np.full(400, False), ["LMNB1", "FBL"])
    assert alone[["interphase", "difference", "low", "high"]].isna().all(axis=None)
    assert alone["mitosis"].notna().all()


def test_a_cap_keeps_the_medoids(atlas):
    with h5py.File(atlas) as file:
        medoids = file["medoids/cell"][:]
        assert set(medoids[:8]) == set(chosen(file, 8, seed=0))
        assert len(chosen(file, 3, seed=0)) == 3


def test_stopped_it_goes_on(atlas, tmp_path, monkeypatch, capsys):
    """Interrupted in the fourth cell, it does not decode the first three again, and comes to the same scores."""
    whole = shutil.copy(atlas, tmp_path / "whole.h5")
    arguments = ["--n", "3", "--n-cells", "5", "--seed", "1", "--device", "cpu"]
    assert main(["variation", "--atlas", str(whole), *arguments]) == 0

    decode, calls = variation.localisations, []

    def counted(model, z_r, k, *rest):
        calls.append(k)
        if len(calls) == stop_at:
            raise KeyboardInterrupt
        return decode(model, z_r, k, *rest)

    monkeypatch.setattr(variation, "localisations", counted)
    monkeypatch.setattr(variation, "SAVE_EVERY_S", -1)
    stop_at = 3 * 11 + 5
    before = atlas.read_bytes()
    assert main(["variation", "--atlas", str(atlas), *arguments]) == 130
    assert atlas.read_bytes() == before
    calls, stop_at = [], None
    assert main(["variation", "--atlas", str(atlas), *arguments]) == 0
    assert len(calls) == 2 * 11
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".h5"] == []
    with h5py.File(atlas) as resumed, h5py.File(whole) as expected:
        np.testing.assert_array_equal(resumed["variation/score"], expected["variation/score"])
        assert dict(resumed["variation"].attrs) == dict(expected["variation"].attrs)
    assert main(["variation", "--atlas", str(atlas), *arguments]) == 0
    assert "unchanged" in capsys.readouterr().out.splitlines()[-1]


def test_one_draw_is_not_enough(atlas, capsys, tmp_path):
    assert main(["variation", "--atlas", str(atlas), "--n", "1"]) == 2
    assert "give at least 2" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [atlas]


def test_without_test_cells_and_medoids_there_is_nothing_to_do(atlas):
    with h5py.File(atlas, "r+") as file:
        file["cells/split"][:] = "train"
        del file["medoids"]
    with pytest.raises(InputError, match="precompute medoids"), editing(atlas) as file:
        variation.vary(file, n=2)
