"""What is uncertain, laid over the picture."""

import numpy as np

from app import navigation
from app.colours import UNCERTAINTY, colours
from tests.browser.seen import FULL, assert_looks_like, auto, link, mixed
from tests.browser.test_explorer import painted_tiles, shown, volume, wait_for_recipe


def test_what_is_uncertain_is_laid_over_the_picture(open_here, address, atlas):
    page = open_here(link(atlas))
    before = painted_tiles(page)[0][0]["picture"]
    cell, own = navigation.cell_id(atlas, 0), atlas.cells["structure"].iloc[0]
    page.get_by_role("switch", name="Show what is uncertain").click()
    page.wait_for_selector("#viewer[data-uncertain=shown]")
    words = page.inner_text(".uncertain")
    assert own in words
    assert "16 localisations" in words
    deviation = volume(address, f"show=predicted;shape=cell:{cell};structures={own};value=sd:16:1")[2]
    data = np.concatenate([volume(address, shown(page)), deviation[None]])
    (tile,), voxel = painted_tiles(page)
    palette = [*colours(3), UNCERTAINTY]
    assert_looks_like(tile, mixed(data, [FULL, FULL, FULL, auto(deviation)], palette), voxel)
    assert page.inner_text("#channels").split()[-1] == "uncertainty"
    # Its contrast is in its words.
    page.evaluate("cellViewer.setLook({ ...cellViewer.look, channels: { uncertainty: { window: [0, 102] } } })")
    page.wait_for_function("document.querySelector('.uncertain').innerText.includes('from 0.00 to 0.20')")
    # It goes on to the next cell, and away.
    page.click("#next")
    wait_for_recipe(page, f"cell:{navigation.cell_id(atlas, 1)}$")
    page.wait_for_selector("#viewer[data-uncertain=shown]")
    page.click("#previous")
    wait_for_recipe(page, f"cell:{cell}$")
    page.get_by_role("switch", name="Show what is uncertain").click()
    page.wait_for_selector("#viewer[data-uncertain=off][data-state=painted]")
    page.wait_for_function("!document.querySelector('[data-channel=uncertainty]')")
    assert np.array_equal(painted_tiles(page)[0][0]["picture"], before)


def test_what_takes_long_can_be_cancelled(open_page, atlas):
    page = open_page(link(atlas, 5))
    held = []
    page.route("**/*value=sd*", lambda route: held.append(route))
    page.get_by_role("switch", name="Show what is uncertain").click()
    page.get_by_role("button", name="Cancel").click()  # it comes after a second
    page.wait_for_selector("#viewer[data-uncertain=off]")
    assert page.get_attribute("[role=switch].switch", "aria-checked") == "false"
    assert page.evaluate("cellViewer.look") == {}
    assert len(held) == 1
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("switch", name="Show what is uncertain").click()
    page.wait_for_selector("#viewer[data-uncertain=shown]")
