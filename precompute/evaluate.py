"""How good the model is on cells that it was not trained on: the paper's figures, each with its n, as one JSON object."""

import argparse
import json
import math
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch
from numpy import ndarray

from model.aae import IntegratedCell, to_volumes
from model.atlas import SCHEMA, SCHEMA_VERSION, editing, fingerprint, is_current, replace_group
from model.cells import Cells
from model.errors import InputError
from model.hdf5 import open_checked, read_table, replacing, write_table
from model.vocabulary import NOT_ANNOTATED
from precompute.baselines import baselines
from precompute.contact_sheet import contact_sheet
from precompute.embed import add_compute, cells_sha, check_own, stored_model
from precompute.held_out import HeldOut, measure
from precompute.scores import (
    classification,
    divergence,
    inception_ceiling,
    inception_score,
    linear_classifier,
    linear_probe,
    normality,
)

N_PANEL = 64
LEAST_WIDTH = 128  # pixels of a cell on the panel
DETAIL = ("x_r", "x_s", "high_x_r", "high_x_s")
HELP = "figures on held-out cells: classification, inception, reconstruction, probes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute evaluate`."""
    parser.add_argument("--atlas", type=Path, required=True, metavar="FILE", help="an atlas.h5")
    parser.add_argument("--cells", type=Path, required=True, metavar="FILE", help="a cells.h5: the atlas's own, or fresh cells")
    parser.add_argument("--json", type=Path, metavar="FILE", dest="json_file", help="write the figures here")
    parser.add_argument("--seed", type=int, default=0, help="of the generated cells and the folds (default: 0)")
    parser.add_argument(
        "--learned-from",
        type=Path,
        metavar="FILE",
        help="the cells.h5 that the model learned from, for the baselines (default: folds of the evaluated cells)",
    )
    parser.add_argument("--panel", type=Path, metavar="FILE.png", help=f"also draw {N_PANEL} cells generated from the prior")
    add_compute(parser)


def run(
    *,
    atlas: Path,
    cells: Path,
    json_file: Path | None,
    learned_from: Path | None,
    panel: Path | None,
    seed: int,
    batch_size: int,
    device: str | None,
) -> None:
    """`precompute evaluate`. The figures go into the atlas where the cells are its own."""
    compute = {"seed": seed, "batch_size": batch_size, "device": device}
    for path in (json_file, panel):
        if path is not None and not path.parent.is_dir():
            raise InputError(f"{path}: the folder {path.parent} does not exist; make it first")
    with ExitStack() as stack:
        given = stack.enter_context(Cells(cells))
        learned = stack.enter_context(Cells(learned_from)) if learned_from else None
        with open_checked(atlas, SCHEMA, SCHEMA_VERSION) as file:
            own = cells_sha(given) == file.attrs["cells_sha"]
            if learned:
                check_own(file, learned)
            if not own:
                metrics = figures_of(file, given, learned, **compute)[0]
                print(f"{cells}: not the atlas's own cells, so the atlas stays as it is")
        if own:
            with editing(atlas) as file:
                changed = evaluate(file, given, **compute)
                metrics = json.loads(file["evaluation"].attrs["metrics"])
                print(f"{atlas}: evaluated" if changed else f"{atlas}: unchanged, kept")
        if panel is not None:
            with open_checked(atlas, SCHEMA, SCHEMA_VERSION) as file:
                draw_panel(stored_model(file, device), list(read_table(file["structures"])["gene"]), panel, seed)
    if json_file is not None:
        with replacing(json_file) as partial:
            partial.write_text(json.dumps(metrics, indent=1) + "\n")
    print(summary(metrics))


def draw_panel(model: IntegratedCell, genes: list[str], path: Path, seed: int = 0) -> None:
    """A contact sheet of N_PANEL cells whose z_r and z_s are drawn from the prior, the structures by turns."""
    y = torch.arange(N_PANEL) % len(genes)
    volumes = to_volumes(model.sample(y, torch.Generator().manual_seed(seed)))
    factor = -(-LEAST_WIDTH // model.config.grid[2])
    for axis in (2, 3, 4):
        volumes = volumes.repeat(factor, axis)
    contact_sheet(((volume, f"{genes[k]} generated") for volume, k in zip(volumes, y, strict=True)), path, n_columns=8)


def evaluate(file: h5py.File, cells: Cells, *, seed: int = 0, batch_size: int = 32, device: str | None = None) -> bool:
    """Write the group `evaluation` from the atlas's own cells. Returns whether anything had to be done."""
    made_from = fingerprint(file["latent"].attrs["made_from"], seed)
    if is_current(file, "evaluation", made_from):
        return False
    metrics, confusion, per_class = figures_of(file, cells, cells, seed=seed, batch_size=batch_size, device=device)
    with replace_group(file, "evaluation", made_from) as group:
        group.attrs["metrics"] = json.dumps(metrics)
        group.create_dataset("confusion", data=confusion)
        write_table(group.create_group("per_class"), per_class)
    return True


def figures_of(
    file: h5py.File,
    cells: Cells,
    learned_from: Cells | None = None,
    *,
    seed: int = 0,
    batch_size: int = 32,
    device: str | None = None,
) -> tuple[dict, ndarray, pd.DataFrame]:
    """metrics, confusion (K, K) and the per-class table of the model in `file` on the held-out ones of `cells`.

    `learned_from`: the atlas's own cells, where at hand: the baselines are fitted to their training split.
    """
    genes = list(read_table(file["structures"])["gene"])
    unknown = sorted(set(cells.table["structure"]) - set(genes))
    if unknown:
        raise InputError(
            f"{cells.path}: the model knows no {', '.join(unknown)}, only {', '.join(genes)}; leave such cells out"
        )
    own = read_table(file["cells"])
    rows = held_out(cells.table, own)
    if not len(rows):
        raise InputError(f"{cells.path}: none of its cells is held out (split 'test'); there is nothing to evaluate on")
    y = cells.table["structure"].map(genes.index).to_numpy(np.int64)[rows]
    model = stored_model(file, device)
    measured = measure(model, cells, rows, y, seed=seed, batch_size=batch_size)
    table = cells.table.iloc[rows]
    metrics, confusion, per_class = figures(measured, y, table["stage"].to_numpy(), genes, seed)
    off = stages_off(file["latent/z_r"][:], own, measured.z_r, table, file["stages/stage"].asstr()[:])
    metrics["per_source"] = jsonable(
        {source: of_source(measured, y, off, (table["source"] == source).to_numpy()) for source in set(table["source"])}
    )
    fitted = None if learned_from is None else (learned_from, np.flatnonzero(learned_from.table["split"] == "train"))
    if len(rows) > 1 and (fitted is None or len(fitted[1]) > 1):
        metrics |= jsonable(baselines(cells, rows, fitted, model.config.grid, model.config.n_latent, seed))
    return metrics, confusion, per_class


def held_out(cells: pd.DataFrame, atlas_cells: pd.DataFrame) -> ndarray:
    """Rows of `cells` that the model has not seen: the test split; every cell of a table that shares none with the atlas."""
    if not set(cells["cell_id"]) & set(atlas_cells["cell_id"]):
        return np.arange(len(cells))
    return np.flatnonzero(cells["split"] == "test")


def stages_off(z_r: ndarray, own: pd.DataFrame, z_r_measured: ndarray, measured: pd.DataFrame, stages: ndarray) -> ndarray:
    """(N,) how many stages a linear classifier on `z_r_measured` (N, n) is off, nan for a cell without annotation.

    It is fitted to z_r (M, n) of the annotated training cells of `own`; all nan where they have fewer than two stages.
    """
    scale = {name: i for i, name in enumerate(stages)}
    true, known = (table["stage"].map(scale).to_numpy(float) for table in (measured, own))
    learned = (own["split"] == "train").to_numpy() & ~np.isnan(known)
    if len(set(known[learned])) < 2:
        return np.full(len(true), np.nan)
    return np.abs(linear_classifier().fit(z_r[learned], known[learned].astype(int)).predict(z_r_measured) - true)


def of_source(measured: HeldOut, y: ndarray, stages_off: ndarray, at: ndarray) -> dict:
    """Figures on the cells `at` (N,) bool, those of one source."""
    off = stages_off[at][~np.isnan(stages_off[at])]
    return {
        "n": int(at.sum()),
        "accuracy": (measured.p_data.argmax(axis=1) == y)[at].mean(),
        "r_x_r_membrane": measured.r_x_r[at, 0].mean(),
        "r_x_r_DNA": measured.r_x_r[at, 1].mean(),
        "r_x_s": measured.r_x_s[at].mean(),
        "n_annotated": len(off),
        "stage_exact": (off == 0).mean() if len(off) else math.nan,
        "stage_within_one": (off <= 1).mean() if len(off) else math.nan,
    }


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
        **{f"sharpness_{name}": np.nanmean(getattr(measured, f"sharpness_{name}")) for name in DETAIL},
        "checkerboard": measured.checkerboard.mean(),
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
