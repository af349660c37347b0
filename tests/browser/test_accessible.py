"""No barrier that axe-core calls serious or critical, dark and light, whatever is open; both themes; what a pointer does."""

import base64

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from app import ids, know
from app.layout import TRIES
from app.tones import DARK, LIGHT
from model.report import Figure, Report, Section, Table, to_page
from tests.browser.conftest import take, wait_until_drawn
from tests.browser.test_explorer import lonely_row, open_cell, pixel_of, shown, wait_for_recipe
from tests.browser.test_knowing import around, lasso, open_panel, wait_for_count

GRAVE = ("serious", "critical")
ONE_PIXEL = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()


@pytest.fixture(scope="module", params=["dark", "light"])
def themed(request, new_context, address, watch):
    """A page in each theme, as one finds it who chose the theme before."""
    context = new_context(f"localStorage.setItem('integrated-cell-theme', '{request.param}')")
    page = context.new_page()
    watch(page)
    page.goto(f"{address}/?view=planes")
    wait_until_drawn(page)
    assert page.get_attribute("html", "data-theme") == request.param
    yield page
    page.close()
    assert take(watch.complaints) == []


def barriers(page) -> list[str]:
    """What axe-core calls serious or critical, with the first element of each."""
    found = Axe().run(page).response
    assert len(found["passes"]) > 10, "axe-core saw the page"
    return [
        f"{one['impact']} {one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in GRAVE
    ]


def choose_view(page, words: str) -> None:
    page.locator(f"#{ids.VIEW}").get_by_text(words, exact=True).click()


def test_the_opening_page(themed):
    assert barriers(themed) == []
    assert themed.get_attribute("html", "lang") == "en"
    # A decoded cell at once, and three things to try.
    assert themed.get_attribute("#viewer", "data-state") == "painted"
    assert themed.locator(".tries b").all_inner_texts() == [what for what, _ in TRIES]


def test_the_sheet_of_keys(themed):
    themed.keyboard.press("?")
    themed.wait_for_selector(f"#{ids.KEYS}[open]")
    assert barriers(themed) == []
    themed.keyboard.press("Escape")
    themed.wait_for_selector(f"#{ids.KEYS}:not([open])", state="attached")


def test_take_home(themed):
    themed.click(f"#{ids.HOME_OPEN}")
    themed.wait_for_selector(f"#{ids.HOME_MAKE}")
    for which in ("Selected", "Cell ids", "Structure and stage"):
        themed.locator(f"#{ids.HOME_WHICH}").get_by_text(which, exact=True).click()
        themed.wait_for_function(
            "which => document.querySelector('#home-which input:checked').labels[0].innerText === which", arg=which
        )
        assert barriers(themed) == []
    themed.keyboard.press("Escape")
    themed.wait_for_selector(f"#{ids.HOME_MAKE}", state="hidden")


@pytest.mark.parametrize(
    ("panel", "filled"),
    [("table", "#table .ag-row"), ("about", "#about .column"), ("variation", f"#{ids.EXTREMES} .by-stage svg.main-svg")],
)
def test_what_is_known(themed, panel, filled):
    assert set(know.PANELS) == {"table", "about", "variation"}
    open_panel(themed, panel)
    themed.wait_for_selector(filled)
    assert barriers(themed) == []
    themed.click(f".know-tab[data-panel={panel}]")


def test_a_channels_contrast(themed):
    themed.click("[data-channel=DNA] .adjust")
    themed.wait_for_selector(".channel-popover:popover-open")
    assert barriers(themed) == []
    themed.keyboard.press("Escape")


@pytest.mark.parametrize("menu", [ids.COLOUR, ids.STRUCTURE])
def test_an_open_menu(themed, menu):
    themed.click(f"#{menu}")
    themed.wait_for_selector("[role=option]:visible")
    assert barriers(themed) == []
    themed.keyboard.press("Escape")
    themed.wait_for_selector("[role=option]:visible", state="detached")


@pytest.mark.parametrize("view", ["Grid", "Compare"])
def test_many_pictures(themed, view):
    choose_view(themed, view)
    themed.wait_for_selector(f"#viewer[data-view={view.lower()}][data-state=painted]")
    assert barriers(themed) == []
    choose_view(themed, "Planes")
    themed.wait_for_selector("#viewer[data-view=planes][data-state=painted]")


def test_a_selection_and_a_place(themed, atlas):
    lasso(themed, "z_r", around(themed, "z_r"))
    wait_for_count(themed, len(atlas.cells))
    assert barriers(themed) == []
    themed.click(f"#{ids.CLEAR}")
    wait_for_count(themed, 0)
    box = themed.locator('[data-map="z_r"]').bounding_box()
    themed.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.985 * box["height"])
    wait_for_recipe(themed, "shape=map:z_r")
    themed.wait_for_selector(".map-words:not(:empty)")
    assert barriers(themed) == []


def test_what_went_wrong(themed, atlas, watch):
    failing = {"body": '{"error": {"key": "recipe", "message": "The disk is full."}}', "status": 500}
    themed.route("**/api/volumes/*.bin", lambda route: route.fulfill(content_type="application/json", **failing))
    themed.mouse.click(*pixel_of(themed, "z_r", *atlas.projection("z_r")[lonely_row(atlas, "z_r")]))
    themed.wait_for_selector("#viewer[data-state=error]")
    found = barriers(themed)
    themed.unroute("**/api/volumes/*.bin")
    themed.get_by_role("button", name="Try again").click()
    themed.wait_for_selector("#viewer[data-state=painted]")
    take(watch.complaints)  # of the status 500
    assert found == []


def test_the_models_page(themed, address):
    """The page that says there is no report, and that of a report with everything a report can have."""
    page = themed.context.new_page()
    page.goto(f"{address}/model")
    assert barriers(page) == []
    table = Table("t", "A table.", ["Structure", "here", "paper"], [["FBL", "0.93", "0.90"]])
    figure = Figure("f", "A figure.", "what is in it", "image/svg+xml", ONE_PIXEL)
    section = Section("one", "One part", ["How."], [table], [figure], ["What is missing."])
    page.set_content(to_page(Report("A model", [["Cells", "24"]], [section, section]), [("/", "Explorer")]))
    assert barriers(page) == []
    page.close()


def test_both_themes_have_points_of_their_own(themed, atlas):
    """On the maps as they are drawn, and again after each change of theme."""
    edge = "document.querySelectorAll('.js-plotly-plot')[0].data[0].marker.color"
    colour = lambda theme: themed.wait_for_function(f"colour => {edge} === colour", arg=theme.palette[0])  # noqa: E731
    ours, other = (LIGHT, DARK) if themed.get_attribute("html", "data-theme") == "light" else (DARK, LIGHT)
    themed.click(f"#{ids.COLOUR}")
    themed.get_by_role("option", name="Structure", exact=True).click()
    colour(ours)
    themed.click(f"#{ids.THEME_SWITCH}")
    colour(other)
    themed.click(f"#{ids.THEME_SWITCH}")
    colour(ours)


def test_a_hover_shows_the_cells_picture_without_asking_for_it(page, atlas):
    """From a sheet that is asked for once; its pixels are the atlas's own."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    rows = [lonely_row(atlas, "z_r"), lonely_row(atlas, "z_s")]
    for name, row in zip(("z_r", "z_s"), rows, strict=True):
        page.mouse.move(*pixel_of(page, name, *atlas.projection(name)[row]))
        page.wait_for_selector(f"#card canvas[data-row='{row}']")
        painted = page.evaluate(
            """() => {
                const canvas = document.querySelector("#card canvas");
                return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];
            }"""
        )
        picture = np.array(painted).reshape(*atlas.pictures.shape[1:3], 4)[..., :3]
        np.testing.assert_array_equal(picture, atlas.pictures[row])
        assert page.locator("#card canvas").bounding_box()["width"] == 180
    assert len([url for url in asked if "/api/" in url]) <= 1
    assert all(url.endswith(f"/api/sheets/{atlas.atlas_id}/0.png") for url in asked if "/api/" in url)


def test_a_second_click_elsewhere_opens_what_is_there(page, atlas):
    """However quickly it follows; a second one in the same place is a double click."""
    first, second = lonely_row(atlas, "z_r"), lonely_row(atlas, "z_s")
    open_cell(page, atlas, first)
    zoom = "document.querySelector('[data-map=\"z_r\"] .js-plotly-plot').layout.xaxis.range.join()"
    page.mouse.move(*pixel_of(page, "z_r", *atlas.projection("z_r")[first]))
    page.mouse.wheel(0, -120)
    page.wait_for_function(f"before => {zoom} !== before", arg=(before := page.evaluate(zoom)))
    zoomed = page.evaluate(zoom)
    places = [pixel_of(page, "z_r", *atlas.projection("z_r")[first]), pixel_of(page, "z_s", *atlas.projection("z_s")[second])]
    page.mouse.click(*places[0])
    page.mouse.click(*places[1])
    wait_for_recipe(page, f"cell:{atlas.cells['cell_id'].iloc[second]}$")
    assert page.evaluate(zoom) == zoomed, "no double click"
    page.mouse.dblclick(*places[0])
    page.wait_for_function(f"before => {zoom} === before", arg=before)
    assert shown(page)
