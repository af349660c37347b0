"""The atlas.h5 contract: it changes whole or not at all, and what is in it is what it was made from."""

import json
import multiprocessing
import os
import shutil

import h5py
import numpy as np
import pytest
import torch

from model.aae import IntegratedCell, to_images
from model.atlas import Atlas, editing, fingerprint, is_current, mark_changed, replace_group
from model.cells import Cells
from model.checkpoint import load_run
from model.config import to_json
from model.errors import InputError
from model.hdf5 import open_checked
from model.vocabulary import PAPER_STAGES
from precompute.embed import as_tensors, half_precision


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def add(path, name, value=1, **options):
    with editing(path, **options) as file, replace_group(file, name, fingerprint(value)) as group:
        group["value"] = value


def fail(path, error, after=None):
    """Edit `path` until an error in the middle of a group, having finished the group `after` before."""
    with editing(path, create=True) as file:
        if after:
            with replace_group(file, after, fingerprint(1)) as group:
                group["value"] = 1
        with replace_group(file, "unfinished", "x") as group:
            group["value"] = 2
            raise error


# ---- model.atlas.editing


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "a.h5"
    with editing(path, create=True) as file:
        with replace_group(file, "one", "x") as group:
            group["value"] = 1
        assert names(tmp_path) == ["a.h5.working.partial"]
    assert names(tmp_path) == ["a.h5"]
    with open_checked(path, "integrated-cell/atlas", 1) as file:
        assert sorted(file.attrs) == ["atlas_id", "axis_order", "schema", "schema_version"]
        assert is_current(file, "one", "x")


@pytest.mark.parametrize("error", [InputError, RuntimeError, KeyboardInterrupt])
def test_failing_before_anything_is_finished_leaves_nothing(tmp_path, error):
    with pytest.raises(error):
        fail(tmp_path / "a.h5", error)
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [InputError, RuntimeError, KeyboardInterrupt])
def test_what_was_finished_before_an_error_is_kept(tmp_path, error):
    path = tmp_path / "a.h5"
    with pytest.raises(error):
        fail(path, error, after="one")
    assert names(tmp_path) == ["a.h5.working.partial"]
    with editing(path, create=True) as file:
        assert is_current(file, "one", fingerprint(1))
        assert "unfinished" not in file
    assert names(tmp_path) == ["a.h5"]
    with h5py.File(path) as file:
        assert list(file) == ["one"]  # nothing half-written under the final name


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.h5"
    add(path, "one", create=True)
    before = path.read_bytes()
    with pytest.raises(RuntimeError):
        fail(path, RuntimeError, after="two")
    assert path.read_bytes() == before
    with editing(path) as file:
        assert list(file) == ["_unfinished", "one", "two"]


def test_a_working_copy_of_another_file_is_thrown_away(tmp_path):
    path = tmp_path / "a.h5"
    add(path, "one", create=True)
    with pytest.raises(RuntimeError):
        fail(path, RuntimeError, after="two")
    add(tmp_path / "b.h5", "three", create=True)
    os.replace(tmp_path / "b.h5", path)
    with editing(path) as file:
        assert list(file) == ["three"]


def test_a_broken_working_copy_is_thrown_away(tmp_path):
    path = tmp_path / "a.h5"
    add(path, "one", create=True)
    (tmp_path / "a.h5.working.partial").write_bytes(path.read_bytes()[:1500])
    with editing(path) as file:
        assert list(file) == ["one"]


def test_nothing_changed_nothing_written(tmp_path):
    path = tmp_path / "a.h5"
    add(path, "one", create=True)
    before = path.stat().st_mtime_ns
    with editing(path):
        pass
    assert path.stat().st_mtime_ns == before
    assert names(tmp_path) == ["a.h5"]


def test_replaced_groups_leave_no_room_behind(tmp_path):
    path = tmp_path / "a.h5"
    add(path, "one", np.random.default_rng(0).random(100_000).tolist(), create=True)
    size = path.stat().st_size
    for seed in range(1, 4):
        add(path, "one", np.random.default_rng(seed).random(100_000).tolist())
    assert path.stat().st_size == pytest.approx(size, rel=0.001)


def hold(path, ready, done):
    with editing(path):
        ready.set()
        done.wait(60)


def test_two_jobs_cannot_work_on_one_atlas(tmp_path):
    path = tmp_path / "a.h5"
    add(path, "one", create=True)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(path, ready, done))
    other.start()
    try:
        assert ready.wait(60)
        with pytest.raises(InputError, match="another job is at work on this atlas"), editing(path):
            pass
    finally:
        done.set()
        other.join()
    assert other.exitcode == 0
    assert names(tmp_path) == ["a.h5"]


def test_what_is_not_an_atlas(tmp_path, tiny_cells):
    with pytest.raises(InputError, match="no such file"), editing(tmp_path / "none.h5"):
        pass
    with pytest.raises(InputError, match="does not exist; make it first"), editing(tmp_path / "none" / "a.h5", create=True):
        pass
    cells = shutil.copy(tiny_cells, tmp_path / "cells.h5")
    with pytest.raises(InputError, match="expected schema 'integrated-cell/atlas'"), editing(cells, create=True):
        pass
    add(tmp_path / "a.h5", "cells", create=True)
    with pytest.raises(InputError, match="not complete, it lacks latent, projection, model"):
        Atlas(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file.attrs["schema_version"] = 99
    with pytest.raises(InputError, match="schema version 99, this program reads version 1"):
        Atlas(tmp_path / "a.h5")
    assert names(tmp_path) == ["a.h5", "cells.h5"]


# ---- what an atlas holds


def test_the_atlas_is_what_it_was_made_from(tiny_atlas, tiny_cells, tiny_run):
    atlas, run = Atlas(tiny_atlas), load_run(tiny_run)
    with Cells(tiny_cells) as cells:
        assert atlas.cells.equals(cells.table)
        assert atlas.structures == cells.structures
        np.testing.assert_array_equal(atlas.file["factors/axis_x"], cells.factors["axis_x"])
        assert atlas.title == cells.title
        volumes = np.stack([cells.volume(row, run.model_config.grid) for row in range(len(cells))])
    assert atlas.stages == PAPER_STAGES
    assert atlas.config == run.model_config
    assert atlas.train_config == json.loads(to_json(run.train_config))
    assert atlas.simulated
    assert atlas.voxel_um == pytest.approx(4 * 0.317)
    assert len(atlas.atlas_id) == 12
    assert atlas.file["curves/phase"].asstr()[:].tolist() == ["r", "rs"]
    # Whoever encodes the cells with the weights in the file finds the latents in the file.
    model = IntegratedCell.from_weights(atlas.config, as_tensors(atlas.weights()))
    latents = model.encode(to_images(volumes))
    for name in ("z_r", "z_s", "z_r_hat", "y"):
        np.testing.assert_allclose(atlas.latent(name), getattr(latents, name), atol=1e-5)
    np.testing.assert_allclose(atlas.latent("y").sum(axis=1), 1, rtol=1e-5)


def test_weights_are_half_where_they_fit():
    numbers = {"weight": torch.tensor([1.0, -3.0]), "running_var": torch.tensor([70000.0]), "n": torch.tensor(3)}
    half = half_precision(dict.fromkeys(("Enc_r", "Dec_r", "Enc_rs", "Dec_rs", "EncD_r"), numbers))
    assert list(half) == ["Enc_r", "Dec_r", "Enc_rs", "Dec_rs"]
    assert {name: value.dtype.name for name, value in half["Dec_r"].items()} == {
        "n": "int64",
        "running_var": "float32",
        "weight": "float16",
    }


def test_the_name_of_an_atlas_is_what_it_serves(tiny_atlas, tmp_path):
    def changed(path):
        copy = shutil.copy(tiny_atlas, tmp_path / "a.h5")
        with editing(copy) as file:
            file[path][0] = file[path][1]
            mark_changed(file)
        return Atlas(copy).atlas_id != Atlas(tiny_atlas).atlas_id

    assert changed("latent/z_r")
    assert changed("projection/z_s")
    assert changed("model/Dec_r/body.linear.bias")
    assert not changed("variation/score")
    assert not changed("pictures/cell")
