"""Small pictures and observed volumes: orientation, colours, whose they are."""

import shutil

import h5py
import numpy as np
import pytest

from model.atlas import Atlas
from model.cells import DNA, MEMBRANE, STRUCTURE, Cells, block_mean
from model.errors import InputError
from precompute.__main__ import main
from precompute.observed import wanted
from precompute.pictures import picture


def test_a_bright_voxel_is_where_it_is_and_has_its_colour():
    volume = np.full((3, 8, 96, 128), 20, np.uint8)
    volume[MEMBRANE, 3, 10:14, 20:24] = 255
    volume[STRUCTURE, 5, 60:64, 30:34] = 255
    volume[DNA, 1, 40:44, 100:104] = 255
    small = picture(volume)
    assert small.shape == (48, 64, 3)
    assert small[6, 11].tolist() == [248, 0, 248]
    assert small[31, 16].tolist() == [248, 248, 0]
    assert small[21, 51].tolist() == [0, 248, 248]
    assert small[0, 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("grid", "shape"), [((16, 24, 32), (24, 32)), ((4, 100, 130), (33, 43)), ((2, 48, 64), (48, 64))])
def test_pictures_are_small(grid, shape):
    volume = np.random.default_rng(0).integers(0, 256, (3, *grid), np.uint8)
    assert picture(volume).shape == (*shape, 3)


def test_a_black_cell_is_a_black_picture():
    assert not picture(np.zeros((3, 4, 6, 8), np.uint8)).any()


def test_what_the_atlas_holds(tiny_atlas, tiny_cells):
    atlas = Atlas(tiny_atlas)
    with Cells(tiny_cells) as cells:
        np.testing.assert_array_equal(atlas.pictures[5], picture(cells.volume(5)))
        assert atlas.observed_cells == np.flatnonzero(cells.table["split"] == "test").tolist()
        np.testing.assert_array_equal(atlas.observed(3), block_mean(cells.volume(3), atlas.config.grid))
    assert atlas.observed(20) is None


def table(tiny_cells, real):
    cells = Cells(tiny_cells)
    cells.table.loc[real, "source"] = "real"
    return cells


def test_which_volumes_are_wanted(tiny_cells):
    cells = table(tiny_cells, real=[0, 1, 10])
    assert wanted(cells, "test").tolist() == list(range(8))
    assert wanted(cells, "test", "simulated").tolist() == list(range(2, 8))
    assert wanted(cells, "all", "real").tolist() == [0, 1, 10]
    assert wanted(cells, "all").tolist() == list(range(24))
    assert wanted(cells, "none").tolist() == []
    assert wanted(cells, "3").tolist() == [0, 4, 7]
    assert wanted(cells, "99").tolist() == list(range(8))
    with pytest.raises(InputError, match="give test, all, none or a number"):
        wanted(cells, "some")


def test_images_can_be_taken_out_again(tiny_atlas, tiny_cells, tmp_path):
    atlas = shutil.copy(tiny_atlas, tmp_path / "atlas.h5")
    of = ["--atlas", str(atlas), "--cells", str(tiny_cells)]
    assert main(["observed", *of, "--observed", "none"]) == 0
    assert main(["pictures", *of, "--images-of", "real"]) == 0
    without = Atlas(atlas)
    assert without.observed_cells == []
    assert not without.pictures.any()
    assert without.atlas_id == Atlas(tiny_atlas).atlas_id
    assert atlas.stat().st_size < tiny_atlas.stat().st_size


def test_other_cells_are_refused(tiny_atlas, tiny_cells, tmp_path, capsys):
    atlas, cells = shutil.copy(tiny_atlas, tmp_path / "atlas.h5"), shutil.copy(tiny_cells, tmp_path / "cells.h5")
    with h5py.File(cells, "r+") as file:
        file["cells/height_um"][4] = 1
    for job in ("pictures", "observed"):
        assert main([job, "--atlas", str(atlas), "--cells", str(cells)]) == 2
        assert "not the cells that the atlas was made from" in capsys.readouterr().err
