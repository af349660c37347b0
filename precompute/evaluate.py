"""How good the model is on cells that it was not trained on: the paper's figures, each with its n, as one JSON object."""

import argparse
import json
import math
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy import ndarray

from model.atlas import SCHEMA, SCHEMA_VERSION, editing, fingerprint, is_current, replace_group
from model.cells import Cells
from model.errors import InputError
from model.hdf5 import open_checked, read_table, replacing, write_table
from model.vocabulary import NOT_ANNOTATED
from precompute.embed import add_compute, cells_sha, stored_model
from precompute.held_out import HeldOut, measure
from precompute.scores import classification, divergence, inception_ceiling, inception_score, linear_probe, normality

HELP = "figures on held-out cells: classification, inception, reconstruction, probes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute evaluate`."""
    parser.add_argument("--atlas", type=Path, required=True, metavar="FILE", help="an atlas.h5")
    parser.add_argument("--cells", type=Path, required=True, metavar="FILE", help="a cells.h5: the atlas's own, or fresh cells")
    parser.add_argument("--json", type=Path, metavar="FILE", dest="json_file", help="write the figures here")
    parser.add_argument("--seed", type=int, default=0, help="of the generated cells and the folds (default: 0)")
    add_compute(parser)


def run(*, atlas: Path, cells: Path, json_file: Path | None, seed: int, batch_size: int, device: str | None) -> None:
    """`precompute evaluate`. The figures go into the atlas where the cells are its own."""
    compute = {"seed": seed, "batch_size": batch_size, "device": device}
    if json_file is not None and not json_file.parent.is_dir():
        raise InputError(f"{json_file}: the folder {json_file.parent} does not exist; make it first")
    with Cells(cells) as given:
        with open_checked(atlas, SCHEMA, SCHEMA_VERSION) as file:
            own = cells_sha(given) == file.attrs["cells_sha"]
            if not own:
                metrics = figures_of(file, given, **compute)[0]
                print(f"{cells}: not the atlas's own cells, so the atlas stays as it is")
        if own:
            with editing(atlas) as file:
                changed = evaluate(file, given, **compute)
                metrics = json.loads(file["evaluation"].attrs["metrics"])
                print(f"{atlas}: evaluated" if changed else f"{atlas}: unchanged, kept")
    if json_file is not None:
        with replacing(json_file) as partial:
            partial.write_text(json.dumps(metrics, indent=1) + "\n")
    print(summary(metrics))


def evaluate(file: h5py.File, cells: Cells, *, seed: int = 0, batch_size: int = 32, device: str | None = None) -> bool:
    """Write the group `evaluation` from the atlas's own cells. Returns whether anything had to be done."""
    made_from = fingerprint(file["latent"].attrs["made_from"], seed)
    if is_current(file, "evaluation", made_from):
        return False
    metrics, confusion, per_class = figures_of(file, cells, seed=seed, batch_size=batch_size, device=device)
    with replace_group(file, "evaluation", made_from) as group:
        group.attrs["metrics"] = json.dumps(metrics)
        group.create_dataset("confusion", data=confusion)
        write_table(group.create_group("per_class"), per_class)
    return True


def figures_of(
    file: h5py.File, cells: Cells, *, seed: int = 0, batch_size: int = 32, device: str | None = None
) -> tuple[dict, ndarray, pd.DataFrame]:
    """metrics, confusion (K, K) and the per-class table of the model in `file` on the held-out ones of `cells`."""
    genes = list(read_table(file["structures"])["gene"])
    unknown = sorted(set(cells.table["structure"]) - set(genes))
    if unknown:
        raise InputError(
            f"{cells.path}: the model knows no {', '.join(unknown)}, only {', '.join(genes)}; leave such cells out"
        )
    rows = held_out(cells.table, read_table(file["cells"]))
    if not len(rows):
        raise InputError(f"{cells.path}: none of its cells is held out (split 'test'); there is nothing to evaluate on")
    y = cells.table["structure"].map(genes.index).to_numpy(np.int64)[rows]
    measured = measure(stored_model(file, device), cells, rows, y, seed=seed, batch_size=batch_size)
    return figures(measured, y, cells.table["stage"].to_numpy()[rows], genes, seed)


def held_out(cells: pd.DataFrame, atlas_cells: pd.DataFrame) -> ndarray:
    """Rows of `cells` that the model has not seen: the test split; every cell of a table that shares none with the atlas."""
    if not set(cells["cell_id"]) & set(atlas_cells["cell_id"]):
        return np.arange(len(cells))
    return np.flatnonzero(cells["split"] == "test")


def figures(
    measured: HeldOut, y: ndarray, stages: ndarray, genes: list[str], seed: int = 0
) -> tuple[dict, ndarray, pd.DataFrame]:
    """All figures of N cells of classes y (N,) and stages (N,): a JSON-able dict, confusion (K, K), the per-class table.

    An inception score means little without its ceiling, exp(H) of the class frequencies: it is there beside the three scores.
    """
    scores, confusion, per_class = classification(y, measured.p_data)
    per_class.insert(0, "gene", genes)
    kinds = {"data": measured.p_data, "reconstructed": measured.p_reconstructed, "generated": measured.p_generated}
    for name, p in kinds.items():
        score = np.exp(pd.Series(divergence(p)).groupby(y).mean())
        per_class[f"inception_{name}"] = score.reindex(range(len(genes))).to_numpy()
    annotated = stages != NOT_ANNOTATED
    probes = {
        "z_s_class": linear_probe(measured.z_s, np.array(genes)[y], seed),
        "stage": linear_probe(measured.z_r[annotated], stages[annotated], seed),
    }
    metrics = {
        "n_test": len(y),
        "seed": seed,
        **scores,
        **{f"inception_{name}": inception_score(p) for name, p in kinds.items()},
        "inception_ceiling": inception_ceiling(y),
        "bce_x_r": measured.bce_x_r.mean(),
        "r_x_r": measured.r_x_r.mean(),
        "r_x_r_membrane": measured.r_x_r[:, 0].mean(),
        "r_x_r_DNA": measured.r_x_r[:, 1].mean(),
        "bce_x_s": measured.bce_x_s.mean(),
        "r_x_s": measured.r_x_s.mean(),
        "bce_x_s_predicted": measured.bce_x_s_predicted.mean(),
        "r_x_s_predicted": measured.r_x_s_predicted.mean(),
        "z_s_class_probe": probes["z_s_class"]["balanced_accuracy"],
        "stage_probe": probes["stage"]["balanced_accuracy"],
        "probes": probes,
        "z_r": normality(measured.z_r),
        "z_s": normality(measured.z_s),
        "per_class": per_class.to_dict("records"),
    }
    return jsonable(metrics), confusion, per_class


def jsonable(value):
    """`value` with numpy's numbers as Python's, and None for nan, which JSON has not."""
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def summary(metrics: dict) -> str:
    """The figures that fit on a screen, one a line."""
    lines = [f"{'n_test':<22}{metrics['n_test']}"]
    for name, value in metrics.items():
        if isinstance(value, float):
            lines.append(f"{name:<22}{value:.4f}")
    for name, probe in metrics["probes"].items():
        result = f"chance {probe['chance']:.4f}" if "skipped" not in probe else f"skipped: {probe['skipped']}"
        lines.append(f"{name + ' probe':<22}{result}; n {probe['n']}, left out: {', '.join(probe['left_out']) or 'none'}")
    return "\n".join(lines)
