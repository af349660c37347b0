"""`precompute report`: the page, the CSVs beside it, parts that are kept, and what is said where there is nothing to show."""

import base64
import csv
import io
import json
import shutil
from html.parser import HTMLParser
from xml.etree import ElementTree

import h5py
import httpx
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from app.server import make_server
from model.atlas import Atlas, editing, mark_changed
from model.cells import STRUCTURE
from model.decode import FastDecoder
from model.report import Figure, Report, Section, Table, from_json, to_json, to_page
from precompute.__main__ import main
from precompute.embed import stored_model
from precompute.report import charts, measure, parts
from precompute.report.source import Options, Source
from precompute.scores import inception_score
from tests import synthetic
from tests.serving import serving
from tests.stub_decoder import StubDecoder

SMALL = ["--n-per-class", "4", "--n-variation", "4", "--n-walks", "2", "--device", "cpu"]
SECTIONS = ["glance", "S9", "S10", "S11", "S1", "S3", "S4", "S5", "S6", "S7", "S9_walk"]
SECTIONS += ["probes", "support", "calibration", "errors", "walk", "coverage"]


@pytest.fixture(scope="module")
def folder(tiny_atlas, tiny_cells, tmp_path_factory):
    """A folder with the atlas and its report, made by the command with all images and put into the atlas."""
    folder = tmp_path_factory.mktemp("report")
    shutil.copy(tiny_atlas, folder / "atlas.h5")
    assert main(command(folder, "--cells", str(tiny_cells), "--into-atlas")) == 0
    return folder


def command(folder, *more):
    return ["report", "--atlas", str(folder / "atlas.h5"), "--out", str(folder / "report.html"), *SMALL, *more]


def stored(folder) -> Report:
    return Atlas(folder / "atlas.h5").report


def said(report: Report) -> str:
    return " ".join(text for section in report.sections for text in section.missing)


def test_every_section_is_there(folder):
    report = stored(folder)
    assert [section.key for section in report.sections] == SECTIONS
    figures = {figure.name for section in report.sections for figure in section.figures}
    assert figures >= {
        "S1_train",
        "S1_test",
        "S2_train",
        "S2_test",
        "S3_training",
        "S4_latents",
        "S5_tiles",
        "S5_structure_only",
    }
    assert figures >= {"S6_correlations", "S7_variation", "S8_extremes", "S9_walk", "S10_inception", "S11_confusion"}
    assert all(section.text for section in report.sections if not section.missing)
    assert sorted(path.name for path in folder.iterdir()) == ["atlas.h5", "report.html", "report_data", "report_parts"]


def test_every_image_can_be_read(folder):
    for section in stored(folder).sections:
        for figure in section.figures:
            data = base64.b64decode(figure.data)
            assert figure.caption
            if figure.media == "image/png":
                assert Image.open(io.BytesIO(data)).size[0] > 130
            else:
                assert ElementTree.fromstring(data).tag.endswith("svg")


def test_every_axis_has_a_label(folder, tiny_cells, monkeypatch):
    seen, drawn = [], charts.drawn

    def looked_at(draw, size):
        def draw_and_look(figure):
            draw(figure)
            for axes in figure.axes:
                seen.append(axes)
                assert axes.get_ylabel()
                assert (
                    axes.get_xlabel() or not axes.xaxis.get_tick_params().get("labelbottom", True) or not len(axes.get_xticks())
                )

        return drawn(draw_and_look, size)

    monkeypatch.setattr(charts, "drawn", looked_at)
    assert main(command(folder, "--cells", str(tiny_cells))) == 0
    assert len(seen) > 20


def test_the_page_asks_nobody_and_runs_nothing(folder):
    text = (folder / "report.html").read_text(encoding="utf-8")
    sources, tags = [], set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.add(tag)
            sources.extend(value for name, value in attrs if name in ("src", "href"))

    Reader().feed(text)
    assert not tags & {"script", "iframe", "link", "object"}
    assert sources
    assert all(source.startswith(("#", "data:image/svg+xml;base64,", "data:image/png;base64,")) for source in sources)


def test_csvs_hold_what_the_page_shows(folder):
    data = folder / "report_data"
    with (data / "index.csv").open(newline="") as file:
        index = {row["file"]: int(row["rows"]) for row in csv.DictReader(file)}
    assert {path.name for path in data.iterdir()} == {*index, "index.csv"}
    for name, n_rows in index.items():
        assert len(pd.read_csv(data / name)) == n_rows
    for section in stored(folder).sections:
        for table in section.tables:
            assert index[f"{table.name}.csv"] == len(table.rows)
            assert all(len(row) == len(table.columns) for row in table.rows)


def test_numbers_are_those_of_the_atlas(folder):
    atlas = Atlas(folder / "atlas.h5")
    overall = pd.read_csv(folder / "report_data" / "S11_overall.csv").set_index("figure")
    assert overall.loc["accuracy", "value"] == pytest.approx(atlas.metrics["accuracy"])
    scores = pd.read_csv(folder / "report_data" / "S10_test.csv").set_index("gene")
    assert scores.loc["all", "data"] == pytest.approx(atlas.metrics["inception_data"], rel=1e-5)
    assert scores.loc["all", "reconstructed"] == pytest.approx(atlas.metrics["inception_reconstructed"], rel=1e-5)
    assert scores.loc["all", "ceiling"] == pytest.approx(atlas.metrics["inception_ceiling"])
    train = np.array([*atlas.cells["split"]]) == "train"
    theirs = pd.read_csv(folder / "report_data" / "S10_train.csv").set_index("gene").loc["all", "data"]
    assert theirs == pytest.approx(inception_score(atlas.latent("y")[train]), rel=1e-6)
    errors = pd.read_csv(folder / "report_data" / "errors_test.csv").set_index("stage")
    for name in ("bce_x_r", "bce_x_s", "r_x_s", "r_x_s_predicted"):
        assert errors.loc["all", name] == pytest.approx(atlas.metrics[name], rel=1e-4)
    counts = pd.read_csv(folder / "report_data" / "S9_cells.csv").set_index("gene")
    assert counts.loc["all", ["total", "test"]].tolist() == [24, 8]


def test_scores_of_training_cells_are_algorithm_4(folder):
    """Against a decode of each draw alone and numpy's determinant of numpy's correlations."""
    atlas = Atlas(folder / "atlas.h5")
    scores = pd.read_csv(folder / "report_data" / "S7_scores_train.csv")
    assert set(scores["cell_id"]) <= set(atlas.cells.loc[atlas.cells["split"] == "train", "cell_id"])
    model, z_r = stored_model(atlas.file, "cpu"), torch.from_numpy(atlas.latent("z_r")[[atlas.index_of[scores["cell_id"][0]]]])
    z_s = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 8), np.float32))
    decode, DSP = FastDecoder(model.Dec_rs), torch.eye(model.config.n_structures)[[3]]
    images = [decode(torch.cat([DSP, z_r, z[None]], 1), [STRUCTURE]).flatten().double().numpy() for z in z_s]
    assert scores["DSP"][0] == pytest.approx(-np.linalg.slogdet(np.corrcoef(images))[1] / 4, abs=1e-3)


def test_a_second_time_nothing_is_measured_again(folder, tiny_cells, monkeypatch, capsys):
    def never(*_):
        raise AssertionError("measured again")

    monkeypatch.setattr(measure, "reconstructed", never)
    monkeypatch.setattr(measure, "generated", never)
    monkeypatch.setattr(measure, "variation", never)
    page = (folder / "report.html").read_bytes()
    assert main(command(folder, "--cells", str(tiny_cells), "--into-atlas")) == 0
    assert (folder / "report.html").read_bytes() == page
    assert "report unchanged, kept" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="measured again"):
        main(command(folder, "--cells", str(tiny_cells), "--seed", "1"))


def test_stopped_it_goes_on(folder, tmp_path, monkeypatch, capsys):
    """Interrupted in the third part, it keeps two, leaves the old page, and does only the others."""
    shutil.copy(folder / "atlas.h5", tmp_path)
    (tmp_path / "report.html").write_text("old")
    generated, calls = measure.generated, []

    def counted(*arguments):
        calls.append(arguments[1])
        if len(calls) == stop_at:
            raise KeyboardInterrupt
        return generated(*arguments)

    monkeypatch.setattr(measure, "generated", counted)
    stop_at = 3
    assert main(command(tmp_path)) == 130
    assert (tmp_path / "report.html").read_text() == "old"
    assert not (tmp_path / "report_data").exists()
    (tmp_path / "report_parts" / "generated_ACTN1.npz").write_bytes(b"half of it")
    calls, stop_at = [], None
    assert main(command(tmp_path)) == 0
    assert calls == [0, *range(2, 11)]
    assert list(tmp_path.glob("**/*.partial")) == []


def test_without_cells_it_says_what_is_left_out(folder, tmp_path):
    """And old CSVs of what there is no longer go, but nobody else's."""
    for name in ("atlas.h5", "report_data"):
        (shutil.copytree if name == "report_data" else shutil.copy)(folder / name, tmp_path / name)
    (tmp_path / "report_data" / "mine.csv").write_text("a\n1\n")
    assert main(command(tmp_path, "--into-atlas")) == 0
    report = stored(tmp_path)
    assert said(report).count("Training split left out") >= 3
    assert not (tmp_path / "report_data" / "errors_train.csv").exists()
    assert (tmp_path / "report_data" / "mine.csv").exists()
    assert (tmp_path / "report_data" / "S10_train.csv").exists()  # latents are enough for it


def test_stages_and_classes_without_cells_are_said(tiny_atlas, tmp_path):
    """No interphase, no test cell of a structure, no observed volume, no curves, no evaluation: a report all the same."""
    shutil.copy(tiny_atlas, tmp_path / "atlas.h5")
    with editing(tmp_path / "atlas.h5") as file:
        stage, split = file["cells/stage"].asstr()[:], file["cells/split"].asstr()[:]
        structure = file["cells/structure"].asstr()[:]
        stage[stage == "interphase"] = "not annotated"
        split[structure == "FBL"] = "train"
        file["cells/stage"][:], file["cells/split"][:] = stage, split
        for name in ("medoids/stage", "medoids/cell", "medoids/n_candidates", "medoids/split"):
            values = file[name][1:]
            del file[name]
            file[name] = values
        for name in ("observed", "curves", "evaluation", "variation", "factors"):
            del file[name]
        mark_changed(file)
    assert main(command(tmp_path, "--into-atlas")) == 0
    words = said(stored(tmp_path))
    assert "No cell of this atlas is in interphase" in words
    assert "No held-out cell of FBL" in words
    assert "no cell in interphase, so there is nothing to compare" in words
    assert "No test cell's image is at hand" in words
    assert "no training curves" in words
    assert "the walk goes from prophase on without" in words
    assert "no known factors" in words


def test_an_atlas_of_training_cells_alone(tiny_atlas, tmp_path):
    shutil.copy(tiny_atlas, tmp_path / "atlas.h5")
    with editing(tmp_path / "atlas.h5") as file:
        file["cells/split"][:] = ["train"] * 24
        del file["medoids"], file["variation"]
        mark_changed(file)
    assert main(command(tmp_path, "--into-atlas")) == 0
    words = said(stored(tmp_path))
    assert "No test cells: nothing to classify" in words
    assert "there is no walk" in words


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "nowhere/report.html"], "the folder nowhere does not exist"),
        (["--out", "report.pdf"], "ends in .html"),
        (["--n-per-class", "1"], "at least 2 cells a structure"),
        (["--n-walks", "0"], "1 walk"),
        (["--atlas", "missing.h5"], "no such file"),
    ],
)
def test_bad_input_is_one_line(folder, options, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*command(folder), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_cells_of_another_atlas_are_refused(folder, tmp_path, capsys):
    other = synthetic.write_cells(tmp_path / "other.h5", 16, (32, 48, 64), seed=5)
    assert main(command(folder, "--cells", str(other))) == 2
    assert "not the cells that the atlas was made from" in capsys.readouterr().err


def test_a_report_too_large_stays_out_of_the_atlas(folder, tiny_cells, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("precompute.report.job.MOST_STORED", 1000)
    before = (folder / "atlas.h5").read_bytes()
    assert main(command(folder, "--cells", str(tiny_cells), "--into-atlas")) == 2
    assert "leave out --into-atlas" in capsys.readouterr().err
    assert (folder / "atlas.h5").read_bytes() == before


def test_volumes_stay_the_same_urls(folder, tiny_atlas):
    assert Atlas(folder / "atlas.h5").atlas_id == Atlas(tiny_atlas).atlas_id
    with h5py.File(folder / "atlas.h5") as file:
        assert file["report"].attrs["made_from"]
        assert json.loads(file["report/json"][:].tobytes())["sections"]


def test_the_training_sample_has_every_structure(tiny_atlas):
    source = Source.open(tiny_atlas, None, "cpu", Options(n_per_class=1))
    sample = source.sample("train")
    assert sorted(source.y[sample]) == sorted(set(source.y[source.rows("train")]))
    rows = measure.variation_rows(Source.open(tiny_atlas, None, "cpu", Options(n_variation=4)))
    assert sorted(source.stage[rows] == "interphase") == [False, False, True, True]
    source.close()


def test_parts_are_kept_for_the_same_options_alone(tmp_path):
    calls = []

    def part(options):
        return parts.Part("a", 1, options, lambda advance: calls.append(options) or {"x": np.arange(3)})

    for options, inputs in (((1,), "i"), ((1,), "i"), ((2,), "i"), ((2,), "j")):
        result = parts.run_parts([part(options)], tmp_path, inputs, "test")
        assert result["a"]["x"].tolist() == [0, 1, 2]
    assert calls == [(1,), (2,), (2,)]


EVIL = '<script>alert("x")</script>'


def test_whatever_a_report_says_is_text():
    table, figure = Table(EVIL, EVIL, [EVIL], [[EVIL]]), Figure(EVIL, EVIL, '"' + EVIL, "image/png", "")
    report = Report(EVIL, [[EVIL, EVIL]], [Section(EVIL, EVIL, [EVIL], [table], [figure], [EVIL])])
    page = to_page(report, [("/", EVIL)])
    assert "<script" not in page
    assert 'alt="&quot;' in page
    assert from_json(to_json(report)) == report
    for data, media, words in (('"onerror="x', "image/png", "base64"), ("", "text/html", "text/html")):
        bad = Report("", [], [Section("", "", [], [], [Figure("f", "", "", media, data)], [])])
        with pytest.raises(ValueError, match=words):
            from_json(to_json(bad))


@pytest.fixture(scope="module")
def client(folder, tiny_atlas):
    atlases = [Atlas(folder / "atlas.h5"), Atlas(tiny_atlas)]
    atlases[1].atlas_id = "another"
    with (
        serving(make_server(atlases, decoder=StubDecoder(atlases[0].config.grid)).server) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client, atlases[0]
    for atlas in atlases:
        atlas.close()


def test_the_apps_page_shows_the_report(client, folder):
    client, first = client
    answer = client.get("/model")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    body = to_page(Atlas(folder / "atlas.h5").report).split("<h1>")[1]
    assert answer.text.split("<h1>")[1] == body
    assert client.get(f"/model?atlas={first.atlas_id}").text == answer.text
    assert '<a href="/model?atlas=another">' in answer.text


def test_the_apps_page_says_what_is_not_there(client):
    client, _ = client
    for query, words in (("another", "--into-atlas"), (EVIL, "There is no atlas")):
        answer = client.get("/model", params={"atlas": query})
        assert answer.status_code == 404
        assert words in answer.text
        assert "<script" not in answer.text
