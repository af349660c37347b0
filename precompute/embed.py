"""Encode every cell with a trained model: the cell table, the latents and the model's weights, the ground floor of an atlas."""

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch
from numpy import ndarray
from torch import Tensor
from tqdm import tqdm

from model.aae import INFERENCE_NETWORKS, IntegratedCell, to_images
from model.atlas import editing, fingerprint, is_current, read_weights, replace_group
from model.cells import Cells, block_mean
from model.checkpoint import Run, load_run
from model.config import ModelConfig, from_json, to_json
from model.errors import InputError
from model.hdf5 import PACKED, STRINGS, write_table

HELP = "encode every cell; makes a new atlas, to be gone on with"
LATENTS = ("z_r", "z_s", "y", "z_r_hat")
MADE_FROM_LATENTS = ("projection", "medoids", "variation", "evaluation", "report")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute embed`."""
    add_inputs(parser)
    parser.add_argument("--atlas", type=Path, required=True, metavar="FILE", help="the atlas.h5 to make or to update")


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """What every job that embeds asks for."""
    parser.add_argument("--cells", type=Path, required=True, metavar="FILE", help="a cells.h5")
    parser.add_argument(
        "--run", type=Path, required=True, metavar="FOLDER", help="a run folder of `precompute train`", dest="folder"
    )
    parser.add_argument("--title", help="what the explorer calls this atlas (default: the title of the cells)")
    parser.add_argument("--seed", type=int, default=0, help="of everything random in the atlas (default: 0)")
    add_compute(parser)


def add_compute(parser: argparse.ArgumentParser) -> None:
    """Where and in what portions the networks run."""
    parser.add_argument("--batch-size", type=int, default=32, help="cells at a time (default: 32)")
    parser.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")


def run(*, cells: Path, folder: Path, atlas: Path, title: str | None, seed: int, batch_size: int, device: str | None) -> None:
    """`precompute embed`."""
    with Cells(cells) as given:
        trained = load_run(folder)
        check(given, trained)
        with editing(atlas, create=True) as file:
            changed = embed(file, given, trained, title=title, seed=seed, batch_size=batch_size, device=device)
            print(f"{atlas}: {len(given)} cells embedded" if changed else f"{atlas}: unchanged, kept")


def check(cells: Cells, run: Run) -> int:
    """The whole number of voxels of `cells` in one of the model's, along each axis.

    Raises
    ------
    InputError
        where the run was not trained for these structures, stages or grid.
    """
    genes = [structure.gene for structure in cells.structures]
    trained = [structure.gene for structure in run.structures]
    if genes != trained:
        raise InputError(
            f"{cells.path}: its structures are {', '.join(genes)} but the run was trained on {', '.join(trained)}; "
            "give the cells that the run was trained on"
        )
    if tuple(cells.stages) != tuple(run.stages):
        raise InputError(
            f"{cells.path}: its stages are {', '.join(cells.stages)} but those of the run {', '.join(run.stages)}; "
            "give the cells that the run was trained on"
        )
    block_mean(cells.volume(0), run.model_config.grid)
    return cells.grid[0] // run.model_config.grid[0]


def embed(
    file: h5py.File,
    cells: Cells,
    run: Run,
    *,
    title: str | None = None,
    seed: int = 0,
    batch_size: int = 32,
    device: str | None = None,
) -> bool:
    """Write cells, factors, structures, stages, curves, model and latent; drop what was made from other latents.

    Returns whether anything had to be done.
    """
    factor = check(cells, run)
    title = title or cells.title
    sha = cells_sha(cells)
    weights = half_precision(run.weights)
    made_from = fingerprint(sha, run_sha(run.model_config, weights))
    file.attrs.update(
        {
            "title": title,
            "simulated": bool((cells.table["source"] == "simulated").any()),
            "voxel_um": cells.voxel_um * factor,
            "cells_sha": sha,
            "seed": seed,
        }
    )
    if is_current(file, "latent", made_from):
        return False
    # The latents are those of the rounded weights that the atlas holds: whoever encodes a cell with them finds its z again.
    model = IntegratedCell.from_weights(run.model_config, as_tensors(weights), found(device))
    latents = encode(model, cells, batch_size)
    for name in MADE_FROM_LATENTS:
        if name in file:
            del file[name]
    tables = {
        "cells": cells.table,
        "structures": pd.DataFrame(cells.structures),
        "factors": cells.factors,
        "curves": run.metrics,
    }
    for name, table in tables.items():
        if table is not None:
            with replace_group(file, name, made_from) as group:
                write_table(group, table)
        elif name in file:
            del file[name]
    with replace_group(file, "stages", made_from) as group:
        group.create_dataset("stage", data=list(cells.stages), dtype=STRINGS)
    with replace_group(file, "model", made_from) as group:
        group.attrs.update({"config": to_json(run.model_config), "train_config": to_json(run.train_config)})
        group.attrs["run_sha"] = run_sha(run.model_config, weights)
        for network, parameters in weights.items():
            for name, value in parameters.items():
                group.create_dataset(f"{network}/{name}", data=value, **(PACKED if value.ndim else {}))
    with replace_group(file, "latent", made_from) as group:  # last: it is by this one that the whole is known to be there
        for name, values in latents.items():
            group.create_dataset(name, data=values, **PACKED)
    return True


def encode(model: IntegratedCell, cells: Cells, batch_size: int = 32) -> dict[str, ndarray]:
    """z_r, z_s, z_r_hat (N, n) and y (N, K) of every cell, float32."""
    parts = {name: [] for name in LATENTS}
    for _, volumes in batches(cells, range(len(cells)), model.config.grid, batch_size, "embed"):
        latents = model.encode(to_images(volumes))
        for name in LATENTS:
            parts[name].append(getattr(latents, name).cpu().numpy())
    return {name: np.concatenate(values) for name, values in parts.items()}


def batches(cells: Cells, rows, grid: tuple[int, int, int], size: int, what: str) -> Iterator[tuple[slice, ndarray]]:
    """Where in `rows` (N,), and the x_rs (B, 3, Z, Y, X) uint8 there on the model's grid, with a progress bar over cells."""
    with tqdm(total=len(rows), desc=what, unit="cell", mininterval=1) as bar:
        for start in range(0, len(rows), size):
            at = slice(start, min(start + size, len(rows)))
            yield at, np.stack([cells.volume(row, grid) for row in rows[at]])
            bar.update(at.stop - at.start)


def stored_config(file: h5py.File) -> ModelConfig:
    """The config of the networks that an atlas holds."""
    return from_json(ModelConfig, file["model"].attrs["config"])


def stored_model(file: h5py.File, device: str | None = None) -> IntegratedCell:
    """The networks that an atlas holds, ready to encode and decode."""
    return IntegratedCell.from_weights(stored_config(file), as_tensors(read_weights(file["model"])), found(device))


def found(device: str | None) -> str:
    """`device`, or the best there is. InputError where there is no such device."""
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"--device {device}: there is no CUDA device here; leave the option out")
    return device


def as_tensors(weights: dict[str, dict[str, ndarray]]) -> dict[str, dict[str, Tensor]]:
    """Arrays, as an atlas holds them, to tensors, as the networks take them."""
    return {network: {name: torch.from_numpy(np.asarray(value)) for name, value in w.items()} for network, w in weights.items()}


def half_precision(weights: dict[str, dict[str, Tensor]]) -> dict[str, dict[str, ndarray]]:
    """The networks of inference as arrays: float16, or float32 where a number is beyond its range; integers as they are."""
    return {
        network: {name: _half(value.cpu().numpy()) for name, value in sorted(weights[network].items())}
        for network in INFERENCE_NETWORKS
    }


def _half(value: ndarray) -> ndarray:
    if value.dtype.kind != "f":
        return value
    fits = np.abs(value).max(initial=0) <= np.finfo(np.float16).max
    return value.astype(np.float16 if fits else np.float32)


def run_sha(config: ModelConfig, weights: dict[str, dict[str, ndarray]]) -> str:
    """Hash of a model as an atlas holds it: its config and every weight."""
    digest = hashlib.sha256(to_json(config).encode())
    for network, parameters in weights.items():
        for name, value in parameters.items():
            digest.update(f"{network}/{name} {value.shape} {value.dtype}".encode())
            digest.update(value.tobytes())
    return digest.hexdigest()[:16]


def cells_sha(cells: Cells) -> str:
    """Hash of a cells.h5: what it was made from, its table, and 16 volumes spread over it (all of them would be terabytes)."""
    digest = hashlib.sha256(cells.made_from.encode())
    digest.update(cells.table.to_csv(index=False).encode())
    for row in np.unique(np.linspace(0, len(cells) - 1, 16).astype(int)):
        digest.update(cells.volume(row).tobytes())
    return digest.hexdigest()[:16]


def check_own(file: h5py.File, cells: Cells) -> None:
    """InputError unless the atlas was made from these cells."""
    if cells_sha(cells) != file.attrs["cells_sha"]:
        raise InputError(f"{cells.path}: not the cells that the atlas was made from; give those, or make the atlas again")
