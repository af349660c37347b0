"""Train the eight networks in two phases (Algorithms 1 and 2), resuming by itself; under torchrun on many GPUs."""

import argparse
import dataclasses
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from model.cells import REFERENCE, Cells
from model.checkpoint import (
    CHECKPOINT,
    CONFIG,
    METRICS,
    PHASE_FILES,
    UNREFINED,
    header_of,
    load_checkpoint,
    read_header,
    read_tensors,
    save_checkpoint,
    save_phase,
    write_header,
    write_tensors,
)
from model.config import PRESETS, ModelConfig, TrainConfig, preset
from model.errors import InputError
from model.losses import UNKNOWN_STAGE
from model.networks import build
from model.training import Phase
from precompute.team import Team, stop_requests

HELP = "train the model on a cells.h5"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `python -m precompute train`."""
    parser.add_argument("--cells", type=Path, required=True, help="the cells.h5 to learn from")
    parser.add_argument("--out", type=Path, required=True, help="run folder; an unfinished run there is continued")
    parser.add_argument("--preset", default="demo", help=f"one of {', '.join(PRESETS)} (default demo)")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change one field of the preset; may be repeated",
    )
    parser.add_argument(
        "--checkpoint-s", type=float, default=120, help="seconds between checkpoints: what a kill can lose (default 120)"
    )
    parser.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")


def run(cells: Path, out: Path, preset: str, settings: list[str], checkpoint_s: float, device: str | None) -> None:
    """Train on `cells` into the run folder `out` (layout: model.checkpoint), both phases, or go on where it stopped."""
    team = Team.join(device)
    try:
        with Cells(cells) as data:
            model_config, train_config = configure(preset, settings, data)
            train = np.flatnonzero(data.table["split"] == "train")
            test = np.flatnonzero(data.table["split"] == "test")
            if len(train) < 2 * team.size:
                raise InputError(
                    f"{cells}: {len(train)} cells in the training split, at least {2 * team.size} are needed; add cells"
                )
            header = header_of(model_config, train_config, data)
            copied = copies(data, train, train_config.real_copies)
            if team.first:
                prepare_folder(out, header)
                write_images(out, data, model_config.grid, copied)
            team.wait()
            row_of = np.concatenate([np.arange(len(data)), [row for row, _ in copied]]).astype(int)
            y, stage = (torch.from_numpy(labels[row_of]) for labels in (data.y, stage_labels(data)))
        images = np.load(images_path(out, model_config.grid), mmap_mode="r")
        shown = np.concatenate([train, np.arange(len(images) - len(copied), len(images))])
        for name in PHASE_FILES:
            if (out / PHASE_FILES[name]).exists():
                continue
            batches = Batches(images, y, stage, shown, test, len(images) - len(copied), train_config, team)
            train_phase(name, out, model_config, batches, team, checkpoint_s)
            team.wait()
        if team.first:
            for name in (CHECKPOINT, UNREFINED):
                (out / name).unlink(missing_ok=True)
            images_path(out, model_config.grid).unlink(missing_ok=True)
            print(f"trained on {len(train)} cells, {len(test)} held out: {out}")
    finally:
        team.leave()


def configure(name: str, settings: list[str], cells: Cells) -> tuple[ModelConfig, TrainConfig]:
    """The preset with `settings` ("field=value") applied, fitted to the classes and voxels of `cells`."""
    model_config, train_config = preset(name)
    changes: dict[type, dict] = {ModelConfig: {"n_structures": len(cells.structures)}, TrainConfig: {}}
    for setting in settings:
        field, _, text = setting.partition("=")
        kind = next((k for k in changes if field in k.__dataclass_fields__), None)
        if kind is None:
            raise InputError(f"--set {setting}: no such field; give FIELD=VALUE with a field of ModelConfig or TrainConfig")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        changes[kind][field] = tuple(value) if isinstance(value, list) else value
    train_config = dataclasses.replace(train_config, **changes[TrainConfig])
    if train_config.gamma_stage > 0:
        changes[ModelConfig]["n_stages"] = len(cells.stages)
    model_config = dataclasses.replace(model_config, **changes[ModelConfig])
    factor = cells.grid[0] // model_config.grid[0]
    if factor < 1 or tuple(n * factor for n in model_config.grid) != tuple(cells.grid):
        raise InputError(
            f"{cells.path}: cells of {cells.grid} voxels do not divide into the preset's grid {model_config.grid}; "
            "use a preset whose grid is theirs divided by one whole number"
        )
    voxel_um = round(cells.voxel_um * factor, 6)
    return dataclasses.replace(model_config, voxel_um=voxel_um), train_config


def prepare_folder(out: Path, header: dict) -> None:
    """Make the run folder, or check that the run in it is this one."""
    if (out / CONFIG).exists():
        found = read_header(out)
        differing = [key for key in header if json.loads(json.dumps(header[key])) != found.get(key)]
        if differing:
            raise InputError(
                f"{out}: holds a run with other {', '.join(differing)}; use another --out, or the same settings to go on"
            )
        return
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out}: is neither empty nor a run folder; use another --out")
    out.mkdir(parents=True, exist_ok=True)
    write_header(out, header)


def images_path(out: Path, grid: tuple[int, int, int]) -> Path:
    """The cells on the model's grid, beside the run while it trains: one flat file, shared by all processes in memory."""
    return out / "images_{}x{}x{}.npy".format(*grid)


def stage_labels(cells: Cells) -> np.ndarray:
    """(N,) index of each cell's stage on the scale, UNKNOWN_STAGE where it is not annotated."""
    position = {stage: i for i, stage in enumerate(cells.stages)}
    return cells.table["stage"].map(position).fillna(UNKNOWN_STAGE).to_numpy(np.int64)


N_FITTED = 512  # cells that statistics of BatchNorm are counted in
MIRRORS = ((), (-1,), (-2,), (-2, -1))  # axes of (Z, Y, X): x, y, both. A cell upside down is no cell.


def copies(cells: Cells, train: np.ndarray, n: int) -> list[tuple[int, tuple[int, ...]]]:
    """(row, mirrored axes) of what is to be shown beside the cells themselves: each real training cell, `n` - 1 times more.

    Preprocessing turns a cell so that its longer tail points to +x and +y: how it lay in the dish is no fact about the cell.
    Where the tails are about even, as in mitosis, that is a toss, so its mirror images are as good as itself.
    """
    real = train[(cells.table["source"] == "real").to_numpy()[train]]
    return [(int(row), MIRRORS[copy % len(MIRRORS)]) for copy in range(1, n) for row in real]


def write_images(out: Path, cells: Cells, grid: tuple[int, int, int], copied: list[tuple[int, tuple[int, ...]]]) -> None:
    """Write (N, 3, *grid) uint8 to `images_path`: every cell, then the copies."""
    path = images_path(out, grid)
    if path.exists():
        return
    partial = path.with_suffix(".partial")
    images = np.lib.format.open_memmap(partial, "w+", np.uint8, (len(cells) + len(copied), 3, *grid))
    for i in tqdm(range(len(cells)), desc="reading cells", unit="cell"):
        images[i] = cells.volume(i, grid)
    for i, (row, axes) in enumerate(copied, start=len(cells)):
        images[i] = np.flip(images[row], axes)
    images.flush()
    os.replace(partial, path)


def resident(images: np.ndarray, device: torch.device) -> np.ndarray | Tensor:
    """`images` on the graphics card where they take less than half of its free memory, else as they are."""
    if device.type != "cuda" or 2 * images.nbytes > torch.cuda.mem_get_info(device)[0]:
        return images
    there = torch.empty(images.shape, dtype=torch.uint8, device=device)
    for i in range(0, len(images), 64):
        there[i : i + 64] = torch.from_numpy(np.array(images[i : i + 64]))
    return there


class Batches:
    """Mini-batches. `images` are `n_cells` cells, then copies of some.

    What step `s` of epoch `e` holds depends on the seed, e and s alone, so any step can be the next.
    """

    def __init__(
        self,
        images: np.ndarray,
        y: Tensor,
        stage: Tensor,
        train: np.ndarray,
        test: np.ndarray,
        n_cells: int,
        config: TrainConfig,
        team: Team,
    ):
        self.images, self.y, self.stage, self.train, self.test = resident(images, team.device), y, stage, train, test
        self.n_cells, self.config, self.team = n_cells, config, team
        self.z_r: Tensor | None = None
        self.batch_size = min(config.batch_size, len(train) // team.size)
        self.n_steps = len(train) // (self.batch_size * team.size)

    def seed(self, *key: int) -> int:
        """A seed for the numbers in `key`, different in every process."""
        return int(np.random.SeedSequence([self.config.seed, *key, self.team.rank]).generate_state(1, np.uint64)[0] >> 1)

    def epoch(self, phase: Phase, epoch: int, first: int) -> Iterator[tuple[int, tuple[Tensor, ...]]]:
        """(step, (x, y, z_r, stage)) from step `first` on. Seeds torch for each: draws follow the step, not history."""
        phase_number = list(PHASE_FILES).index(phase.name)
        order = np.random.default_rng([self.config.seed, phase_number, epoch]).permutation(self.train)[
            self.team.rank :: self.team.size
        ]
        for step in range(first, self.n_steps):
            cells = np.sort(order[step * self.batch_size : (step + 1) * self.batch_size])
            torch.manual_seed(self.seed(phase_number, epoch, step))
            yield step, (*self.load(phase, cells), self.stage[cells].to(self.team.device))

    def load(self, phase: Phase, cells: np.ndarray) -> tuple[Tensor, Tensor, Tensor | None]:
        """x of the phase's channels, y and z_r of some cells, on the device."""
        x = self.x(cells)[:, REFERENCE if phase.name == "r" else slice(None)].contiguous(memory_format=torch.channels_last_3d)
        return x, self.y[cells].to(self.team.device), None if self.z_r is None else self.z_r[cells].to(self.team.device)

    def x(self, cells: np.ndarray | slice) -> Tensor:
        """x_rs (B, 3, Z, Y, X) float32 in [0, 1] of some cells, on the device."""
        images = self.images[cells]
        images = images if isinstance(images, Tensor) else torch.from_numpy(np.array(images))
        return images.to(self.team.device).float().div_(255)

    @torch.inference_mode()
    def fit_norm(self, phase: Phase) -> None:
        """Set the statistics of a LatentNorm to those of all training cells, each once, as the finished encoder sees them."""
        if phase.Enc.norm is None:
            return
        phase.Enc.eval()
        raw, cells = [], self.train[self.train < self.n_cells]
        with phase.Enc.norm.register_forward_pre_hook(lambda _, given: raw.append(given)):
            for i in range(0, len(cells), self.config.batch_size):
                phase.Enc(self.load(phase, cells[i : i + self.config.batch_size])[0])
        phase.Enc.norm.fit(*(torch.cat(part) for part in zip(*raw, strict=True)))

    @torch.no_grad()
    def fit_Dec(self, phase: Phase) -> None:
        """Set the statistics of Dec's BatchNorms to those of what it is given of N_FITTED training cells."""
        norms = [module for module in phase.Dec.modules() if isinstance(module, nn.BatchNorm3d)]
        momentum = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the mean over all batches
        phase.Dec.train()
        torch.manual_seed(self.seed(list(PHASE_FILES).index(phase.name)))
        cells = np.random.default_rng(self.config.seed).permutation(self.train)[:N_FITTED]
        for some in np.array_split(cells, max(1, len(cells) // self.config.batch_size)):
            phase.decoded(*self.load(phase, np.sort(some)))
        for norm, before in zip(norms, momentum, strict=True):
            norm.momentum = before

    @torch.inference_mode()
    def cache_z_r(self, Enc_r: nn.Module) -> None:
        """z_r of every cell by the frozen Enc_r, once."""
        self.z_r = torch.cat(
            [
                Enc_r(self.x(slice(i, i + self.config.batch_size))[:, REFERENCE]).cpu()
                for i in range(0, len(self.images), self.config.batch_size)
            ]
        )


def train_phase(name: str, out: Path, model_config: ModelConfig, batches: Batches, team: Team, checkpoint_s: float) -> None:
    """All epochs of a phase, from its checkpoint if there is one; writes its networks when done."""
    config = batches.config
    torch.backends.cudnn.benchmark = True  # every step has the same shapes
    torch.manual_seed(config.seed)  # the same fresh weights in every process
    phase = Phase(name, model_config, config, team.device)
    if name == "rs":
        batches.cache_z_r(load_Enc_r(out, model_config, team.device))
    n_joint = config.n_epochs_r if name == "r" else config.n_epochs_rs
    n_epochs = n_joint + config.n_epochs_refined
    position = load_checkpoint(out, phase) or {"epoch": 0, "step": 0, "metrics_bytes": metrics_size(out)}
    if team.first:
        truncate(out / METRICS, position["metrics_bytes"])
    reduce = team.average if team.size > 1 else None
    done = position["epoch"] * batches.n_steps + position["step"]
    bar = tqdm(total=n_epochs * batches.n_steps, initial=done, desc=f"phase {name}", unit="step", disable=not team.first)
    with bar, stop_requests() as stop, (out / METRICS).open("a") as log:

        def save(epoch: int, step: int) -> None:
            log.flush()
            save_checkpoint(out, phase, {"epoch": epoch, "step": step, "metrics_bytes": log.tell()})

        def record(epoch: int, step: int, split: str, values: dict) -> None:
            if team.first:
                log.write(json.dumps({"phase": name, "epoch": epoch, "step": step, "split": split, **values}) + "\n")

        saved = time.monotonic()
        for epoch in range(position["epoch"], n_epochs):
            first = position["step"] if epoch == position["epoch"] else 0
            if epoch >= n_joint and not phase.refining:
                if epoch == n_joint and first == 0:
                    batches.fit_norm(phase)
                    if team.first and phase.refined_share < 1:
                        write_tensors(out / UNREFINED, phase.Dec.state_dict())
                phase.refine()
            for step, batch in batches.epoch(phase, epoch, first):
                phase.set_progress(progress(epoch + step / batches.n_steps, n_joint, n_epochs))
                values = phase.step(*batch, reduce)
                record(epoch, step, "train", values)
                bar.update()
                bar.set_postfix(L_x=f"{values['L_x']:.4f}", refresh=False)
                stopping = team.any(bool(stop))
                if team.first and (stopping or time.monotonic() - saved >= checkpoint_s):
                    save(epoch, step + 1)
                    saved = time.monotonic()
                if stopping:
                    raise KeyboardInterrupt
            if team.first and len(batches.test):
                record(epoch, batches.n_steps, "test", held_out(phase, batches))
    if team.first:
        if n_epochs == n_joint:
            batches.fit_norm(phase)
        elif phase.refined_share < 1:
            phase.go_back(read_tensors(out / UNREFINED)[0])
            batches.fit_Dec(phase)
        save_phase(out, phase)


def progress(epochs_done: float, n_joint: int, n_epochs: int) -> float:
    """Where on the learning rate's schedule, 0 to 1: refining starts again from its middle."""
    if epochs_done < n_joint:
        return epochs_done / n_joint
    return 0.5 + 0.5 * (epochs_done - n_joint) / (n_epochs - n_joint)


def held_out(phase: Phase, batches: Batches) -> dict:
    """Mean of `Phase.held_out` over the test split."""
    size = batches.config.batch_size
    parts = [batches.test[i : i + size] for i in range(0, len(batches.test), size)]
    values = [phase.held_out(*batches.load(phase, part)) for part in parts]
    weights = [len(part) for part in parts]
    return {name: float(np.average([v[name] for v in values], weights=weights)) for name in values[0]}


def load_Enc_r(out: Path, model_config: ModelConfig, device: torch.device) -> nn.Module:
    """The reference encoder of phase 1, frozen in eval mode."""
    tensors, _ = read_tensors(out / PHASE_FILES["r"])
    Enc_r = build("Enc_r", model_config)
    Enc_r.load_state_dict({key.removeprefix("Enc_r/"): t for key, t in tensors.items() if key.startswith("Enc_r/")})
    return Enc_r.to(device).eval().requires_grad_(False)


def metrics_size(out: Path) -> int:
    """Bytes of the metrics that finished phases wrote: those of an unfinished one without checkpoint do not count."""
    path = out / METRICS
    if not path.exists() or not (out / PHASE_FILES["r"]).exists():
        return 0
    return sum(len(line) for line in path.read_bytes().splitlines(keepends=True) if b'"phase": "r"' in line)


def truncate(path: Path, size: int) -> None:
    """Cut the metrics back to what the checkpoint knows of."""
    if path.exists():
        os.truncate(path, size)
