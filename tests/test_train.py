"""Training as a user meets it: one command, stopped and started again, given wrong input."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from model.aae import to_images
from model.cells import REFERENCE, Cells
from model.checkpoint import CHECKPOINT, UNREFINED, load_run, read_tensors
from model.losses import UNKNOWN_STAGE
from model.training import Phase
from model.vocabulary import NOT_ANNOTATED, PAPER_STRUCTURES
from precompute.__main__ import main
from precompute.train import copies, images_path, progress, stage_labels, write_images
from tests import synthetic

GRID = (16, 24, 32)
N_CELLS = 40
# 40 cells, 24 of them for training: 3 steps of 8 an epoch, 6 steps a phase.
ARGUMENTS = [
    "--preset",
    "tiny",
    "--set",
    "widths=[2, 4, 4, 8]",
    "--device",
    "cpu",
    "--set",
    "batch_size=8",
    "--set",
    "n_epochs_r=2",
    "--set",
    "n_epochs_rs=2",
]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums depend in their last bits on how many threads share them, and a killed process is compared with this one."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    return synthetic.write_cells(tmp_path_factory.mktemp("cells") / "cells.h5", N_CELLS, GRID)


@pytest.fixture(scope="module")
def whole_run(cells, tmp_path_factory):
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    assert train(cells, out) == 0
    return out


def train(cells, out, *more):
    return main(["train", "--cells", str(cells), "--out", str(out), *ARGUMENTS, *more])


def weights(run):
    return {
        name: tensor
        for file in ("reference", "conditional")
        for name, tensor in read_tensors(run / f"{file}.safetensors")[0].items()
    }


def assert_same_run(run, other):
    for name, tensor in weights(run).items():
        torch.testing.assert_close(tensor, weights(other)[name], rtol=0, atol=0, msg=name)
    assert (run / "metrics.jsonl").read_text() == (other / "metrics.jsonl").read_text()


def test_a_run_folder_holds_everything(cells, whole_run):
    assert sorted(p.name for p in whole_run.iterdir()) == [
        "conditional.safetensors",
        "config.json",
        "metrics.jsonl",
        "reference.safetensors",
    ]
    run = load_run(whole_run)
    assert run.structures == list(PAPER_STRUCTURES)
    assert run.model_config.n_structures == 11
    metrics = run.metrics
    assert metrics.groupby(["phase", "split"]).size().to_dict() == {
        ("r", "test"): 2,
        ("r", "train"): 6,
        ("rs", "test"): 2,
        ("rs", "train"): 6,
    }
    assert np.isfinite(metrics["L_x"]).all()
    model = run.integrated_cell()
    latents = model.encode(torch.rand(2, 3, *GRID))
    assert latents.z_r.shape == latents.z_s.shape == latents.z_r_hat.shape == (2, 16)
    torch.testing.assert_close(latents.y.sum(1), torch.ones(2))
    assert model.predict(latents.z_r, torch.tensor([0, 2])).shape == (2, 3, *GRID)


@pytest.mark.parametrize("at_step", [4, 9])  # in phase r, in phase rs
def test_ctrl_c_then_the_same_command_gives_the_same_run(cells, whole_run, tmp_path, monkeypatch, at_step):
    interrupt_at(monkeypatch, at_step, signal.SIGINT)
    assert train(cells, tmp_path / "run") == 130
    assert (tmp_path / "run" / CHECKPOINT).exists()
    interrupt_at(monkeypatch, None, None)
    assert train(cells, tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", whole_run)


@pytest.mark.parametrize("at_step", [5, 10])
def test_a_kill_loses_at_most_one_interval(cells, whole_run, tmp_path, at_step):
    """A checkpoint after every step (interval 0 s), killed inside one: exactly the steps before it are kept."""
    script = (
        "import os, sys\n"
        "from tests.test_train import ARGUMENTS, kill_at\n"
        "from precompute.__main__ import main\n"
        f"kill_at({at_step})\n"
        f"main(['train', '--cells', {str(cells)!r}, '--out', {str(tmp_path / 'run')!r}, '--checkpoint-s', '0', *ARGUMENTS])\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": "."}, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    _, position = read_tensors(tmp_path / "run" / CHECKPOINT)
    kept = position["epoch"] * 3 + position["step"] + (6 if position["phase"] == "rs" else 0)
    assert kept == at_step - 1
    assert train(cells, tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", whole_run)


def test_a_finished_run_is_left_alone(cells, whole_run):
    before = weights(whole_run)
    assert train(cells, whole_run) == 0
    assert all(torch.equal(before[name], tensor) for name, tensor in weights(whole_run).items())


def test_phase_2_leaves_Enc_r_untouched(cells, tmp_path, monkeypatch):
    interrupt_at(monkeypatch, 8, signal.SIGINT)  # phase r is written, phase rs has begun
    assert train(cells, tmp_path / "run") == 130
    before = (tmp_path / "run" / "reference.safetensors").read_bytes()
    interrupt_at(monkeypatch, None, None)
    assert train(cells, tmp_path / "run") == 0
    assert (tmp_path / "run" / "reference.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cells", "nowhere.h5"], "nowhere.h5: no such file"),
        (["--preset", "huge"], "preset 'huge' is unknown"),
        (["--set", "colour=1"], "--set colour=1: no such field"),
        (["--set", "grid=[17, 24, 32]"], "do not divide into the preset's grid"),
        (["--device", "cuda"], "there is no CUDA device here"),
    ],
)
def test_wrong_input_is_one_line(cells, tmp_path, capsys, arguments, message):
    if "cuda" in arguments and torch.cuda.is_available():
        pytest.skip("has a CUDA device")
    assert train(cells, tmp_path / "run", *arguments) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert "\n" not in error
    assert not (tmp_path / "run").exists()


def test_cells_of_another_schema_version_are_refused(cells, tmp_path, capsys):
    other = Path(shutil.copy(cells, tmp_path / "other.h5"))
    with h5py.File(other, "r+") as file:
        file.attrs["schema_version"] = 99
    assert train(other, tmp_path / "run") == 2
    assert "other.h5: schema version 99, this program reads version 1; make the file again" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["other.h5"]


def test_another_run_in_the_folder_is_refused(cells, whole_run, tmp_path, capsys):
    assert train(cells, whole_run, "--set", "seed=1") == 2
    assert "holds a run with other train" in capsys.readouterr().err
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mine.txt").write_text("dear")
    assert train(cells, tmp_path / "letters") == 2
    assert "neither empty nor a run folder" in capsys.readouterr().err


def test_an_unfinished_run_is_not_loaded(cells, tmp_path, monkeypatch):
    interrupt_at(monkeypatch, 2, signal.SIGINT)
    train(cells, tmp_path / "run")
    assert json.loads((tmp_path / "run" / "config.json").read_text())["cells"]["n"] == N_CELLS
    with pytest.raises(ValueError, match="training has not finished"):
        load_run(tmp_path / "run")


def test_real_cells_come_more_often_and_mirrored(cells, tmp_path):
    mixed = Path(shutil.copy(cells, tmp_path / "mixed.h5"))
    with h5py.File(mixed, "r+") as file:
        real = np.flatnonzero(file["cells/split"].asstr()[:] == "train")[:2]
        file["cells/source"][real] = "real"
    with Cells(mixed) as data:
        copied = copies(data, np.flatnonzero(data.table["split"] == "train"), 5)
        assert [row for row, _ in copied] == real.tolist() * 4
        (tmp_path / "run").mkdir()
        write_images(tmp_path / "run", data, GRID, copied)
        images = np.load(images_path(tmp_path / "run", GRID))
        first = data.volume(real[0])
    assert len(images) == N_CELLS + 8
    # x, y, both, and the cell itself again
    for copy, expected in zip(
        images[N_CELLS::2], (first[..., ::-1], first[..., ::-1, :], first[..., ::-1, ::-1], first), strict=True
    ):
        assert np.array_equal(copy, expected)
    assert train(mixed, tmp_path / "out", "--set", "real_copies=5", "--set", "n_epochs_rs=0") == 0
    metrics = load_run(tmp_path / "out").metrics
    assert (metrics["split"] == "train").sum() == 2 * (24 + 8) // 8


def kept(share: float) -> tuple[str, ...]:
    """Options: this share of the refinement is kept in both phases."""
    return ("--set", f"refined_share_r={share}", "--set", f"refined_share_rs={share}")


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_last_epochs_refine_the_decoders(cells, tmp_path, monkeypatch, share):
    """Enc is what it was after the joint epochs; stopped while refining, it comes to the same run."""
    more = ("--set", "n_epochs_refined=2", "--set", "latent_norm=true", *kept(share))
    assert train(cells, tmp_path / "run", *more) == 0
    assert train(cells, tmp_path / "joint", "--set", "latent_norm=true") == 0
    refined, joint = weights(tmp_path / "run"), weights(tmp_path / "joint")
    assert all(torch.equal(refined[name], joint[name]) for name in joint if name.startswith("Enc_r"))
    assert not torch.equal(refined["Dec_r/body.linear.weight"], joint["Dec_r/body.linear.weight"])
    assert len(load_run(tmp_path / "run").metrics.query("split == 'train'")) == 2 * 4 * 3

    interrupt_at(monkeypatch, 8, signal.SIGINT)
    assert train(cells, tmp_path / "stopped", *more) == 130
    interrupt_at(monkeypatch, None, None)
    assert train(cells, tmp_path / "stopped", *more) == 0
    assert_same_run(tmp_path / "stopped", tmp_path / "run")


def test_a_share_of_the_refinement_is_kept_and_statistics_are_counted_afresh(cells, tmp_path):
    runs = {}
    for share in (0, 0.5, 1):
        more = ("--set", "n_epochs_refined=1", *kept(share), "--set", "gamma_Dec_refined=0.01")
        assert train(cells, tmp_path / f"{share}", *more) == 0
        runs[share] = weights(tmp_path / f"{share}")
        assert not (tmp_path / f"{share}" / UNREFINED).exists()
    weight = "Dec_r/body.linear.weight"
    torch.testing.assert_close(runs[0.5][weight], (runs[0][weight] + runs[1][weight]) / 2)
    assert not torch.equal(runs[0][weight], runs[1][weight])
    model = load_run(tmp_path / "0.5").integrated_cell()
    with Cells(cells) as data:
        rows = np.flatnonzero(data.table["split"] == "train")
        x_r = to_images(np.stack([data.volume(row, model.config.grid) for row in rows]))[:, REFERENCE]
    first = model.Dec_r.body.stages[0]
    h = model.Dec_r.body.linear(model.encode_r(x_r)).unflatten(1, model.Dec_r.body.shape)
    torch.testing.assert_close(first.running_mean, h.mean((0, 2, 3, 4)), atol=0.05 * h.std().item(), rtol=0)


def test_refining_starts_from_the_middle_of_the_schedule():
    assert [progress(e, 4, 6) for e in (0, 2, 4, 5)] == [0, 0.5, 0.5, 0.75]
    assert progress(3, 4, 4) == 0.75


def test_finished_latents_have_the_priors_mean_and_variance(cells, tmp_path):
    """Of the training cells, exactly: the norm is fitted once training is over."""
    assert train(cells, tmp_path / "run", "--set", "latent_norm=true") == 0
    model = load_run(tmp_path / "run").integrated_cell()
    with Cells(cells) as data:
        rows = np.flatnonzero(data.table["split"] == "train")
        z_r = model.encode(to_images(np.stack([data.volume(row) for row in rows]))).z_r
    assert z_r.mean(0).abs().max() < 1e-3
    assert (z_r.std(0, correction=0) - 1).abs().max() < 0.05


def test_annotated_stages_are_learned_and_others_are_not_needed(cells, tmp_path):
    some = Path(shutil.copy(cells, tmp_path / "some.h5"))
    with h5py.File(some, "r+") as file:
        file["cells/stage"][::2] = NOT_ANNOTATED
    with Cells(some) as data:
        assert stage_labels(data).tolist() == [UNKNOWN_STAGE if i % 2 == 0 else i % 8 for i in range(N_CELLS)]
    assert train(some, tmp_path / "run", "--set", "gamma_stage=0.1", "--set", "n_epochs_rs=0") == 0
    run = load_run(tmp_path / "run")
    assert run.model_config.n_stages == 8
    assert run.weights["Enc_r"]["stage.weight"].shape == (8, 16)
    assert np.isfinite(run.metrics.query("split == 'train'")["L_stage"]).all()


AVERAGE = """
import torch
from precompute.team import Team

team = Team.join("cpu")
layer = torch.nn.Linear(3, 2)
for parameter in layer.parameters():
    parameter.grad = torch.full_like(parameter, team.rank + 1.0)
team.average(layer)
assert all((parameter.grad == 1.5).all() for parameter in layer.parameters())
assert team.any(team.rank == 1)
assert not team.any(False)
team.leave()
"""


def torchrun(*arguments):
    """Run a script or module in two processes that know of each other."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_team_averages_gradients(tmp_path):
    (tmp_path / "average.py").write_text(AVERAGE)
    torchrun(tmp_path / "average.py")


def test_two_processes_train_together(cells, tmp_path):
    """One process writes, and an epoch takes half the steps."""
    torchrun("-m", "precompute", "train", "--cells", cells, "--out", tmp_path / "run", *ARGUMENTS)
    metrics = load_run(tmp_path / "run").metrics
    assert metrics.query("split == 'train'").groupby("phase").size().to_dict() == {"r": 2, "rs": 2}


STEP = Phase.step


def interrupt_at(monkeypatch, at_step, number):
    """Send ourselves signal `number` inside the `at_step`th step from now on (None: never)."""
    monkeypatch.setattr(Phase, "step", interrupted_step(at_step, number) if at_step else STEP)


def kill_at(at_step):
    Phase.step = interrupted_step(at_step, signal.SIGKILL)


def interrupted_step(at_step, number):
    n_steps = 0

    def step(self, *arguments):
        nonlocal n_steps
        n_steps += 1
        if n_steps == at_step:
            signal.raise_signal(number)
        return STEP(self, *arguments)

    return step
