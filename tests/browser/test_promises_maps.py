"""Promises of the maps that no other file shows: docs/promises.md says which test shows what."""

import numpy as np
import pytest

from app import colouring, navigation
from app.figures import groups
from tests.browser.test_explorer import lonely_row, pixel_of, wait_for_recipe

DRAWN = """name => {
    const { _fullData } = document.querySelector(`[data-map="${name}"] .js-plotly-plot`);
    return _fullData.map(({ name, customdata }) => [name, Array.from(customdata)]);
}"""


@pytest.fixture
def page(page):
    """The lasting page, coloured as a new one again at the end."""
    yield page
    choose(page, colouring.label(colouring.DEFAULT))


def choose(page, label: str) -> None:
    """Colour the maps by what has this name, and wait until the address says so."""
    page.click("#colour")
    page.get_by_role("option", name=label, exact=True).click()
    page.wait_for_function("label => document.querySelector('#colour').value === label", arg=label)


@pytest.mark.parametrize("colour", ["structure", "split"])
def test_both_maps_are_coloured_by_any_kind(page, atlas, colour):
    choose(page, colouring.label(colour))
    found = [group for group in groups(atlas, colour) if len(group.rows)]
    page.wait_for_function(
        """names => [...document.querySelectorAll("[data-map] .js-plotly-plot")].every(
            ({ data }) => data.map(({ name }) => name).join() === names)""",
        arg=",".join(group.name for group in found),
    )
    for name in ("z_r", "z_s"):
        for (said, rows), group in zip(page.evaluate(DRAWN, name), found, strict=True):
            assert said == group.name
            assert sorted(rows) == np.flatnonzero(atlas.cells[colour].isin([group.name]).to_numpy()).tolist()
    assert [text.strip() for text in page.locator("#legend [data-group]").all_inner_texts()] == [group.name for group in found]
    page.wait_for_function("colour => new URLSearchParams(location.search).get('colour') === colour", arg=colour)


def test_a_cell_opened_on_either_map_is_ringed_on_both(page, atlas):
    for name in ("z_s", "z_r"):
        row = lonely_row(atlas, name)
        page.mouse.click(*pixel_of(page, name, *atlas.projection(name)[row]))
        wait_for_recipe(page, f"shape=cell:{navigation.cell_id(atlas, row)}(;|$)")
        for other in ("z_r", "z_s"):
            ring = page.locator(f'[data-map="{other}"] .selected').bounding_box()
            centre = (ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
            assert centre == pytest.approx(pixel_of(page, other, *atlas.projection(other)[row]), abs=1.5)
        page.mouse.move(0, 0)
