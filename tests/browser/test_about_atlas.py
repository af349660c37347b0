"""Several atlases on one page, and the page about each."""

import pytest

from app.server import make_server
from model.atlas import Atlas
from tests.browser.conftest import wait_until_drawn
from tests.serving import serving
from tests.stub_decoder import StubDecoder


@pytest.fixture(scope="module")
def two(atlas, tiny_atlas):
    """A page of two atlases."""
    other = Atlas(tiny_atlas)
    other.atlas_id, other.title = "0123456789ab", "Another atlas"
    with serving(make_server([atlas, other], decoder=StubDecoder(atlas.config.grid)).server) as address:
        yield address, other
    other.close()


def test_an_atlas_is_switched_to_and_the_links_go_with_it(two, new_context, watch, atlas):
    address, other = two
    page = new_context().new_page()
    watch(page)
    page.goto(f"{address}/?view=slice")
    wait_until_drawn(page)
    assert page.inner_text("#title") == atlas.title
    assert f"atlas={atlas.atlas_id}" in page.get_attribute("#atlas-page", "href")
    page.click("input#atlas")
    page.get_by_role("option", name=other.title).click()
    page.wait_for_function("title => document.querySelector('#title')?.innerText === title", arg=other.title)
    wait_until_drawn(page)
    assert page.get_attribute("#viewer", "data-recipe").startswith(f"atlas={other.atlas_id};")
    page.click("#theme-switch")
    page.wait_for_selector("html[data-theme=light]")
    page.click("#atlas-page")
    page.wait_for_selector("h1")
    assert page.inner_text("h1") == other.title
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.get_by_role("link", name="Explorer").click()
    wait_until_drawn(page)
    assert page.inner_text("#title") == other.title
    assert watch.complaints == []


def test_the_page_in_the_dark_says_how_many_cells(open_page, address, atlas):
    page = open_page()
    page.click("#atlas-page")
    page.wait_for_selector("#cells table")
    background, ink = page.evaluate(
        "(({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(document.body))"
    )
    assert (background, ink) == ("rgb(16, 18, 24)", "rgb(233, 236, 242)")
    assert page.locator("#cells tr", has_text="simulated").locator("td").last.inner_text() == str(len(atlas.cells))
    assert "precompute train" in page.inner_text("#making")
    assert atlas.atlas_id in page.inner_text(".facts")
    page.go_back()
    wait_until_drawn(page)


def test_one_atlas_needs_no_switch(page):
    assert not page.is_visible("input#atlas")
