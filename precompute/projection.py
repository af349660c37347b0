"""UMAP of z_r and of z_s: the two maps of the explorer."""

import argparse
import warnings
from pathlib import Path

import h5py
import numpy as np
from numpy import ndarray

from model.atlas import editing, fingerprint, is_current, replace_group
from model.errors import InputError

HELP = "UMAP of z_r and of z_s, on an existing atlas"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute projection`."""
    parser.add_argument("--atlas", type=Path, required=True, metavar="FILE", help="an atlas.h5")
    add_options(parser)
    parser.add_argument("--seed", type=int, default=0, help="default: 0")


def add_options(parser: argparse.ArgumentParser) -> None:
    """UMAP's own."""
    parser.add_argument("--n-neighbors", type=int, default=15, help="UMAP: cells a neighbourhood; more = coarser (default: 15)")
    parser.add_argument("--min-dist", type=float, default=0.1, help="UMAP: least distance on the map (default: 0.1)")


def run(*, atlas: Path, n_neighbors: int, min_dist: float, seed: int) -> None:
    """`precompute projection`."""
    with editing(atlas) as file:
        changed = project(file, n_neighbors=n_neighbors, min_dist=min_dist, seed=seed)
        print(f"{atlas}: z_r and z_s projected" if changed else f"{atlas}: unchanged, kept")


def project(file: h5py.File, *, n_neighbors: int = 15, min_dist: float = 0.1, seed: int = 0) -> bool:
    """Write the group `projection`. Returns whether anything had to be done."""
    check_options(n_neighbors, min_dist)
    made_from = fingerprint(file["latent"].attrs["made_from"], n_neighbors, min_dist, seed)
    if is_current(file, "projection", made_from):
        return False
    with replace_group(file, "projection", made_from) as group:
        group.attrs.update({"n_neighbors": n_neighbors, "min_dist": min_dist, "seed": seed})
        for name in ("z_r", "z_s"):
            group.create_dataset(name, data=umap(file["latent"][name][:], n_neighbors, min_dist, seed))
    return True


def check_options(n_neighbors: int, min_dist: float) -> None:
    """InputError for options that UMAP cannot work with."""
    if n_neighbors < 2 or not 0 <= min_dist <= 1:
        raise InputError(f"n_neighbors {n_neighbors}, min_dist {min_dist}: give at least 2 neighbours and a distance in 0..1")


def umap(z: ndarray, n_neighbors: int = 15, min_dist: float = 0.1, seed: int = 0) -> ndarray:
    """z (N, n) -> (N, 2) float32, centred on 0, the same each time for the same seed.

    Fewer cells than n_neighbors are each other's neighbours; with fewer than five there is nothing to lay out, and the map is
    their first two principal components.
    """
    z = z - z.mean(axis=0)
    if len(z) < 5:
        components = np.linalg.svd(z, full_matrices=False)[2][:2]
        return np.pad(z @ components.T, ((0, 0), (0, 2 - len(components)))).astype(np.float32)
    layout = _UMAP()(
        n_neighbors=min(n_neighbors, len(z) - 1),
        min_dist=min_dist,
        init="pca",  # small sets have no spectral layout, and the map keeps its orientation from run to run
        random_state=seed,
        n_jobs=1,
    )
    positions = layout.fit_transform(z)
    return (positions - positions.mean(axis=0)).astype(np.float32)


def _UMAP():
    # Here and not above: it takes seconds. It warns of the one class of its own that needs Tensorflow.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
        from umap import UMAP
    return UMAP
