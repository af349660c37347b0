"""What several test modules share: a whole atlas of analytic cells, made once."""

import os
from pathlib import Path

# Before torch is imported. Networks this small only wait for each other's threads.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest

from model.atlas import Atlas, editing, fingerprint, replace_group
from model.cells import Cells
from model.checkpoint import load_run
from precompute import embed, evaluate, medoids, observed, pictures, variation
from tests import synthetic


@pytest.fixture(scope="session")
def tiny_cells(tmp_path_factory) -> Path:
    """A cells.h5 of 24 analytic cells, every structure and every stage; 8 of them, one a stage, are test cells."""
    return synthetic.write_cells(tmp_path_factory.mktemp("cells") / "cells.h5", 24, (32, 48, 64))


@pytest.fixture(scope="session")
def tiny_run(tiny_cells, tmp_path_factory) -> Path:
    """A run folder for `tiny_cells` whose networks are as they were initialised."""
    with Cells(tiny_cells) as cells:
        return synthetic.write_run(tmp_path_factory.mktemp("runs") / "tiny", cells)


@pytest.fixture(scope="session")
def tiny_atlas(tiny_cells, tiny_run, tmp_path_factory) -> Path:
    """An atlas.h5 with every group, of `tiny_cells` and `tiny_run`. Read only: copy it to change it.

    The projections are the first two latents, for UMAP takes as long to compile as all the rest to run.
    """
    path = tmp_path_factory.mktemp("atlas") / "tiny.h5"
    with Cells(tiny_cells) as cells, editing(path, create=True) as file:
        embed.embed(file, cells, load_run(tiny_run), device="cpu")
        with replace_group(file, "projection", fingerprint("first two latents")) as group:
            group.attrs.update({"n_neighbors": 0, "min_dist": 0.0, "seed": 0})
            for name in ("z_r", "z_s"):
                group.create_dataset(name, data=file["latent"][name][:, :2])
        medoids.find_medoids(file)
        evaluate.evaluate(file, cells, device="cpu")
        pictures.draw(file, cells)
        observed.include(file, cells)
        variation.vary(file, n=4, device="cpu")
    return path


@pytest.fixture(scope="session")
def atlas(tiny_atlas):
    """The small atlas, open."""
    atlas = Atlas(tiny_atlas)
    yield atlas
    atlas.close()
