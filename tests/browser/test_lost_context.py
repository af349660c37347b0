"""A WebGL context that is lost."""

import re

import numpy as np

from app import navigation
from tests.browser.conftest import take
from tests.browser.seen import link
from tests.browser.test_explorer import assert_planes_are_numpys, painted_planes, wait_for_recipe

LOSS = re.compile("CONTEXT_LOST_WEBGL|context lost", re.IGNORECASE)
LOSE = """() => {
    window.extension = document.querySelector("#viewer canvas.solid").getContext("webgl2").getExtension("WEBGL_lose_context");
    extension.loseContext();
}"""
ALL = {"xy", "xz", "yz", "3d"}


def is_drawn(picture: np.ndarray) -> bool:
    return bool((np.ptp(picture, axis=2) > 30).mean() > 0.1)  # words are grey


def test_a_lost_context_is_replaced(open_page, address, atlas, watch):
    page = open_page(link(atlas, view="both"))
    page.evaluate("cellViewer.moveTo([3, 5, 7])")
    page.evaluate(LOSE)
    page.wait_for_selector("#viewer[data-renewed='1'][data-painter=webgl]")
    assert page.evaluate("String(cellViewer.voxel)") == "3,5,7"
    assert_planes_are_numpys(page, address, ALL)
    page.click("#next")
    wait_for_recipe(page, f"cell:{navigation.cell_id(atlas, 1)}$")
    assert_planes_are_numpys(page, address, ALL)
    assert is_drawn(painted_planes(page)[0]["3d"])
    assert all(LOSS.search(complaint) for complaint in take(watch.complaints))


def test_where_no_context_is_left_planes_go_on_and_words_say_so(open_page, address, atlas, watch):
    page = open_page(link(atlas, view="both"))
    page.evaluate(
        """() => {
            const getContext = window.getContext = HTMLCanvasElement.prototype.getContext;
            HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
                const isOld = this === document.querySelector("#viewer canvas.solid");
                return /webgl/.test(kind) && !isOld ? null : getContext.call(this, kind, ...more);
            };
        }"""
    )
    page.evaluate(LOSE)
    page.wait_for_selector("#viewer[data-renewed='1'][data-painter=planes]")
    assert_planes_are_numpys(page, address, ALL)
    assert not is_drawn(painted_planes(page)[0]["3d"])
    # When the context comes back, so does WebGL.
    page.evaluate("() => { HTMLCanvasElement.prototype.getContext = window.getContext; extension.restoreContext(); }")
    page.wait_for_selector("#viewer[data-renewed='2'][data-painter=webgl]")
    assert_planes_are_numpys(page, address, ALL)
    assert is_drawn(painted_planes(page)[0]["3d"])
    assert all(LOSS.search(complaint) for complaint in take(watch.complaints))
