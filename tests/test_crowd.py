"""Maps of very many cells: what the bytes say is what the table and the projection say."""

import httpx
import numpy as np
import pytest
from PIL.ImageColor import getrgb

from app import colouring, crowd, maps, page
from app.figures import groups, span
from app.server import make_server
from app.tones import tones
from tests.serving import serving
from tests.stub_decoder import StubDecoder


@pytest.fixture
def many(monkeypatch):
    """The small atlas counts as one of very many cells."""
    monkeypatch.setattr(crowd, "MANY", 2)


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(part / 255 for part in getrgb(colour))


def test_places_are_the_projection_to_a_65535th_of_the_map(atlas):
    for name in ("z_r", "z_s"):
        places, expected = crowd.places(atlas, name), atlas.projection(name)
        for k in (0, 1):
            low, high = span(expected[:, k])
            assert np.abs(low + places[k] * (high - low) / 65_535 - expected[:, k]).max() <= (high - low) / 65_535


@pytest.mark.parametrize("colour", ["stage", "structure", "split"])
def test_a_cell_has_the_colour_of_its_group(atlas, colour):
    shades, found = crowd.shades(atlas, colour), groups(atlas, colour)
    palette = crowd.palette(found, None)
    assert not palette.is_scale
    for group in found:
        assert {palette.colours[k] for k in shades[group.rows]} == {group.colour}
        assert {found[palette.groups[k]].name for k in shades[group.rows]} == {group.name}


def test_a_number_goes_up_the_ramp_and_who_has_none_is_grey(atlas):
    colour = next(name for name in colouring.names(atlas) if name.startswith(colouring.VARIATION))
    scale, shades = colouring.scale(atlas, colour), crowd.shades(atlas, colour)
    palette = crowd.palette(groups(atlas, colour), tones("dark").ramp)
    none = ~np.isfinite(scale.values)
    assert none.any()
    assert (shades[none] == 0).all()
    assert palette.colours[0] == tones("dark").grey
    ordered = shades[~none][np.argsort(scale.values[~none], kind="stable")].astype(int)
    assert (np.diff(ordered) >= 0).all()
    assert (ordered[0], ordered[-1]) == (1, 255)
    assert len(palette.colours) == len(palette.groups) == 256
    brightness = [sum(rgb(palette.colours[k])) for k in (1, 128, 255)]
    assert brightness == sorted(brightness)
    assert [groups(atlas, colour)[k].name for k in palette.groups[:2]] == ["no value", colouring.label(colour)]


def test_a_number_that_every_cell_has_needs_no_grey(atlas):
    palette = crowd.palette(groups(atlas, "cell_volume_um3"), tones("dark").ramp)
    assert set(palette.groups[1:]) == {0}
    assert palette.groups[0] == 1, "no group: nothing hides it, and no cell has it"
    assert crowd.shades(atlas, "cell_volume_um3").min() >= 1


def test_facts_and_names_say_what_the_page_says_of_few_cells(atlas):
    structure, stage, flags = crowd.facts(atlas)
    few = page.facts(atlas)
    assert structure.tolist() == few["structure"]
    assert stage.tolist() == few["stage"]
    assert np.flatnonzero(flags & crowd.REAL).tolist() == few["real"]
    assert np.flatnonzero(flags & crowd.BLANK).tolist() == few["blank"]
    assert crowd.names(atlas).split("\n") == few["cells"]


def test_of_very_many_cells_figure_and_facts_hold_no_cell(atlas, many):
    facts = page.facts(atlas)
    assert facts["n_cells"] == len(atlas.cells)
    assert not {"cells", "structure", "stage", "real", "blank"} & set(facts)
    *figures, switches = maps.drawn(atlas, "stage", True, "dark")
    for figure, name in zip(figures, maps.NAMES, strict=True):
        assert all(len(trace.x) == 1 for trace in figure.data)
        xy = atlas.projection(name).astype(np.float32)
        assert figure.layout.meta["xaxis"] == span(xy[:, 0])
        assert figure.layout.meta["crowd"]["colour"] == "stage"
    assert len(switches) == len(figures[0].layout.meta["crowd"]["colours"])


def test_the_bytes_are_served_and_an_unknown_colouring_is_refused(atlas):
    with serving(make_server([atlas], decoder=StubDecoder(atlas.config.grid)).server) as address:
        at = f"{address}/api/crowd/{atlas.atlas_id}"
        n = len(atlas.cells)
        assert httpx.get(f"{at}/places/z_s.bin").content == crowd.places(atlas, "z_s").tobytes()
        assert len(httpx.get(f"{at}/colours/cell_volume_um3.bin").content) == n
        assert len(httpx.get(f"{at}/cells.bin").content) == 3 * n
        assert httpx.get(f"{at}/names.txt").text == crowd.names(atlas)
        refused = httpx.get(f"{at}/colours/cell_id.bin")
        assert refused.status_code == 404
        assert "no colouring 'cell_id'" in refused.json()["error"]["message"]
        assert httpx.get(f"{address}/api/crowd/other/cells.bin").status_code == 404
