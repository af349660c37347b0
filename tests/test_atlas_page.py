"""The page that says what an atlas was made from."""

import argparse
import importlib
import shlex

import h5py
import pytest

from app import atlas_page
from app.__main__ import open_atlases
from model.atlas import Atlas, editing
from model.report import Report
from precompute.__main__ import JOBS

CAPTIONS = {
    "sources": "Cells by source",
    "structures": "Cells by structure",
    "config": "The model",
    "training": "Its training",
    "parts": "A part is made",
}


def table(report: Report, name: str) -> list[list[str]]:
    begins = CAPTIONS[name]
    (found,) = (table for section in report.sections for table in section.tables if table.caption.startswith(begins))
    return [found.columns, *found.rows]


def test_every_cell_is_counted_once(atlas):
    report = atlas_page.describe(atlas)
    columns, *rows = table(report, "sources")
    (row,) = rows  # all of them are simulated
    assert row[0] == "simulated"
    counts = atlas.cells["split"].value_counts()
    named = dict(zip(columns, row, strict=True))
    assert named == {
        "source": "simulated",
        "kept apart": str(counts["test"]),
        "learned from": str(counts["train"]),
        "all": "24",
    }
    columns, *rows, total = table(report, "structures")
    for gene, _, *numbers, n in rows:
        assert int(n) == (atlas.cells["structure"] == gene).sum() == sum(int(m) for m in numbers if m != "·")
    for stage, n in zip(columns[2:-1], total[2:-1], strict=True):
        assert int(n) == (atlas.cells["stage"] == stage).sum()


def test_it_says_by_what_hashes_and_on_what_grid(atlas):
    facts = dict(atlas_page.describe(atlas).facts)
    assert facts["Atlas id"].startswith(atlas.atlas_id)
    assert facts["Hash of the cells"] == atlas.file.attrs["cells_sha"]
    assert facts["Hash of the run"] == atlas.file["model"].attrs["run_sha"]
    assert facts["Grid"] == "32 × 24 × 16 voxels (x, y, z) of 1.268 µm: 40.6 × 30.4 × 20.3 µm"


def test_every_setting_of_the_model_and_its_training_is_there(atlas):
    report = atlas_page.describe(atlas)
    assert {row[0] for row in table(report, "config")[1:]} == set(vars(atlas.config))
    training = {row[0]: row[1:] for row in table(report, "training")[1:]}
    assert set(training) == set(atlas.train_config)
    assert training["n_epochs_r"][0] == "0"
    assert training["n_epochs_r"][1] not in ("", "0"), "what is usual is another"


def test_what_the_file_lacks_is_said_with_what_adds_it(tiny_atlas, tmp_path):
    poor = tmp_path / "poor.h5"
    poor.write_bytes(tiny_atlas.read_bytes())
    with editing(poor) as file:
        for name in ("medoids", "variation", "observed"):
            del file[name]
        file.attrs["changed"] = True
    atlas = Atlas(poor)
    (section,) = (section for section in atlas_page.describe(atlas).sections if section.key == "file")
    lacks = "\n".join(section.missing)
    for name in ("medoids", "variation", "observed", "report"):
        assert f"precompute {name} --atlas poor.h5" in lacks
    assert "pictures" not in lacks
    assert {row[0] for row in section.tables[0].rows} == set(atlas.file), "nothing that is in the file is left out"
    assert "observed images of 0 of 24 cells" in section.text[0]
    atlas.close()


def test_sizes_are_those_of_the_file(atlas):
    with h5py.File(atlas.path) as file:
        size = file["pictures/cell"].id.get_storage_size() / 2**20
    parts = {row[0]: row[2] for row in table(atlas_page.describe(atlas), "parts")[1:]}
    assert parts["pictures"] == f"{size:.1f}"


def commands() -> list[str]:
    asked = [command for _, command in atlas_page.GROUPS.values() if command] + list(atlas_page.STEPS.values())
    return [command.format(atlas="a.h5") for command in asked]


@pytest.mark.parametrize("command", [command for command in commands() if "precompute" in command])
def test_the_jobs_take_the_commands_that_it_gives(command):
    job, *arguments = shlex.split(command.removeprefix("python -m precompute "))
    parser = argparse.ArgumentParser(exit_on_error=False)
    importlib.import_module(JOBS[job]).add_arguments(parser)
    assert vars(parser.parse_args(arguments))


def test_the_page_says_whose_images_they_are_and_needs_no_script(atlas):
    status, html = atlas_page.atlas_page({atlas.atlas_id: atlas}, atlas.atlas_id, "dark")
    assert status == 200
    assert "MIT License" in html
    assert "Allen Institute" in html
    assert "<script" not in html
    assert ".csv)" not in html, "no table of it lies as a file"
    assert 'data-theme="dark"' in html
    assert f'href="/model?atlas={atlas.atlas_id}&amp;theme=dark"' in html
    status, html = atlas_page.atlas_page({atlas.atlas_id: atlas}, "another")
    assert (status, "There is no atlas another" in html) == (404, True)


def test_the_shipped_atlas_can_be_described():
    for shipped in open_atlases([]):
        assert len(table(atlas_page.describe(shipped), "structures")) > 2
        shipped.close()
