"""The address holds everything, acts can be undone, keys do what the sheet says, and both themes can be read."""

import pytest

from tests.browser.conftest import wait_until_drawn
from tests.browser.test_explorer import open_cell, pixel_of, shown, wait_for_recipe

HASH = """cellViewer.pixels().then(({ width, height, data }) => {
    let hash = 2166136261;
    for (const byte of data) hash = Math.imul(hash ^ byte, 16777619);
    return `${width}x${height} ${hash}`;
})"""


def ids(atlas):
    return atlas.cells["cell_id"].tolist()


def click_cell(page, atlas, row):
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[row]))
    return wait_for_recipe(page, f"cell:{ids(atlas)[row]}$")


def test_undo_redo_and_the_browsers_own_back(open_page, atlas):
    page = open_page("?view=slice")
    first = shown(page)
    second, third = click_cell(page, atlas, 7), click_cell(page, atlas, 12)
    page.keyboard.press("Control+z")
    assert wait_for_recipe(page, f"cell:{ids(atlas)[7]}$") == second
    page.go_back()
    wait_for_recipe(page, f"{first.rsplit(':', 1)[1]}$")
    page.keyboard.press("Control+Shift+Z")
    wait_for_recipe(page, f"cell:{ids(atlas)[7]}$")
    page.click("#redo")
    assert wait_for_recipe(page, f"cell:{ids(atlas)[12]}$") == third
    page.click("#undo")
    wait_for_recipe(page, f"cell:{ids(atlas)[7]}$")


def test_a_step_back_sets_nothing_up_anew_and_loses_no_act_after_it(open_page, atlas):
    page = open_page("?view=slice")
    first = shown(page)
    click_cell(page, atlas, 7)
    asked = []
    page.on("request", lambda request: "update-component" in request.url and asked.append(request.post_data_json))
    place = pixel_of(page, "z_r", *atlas.projection("z_r")[12])
    page.evaluate("history.back()")
    page.wait_for_function("recipe => new URLSearchParams(location.search).get('recipe') === recipe", arg=first)
    page.mouse.click(*place)  # before the server has answered
    wait_for_recipe(page, f"cell:{ids(atlas)[12]}$")
    assert asked
    assert not [request["output"] for request in asked if "facts" in request["output"] or "map-" in request["output"]]


def test_a_link_opens_the_identical_picture_in_another_browser(open_page, new_context, atlas):
    page = open_page("?view=planes")
    open_cell(page, atlas, 9)
    page.keyboard.press("2")  # DNA off
    page.wait_for_selector("#channels [aria-pressed=false]")
    tiles = {tile["plane"]: tile for tile in page.evaluate("cellViewer.where()")["tiles"]}
    box = page.locator("#viewer canvas").first.bounding_box()
    page.mouse.click(box["x"] + tiles["xy"]["left"] + 40, box["y"] + tiles["xy"]["top"] + 30)
    page.wait_for_function("location.search.includes('voxel=') && location.search.includes('look=')")
    link, picture = page.evaluate("location.search"), page.evaluate(HASH)
    other = open_page(link, context=new_context())
    assert other.evaluate(HASH) == picture
    assert other.locator("#channels [aria-pressed=false]").inner_text() == "DNA"
    # And undoing an act brings it back.
    click_cell(page, atlas, 3)
    assert page.evaluate(HASH) != picture
    page.keyboard.press("Control+z")
    wait_for_recipe(page, f"cell:{ids(atlas)[9]}$")
    assert page.evaluate(HASH) == picture


@pytest.mark.parametrize(("key", "planes"), [("z", ["xy"]), ("y", ["xz"]), ("x", ["yz"]), ("p", ["xy", "xz", "yz"])])
def test_keys_choose_the_view(page, key, planes):
    page.keyboard.press(key)
    page.wait_for_function(
        "planes => cellViewer.where().then(({tiles}) => tiles.map(({plane}) => plane).join() === planes)", arg=",".join(planes)
    )


def test_keys_switch_channels_and_reset(page):
    for digit, channel in (("1", "membrane"), ("3", None)):
        page.keyboard.press(digit)
        page.wait_for_selector("#channels [aria-pressed=false]")
        off = page.locator("#channels [aria-pressed=false]").all_inner_texts()
        assert channel is None or off == [channel]
    page.keyboard.press("r")
    page.wait_for_function("document.querySelectorAll('#channels [aria-pressed=false]').length === 0")


def test_the_sheet_lists_the_keys_and_closes(page):
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    assert "Undo" in page.inner_text("#keys")
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys:not([open])", state="attached")


def test_light_and_dark(open_page, new_context):
    context = new_context()
    page = open_page(context=context)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme-switch")
    page.wait_for_selector("html[data-theme=light]")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    page.reload()
    wait_until_drawn(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light, "remembered"
    assert page.evaluate("document.documentElement.dataset.mantineColorScheme") == "light"
