"""What is seen while a volume is on its way: planes first, the latest click wins."""

import re
from contextlib import suppress

from playwright.sync_api import Error

from tests.browser.test_explorer import assert_planes_are_numpys, open_cell, pixel_of, shown, wait_for_recipe

WHOLE = re.compile(r"/api/volumes/.*\.bin")


def hold_volumes(page):
    """Holds every whole volume back until what it returns is called; planes pass."""
    held = []
    page.route(WHOLE, lambda route: held.append(route))

    def release():
        for route in held:
            with suppress(Error):  # the page has hung up on it
                route.continue_()
        page.unroute_all(behavior="ignoreErrors")

    return release


def test_planes_are_painted_before_the_whole(open_page, address, atlas):
    page = open_page("?view=planes")
    release = hold_volumes(page)
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[7]))
    page.wait_for_selector("#viewer[data-state=planes]")
    before = shown(page)
    # Of the new cell: compare with its own volume, which the page does not have yet.
    recipe = page.evaluate("new URLSearchParams(location.search).get('recipe')")
    assert recipe != before
    page.evaluate("recipe => { document.querySelector('#viewer').dataset.recipe = recipe }", recipe)
    assert_planes_are_numpys(page, address, {"xy", "xz", "yz"})
    release()
    page.wait_for_selector("#viewer[data-state=painted]")
    assert_planes_are_numpys(page, address, {"xy", "xz", "yz"})


def test_the_latest_click_wins_and_the_server_is_told(open_page, atlas):
    page = open_page("?view=slice")
    open_cell(page, atlas, 2)
    older, newer = (str(atlas.cells["cell_id"].iloc[row]) for row in (7, 12))  # not beside what is shown: that is fetched ahead
    release = hold_volumes(page)
    page.evaluate(
        """() => {
            const abort = AbortController.prototype.abort;
            AbortController.prototype.abort = function () { window.hungUp = (window.hungUp ?? 0) + 1; abort.call(this); };
        }"""
    )
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[7]))
    page.wait_for_selector("#viewer[data-state=planes]")
    assert older in page.evaluate("location.search")
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[12]))
    page.wait_for_function("window.hungUp >= 1")  # on the older volume, which is not here yet
    release()
    assert newer in wait_for_recipe(page, f"cell:{newer}$")


def test_no_planes_are_asked_for_where_3d_is_shown(open_page, atlas):
    page = open_page("?view=both")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[12]))
    wait_for_recipe(page, f"cell:{atlas.cells['cell_id'].iloc[12]}$")
    assert not any("/api/planes/" in url for url in asked)
    assert any("/api/volumes/" in url for url in asked)
