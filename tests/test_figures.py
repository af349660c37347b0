"""The maps: every cell once, where its UMAP has it, in a group one can tell from the others."""

import numpy as np
import pytest

from app.figures import REAL, groups, map_figure, point_size
from app.tones import DARK, LIGHT
from model.vocabulary import NOT_ANNOTATED

COLOURS = ("stage", "structure", "split")


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("name", ["z_r", "z_s"])
@pytest.mark.parametrize("webgl", [True, False])
def test_every_cell_is_one_point_in_its_place(atlas, name, colour, webgl):
    figure = map_figure(atlas, name, colour, webgl)
    rows = np.concatenate([trace.customdata for trace in figure.data])
    assert sorted(rows) == list(range(len(atlas.cells)))
    places = np.concatenate([np.stack([trace.x, trace.y], axis=1) for trace in figure.data])
    assert np.array_equal(places, atlas.projection(name)[rows])
    for trace in figure.data:
        assert set(atlas.cells[colour].iloc[trace.customdata]) == {trace.name}
    assert {trace.type for trace in figure.data} == {"scattergl" if webgl else "scatter"}


def test_points_travel_as_typed_arrays(atlas):
    trace = map_figure(atlas, "z_r", "structure").to_plotly_json()["data"][0]
    assert [trace[key]["dtype"] for key in ("x", "y", "customdata")] == ["f4", "f4", "i4"]


def test_all_points_are_within_the_axes(atlas):
    layout = map_figure(atlas, "z_s", "stage").layout
    for axis, values in ((layout.xaxis, atlas.projection("z_s")[:, 0]), (layout.yaxis, atlas.projection("z_s")[:, 1])):
        assert axis.range[0] < values.min()
        assert axis.range[1] > values.max()


def test_zoom_is_kept_when_colours_change_but_not_between_maps(atlas):
    kept = {(name, colour): map_figure(atlas, name, colour).layout.uirevision for name in ("z_r", "z_s") for colour in COLOURS}
    assert kept["z_r", "structure"] == kept["z_r", "stage"] != kept["z_s", "stage"]
    assert map_figure(atlas, "z_r", "stage").layout.clickanywhere


def test_no_two_structures_look_alike(atlas):
    structures = groups(atlas, "structure")
    assert [group.name for group in structures] == [s.gene for s in atlas.structures]
    assert len({(group.colour, group.symbol) for group in structures}) == len(structures) == 11


def test_stages_are_a_ramp_and_what_nobody_annotated_is_grey_and_below(atlas):
    ramp = groups(atlas, "stage")
    assert [group.name for group in ramp] == list(atlas.stages)
    red = [int(group.colour.removeprefix("rgb(").split(",")[0]) for group in ramp]
    assert red[0] < red[len(red) // 2]
    atlas.cells["stage"] = [NOT_ANNOTATED, *atlas.cells["stage"][1:]]
    try:
        first = groups(atlas, "stage")[0]
    finally:
        del atlas.cells
    assert (first.name, list(first.rows)) == (NOT_ANNOTATED, [0])
    assert first.colour == DARK.grey


def test_real_cells_stand_out_among_simulated_ones(atlas, monkeypatch):
    """Same trace, so that the legend switches both; another symbol, larger, with an edge."""
    monkeypatch.setattr(atlas, "is_real", np.isin(np.arange(len(atlas.cells)), [0, 8]))
    traces = map_figure(atlas, "z_r", "stage").data
    assert len(traces) == len(groups(atlas, "stage"))
    first, second = traces[:2]  # rows 0, 8, 16 are interphase, rows 1, 9, 17 prophase
    assert list(first.marker.symbol) == [REAL, REAL, "circle"]
    assert first.marker.size[0] == 2 * first.marker.size[2]
    assert list(first.marker.line.width) == [1, 1, 0]
    assert second.marker.symbol == "diamond"
    assert {trace.marker.line.color for trace in map_figure(atlas, "z_r", "stage").data if trace.marker.line.color} == {
        DARK.edge
    }


def test_a_light_page_has_points_of_its_own(atlas, monkeypatch):
    monkeypatch.setattr(atlas, "is_real", np.arange(len(atlas.cells)) == 0)
    light, dark = (map_figure(atlas, "z_r", "structure", theme=theme).data for theme in ("light", "dark"))
    assert [trace.marker.color for trace in light] == [LIGHT.palette[k % 8] for k in range(len(atlas.structures))]
    assert not {trace.marker.color for trace in light} & {trace.marker.color for trace in dark}
    assert light[0].marker.line.color == LIGHT.edge
    assert [group.rows.tolist() for group in groups(atlas, "stage", "light")] == [
        group.rows.tolist() for group in groups(atlas, "stage")
    ]


def test_points_shrink_as_cells_grow():
    sizes = [point_size(n) for n in (24, 300, 3000, 30_000, 1_000_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] <= 10
    assert sizes[-1] >= 2
