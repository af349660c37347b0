"""UMAP as the atlas uses it: seeded, for any number of cells, without a warning."""

import shutil

import numpy as np
import pytest

from model.atlas import Atlas
from model.errors import InputError
from precompute.__main__ import main
from precompute.projection import check_options, umap


@pytest.mark.parametrize("n_cells", [1, 2, 3, 5, 6, 84])
def test_any_number_of_cells(n_cells):
    z = np.random.default_rng(0).standard_normal((n_cells, 16)).astype(np.float32)
    positions = umap(z)
    assert positions.shape == (n_cells, 2)
    assert positions.dtype == np.float32
    assert np.isfinite(positions).all()
    assert len(np.unique(positions, axis=0)) == n_cells
    np.testing.assert_allclose(positions.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_array_equal(positions, umap(z))


def test_two_groups_stay_apart():
    rng = np.random.default_rng(1)
    z = rng.standard_normal((60, 16)) + np.repeat([[0], [10]], 30, axis=0)
    positions = umap(z, n_neighbors=8)
    within = max(np.linalg.norm(group - group.mean(axis=0), axis=1).max() for group in (positions[:30], positions[30:]))
    assert np.linalg.norm(positions[:30].mean(axis=0) - positions[30:].mean(axis=0)) > 1.5 * within


def test_the_seed_and_the_options_matter():
    z = np.random.default_rng(2).standard_normal((40, 8))
    assert np.abs(umap(z, seed=0) - umap(z, seed=1)).max() > 0.1
    assert np.abs(umap(z) - umap(z, n_neighbors=4)).max() > 0.1


@pytest.mark.parametrize("options", [(1, 0.1), (15, -0.1), (15, 2)])
def test_options_that_umap_cannot_use(options):
    with pytest.raises(InputError, match="give at least 2 neighbours"):
        check_options(*options)


def test_the_job_projects_both_latents(tiny_atlas, tmp_path, capsys):
    path = shutil.copy(tiny_atlas, tmp_path / "atlas.h5")
    command = ["projection", "--atlas", str(path), "--n-neighbors", "6", "--min-dist", "0.3", "--seed", "2"]
    assert main(command) == 0
    atlas = Atlas(path)
    for name in ("z_r", "z_s"):
        np.testing.assert_array_equal(atlas.projection(name), umap(atlas.latent(name), 6, 0.3, 2))
    attrs = atlas.file["projection"].attrs
    assert (attrs["n_neighbors"], attrs["min_dist"], attrs["seed"]) == (6, 0.3, 2)
    assert main(command) == 0
    assert "unchanged" in capsys.readouterr().out.splitlines()[-1]
