"""A run folder: what training leaves behind. Tensors are safetensors, everything else is JSON.

::

    config.json               model, train (the two configs), structures, stages, cells (name, hash, n)
    metrics.jsonl             one object a step: phase, epoch, step, split "train" or "test", every loss by name
    reference.safetensors     Enc_r, Dec_r, EncD_r, DecD_r          conditional.safetensors   Enc_rs, Dec_rs, EncD_s, DecD_rs
    checkpoint.safetensors    the phase in work: networks, Adam moments, where it stands; gone when training is complete
    unrefined.safetensors     its Dec before it was refined, where training will go back part of the way; gone likewise
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model.aae import INFERENCE_NETWORKS, IntegratedCell
from model.config import ModelConfig, TrainConfig, from_json, to_json
from model.errors import InputError
from model.training import Phase
from model.vocabulary import Structure

CONFIG, METRICS, CHECKPOINT, UNREFINED = "config.json", "metrics.jsonl", "checkpoint.safetensors", "unrefined.safetensors"
PHASE_FILES = {"r": "reference.safetensors", "rs": "conditional.safetensors"}


@dataclass(frozen=True)
class Run:
    """A finished run, read whole."""

    folder: Path
    model_config: ModelConfig
    train_config: TrainConfig
    structures: list[Structure]
    stages: tuple[str, ...]
    cells_made_from: str
    weights: dict[str, dict[str, Tensor]]  # weights[network][parameter]

    def integrated_cell(self, device: str = "cpu") -> IntegratedCell:
        """The model, ready to encode and decode."""
        return IntegratedCell.from_weights(self.model_config, self.weights, device)

    @property
    def metrics(self) -> pd.DataFrame:
        """The training curves, one row a step."""
        return pd.read_json(self.folder / METRICS, lines=True)


def load_run(folder: str | Path) -> Run:
    """Read a finished run.

    Raises
    ------
    InputError
        where the folder is no run, or training has not finished.
    """
    folder = Path(folder)
    header = read_header(folder)
    weights: dict[str, dict[str, Tensor]] = {symbol: {} for symbol in INFERENCE_NETWORKS}
    for name in PHASE_FILES.values():
        path = folder / name
        if not path.exists():
            raise InputError(f"{path}: missing, so training has not finished; run the same `precompute train` again to go on")
        for key, tensor in read_tensors(path)[0].items():
            symbol, parameter = key.split("/")
            if symbol in weights:
                weights[symbol][parameter] = tensor
    return Run(
        folder,
        from_json(ModelConfig, json.dumps(header["model"])),
        from_json(TrainConfig, json.dumps(header["train"])),
        [Structure(**s) for s in header["structures"]],
        tuple(header["stages"]),
        header["cells"]["made_from"],
        weights,
    )


def read_header(folder: Path) -> dict:
    """config.json of a run folder."""
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(f"{folder}: not a run folder (no {CONFIG}); make one with `precompute train --out {folder}`")
    return json.loads(path.read_text())


def write_header(folder: Path, header: dict) -> None:
    """Write config.json whole or not at all."""
    partial = folder / (CONFIG + ".partial")
    partial.write_text(json.dumps(header, indent=1))
    os.replace(partial, folder / CONFIG)


def header_of(model_config: ModelConfig, train_config: TrainConfig, cells) -> dict:
    """What config.json says of a run on `cells` (a model.cells.Cells)."""
    return {
        "model": json.loads(to_json(model_config)),
        "train": json.loads(to_json(train_config)),
        "structures": [s._asdict() for s in cells.structures],
        "stages": list(cells.stages),
        "cells": {"name": cells.path.name, "made_from": cells.made_from, "n": len(cells)},
    }


def write_tensors(path: Path, tensors: dict[str, Tensor], position: dict | None = None) -> None:
    """Write tensors and a JSON-able `position` whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    save_file(
        {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()},
        partial,
        {"position": json.dumps(position)},
    )
    os.replace(partial, path)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict]:
    """What `write_tensors` wrote."""
    try:
        with safe_open(path, "pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, json.loads(file.metadata()["position"])  # noqa: SIM118
    except SafetensorError as error:
        raise InputError(f"{path}: not a complete safetensors file ({error}); delete it and train again") from None


def network_tensors(phase: Phase) -> dict[str, Tensor]:
    """`NETWORK/PARAMETER` of a phase, buffers included."""
    return {
        f"{symbol}/{name}": tensor
        for symbol, network in phase.networks.items()
        for name, tensor in network.state_dict().items()
    }


def save_phase(folder: Path, phase: Phase) -> None:
    """Write the finished networks of a phase."""
    write_tensors(folder / PHASE_FILES[phase.name], network_tensors(phase))


def save_checkpoint(folder: Path, phase: Phase, position: dict) -> None:
    """Write a phase in work: networks, Adam moments and `position`. Random numbers need no state: each step seeds its own."""
    tensors = network_tensors(phase)
    for symbol, adam in phase.adam.items():
        for index, moments in adam.state_dict()["state"].items():
            tensors |= {f"{symbol}.adam/{index}/{name}": moment for name, moment in moments.items()}
    write_tensors(folder / CHECKPOINT, tensors, {"phase": phase.name, **position})


def load_checkpoint(folder: Path, phase: Phase) -> dict | None:
    """Restore `phase` from its checkpoint and return the position, or None where there is none for this phase."""
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    tensors, position = read_tensors(path)
    if position["phase"] != phase.name:
        return None
    for symbol, network in phase.networks.items():
        network.load_state_dict(
            {key.removeprefix(f"{symbol}/"): t for key, t in tensors.items() if key.startswith(f"{symbol}/")}
        )
        moments: dict[int, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            if key.startswith(f"{symbol}.adam/"):
                _, index, name = key.split("/")
                moments.setdefault(int(index), {})[name] = tensor
        state = phase.adam[symbol].state_dict()
        phase.adam[symbol].load_state_dict({**state, "state": moments})
    return position
