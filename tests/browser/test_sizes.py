"""The whole page in a small and in a large window: every control in sight, none upon another, the room used."""

from pathlib import Path

import pytest

from app import ids
from tests.browser.conftest import take, wait_until_drawn
from tests.browser.test_explorer import painted_tiles
from tests.browser.test_knowing import around, lasso, open_panel, wait_for_count

SIZES = {"1280x720": (1280, 720), "2560x1440": (2560, 1440)}

CONTROLS = (Path(__file__).parent / "controls.js").read_text()


@pytest.fixture(scope="module", params=SIZES)
def sized(request, context, address, watch):
    """A page in a window of each size."""
    page = context.new_page()
    width, height = SIZES[request.param]
    page.set_viewport_size({"width": width, "height": height})
    watch(page)
    page.goto(f"{address}/?view=planes")
    wait_until_drawn(page)
    yield page
    page.close()
    assert take(watch.complaints) == []


def assert_whole(page) -> None:
    """Every control is in sight, none upon another, no word of one cut off, and nothing scrolls that need not."""
    page.wait_for_function("document.getAnimations().every(({ playState }) => playState !== 'running')")
    seen = page.evaluate(CONTROLS)
    assert seen.pop("n") > 15
    assert seen == {"outside": [], "overlaps": [], "covered": [], "cut": [], "scrollbars": [False, False]}


def part_of_window(page, selector: str) -> float:
    """The part of the window that what `selector` names takes, 0 to 1."""
    return page.evaluate(
        """selector => [...document.querySelectorAll(selector)].map((element) => element.getBoundingClientRect())
            .reduce((sum, { width, height }) => sum + width * height, 0) / (innerWidth * innerHeight)""",
        selector,
    )


def choose_view(page, words: str, name: str) -> None:
    page.locator(f"#{ids.VIEW}").get_by_text(words, exact=True).click()
    page.wait_for_selector(f"#viewer[data-view={name}][data-state=painted]")


def test_the_opening_page_is_whole_and_uses_its_room(sized):
    assert_whole(sized)
    assert part_of_window(sized, "[data-map]") > 0.17
    assert part_of_window(sized, "#viewer") > 0.2
    tiles, _ = painted_tiles(sized)
    box = sized.locator("#viewer").bounding_box()
    across = max(t["left"] + t["width"] for t in tiles) - min(t["left"] for t in tiles)
    down = max(t["top"] + t["height"] for t in tiles) - min(t["top"] for t in tiles)
    assert max(across / box["width"], down / box["height"]) > 0.85, "the planes are as large as they can be"


@pytest.mark.parametrize("panel", ["table", "about", "variation"])
def test_an_open_panel_leaves_the_page_whole(sized, panel):
    open_panel(sized, panel)
    sized.wait_for_selector(f"#{panel} > *")
    assert_whole(sized)
    assert part_of_window(sized, "[data-map]") > 0.12
    sized.click(f".know-tab[data-panel={panel}]")


def test_a_selection_leaves_the_page_whole(sized, atlas):
    before = sized.locator('[data-map="z_r"]').bounding_box()
    lasso(sized, "z_r", around(sized, "z_r"))
    wait_for_count(sized, len(atlas.cells))
    assert_whole(sized)
    assert sized.locator('[data-map="z_r"]').bounding_box() == before, "the maps do not move"
    sized.click(f"#{ids.CLEAR}")
    wait_for_count(sized, 0)


def test_every_structure_at_once_leaves_the_page_whole(sized, atlas):
    sized.click(f"#{ids.ALL_STRUCTURES}")
    sized.wait_for_function(f"document.querySelectorAll('.channel-group').length === {2 + len(atlas.structures)}")
    assert_whole(sized)
    choose_view(sized, "Grid", "grid")
    assert_whole(sized)
    line = sized.locator(".channel-group").first.bounding_box()
    last = sized.locator(".channel-group").last.bounding_box()
    assert abs(line["y"] - last["y"]) < 4, "in the grid all channels are in one line"
    assert [name for name in sized.locator("button.panel").all_inner_texts() if name] == [s.gene for s in atlas.structures]
    choose_view(sized, "Compare", "compare")
    assert_whole(sized)
    strip = sized.locator(".strip").bounding_box()
    for part in sized.locator(".strip > *").all():
        box = part.bounding_box()
        assert box["x"] >= strip["x"] - 1
        assert box["x"] + box["width"] <= strip["x"] + strip["width"] + 1
    choose_view(sized, "Planes", "planes")
    sized.click(f"#{ids.ALL_STRUCTURES}")
    sized.wait_for_function("document.querySelectorAll('.channel-group').length === 3")


def test_sheet_and_drawer_are_whole(sized):
    sized.keyboard.press("?")
    sized.wait_for_selector(f"#{ids.KEYS}[open]")
    seen = sized.evaluate(CONTROLS)
    assert (seen["outside"], seen["covered"]) == ([], [])
    box = sized.locator(f"#{ids.KEYS}").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= sized.viewport_size["height"]
    sized.keyboard.press("Escape")
    sized.click(f"#{ids.HOME_OPEN}")
    sized.wait_for_selector(f"#{ids.HOME_MAKE}")
    sized.wait_for_function("document.querySelector('.mantine-Drawer-content').getBoundingClientRect().x === 0")
    drawer = sized.locator(".mantine-Drawer-content").bounding_box()
    assert (drawer["x"], drawer["y"], drawer["height"]) == (0, 0, sized.viewport_size["height"])
    last = sized.locator(f"#{ids.HOME_MAKE}")
    last.scroll_into_view_if_needed()
    assert last.bounding_box()["y"] + last.bounding_box()["height"] <= sized.viewport_size["height"]
    sized.keyboard.press("Escape")
    sized.wait_for_selector(f"#{ids.HOME_MAKE}", state="hidden")
