"""Algorithm 4: how much the localisation of a structure varies in a given cell shape.

For a shape z_r and a structure y, n distinct z_s are drawn from the prior N(0, I) and decoded, and the structure channels
compared voxel by voxel: score = -log|rho| / n, with rho the (n, n) matrix of their Pearson correlations. It is >= 0, and
SMALLER means MORE variation (0 = all draws uncorrelated). It depends strongly on n: never compare scores of different n.
"""

import argparse
import time
from pathlib import Path

import h5py
import numpy as np
import torch
from numpy import ndarray
from scipy.linalg.blas import dsyrk
from torch import Tensor
from tqdm import tqdm

from model.atlas import editing, fingerprint, is_current, mark_changed, replace_group
from model.cells import STRUCTURE
from model.decode import FastDecoder
from model.errors import InputError
from model.hdf5 import read_table, write_table
from model.vocabulary import NOT_ANNOTATED
from precompute.embed import add_compute, stored_model
from precompute.scores import by_stage

HELP = "Algorithm 4: variation of each structure in each cell's shape, on an existing atlas"
CHUNK = 1 << 12  # voxels at a time in float64
SAVE_EVERY_S = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute variation`."""
    parser.add_argument("--atlas", type=Path, required=True, metavar="FILE", help="an atlas.h5")
    parser.add_argument("--n", type=int, default=100, help="draws of z_s a cell and structure (default: 100)")
    add_options(parser)
    parser.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")
    add_compute(parser)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which cells."""
    parser.add_argument("--n-cells", type=int, metavar="N", help="at most N cells (default: all test cells and the medoids)")


def run(*, atlas: Path, n: int, n_cells: int | None, seed: int, batch_size: int, device: str | None) -> None:
    """`precompute variation`."""
    with editing(atlas) as file:
        changed = vary(file, n=n, n_cells=n_cells, seed=seed, batch_size=batch_size, device=device)
        print("Smaller means MORE variation; difference is mitosis minus interphase, with its 95 % interval:")
        print(read_table(file["variation/by_stage"]).to_string(index=False, float_format="{:.3f}".format))
        print(f"{atlas}: variation of n = {n} draws" if changed else f"{atlas}: unchanged, kept")


def vary(
    file: h5py.File,
    *,
    n: int = 100,
    n_cells: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    device: str | None = None,
) -> bool:
    """Write the group `variation`. Stopped, it goes on after the cells that it has. Returns whether anything had to be done."""
    check_n(n)
    rows = chosen(file, n_cells, seed)
    made_from = fingerprint(file["latent"].attrs["made_from"], n, seed, rows.tolist())
    if is_current(file, "variation", made_from):
        return False
    model = stored_model(file, device)
    decode = FastDecoder(model.Dec_rs, device=model.device)
    z_r = torch.from_numpy(file["latent/z_r"][:])
    z_s = torch.from_numpy(draws(n, model.config.n_latent, seed))
    n_structures = model.config.n_structures
    classes = torch.eye(n_structures)
    with replace_group(file, "variation", made_from, resume=True) as group:
        if "score" not in group:
            group.attrs.update({"n": n, "seed": seed})
            group.create_dataset("cell", data=rows)
            group.create_dataset("score", (len(rows), n_structures), np.float64, fillvalue=np.nan)
            group.create_dataset("singular", (len(rows), n_structures), bool)
            group.attrs["n_done"] = 0
        n_done, saved = int(group.attrs["n_done"]), time.monotonic()
        progress = {"total": len(rows) * n_structures, "initial": n_done * n_structures, "unit": "score"}
        with tqdm(**progress, desc="variation", mininterval=1) as bar:
            for i in range(n_done, len(rows)):
                for k in range(n_structures):
                    images = localisations(decode, classes[k], z_r[rows[i]], z_s, batch_size)
                    group["score"][i, k], group["singular"][i, k] = variation_score(images)
                    bar.update()
                if time.monotonic() - saved > SAVE_EVERY_S:
                    group.attrs["n_done"], saved = i + 1, time.monotonic()
                    mark_changed(file)
        cells = read_table(file["cells"]).iloc[rows]
        annotated = (cells["stage"] != NOT_ANNOTATED).to_numpy()
        interphase = (cells["stage"] == file["stages/stage"].asstr()[0]).to_numpy()
        genes = list(read_table(file["structures"])["gene"])
        write_table(
            group.create_group("by_stage"), by_stage(group["score"][:][annotated], interphase[annotated], genes, seed=seed)
        )
        del group.attrs["n_done"]
    return True


def check_n(n: int) -> None:
    """InputError for fewer draws than can be compared."""
    if n < 2:
        raise InputError(f"n = {n}: variation compares draws with each other; give at least 2")


def chosen(file: h5py.File, n_cells: int | None, seed: int) -> ndarray:
    """Rows of the cells to score, in order: medoids and test cells; of more than n_cells, medoids and then a seeded choice."""
    test = np.flatnonzero(read_table(file["cells"])["split"] == "test")
    typical = file["medoids/cell"][:] if "medoids" in file else np.empty(0, np.int64)
    others = np.setdiff1d(test, typical)
    if n_cells is not None:
        others = np.random.default_rng(seed).permutation(others)
    rows = np.concatenate([typical, others])[:n_cells]
    if not len(rows):
        raise InputError("variation: the atlas has neither test cells nor medoids; run `precompute medoids` first")
    return np.sort(rows).astype(np.int64)


def draws(n: int, n_latent: int, seed: int) -> ndarray:
    """n distinct z_s from N(0, I), (n, n_latent) float32. All cells and structures get the same: differences are theirs."""
    return np.random.default_rng(seed).standard_normal((n, n_latent), np.float32)


def localisations(decode: FastDecoder, y: Tensor, z_r: Tensor, z_s: Tensor, batch_size: int) -> ndarray:
    """Structure channels (n, V) float32 of one-hot class y (K,) in the shape z_r (n_latent,), for each of z_s (n, n_latent).

    `decode` is Dec_rs as the explorer decodes: in bfloat16 where the processor has it, which moves a score by less than 0.002.
    """
    z = torch.cat([y.expand(len(z_s), -1), z_r.expand(len(z_s), -1), z_s], 1)
    return torch.cat([decode(some, [STRUCTURE]).flatten(1).cpu() for some in z.split(batch_size)]).numpy()


def variation_score(images: ndarray) -> tuple[float, bool]:
    """-log|rho| / n of images (n, V), and whether rho, their Pearson correlations (n, n) in float64, is singular.

    A singular matrix has no score: it is (nan, True), never an infinity. Singular is: an image without contrast, or the least
    eigenvalue not above rounding, n eps times the largest (as two identical images make it).
    """
    n = len(images)
    rho = correlations(images)
    if not np.isfinite(rho).all():
        return float("nan"), True
    eigenvalues = np.linalg.eigvalsh(rho)
    if eigenvalues[0] <= n * np.finfo(np.float64).eps * eigenvalues[-1]:
        return float("nan"), True
    return float(-np.log(eigenvalues).sum() / n), False


def correlations(images: ndarray) -> ndarray:
    """Pearson correlation (n, n) float64 of images (n, V): symmetric, unit diagonal; nan for an image without contrast."""
    n, n_voxels = images.shape
    products = np.zeros((n, n), order="F")
    mean = images.mean(axis=1, dtype=np.float64, keepdims=True)
    for start in range(0, n_voxels, CHUNK):  # all of V in float64 would be gigabytes
        centred = images[:, start : start + CHUNK] - mean
        # One triangle of centred @ centred.T, added on: half the work of a whole product.
        products = dsyrk(1.0, centred.T, beta=1.0, c=products, trans=1, overwrite_c=1)
    products = np.triu(products) + np.triu(products, 1).T
    norm = np.sqrt(products.diagonal())
    norm[(images == images[:, :1]).all(axis=1)] = np.nan
    rho = products / np.outer(norm, norm)
    rho[np.diag_indices(n)] = np.where(np.isnan(norm), np.nan, 1.0)
    return rho
