"""How a volume is looked at: contrast, colour, opacity, and the look as one object."""

import re

import numpy as np

from app import navigation
from app.colours import colours
from tests.browser.seen import FULL, assert_looks_like, auto, link, mixed, open_popover, wait_for_look
from tests.browser.test_explorer import painted_tiles, shown, volume, wait_for_recipe


def test_contrast_is_made_in_the_browser(open_here, address, atlas):
    page = open_here(link(atlas))
    data = volume(address, shown(page))
    asked = []
    page.on("request", lambda request: "/assets/" in request.url or asked.append(request.url))
    open_popover(page, "DNA")
    assert len(re.findall("L", page.get_attribute(".histogram path", "d"))) == 256
    page.get_by_role("button", name="Auto").click()
    wait_for_look(page, '"auto":true')
    assert [int(end.input_value()) for end in page.locator(".ends input").all()] == [*auto(data[1])]
    (tile,), voxel = painted_tiles(page)
    assert_looks_like(tile, mixed(data, [FULL, auto(data[1]), FULL]), voxel)
    # By keyboard: the low end, which has the focus when the popover opens; then colour and opacity.
    page.locator(".range [data-end=low]").focus()
    page.keyboard.press("ArrowRight")
    low, high = auto(data[1])
    wait_for_look(page, rf"\[{low + 1},{high}\]")
    page.locator(".channel-popover input[type=color]").fill("#ff8000")
    page.locator(".channel-popover input[aria-label=Opacity]").fill("50")
    wait_for_look(page, '"opacity":0.5')
    (tile,), voxel = painted_tiles(page)
    own = [colours(3)[0], (255, 128, 0), colours(3)[2]]
    assert_looks_like(tile, mixed(data, [FULL, (low + 1, high), FULL], own, [1, 0.5, 1]), voxel)
    # Typed, and what cannot be is not taken.
    for text in (f"{low - 5}", "400"):
        page.locator(".ends input").first.fill(text)
        page.locator(".ends input").first.press("Enter")
        wait_for_look(page, rf"\[{low - 5},{high}\]")
    page.get_by_role("button", name="Reset").click()
    wait_for_look(page, "^{}$")
    (tile,), voxel = painted_tiles(page)
    assert_looks_like(tile, mixed(data), voxel)
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('[data-channel]').dataset.channel") == "DNA"
    assert asked == []


def test_a_locked_window_stays_with_the_next_cell(open_page, address, atlas):
    page = open_page(link(atlas))
    windows = [auto(channel) for channel in volume(address, shown(page))]
    page.evaluate("cellViewer.autoContrast()")
    wait_for_look(page, '"auto":true')
    page.click("#next")
    recipe = wait_for_recipe(page, f"cell:{navigation.cell_id(atlas, 1)}$")
    data = volume(address, recipe)
    kept = {name: windows[k] for k, name in enumerate(("membrane", "DNA"))}  # the structure is another
    (tile,), voxel = painted_tiles(page)
    assert_looks_like(tile, mixed(data, [kept["membrane"], kept["DNA"], FULL]), voxel)
    # Unlocked, each cell has its own.
    open_popover(page, "DNA")
    page.get_by_label("Lock").uncheck()
    page.keyboard.press("Escape")
    page.click("#next")
    recipe = wait_for_recipe(page, f"cell:{navigation.cell_id(atlas, 2)}$")
    data = volume(address, recipe)
    (tile,), voxel = painted_tiles(page)
    assert_looks_like(tile, mixed(data, [auto(data[0]), auto(data[1]), FULL]), voxel)


def test_the_look_can_be_taken_and_given(open_page, atlas):
    page = open_page(link(atlas))
    first = painted_tiles(page)[0][0]["picture"]
    page.evaluate("document.addEventListener('look', ({ detail }) => { window.told = detail })")
    page.evaluate("cellViewer.toggle(0); cellViewer.autoContrast()")
    wait_for_look(page, '"on":false.*auto')
    look, picture = page.evaluate("cellViewer.look"), painted_tiles(page)[0][0]["picture"]
    assert page.evaluate("window.told") == look
    assert not np.array_equal(picture, first)
    again = open_page(link(atlas))
    again.evaluate("look => cellViewer.setLook(look)", look)
    wait_for_look(again, '"on":false.*auto')
    assert np.array_equal(painted_tiles(again)[0][0]["picture"], picture)
    assert again.get_attribute("[data-channel=membrane] .channel", "aria-pressed") == "false"
    again.evaluate("cellViewer.setLook({})")
    wait_for_look(again, "^{}$")
    assert np.array_equal(painted_tiles(again)[0][0]["picture"], first)
