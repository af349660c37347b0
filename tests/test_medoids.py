"""Medoids of the stages, by brute force."""

import h5py
import numpy as np
import pandas as pd

from model.hdf5 import STRINGS, read_table, write_table
from precompute.medoids import find_medoids, medoids


def table(stages, splits):
    return pd.DataFrame({"stage": stages, "split": splits})


def test_by_brute_force():
    rng = np.random.default_rng(0)
    stages, z_r = rng.choice(["interphase", "metaphase"], 60), rng.standard_normal((60, 5))
    cells = table(stages, rng.choice(["test", "train"], 60))
    found = medoids(cells, z_r, ("interphase", "metaphase"))
    for row in found.itertuples():
        among = [i for i in range(60) if cells["stage"][i] == row.stage and cells["split"][i] == "test"]
        sums = {i: sum(np.abs(z_r[i] - z_r[j]).sum() for j in among) for i in among}
        assert row.cell == min(sums, key=sums.get)
        assert (row.n_candidates, row.split) == (len(among), "test")
    assert found["stage"].tolist() == ["interphase", "metaphase"]


def test_a_stage_without_test_cells_uses_its_train_cells():
    cells = table(["a", "b", "b", "b", "not annotated"], ["test", "train", "train", "train", "test"])
    found = medoids(cells, np.array([[9.0], [0.0], [1.0], [5.0], [1.0]]), ("a", "c", "b"))
    assert found.to_dict("records") == [
        {"stage": "a", "cell": 0, "n_candidates": 1, "split": "test"},
        {"stage": "b", "cell": 2, "n_candidates": 3, "split": "train"},
    ]


def test_the_job_says_where_it_used_train_cells(tmp_path, capsys):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_table(file.create_group("cells"), table(["a", "b"], ["test", "train"]))
        file.create_dataset("latent/z_r", data=np.zeros((2, 3), np.float32))
        file["latent"].attrs["made_from"] = "0"
        file.create_dataset("stages/stage", data=["a", "b"], dtype=STRINGS)
        assert find_medoids(file)
        assert capsys.readouterr().out == "medoids: no test cell in b; chosen from its 1 train cells\n"
        assert read_table(file["medoids"])["cell"].tolist() == [0, 1]
        assert not find_medoids(file)
