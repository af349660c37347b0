"""Open all day: many clicks leave nothing behind, what is lost comes back, what is not there is said."""

import re

import numpy as np
import pytest

from app import ids, navigation
from app.server import make_server
from tests.browser.conftest import ARGUMENTS, CHROMIUM, take, wait_until_drawn
from tests.browser.test_explorer import assert_planes_are_numpys, lonely_row, pixel_of, shown, wait_for_recipe
from tests.browser.test_knowing import around, lasso, wait_for_count
from tests.serving import serving
from tests.stub_decoder import StubDecoder

N_CLICKS = 200
LOSS = re.compile("CONTEXT_LOST_WEBGL|context lost", re.IGNORECASE)
# WebGL contexts that are in use: made, and not lost on purpose.
COUNT_CONTEXTS = """
    window.contexts = new Set();
    const getContext = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        const context = getContext.call(this, kind, ...more);
        if (/webgl/.test(kind) && context) window.contexts.add(context);
        return context;
    };
    window.n_contexts = () => [...window.contexts].filter((context) => !context.isContextLost()).length;
"""


class Left:
    """What a page holds after everything that can be let go of has been: the browser's own counts."""

    def __init__(self, page):
        self.page, self.cdp = page, page.context.new_cdp_session(page)
        self.cdp.send("Performance.enable")

    def measure(self) -> dict[str, float]:
        """MB of JavaScript's heap, DOM nodes, listeners, WebGL contexts."""
        for _ in range(3):  # what the first finds may free more
            self.cdp.send("HeapProfiler.collectGarbage")
        got = {metric["name"]: metric["value"] for metric in self.cdp.send("Performance.getMetrics")["metrics"]}
        return {
            "heap": got["JSHeapUsedSize"] / 2**20,
            "nodes": got["Nodes"],
            "listeners": got["JSEventListeners"],
            "contexts": self.page.evaluate("n_contexts()"),
        }


def click_through(page, places: list[tuple[str, tuple[float, float]]], n: int) -> None:
    """Click one after the other, each as soon as what was clicked before is painted."""
    for k in range(n):
        name, at = places[k % len(places)]
        page.mouse.click(*at)
        wait_for_recipe(page, f"{name}$")


@pytest.fixture(scope="module")
def lasting(new_context, address, watch):
    """A page that counts its WebGL contexts."""
    page = new_context(COUNT_CONTEXTS).new_page()
    watch(page)
    page.goto(f"{address}/?view=planes")
    wait_until_drawn(page)
    yield page
    page.close()
    assert take(watch.complaints) == []


def apart(page, atlas, n: int) -> list[tuple[str, tuple[float, float]]]:
    """Id and screen position of `n` cells, the farthest from their neighbours on the map of z_r."""
    positions = atlas.projection("z_r")
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    rows = np.argsort(-distances.min(axis=1))[:n]
    return [(navigation.cell_id(atlas, int(row)), pixel_of(page, "z_r", *positions[row])) for row in rows]


@pytest.mark.timeout(180)
def test_two_hundred_clicks_leave_nothing_behind(lasting, atlas):
    places = apart(lasting, atlas, 8)
    left = Left(lasting)
    click_through(lasting, places, 40)  # caches fill, code is compiled
    before = left.measure()
    click_through(lasting, places, N_CLICKS)
    after = left.measure()
    assert after["heap"] < before["heap"] + 2, (before, after)
    assert after["nodes"] <= before["nodes"] + 50, (before, after)
    assert after["listeners"] <= before["listeners"] + 10, (before, after)
    assert after["contexts"] == before["contexts"]


def test_panels_and_views_opened_again_and_again_leave_nothing_behind(lasting):
    left = Left(lasting)

    def round_trip():
        for panel in ("table", "variation"):
            lasting.click(f".know-tab[data-panel={panel}]")
            lasting.wait_for_selector(f"#{panel} > *")
        lasting.click(".know-tab[data-panel=variation]")
        for words, view in (("Grid", "grid"), ("Compare", "compare"), ("Planes", "planes")):
            lasting.locator(f"#{ids.VIEW}").get_by_text(words, exact=True).click()
            lasting.wait_for_selector(f"#viewer[data-view={view}][data-state=painted]")
        lasting.click("[data-channel=DNA] .adjust")
        lasting.keyboard.press("Escape")

    for _ in range(3):
        round_trip()
    before = left.measure()
    for _ in range(10):
        round_trip()
    after = left.measure()
    assert after["heap"] < before["heap"] + 2, (before, after)
    assert after["nodes"] <= before["nodes"] + 100, (before, after)
    assert after["listeners"] <= before["listeners"] + 20, (before, after)
    assert after["contexts"] == before["contexts"]


def test_maps_whose_context_is_lost_are_drawn_again(open_page, atlas, watch):
    page = open_page()
    page.evaluate(
        """document.querySelector('[data-map="z_r"] canvas.gl-canvas-context').getContext("webgl")
            .getExtension("WEBGL_lose_context").loseContext()"""
    )
    page.wait_for_function(
        "n => [...document.querySelectorAll('[data-map]')].every((map) => map.querySelectorAll('path.point').length === n)",
        arg=len(atlas.cells),
    )
    watch.complaints[:] = [words for words in watch.complaints if not LOSS.search(words)]
    row = lonely_row(atlas, "z_r")
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[row]))
    wait_for_recipe(page, f"cell:{navigation.cell_id(atlas, row)}$")


def test_a_browser_without_webgl_shows_maps_and_planes(playwright_, address, atlas, watch):
    """A real one, whose WebGL is switched off."""
    flags = [flag for flag in ARGUMENTS if "swiftshader" not in flag]
    browser = playwright_.chromium.launch(executable_path=CHROMIUM, args=[*flags, "--disable-gpu", "--disable-3d-apis"])
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    watch(page)
    page.goto(f"{address}/?view=planes")
    wait_until_drawn(page)
    assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
    assert page.locator('[data-map="z_s"] path.point').count() == len(atlas.cells)
    row = lonely_row(atlas, "z_r")
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[row]))
    wait_for_recipe(page, f"cell:{navigation.cell_id(atlas, row)}$")
    assert_planes_are_numpys(page, address, {"xy", "xz", "yz"})
    browser.close()
    assert take(watch.complaints) == []


@pytest.fixture(scope="session")
def playwright_(browser):
    """What the session's browser was launched by: a second one in the same thread needs the same."""
    return browser.browser_type and type("Playwright", (), {"chromium": browser.browser_type})


def test_a_server_that_is_gone_is_said_and_nothing_is_lost(context, atlas, watch):
    page = context.new_page()
    with serving(make_server([atlas], decoder=StubDecoder(atlas.config.grid)).server) as address:
        page.goto(f"{address}/?view=planes")
        wait_until_drawn(page)
        recipe = shown(page)
    row = lonely_row(atlas, "z_r")
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[row]))
    page.wait_for_function("document.querySelector('#trouble').innerText.startsWith('The server does not answer.')")
    assert page.is_visible(f"#{ids.TROUBLE}")
    assert shown(page) == recipe
    assert page.get_attribute("#viewer", "data-state") == "painted"
    page.close()
    take(watch.complaints)


def test_what_an_atlas_lacks_is_not_offered(context, tiny_atlas, watch, monkeypatch):
    """No medoids: no cycle to play, and no invitation to; no scores, no observed volumes: words that say so."""
    from model.atlas import Atlas

    atlas = Atlas(tiny_atlas)
    for name in ("medoids", "variation", "pictures"):
        monkeypatch.setattr(Atlas, name, None)
    monkeypatch.setattr(Atlas, "observed_cells", [])
    page = context.new_page()
    watch(page)
    with serving(make_server([atlas], decoder=StubDecoder(atlas.config.grid)).server) as address:
        page.goto(f"{address}/?view=planes")
        wait_until_drawn(page)
        assert page.is_disabled("[data-mode=cycle]")
        assert page.is_disabled("#play"), "until there are stops"
        assert page.locator(".tries li:visible").count() == 2
        page.click(".know-tab[data-panel=variation]")
        page.wait_for_selector("#extremes p")
        assert "holds no variation scores" in page.inner_text("#extremes")
        page.click(".know-tab[data-panel=about]")
        page.wait_for_selector("#about .column")
        page.locator(f"#{ids.VIEW}").get_by_text("Compare", exact=True).click()
        page.wait_for_selector("#viewer[data-view=compare][data-state=painted]")
        assert "observed volume is not in the atlas" in page.inner_text("#viewer")
        page.mouse.move(*pixel_of(page, "z_r", *atlas.projection("z_r")[lonely_row(atlas, "z_r")]))
        page.wait_for_selector("#card:not([hidden])")
        assert page.locator("#card canvas").count() == 0
        page.close()
    atlas.close()
    assert take(watch.complaints) == []


def test_a_lasso_round_nobody_says_so(page, atlas):
    lasso(page, "z_r", around(page, "z_r", (0.001, 0.001), (0.01, 0.01)))
    page.wait_for_function("document.querySelector('#selected').innerText === 'No cell is inside that lasso'")
    wait_for_count(page, 0)
