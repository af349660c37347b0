"""The selection: in the address, taken back and brought again, the same in any browser; its mean beside its medoid."""

import json
import re

import numpy as np
import pytest

from app.recipe import Cell, Literal, Recipe, parse
from app.selection import bits_of, mean_cell, medoid_row
from tests.browser.test_explorer import expected_plane, open_cell, painted_tiles, pixel_of, shown, volume, wait_for_recipe
from tests.browser.test_knowing import around, lasso, selected_rows, wait_for_count


def half(page, atlas, name: str) -> tuple[list[int], float]:
    """The cells in the left half of a map, and where on it that ends, as a part of its width."""
    places = np.array([pixel_of(page, name, *place) for place in atlas.projection(name)])
    middle = float(np.sort(places[:, 0])[len(places) // 2 - 1 : len(places) // 2 + 1].mean())
    box = page.locator(f'[data-map="{name}"]').bounding_box()
    return np.flatnonzero(places[:, 0] < middle).tolist(), (middle - box["x"] - 2) / (box["width"] - 4)


def select_left(page, atlas, name: str = "z_r", keys=("Shift",)) -> list[int]:
    rows, end = half(page, atlas, name)
    lasso(page, name, around(page, name, high=(end, 1)), keys)
    page.wait_for_function("location.search.includes('&lasso=')")
    return rows


def test_a_link_selects_the_same_cells_in_a_fresh_browser(open_page, new_context, atlas):
    page = open_page()
    left = select_left(page, atlas)
    others = select_left(page, atlas, "z_s", ("Shift", "Control"))
    chosen = sorted({*left, *others})
    wait_for_count(page, len(chosen))
    link = page.evaluate("location.search")
    assert len(link) < 800, "corners, not cells"
    other = open_page(link, context=new_context())
    wait_for_count(other, len(chosen))
    assert selected_rows(other) == [chosen, chosen]
    assert other.inner_text("#selected") == page.inner_text("#selected")
    # And the table there asks for the same cells.
    with other.expect_request(lambda request: "getRowsResponse" in (request.post_data or "")) as asked:
        other.click("[data-panel=table]")
    (sent,) = (state["value"] for state in json.loads(asked.value.post_data)["state"] if state["id"] == "selection")
    assert sent["bits"] == bits_of(np.array(chosen), len(atlas.cells))


def test_a_lasso_is_taken_back_and_brought_again(open_page, atlas):
    page = open_page()
    first = shown(page)
    left = select_left(page, atlas)
    wait_for_count(page, len(left))
    page.keyboard.press("Control+z")
    wait_for_count(page, 0)
    assert "lasso" not in page.url
    page.keyboard.press("Control+Shift+Z")
    wait_for_count(page, len(left))
    assert selected_rows(page) == [left, left]
    # A cell that is opened meanwhile is a step of its own, and keeps the selection.
    open_cell(page, atlas, left[0])
    page.click("#clear")
    wait_for_count(page, 0)
    page.click("#undo")
    wait_for_count(page, len(left))
    assert shown(page) != first
    page.click("#undo")
    wait_for_recipe(page, f"^{re.escape(first)}$")
    wait_for_count(page, len(left))
    page.click("#undo")
    wait_for_count(page, 0)
    assert shown(page) == first


def test_cells_that_were_hidden_stay_out_in_another_browser(open_page, new_context, atlas):
    page = open_page()
    page.click("#legend [data-group='1']")
    page.wait_for_function("document.querySelector('[data-map=\"z_r\"] .js-plotly-plot')._fullData[1].visible === false")
    lasso(page, "z_r", around(page, "z_r"))
    seen = np.flatnonzero(atlas.cells["stage"] != atlas.stages[1]).tolist()
    wait_for_count(page, len(seen))
    other = open_page(page.evaluate("location.search"), context=new_context())
    wait_for_count(other, len(seen))
    assert selected_rows(other) == [seen, seen]


def test_the_mean_cell_stands_beside_the_medoid(open_page, new_context, address, atlas):
    page = open_page()
    rows = np.array(select_left(page, atlas))
    page.click("#side-by-side")
    page.wait_for_selector("#viewer[data-view=compare] [data-panel=medoid]")
    mean = parse(wait_for_recipe(page, "shape=z_r:"))
    assert mean.shape == mean_cell(atlas, rows, mean).shape
    medoid = Recipe("predicted", Cell(atlas.cells["cell_id"].iloc[medoid_row(atlas, rows)]), mean.structures, atlas=mean.atlas)
    assert page.locator(".panel .said").all_inner_texts() == ["MEAN CELL", f"MEDOID {medoid.shape.cell_id}", "DIFFERENCE"]
    tiles, voxel = painted_tiles(page)
    for panel, recipe in enumerate((mean, medoid)):
        (tile,) = (tile for tile in tiles if tile["panel"] == panel and tile["plane"] == "xy")
        height, width = tile["picture"].shape[:2]
        expected = expected_plane(volume(address, str(recipe)), "xy", voxel, width, height)
        assert np.abs(tile["picture"] - expected)[2:-2, 2:-2].mean() < 3, recipe
    assert "medoid +100 %" in page.inner_text(".difference-legend")
    # A link shows the same two in a fresh browser; another cell is compared with itself.
    page.wait_for_function("location.search.includes('&beside=cell')")
    other = open_page(page.evaluate("location.search"), context=new_context())
    other.wait_for_selector(f"[data-panel=medoid] >> text={medoid.shape.cell_id}")
    open_cell(other, atlas, int(rows[0]))
    other.wait_for_selector("[data-panel=reconstructed]")
    assert "beside" not in other.url
    other.keyboard.press("Control+z")
    other.wait_for_selector("[data-panel=medoid]")


def test_the_pair_has_the_structures_that_are_shown(open_page, atlas):
    page = open_page()
    page.click("#all-structures")
    wait_for_recipe(page, "structures=.*,")
    rows = select_left(page, atlas)
    page.click("#side-by-side")
    mean = parse(wait_for_recipe(page, "shape=z_r:"))
    assert mean.structures == tuple(s.gene for s in atlas.structures)
    assert isinstance(mean.shape, Literal)
    assert mean.shape == mean_cell(atlas, np.array(rows), mean).shape


@pytest.mark.parametrize("text", ["nonsense", "z_r,replace,1,2", "bits,add,AAA"])
def test_a_selection_that_cannot_be_read_selects_nothing(open_page, text):
    page = open_page(f"?view=slice&lasso={text}")
    assert page.inner_text("#selected").startswith("Shift-drag")
    page.click("#next")
    page.wait_for_function("document.querySelector('#viewer').dataset.state === 'painted'")
