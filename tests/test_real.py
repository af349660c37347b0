"""The whole path on the 84 real cells: ingest, train, atlas, and every kind of volume of one of them."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import center_of_mass

from app.cache import VolumeCache
from app.flights import Flights
from app.recipe import parse
from app.volumes import VolumeService
from model.atlas import Atlas
from model.cells import Cells
from precompute.__main__ import main

MANIFEST = Path(__file__).parents[2] / "shared" / "data" / "hipsc_mitosis" / "manifest.csv"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not MANIFEST.is_file(), reason=f"the real cells are not at {MANIFEST}: the path is not tested on them"),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A folder with cells.h5 and, after one epoch of each phase with a very small model, atlas.h5."""
    folder = tmp_path_factory.mktemp("real")
    cells, run, atlas = (str(folder / name) for name in ("cells.h5", "run", "atlas.h5"))
    small = [f"--set={setting}" for setting in ("widths=[2, 4, 4, 8]", "n_epochs_r=1", "n_epochs_rs=1")]
    assert main(["ingest", "--manifest", str(MANIFEST), "--out", cells]) == 0
    assert main(["train", "--cells", cells, "--out", run, "--preset", "tiny", "--device", "cpu", *small]) == 0
    few = ["--n", "2", "--n-cells", "2", "--observed", "all", "--device", "cpu"]
    assert main(["atlas", "--cells", cells, "--run", run, "--out", atlas, *few]) == 0
    return folder


def test_ingested(real):
    with Cells(real / "cells.h5") as cells:
        assert len(cells) == 84
        assert cells.table.groupby("structure").size().tolist() == [6] * 14
        assert cells.table.groupby("stage").size().tolist() == [12] * 7
        # Prophase nuclei are the largest, metaphase plates the smallest; a cell is thousands of um^3.
        dna = cells.table.groupby("stage")["dna_volume_um3"].median()
        assert (dna.idxmax(), dna.idxmin()) == ("prophase", "metaphase")
        assert cells.table.groupby("stage")["cell_volume_um3"].median().between(2000, 3500).all()
        for row in range(0, 84, 7):
            membrane, structure, dna = cells.volume(row).astype(float)
            assert structure.max() == 255
            # The DNA is in the middle of the grid, and inside of what the membrane encloses.
            assert np.abs(np.subtract(center_of_mass(dna), (np.array(dna.shape) - 1) / 2)).max() < 12
            assert (membrane[dna > 128] > 0).mean() > 0.9


def test_explored(real, tmp_path):
    atlas = Atlas(real / "atlas.h5")
    assert not atlas.simulated
    assert list(atlas.medoids["stage"]) == list(atlas.stages[1:])  # no interphase among them
    volumes = VolumeService(atlas, None, VolumeCache(tmp_path, 2**20), Flights("test"))
    for show, structures in (("observed", ""), ("reconstructed", ""), ("predicted", ";structures=FBL,TOMM20")):
        volume = volumes.volume(volumes.settle(parse(f"show={show};shape=cell:LMNB1_M5{structures}")))
        assert volume.shape == (4 if structures else 3, *atlas.config.grid)
        assert volume.max() > 0
    atlas.close()
