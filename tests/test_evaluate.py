"""Evaluation on held-out cells: which cells, what is compared with what, and where the figures go."""

import json
import re
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import pearsonr
from sklearn.metrics import log_loss

from model.aae import to_images, to_volumes
from model.atlas import Atlas
from model.cells import Cells
from model.hdf5 import read_table
from precompute.__main__ import main
from precompute.contact_sheet import GAP, LABEL_HEIGHT, picture
from precompute.embed import stored_model
from precompute.evaluate import draw_panel, held_out, jsonable, stages_off
from precompute.held_out import bce, checkerboard, measure, pearson, sharpness
from tests import synthetic

KEYS = {"accuracy", "macro_recall", "inception_data", "inception_reconstructed", "inception_generated", "inception_ceiling"}
KEYS |= {"bce_x_r", "bce_x_s", "r_x_r", "r_x_s", "z_s_class_probe", "stage_probe", "per_class", "n_test"}
KEYS |= {f"{kind}_{name}" for kind in ("pca", "mean") for name in ("bce_x_r", "bce_x_s", "r_x_r", "r_x_s")}
KEYS |= {"sharpness_x_r", "sharpness_x_s", "sharpness_high_x_r", "sharpness_high_x_s", "checkerboard", "per_source"}


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


def test_sharpness_is_the_power_between_two_frequencies():
    """Of waves along z and x, only the one within the band counts."""
    z, _, x = np.meshgrid(*(np.arange(n) for n in (16, 24, 32)), indexing="ij")
    inside, outside = np.cos(2 * np.pi * 3 / 16 * z), np.cos(2 * np.pi * 1 / 32 * x)
    image, fainter = (torch.from_numpy(a)[None, None] for a in (inside + outside, 0.5 * inside + 9 * outside + 3))
    assert sharpness(image, image).item() == pytest.approx(1)
    assert sharpness(image, fainter).item() == pytest.approx(0.25)
    assert sharpness(torch.zeros_like(image), image).isnan().all()


def test_a_checkerboard_is_found():
    rng = np.random.default_rng(0)
    smooth = gaussian_filter(rng.normal(size=(16, 24, 32)), 1, mode="wrap")
    squares = 0.02 * (np.indices((16, 24, 32)).sum(axis=0) % 2)
    plain, with_squares = (checkerboard(torch.from_numpy(image)[None, None]).item() for image in (smooth, smooth + squares))
    assert plain < 1.6
    assert with_squares > 3


def test_stages_off_counts_along_the_scale():
    scale = np.array(["i", "p", "m"])
    own = pd.DataFrame({"stage": ["i", "p", "m"] * 4 + ["i"], "split": ["train"] * 12 + ["test"]})
    z = np.array([[0.0], [1.0], [2.0]] * 4 + [[9.0]])
    measured = pd.DataFrame({"stage": ["i", "m", "not annotated", "m"]})
    off = stages_off(z, own, np.array([[0.0], [2.0], [1.0], [0.0]]), measured, scale)
    np.testing.assert_array_equal(off, [0, 0, np.nan, 2])
    assert np.isnan(stages_off(z, own.assign(stage="i"), z[:4], measured, scale)).all()


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
    assert metrics["per_source"]["simulated"]["n"] == 40
    assert "five folds" in metrics["baselines"]["fitted_to"]
    assert atlas.read_bytes() == before


def test_baselines_can_be_fitted_to_what_the_model_learned_from(atlas, tiny_cells, tmp_path, capsys):
    fresh = synthetic.write_cells(tmp_path / "fresh.h5", 9, (32, 48, 64), seed=99)
    out = tmp_path / "figures.json"
    command = ["evaluate", "--atlas", str(atlas), "--cells", str(fresh), "--json", str(out), "--device", "cpu"]
    assert main([*command, "--learned-from", str(tiny_cells)]) == 0
    assert json.loads(out.read_text())["baselines"]["n_fitted"] == (Atlas(atlas).cells["split"] == "train").sum()
    assert main([*command, "--learned-from", str(fresh)]) == 2
    assert "not the cells that the atlas was made from" in capsys.readouterr().err


def test_the_panel_is_of_generated_cells(atlas, tmp_path):
    """Cell 12 is the second of class 0 + 1: where its picture stands, and the picture itself."""
    with h5py.File(atlas) as file:
        model = stored_model(file, "cpu")
    draw_panel(model, [s.gene for s in Atlas(atlas).structures], tmp_path / "panel.png", seed=3)
    sheet = np.asarray(Image.open(tmp_path / "panel.png"))
    volume = to_volumes(model.sample(torch.arange(64) % 11, torch.Generator().manual_seed(3)))[12]
    expected = picture(np.kron(volume, np.ones((1, 4, 4, 4), np.uint8)))  # 32 voxels wide, shown at 128
    height, width = (n + 2 * GAP for n in expected.shape[:2])
    height += LABEL_HEIGHT
    assert sheet.shape == (8 * height, 8 * width, 3)
    y, x = height + LABEL_HEIGHT + GAP, 4 * width + GAP
    assert np.array_equal(sheet[y : y + expected.shape[0], x : x + expected.shape[1]], expected)


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
