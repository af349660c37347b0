"""Several cells.h5 into one: every cell as it was, in one table."""

import h5py
import numpy as np
import pytest

from model.cells import Cells
from model.vocabulary import OTHER_STRUCTURES, PAPER_STRUCTURES
from precompute.__main__ import main
from tests import synthetic

GRID = (16, 24, 32)


@pytest.fixture
def files(tmp_path):
    """Five simulated cells, and three real ones with columns of their own, no factors and a class more."""
    simulated = synthetic.write_cells(tmp_path / "simulated.h5", 5, GRID)
    real = synthetic.write_cells(tmp_path / "real.h5", 3, GRID, seed=1)
    with h5py.File(real, "r+") as file:
        file["cells/source"][:] = "real"
        del file["factors"]
        columns = file["cells"].attrs["columns"]
        file["cells"].attrs["columns"] = columns[:-1] + ', "flipped", "dish"]'
        file["cells/flipped"] = np.array([True, False, True])
        file["cells/dish"] = np.array(["A1", "A1", "B2"], h5py.string_dtype())
        structures = file.attrs["structures"]
        file.attrs["structures"] = structures.replace("TJP1", "CETN2")
    return simulated, real


def test_every_cell_is_there_as_it_was(files, tmp_path, capsys):
    out = tmp_path / "both.h5"
    assert main(["merge", *map(str, files), "--out", str(out), "--title", "Both"]) == 0
    assert "8 cells of 2 files, 12 structures" in capsys.readouterr().out
    with Cells(out) as both, Cells(files[0]) as simulated, Cells(files[1]) as real:
        assert both.title == "Both"
        assert [s.gene for s in both.structures] == [*(s.gene for s in PAPER_STRUCTURES), OTHER_STRUCTURES[0].gene]
        assert both.table["cell_id"].tolist() == [*simulated.table["cell_id"], *real.table["cell_id"]]
        assert both.table["source"].tolist() == ["simulated"] * 5 + ["real"] * 3
        for at, (file, row) in enumerate([*((simulated, i) for i in range(5)), *((real, i) for i in range(3))]):
            assert np.array_equal(both.volume(at), file.volume(row))
            assert both.structures[both.y[at]].gene == file.table["structure"][row]
        assert both.factors["axis_x"][:5].tolist() == simulated.factors["axis_x"].tolist()
        assert both.factors["axis_x"][5:].isna().all()
        assert both.table["flipped"].isna().tolist() == [True] * 5 + [False] * 3
        assert both.table["flipped"][5:].tolist() == [1, 0, 1]
        assert both.table["dish"].tolist() == [""] * 5 + ["A1", "A1", "B2"]


def test_what_does_not_go_together_is_refused(files, tmp_path, capsys):
    coarse = synthetic.write_cells(tmp_path / "coarse.h5", 2, (32, 48, 64), seed=2)
    for others, message in (
        ([coarse], "its grid is (32, 48, 64), that of"),
        ([files[0]], "two cells are called syn0_00000"),
    ):
        assert main(["merge", str(files[0]), *map(str, others), "--out", str(tmp_path / "both.h5")]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert message in line
    assert not list(tmp_path.glob("both*"))
