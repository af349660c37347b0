"""`precompute atlas`: nothing computed twice, nothing computed lost, nothing left of bad input."""

import os
import re
import shutil
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest
import torch

import precompute.atlas
import precompute.projection
from model.atlas import Atlas
from model.cells import Cells
from model.config import ModelConfig
from precompute.__main__ import main
from tests import synthetic


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def job(tiny_cells, tiny_run, tmp_path_factory):
    """An atlas made by the command itself (but for UMAP, which is slow to compile), and the command."""
    patch = pytest.MonkeyPatch()
    patch.setattr(precompute.projection, "umap", lambda z, *_: z[:, :2])
    out = tmp_path_factory.mktemp("job") / "atlas.h5"
    command = ["atlas", "--cells", str(tiny_cells), "--run", str(tiny_run), "--out", str(out), "--n", "2", "--n-cells", "2"]
    command += ["--device", "cpu", "--observed", "4"]
    assert main(command) == 0
    yield out, command
    patch.undo()


def test_the_whole_job(job):
    out, _ = job
    atlas = Atlas(out)
    assert names(out.parent) == ["atlas.h5"]
    assert set(atlas.file) >= {"medoids", "variation", "evaluation", "pictures", "observed", "curves", "factors"}
    assert all("made_from" in group.attrs for group in atlas.file.values())
    assert atlas.projection("z_r").shape == (24, 2)
    assert len(atlas.observed_cells) == 4


def test_a_second_time_there_is_nothing_to_do(job, capsys):
    out, command = job
    before = out.read_bytes()
    assert main(command) == 0
    stages = ["embed", "projection", "medoids", "evaluate", "pictures", "observed", "variation"]
    assert capsys.readouterr().out.splitlines()[:-1] == [f"{name:<12}unchanged, kept" for name in stages]
    assert out.read_bytes() == before


def test_another_option_makes_only_its_own_stage_again(job, capsys):
    _, command = job
    assert main([*command, "--observed", "2"]) == 0
    again = [line.split()[0] for line in capsys.readouterr().out.splitlines()[:-1] if "unchanged" not in line]
    assert again == ["observed"]
    assert main(command) == 0


def test_other_weights_make_all_again_but_the_images(job, tiny_cells, tmp_path, capsys):
    out, command = job
    with Cells(tiny_cells) as cells:
        other = synthetic.write_run(tmp_path / "other", cells, seed=1)
    copy = shutil.copy(out, tmp_path / "atlas.h5")
    command = [
        str(copy) if part == str(out) else str(other) if command[i - 1] == "--run" else part for i, part in enumerate(command)
    ]
    assert main(command) == 0
    kept = [line.split()[0] for line in capsys.readouterr().out.splitlines()[:-1] if "unchanged" in line]
    assert kept == ["pictures", "observed"]
    assert Atlas(copy).atlas_id != Atlas(out).atlas_id


def test_a_failed_stage_loses_none_of_the_others(job, tmp_path, monkeypatch, capsys):
    out, command = job
    fresh = [str(tmp_path / "atlas.h5") if part == str(out) else part for part in command]
    with monkeypatch.context() as patch:
        patch.setattr(precompute.atlas, "draw", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            main(fresh)
    assert names(tmp_path) == ["atlas.h5.working.partial"]
    capsys.readouterr()
    assert main(fresh) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "unchanged" in line] == ["embed", "projection", "medoids", "evaluate"]
    assert names(tmp_path) == ["atlas.h5"]
    assert Atlas(tmp_path / "atlas.h5").atlas_id == Atlas(out).atlas_id


def test_without_test_cells_evaluation_is_skipped(job, tmp_path, capsys):
    _, command = job
    cells = synthetic.write_cells(tmp_path / "cells.h5", 9, (32, 48, 64))
    with h5py.File(cells, "r+") as file:
        file["cells/split"][:] = "train"
    with Cells(cells) as given:
        run = synthetic.write_run(tmp_path / "run", given)
    out = tmp_path / "atlas.h5"
    options = command[command.index("--n") :]
    assert main(["atlas", "--cells", str(cells), "--run", str(run), "--out", str(out), *options]) == 0
    printed = capsys.readouterr().out
    assert "evaluate    skipped: none of the cells is held out" in printed
    assert "no test cell in interphase; chosen from its 2 train cells" in printed
    atlas = Atlas(out)
    assert atlas.metrics == {}
    assert atlas.observed_cells == []
    assert set(atlas.medoids["split"]) == {"train"}


WRONG_GRID = ModelConfig(grid=(16, 24, 24), widths=(4, 8), n_latent=4, EncD_widths=(8, 8, 8))


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"structures": ("TOMM20", "CETN2")}, [], "its structures are .* but the run was trained on"),
        ({"stages": ("metaphase", "M4M5")}, [], "its stages are .* but those of the run"),
        ({"config": WRONG_GRID}, [], r"a model grid of \(16, 24, 24\) does not divide"),
        ({}, ["--n", "1"], "give at least 2"),
        ({}, ["--n-neighbors", "1"], "give at least 2 neighbours"),
        ({}, ["--observed", "some"], "give test, all, none or a number"),
        ({}, ["--device", "cuda:77"], "no CUDA device"),
        ({}, ["--run", "nowhere"], "not a run folder"),
        ({}, ["--cells", "nowhere.h5"], "no such file"),
        ({}, ["--out", "nowhere/atlas.h5"], "does not exist; make it first"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tiny_cells, tmp_path, capsys, change, options, message):
    if "--device" in options and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    cells, out = shutil.copy(tiny_cells, tmp_path / "cells.h5"), tmp_path / "out"
    out.mkdir()
    with Cells(tiny_cells) as given:
        synthetic.write_run(tmp_path / "run", given, change.get("config", synthetic.TINY))
    with h5py.File(cells, "r+") as file:
        for name in ("structures", "stages"):
            if name in change:
                file.attrs[name] = file.attrs[name].replace(*change[name])
                file["cells"][name[:-1]][:] = [v.replace(*change[name]) for v in file["cells"][name[:-1]].asstr()[:]]
    command = ["atlas", "--cells", str(cells), "--run", str(tmp_path / "run"), "--out", str(out / "atlas.h5"), *options]
    assert main(command) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert re.search(message, line), line
    assert names(out) == []


def test_killed_it_goes_on(tiny_atlas, tmp_path):
    """SIGKILL in the middle of a long variation: the file is as it was, and what was done is not done again."""
    path = shutil.copy(tiny_atlas, tmp_path / "atlas.h5")
    before = path.read_bytes()
    command = [sys.executable, "-c", KILLED, "variation", "--atlas", str(path), "--n", "2", "--device", "cpu"]
    job = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    working = tmp_path / "atlas.h5.working.partial"
    for line in iter(job.stderr.readline, ""):
        if "saved 2" in line:
            break
    job.send_signal(signal.SIGKILL)
    job.wait()
    job.stderr.close()
    assert job.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    with h5py.File(working) as file:
        n_done = file["_variation"].attrs["n_done"]
        kept = file["_variation/score"][:n_done]
    assert n_done >= 2
    finished = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True)
    assert finished.stderr.count("saved") == 8 - n_done
    assert names(tmp_path) == ["atlas.h5"]
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["variation/score"][:n_done], kept)
        assert not np.isnan(file["variation/score"][:][~file["variation/singular"][:]]).any()


# `precompute`, saving after every cell and saying so.
KILLED = """
import sys
from precompute import variation
from precompute.__main__ import main
variation.SAVE_EVERY_S = -1
save = variation.mark_changed
def say(file):
    save(file)
    print("saved", file["_variation"].attrs["n_done"], file=sys.stderr, flush=True)
variation.mark_changed = say
sys.exit(main())
"""
