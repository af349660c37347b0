"""What is known of cells: colourings, selections, the table, the panels; each compared with the atlas itself."""

import json

import numpy as np
import pytest

from app import colouring, know, navigation, page, table, variation
from app.about import about
from app.figures import NO_VALUE, groups, map_figure
from app.know_callbacks import rows_asked
from app.layout import legend
from app.recipe import PREDICTED, Cell, Literal, Position, Recipe
from app.selection import bits_of, mean_cell, medoid_row, rows_of
from app.tones import DARK
from app.variation import Stages
from model.errors import InputError
from model.latent import summed_L1


def test_every_column_and_every_score_is_a_colouring(atlas):
    offered = [item["value"] for group in colouring.choices(atlas) for item in group["items"]]
    assert offered == colouring.names(atlas)
    assert {"stage", "structure", "split", "cell_volume_um3", "dna_volume_um3", "height_um"} <= set(offered)
    assert f"variation:{atlas.structures[0].gene}" in offered
    assert "cell_id" not in offered
    assert "source" not in offered, "all of them are simulated: there is nothing to tell apart"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cell_volume_um3", "Cell volume (µm³)"),
        ("dna_volume_um3", "DNA volume (µm³)"),
        ("angle_deg", "Angle (°)"),
        ("split", "Train or test"),
        ("variation:FBL", "FBL variation"),
    ],
)
def test_a_colouring_in_words(name, words):
    assert colouring.label(name) == words


def test_a_number_is_a_ramp_with_grey_for_none(atlas, monkeypatch):
    some = atlas.variation
    monkeypatch.setattr(atlas, "variation", some._replace(cell=some.cell[:5], score=some.score[:5], singular=some.singular[:5]))
    name = f"variation:{atlas.structures[2].gene}"
    found = groups(atlas, name)
    scored = np.sort(atlas.variation.cell)
    assert [group.name for group in found] == [NO_VALUE, f"{atlas.structures[2].gene} variation"]
    assert (len(found[0].rows), found[0].colour) == (len(atlas.cells) - 5, DARK.grey)
    assert np.array_equal(found[-1].rows, scored)
    trace = map_figure(atlas, "z_r", name).data[-1]
    by_row = dict(zip(atlas.variation.cell, atlas.variation.of(atlas.structures[2].gene), strict=True))
    assert trace.marker.color == pytest.approx([by_row[row] for row in trace.customdata])
    assert [colour for _, colour in trace.marker.colorscale] == list(DARK.ramp)
    assert trace.marker.cmin < trace.marker.cmax
    sent = map_figure(atlas, "z_r", name).to_plotly_json()["data"][-1]
    assert sent["marker"]["color"]["dtype"] == "f4"
    assert DARK.grey not in DARK.ramp


def test_its_bar_has_a_label_both_ends_and_its_sense(atlas):
    name = f"variation:{atlas.structures[2].gene}"
    bar = json.dumps(legend(groups(atlas, name), False, colouring.scale(atlas, name))[0].to_plotly_json(), default=str)
    assert "smaller = more variable" in bar
    assert f"{len(atlas.variation.cell)} of {len(atlas.cells)} cells scored" in bar
    for end in (colouring.scale(atlas, name).low, colouring.scale(atlas, name).high):
        assert colouring.number(end) in bar


def test_numbers_are_short():
    assert [colouring.number(value) for value in (1983.4, 99.94, 2.9376, 0.00012)] == ["1,983", "99.9", "2.94", "0.00012"]


def test_a_link_may_colour_by_any_of_them(atlas):
    atlases = {atlas.atlas_id: atlas}
    assert page.open_link(atlases, "?colour=cell_volume_um3").colour == "cell_volume_um3"
    assert page.open_link(atlases, "?colour=cell_id").colour == colouring.DEFAULT


def test_a_selection_there_and_back():
    rows = np.array([0, 7, 8, 21])
    assert np.array_equal(rows_of(bits_of(rows, 22), 22), rows)
    assert len(bits_of(np.arange(22_000), 22_000)) < 10_000
    assert len(rows_of(None, 5)) == 0
    with pytest.raises(InputError, match="3 bytes for 4084 cells"):
        rows_of(bits_of(rows, 22), 4084)
    with pytest.raises(InputError, match="not base64"):
        rows_of("!", 22)


def test_mean_and_medoid_of_a_selection(atlas):
    shown, rows = navigation.opening(atlas), np.array([2, 5, 11, 17])
    bits = bits_of(rows, len(atlas.cells))
    mean = page.act(atlas, shown, {"do": "mean", "bits": bits})
    assert mean == mean_cell(atlas, rows, shown)
    assert isinstance(mean.shape, Literal)
    assert mean.shape.z == pytest.approx(atlas.latent("z_r")[rows].mean(0), abs=1e-6)
    central = rows[summed_L1(atlas.latent("z_r")[rows]).argmin()]
    assert page.act(atlas, shown, {"do": "medoid", "bits": bits}).shape == Cell(navigation.cell_id(atlas, central))
    assert medoid_row(atlas, rows) == central
    assert page.act(atlas, shown, {"do": "mean", "bits": bits_of(np.array([], int), len(atlas.cells))}) == shown


def ask(atlas, rows=None, start=0, end=100, sort=None, filters=None):
    models = {"sortModel": [{"colId": c, "sort": s} for c, s in (sort or [])], "filterModel": filters or {}}
    answer = table.block(atlas, rows, {"startRow": start, "endRow": end, **models})
    return [row["row"] for row in answer["rowData"]], answer["rowCount"]


def test_the_table_is_sorted_and_filtered_as_asked(atlas):
    cells = atlas.cells
    volume = cells["cell_volume_um3"].to_numpy()
    assert ask(atlas, start=3, end=6) == ([3, 4, 5], len(cells))
    assert ask(atlas, sort=[("cell_volume_um3", "desc")])[0] == np.argsort(-volume, kind="stable").tolist()
    stages = cells["stage"].map({stage: k for k, stage in enumerate(atlas.stages)}).to_numpy()
    assert ask(atlas, sort=[("stage", "asc")])[0] == np.argsort(stages, kind="stable").tolist(), "in the order of the scale"
    middle = float(np.median(volume))
    above = {"cell_volume_um3": {"filterType": "number", "type": "greaterThan", "filter": middle}}
    assert ask(atlas, filters=above)[0] == np.flatnonzero(volume > middle).tolist()
    text = {"stage": {"filterType": "text", "type": "contains", "filter": "META"}}
    assert ask(atlas, filters=text)[0] == np.flatnonzero(cells["stage"].str.contains("meta")).tolist()
    some = np.array([4, 9, 10])
    assert ask(atlas, some) == (some.tolist(), 3)
    assert ask(atlas, some, filters={"cell_id": {"filterType": "text", "type": "equals", "filter": "nobody"}}) == ([], 0)


def test_the_table_is_json_and_follows_the_selection(atlas):
    bits = bits_of(np.array([1, 3]), len(atlas.cells))
    asked = rows_asked(atlas, {"startRow": 0, "endRow": 9}, {"atlas": atlas.atlas_id, "bits": bits})
    assert [row["row"] for row in asked["rowData"]] == [1, 3]
    json.dumps(asked, allow_nan=False)
    assert rows_asked(atlas, {"startRow": 0, "endRow": 9}, {"atlas": "0" * 12, "bits": bits})["rowCount"] == len(atlas.cells)
    fields = [column["field"] for column in table.columns(atlas)]
    assert fields[:5] == ["cell_id", "structure", "stage", "split", "source"]
    assert set(fields) <= set(atlas.cells)


def test_about_a_cell(atlas):
    row = int(atlas.variation.cell[1])
    known = about(atlas, Recipe("reconstructed", Cell(navigation.cell_id(atlas, row)), atlas=atlas.atlas_id))
    assert dict(known.p_structure) == pytest.approx(
        dict(zip((s.gene for s in atlas.structures), atlas.latent("y")[row], strict=True))
    )
    assert known.p_structure == sorted(known.p_structure, key=lambda it: -it[1])
    distances = np.linalg.norm(atlas.latent("z_r") - atlas.latent("z_r")[row], axis=1)
    assert known.nearest.row == np.argsort(distances)[1], "the nearest is another"
    assert [score.score for score in known.scores] == sorted(score.score for score in known.scores)
    for score in known.scores:
        assert score.rank == 1 + (atlas.variation.of(score.gene) < score.score).sum()
    unscored = set(range(len(atlas.cells))) - set(atlas.variation.cell.tolist())
    for other in list(unscored)[:1]:
        assert about(atlas, Recipe("reconstructed", Cell(navigation.cell_id(atlas, other)))).scores == []


def test_the_nearest_is_a_real_cell_where_there_are_some(atlas, monkeypatch):
    monkeypatch.setattr(atlas, "is_real", np.arange(len(atlas.cells)) == 4)
    known = about(atlas, navigation.opening(atlas))
    assert (known.nearest.row, known.nearest_kind) == (4, "Nearest real cell")
    alone = about(atlas, Recipe("reconstructed", Cell(navigation.cell_id(atlas, 4)), atlas=atlas.atlas_id))
    assert alone.nearest is None
    assert "No other cell" in str(know.about_panel(atlas, Recipe("reconstructed", Cell(navigation.cell_id(atlas, 4))), alone))


def test_about_a_place_says_what_it_was_decoded_from(atlas):
    x, y = map(float, atlas.projection("z_r").mean(0))
    recipe = Recipe(PREDICTED, Position(x, y), ("FBL",), atlas=atlas.atlas_id)
    known = about(atlas, recipe)
    assert len(known.neighbours) == 8
    assert sum(near.weight for near in known.neighbours) == pytest.approx(1)
    assert [near.weight for near in known.neighbours] == sorted((near.weight for near in known.neighbours), reverse=True)
    assert known.p_structure == known.scores == []
    assert "the nearer on the map, the more" in str(know.about_panel(atlas, recipe, known))


def test_a_ranking_begins_with_the_most_variable(atlas):
    gene = atlas.structures[5].gene
    ranked = variation.ranking(atlas, gene)
    scores = atlas.variation.of(gene)
    assert [one.score for one in ranked] == sorted(scores[np.isfinite(scores)])
    assert ranked[0].row == atlas.variation.cell[np.nanargmin(scores)]
    assert [one.rank for one in ranked] == list(range(1, len(ranked) + 1))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.1, 0.3, "varies less in mitosis"), (-0.3, -0.1, "varies more"), (-0.1, 0.1, "no difference these cells can show")],
)
def test_interphase_against_mitosis_in_words(low, high, verdict):
    words = Stages("FBL", 3.0, 3.0 + (low + high) / 2, (low + high) / 2, low, high, 24, 40).words
    assert verdict in words
    assert f"95 % interval {low:+.2f} to {high:+.2f}" in words


def test_the_comparison_is_the_atlas_own(atlas):
    compared = variation.stages(atlas)
    by_gene = atlas.variation.by_stage.set_index("gene")
    assert {one.gene for one in compared} == set(by_gene.index[np.isfinite(by_gene["difference"])])
    drawn = variation.stages_figure(compared, compared[0].gene).data[-1]
    assert list(drawn.x) == [one.difference for one in compared[::-1]]
    assert list(drawn.y) == [one.gene for one in compared[::-1]]


def test_an_atlas_without_scores_says_so(atlas, monkeypatch):
    monkeypatch.setattr(atlas, "variation", None)
    assert not any(name.startswith(colouring.VARIATION) for name in colouring.names(atlas))
    assert know.NO_VARIATION in str(know.variation_panel(atlas, "FBL"))
    assert variation.stages(atlas) == []
