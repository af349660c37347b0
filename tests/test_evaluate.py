"""Evaluation on held-out cells: which cells, what is compared with what, and where the figures go."""

import json
import re
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import pearsonr
from sklearn.metrics import log_loss

from model.aae import to_images
from model.atlas import Atlas
from model.cells import Cells
from model.hdf5 import read_table
from precompute.__main__ import main
from precompute.embed import stored_model
from precompute.evaluate import held_out, jsonable
from precompute.held_out import bce, measure, pearson
from tests import synthetic

KEYS = {"accuracy", "macro_recall", "inception_data", "inception_reconstructed", "inception_generated", "inception_ceiling"}
KEYS |= {"bce_x_r", "bce_x_s", "r_x_r", "r_x_s", "z_s_class_probe", "stage_probe", "per_class", "n_test"}


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.random((2, 3, 2, 2, 4, 5), np.float32))


def test_pearson_is_scipys(images):
    x, x_hat = images
    r = pearson(x, x_hat)
    expected = [[pearsonr(a.ravel(), b.ravel())[0] for a, b in zip(*cell, strict=True)] for cell in zip(x, x_hat, strict=True)]
    np.testing.assert_allclose(r, expected, atol=1e-6)


def test_an_image_without_contrast_correlates_with_nothing(images):
    assert pearson(images[0], torch.full_like(images[0], 0.3)).tolist() == [[0, 0]] * 3


def test_bce_is_the_mean_over_voxels(images):
    x, x_hat = images
    whole = (x > 0.5).float()
    expected = [log_loss(a.ravel().int().numpy(), b.ravel().double().numpy()) for a, b in zip(whole, x_hat, strict=True)]
    np.testing.assert_allclose(bce(whole, x_hat), expected, rtol=1e-5)


def test_held_out_is_what_the_model_has_not_seen():
    own = pd.DataFrame({"cell_id": ["a", "b", "c"], "split": ["train", "test", "train"]})
    fresh = pd.DataFrame({"cell_id": ["x", "y"], "split": ["train", "test"]})
    assert held_out(own, own).tolist() == [1]
    assert held_out(fresh, own).tolist() == [0, 1]


def test_each_figure_compares_what_it_says(tiny_atlas, tiny_cells):
    rows, y = np.array([3, 5, 7]), np.array([3, 5, 7])
    with h5py.File(tiny_atlas) as file, Cells(tiny_cells) as cells:
        model = stored_model(file, "cpu")
        measured = measure(model, cells, rows, y, batch_size=2)
        x_rs = to_images(np.stack([cells.volume(row, model.config.grid) for row in rows]))
    rebuilt = model.reconstruct(x_rs)
    np.testing.assert_allclose(
        measured.bce_x_r, bce(x_rs[:, [0, 2]], model.decode_r(model.encode_r(x_rs[:, [0, 2]]))), rtol=1e-5
    )
    np.testing.assert_allclose(measured.r_x_s, pearson(x_rs[:, [1]], rebuilt[:, [1]])[:, 0], rtol=1e-4)
    np.testing.assert_allclose(measured.p_reconstructed, model.encode(rebuilt).y, rtol=1e-4)
    predicted = model.predict(model.encode(x_rs).z_r, torch.from_numpy(y))
    np.testing.assert_allclose(measured.r_x_s_predicted, pearson(x_rs[:, [1]], predicted[:, [1]])[:, 0], rtol=1e-4)
    assert len(measured.p_generated) == 3


def test_what_the_atlas_holds(tiny_atlas):
    atlas = Atlas(tiny_atlas)
    metrics, group = atlas.metrics, atlas.file["evaluation"]
    assert set(metrics) >= KEYS
    assert metrics["n_test"] == (atlas.cells["split"] == "test").sum() == group["confusion"][:].sum()
    assert metrics["accuracy"] == pytest.approx(group["confusion"][:].trace() / metrics["n_test"])
    assert metrics["inception_ceiling"] == pytest.approx(8)  # eight test cells, each of its own structure
    per_class = read_table(group["per_class"])
    assert per_class["gene"].tolist() == [s.gene for s in atlas.structures]
    assert jsonable(per_class.to_dict("records")) == metrics["per_class"]
    assert "skipped" in metrics["probes"]["z_s_class"]


@pytest.fixture
def atlas(tiny_atlas, tmp_path):
    return shutil.copy(tiny_atlas, tmp_path / "atlas.h5")


def test_own_cells_go_into_the_atlas_too(atlas, tiny_cells, tmp_path, capsys):
    out = tmp_path / "figures.json"
    command = ["evaluate", "--atlas", str(atlas), "--cells", str(tiny_cells), "--seed", "3", "--device", "cpu"]
    assert main([*command, "--json", str(out)]) == 0
    assert json.loads(out.read_text()) == Atlas(atlas).metrics
    assert Atlas(atlas).metrics["seed"] == 3
    assert "z_s_class probe       skipped: fewer than 2 classes" in capsys.readouterr().out


def test_fresh_cells_leave_the_atlas_as_it_is(atlas, tmp_path):
    fresh = synthetic.write_cells(tmp_path / "fresh.h5", 40, (32, 48, 64), seed=99)
    before = atlas.read_bytes()
    out = tmp_path / "figures.json"
    assert main(["evaluate", "--atlas", str(atlas), "--cells", str(fresh), "--json", str(out), "--device", "cpu"]) == 0
    metrics = json.loads(out.read_text())
    assert metrics["n_test"] == 40
    assert metrics["probes"]["stage"]["n_classes"] == 8
    assert 0 <= metrics["stage_probe"] <= 1
    assert atlas.read_bytes() == before


def test_a_folder_that_is_not_there_is_found_out_at_once(atlas, tiny_cells, tmp_path, capsys):
    command = ["evaluate", "--atlas", str(atlas), "--cells", str(tiny_cells), "--json", str(tmp_path / "none" / "figures.json")]
    assert main(command) == 2
    assert "does not exist; make it first" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [({"split": "train"}, "none of its cells is held out"), ({"structure": "CETN2"}, "the model knows no CETN2, only ACTN1")],
)
def test_cells_that_cannot_be_used(atlas, tiny_cells, tmp_path, capsys, change, message):
    cells = shutil.copy(tiny_cells, tmp_path / "cells.h5")
    with h5py.File(cells, "r+") as file:
        for name, value in change.items():
            file[f"cells/{name}"][:] = value
        if "structure" in change:
            file.attrs["structures"] = file.attrs["structures"].replace("TOMM20", change["structure"])
    assert main(["evaluate", "--atlas", str(atlas), "--cells", str(cells), "--device", "cpu"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert re.search(message, line)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["atlas.h5", "cells.h5"]
