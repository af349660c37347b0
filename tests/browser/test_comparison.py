"""Observed, reconstructed and predicted beside each other, and what each picture says it is."""

import numpy as np
import pytest

from app import navigation
from app.server import make_server
from model.atlas import Atlas
from tests.browser.conftest import wait_until_drawn
from tests.browser.seen import FULL, assert_looks_like, auto, link, mixed, open_popover, wait_for_look, wait_for_view
from tests.browser.test_explorer import painted_tiles, volume
from tests.serving import serving
from tests.stub_decoder import StubDecoder

ORANGE, BLUE = np.array([255, 150, 40]), np.array([70, 150, 255])


def test_observed_reconstructed_and_predicted_beside_each_other(open_here, address, atlas):
    row = atlas.observed_cells[0]
    page = open_here(link(atlas, row, "compare"))
    wait_for_view(page, "compare")
    labels = page.locator(".panel .said").all_inner_texts()
    assert labels == ["OBSERVED", "RECONSTRUCTED", "PREDICTED", "DIFFERENCE"]
    cell, own = navigation.cell_id(atlas, row), atlas.cells["structure"].iloc[row]
    observed, reconstructed, predicted = (
        volume(address, f"show={show};shape=cell:{cell}{more}")
        for show, more in (("observed", ""), ("reconstructed", ""), ("predicted", f";structures={own}"))
    )
    tiles, voxel = painted_tiles(page)
    # A click moves the one crosshair.
    box, tile = page.locator("#viewer").bounding_box(), tiles[-1]
    page.mouse.click(box["x"] + tile["left"] + 0.3 * tile["width"], box["y"] + tile["top"] + 0.6 * tile["height"])
    at = [int(0.3 * observed.shape[3]), int(0.6 * observed.shape[2])]
    page.wait_for_function("at => cellViewer.where().then(({ voxel }) => voxel[0] === at[0] && voxel[1] === at[1])", arg=at)
    # One contrast: the window of DNA is that of all three volumes together.
    open_popover(page, "DNA")
    page.get_by_role("button", name="Auto").click()
    wait_for_look(page, "auto")
    page.keyboard.press("Escape")
    window = auto(np.concatenate([v[1] for v in (observed, reconstructed, predicted)]))
    tiles, voxel = painted_tiles(page)
    assert voxel[:2] == at
    for tile in tiles:
        if tile["panel"] < 3:
            data = (observed, reconstructed, predicted)[tile["panel"]]
            assert_looks_like(tile, mixed(data, [FULL, window, FULL]), voxel)
    for channel, full in ((2, FULL), (1, window)):
        page.locator(".strip select").select_option(str(channel))
        share = np.clip((observed[channel].astype(float) - reconstructed[channel]) / (full[1] - full[0]), -1, 1)[..., None]
        tiles, voxel = painted_tiles(page)
        for tile in (tile for tile in tiles if tile["panel"] == 3):
            assert_looks_like(tile, np.where(share > 0, share * ORANGE, -share * BLUE), voxel)
        assert f"+{round(100 * (full[1] - full[0]) / 255)} %" in page.inner_text(".difference-legend")


def test_a_comparison_says_what_is_not_there(open_page, context, tiny_atlas):
    page = open_page("?recipe=show=predicted;shape=prior:3;structures=FBL&view=compare")
    wait_for_view(page, "compare")
    assert "Only a cell can be observed" in page.inner_text("[data-panel=observed]")
    assert "Only a cell can be reconstructed" in page.inner_text("[data-panel=reconstructed]")
    assert "no difference" in page.inner_text("[data-panel=difference]")
    assert {tile["panel"] for tile in page.evaluate("cellViewer.where()")["tiles"]} == {2}
    poor = Atlas(tiny_atlas)
    poor._observed_row = {}
    with serving(make_server([poor], decoder=StubDecoder(poor.config.grid)).server) as address:
        page = context.new_page()
        page.goto(f"{address}/{link(poor, 1, 'compare')}")
        wait_until_drawn(page)
        assert f"those of 0 of {len(poor.cells)} cells" in page.inner_text("[data-panel=observed]")
        assert {tile["panel"] for tile in page.evaluate("cellViewer.where()")["tiles"]} == {1, 2}
        page.close()
    poor.close()


def test_panels_that_fail_say_so_and_can_be_tried_again(context, address, atlas):
    page = context.new_page()
    page.route("**/*show=observed*.bin", lambda route: route.abort())
    page.goto(f"{address}/{link(atlas, view='compare')}")
    page.wait_for_selector("#viewer[data-state=error]")
    assert "does not answer" in page.inner_text("#viewer .trouble")
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("button", name="Try again").click()
    wait_for_view(page, "compare")
    assert len({tile["panel"] for tile in page.evaluate("cellViewer.where()")["tiles"]}) == 4
    page.close()


@pytest.mark.parametrize("show", ["observed", "reconstructed", "predicted"])
def test_the_picture_says_what_it_is(open_page, atlas, show):
    own = atlas.cells["structure"].iloc[0]
    structures = f";structures={own}" if show == "predicted" else ""
    page = open_page(f"?recipe=show={show};shape=cell:{navigation.cell_id(atlas, 0)}{structures}&view=slice")
    assert page.inner_text("#viewer > .said") == show.upper()
