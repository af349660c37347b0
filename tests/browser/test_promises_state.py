"""Promises of walking, knowing and state that no other file shows: docs/promises.md says which test shows what."""

import re

from app import navigation
from tests.browser.conftest import take
from tests.browser.seen import link, wait_for_look
from tests.browser.test_explorer import painted_tiles, shown, wait_for_recipe


def test_what_is_shown_is_said_to_those_who_do_not_see_it(page, atlas):
    assert page.get_attribute("#sentence", "aria-live") == "polite"
    before = re.search("cell:([^;]+)", shown(page)).group(1)
    page.click("#next")
    said = """before => {
        const cell = document.querySelector("#viewer").dataset.recipe.match(/cell:([^;]+)/)?.[1];
        return cell && cell !== before && document.querySelector("#sentence").textContent.includes(cell);
    }"""
    page.wait_for_function(said, arg=before)


def test_nothing_moves_by_itself_and_little_for_those_who_want_less(open_page):
    page = open_page()
    before = shown(page)
    assert page.get_attribute("#player", "data-playing") in (None, "false")
    lasts = "parseFloat(getComputedStyle(document.querySelector('#viewer canvas')).transitionDuration)"
    assert page.evaluate(lasts) > 0
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_function(f"{lasts} < 0.001")
    assert shown(page) == before


def test_a_walk_that_does_not_loop_ends_at_its_end(open_page, atlas):
    path = navigation.walk_path(atlas)
    last = len(path.stops) - 1
    near = str(path).replace("@0", f"@{last - 0.375:g}")
    page = open_page(f"?recipe=show=predicted;shape={near};structures={atlas.structures[0].gene}&view=slice")
    page.click("#loop")
    page.locator("#speed").get_by_text("2×").click()
    page.click("#play")
    wait_for_recipe(page, f"@{last};")
    page.wait_for_selector('#player[data-playing="false"]')


def test_the_models_page_is_one_click_away(open_page, watch):
    page = open_page()
    page.get_by_role("link", name="Model", exact=True).click()
    page.wait_for_url("**/model*")
    assert "report" in page.inner_text("body")
    assert all("404" in complaint for complaint in take(watch.complaints)), "this atlas has no report, and the page says so"


def test_contrast_channels_and_crosshair_come_back_from_the_address(open_page, new_context, atlas):
    page = open_page(link(atlas))
    page.keyboard.press("c")
    page.keyboard.press("1")
    page.evaluate("cellViewer.moveTo([3, 5, 7])")
    wait_for_look(page, '"on":false')
    page.wait_for_function("location.search.includes('voxel=3,5,7') && location.search.includes('auto')")
    picture = painted_tiles(page)[0][0]["picture"]
    again = open_page(re.search(r"\?.*", page.url).group(), context=new_context())
    wait_for_look(again, '"on":false')
    tiles, voxel = painted_tiles(again)
    assert voxel == [3, 5, 7]
    assert (tiles[0]["picture"] == picture).all()
