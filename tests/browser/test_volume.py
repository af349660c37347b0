"""How a volume is seen: contrast, many structures, grid, comparison, what is uncertain; with WebGL, without, after a loss."""

import re

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from app import navigation
from app.colours import UNCERTAINTY, colours
from app.recipe import parse
from app.server import make_server
from model.atlas import Atlas
from tests.browser.conftest import take, wait_until_drawn
from tests.browser.test_explorer import (
    NO_WEBGL,
    assert_planes_are_numpys,
    painted_planes,
    painted_tiles,
    shown,
    volume,
    wait_for_recipe,
)
from tests.serving import serving
from tests.stub_decoder import StubDecoder

FULL = (0, 255)
DIMMED = 0.4  # of membrane and DNA behind a structure of the grid
ORANGE, BLUE = np.array([255, 150, 40]), np.array([70, 150, 255])
LOSS = re.compile("CONTEXT_LOST_WEBGL|context lost", re.IGNORECASE)


def link(atlas, row: int = 0, view: str = "slice", show: str = "reconstructed") -> str:
    return f"?recipe=show={show};shape=cell:{navigation.cell_id(atlas, row)}&view={view}"


def wait_for_look(page, pattern: str) -> None:
    """Until a look that holds `pattern` is painted."""
    page.wait_for_function("p => RegExp(p).test(document.querySelector('#viewer').dataset.look ?? '')", arg=pattern)


def wait_for_view(page, view: str) -> None:
    page.wait_for_selector(f"#viewer[data-view={view}][data-state=painted]")


def auto(channel: np.ndarray) -> tuple[int, int]:
    """From the 50th to the 98.3rd percentile of what is not black."""
    return tuple(int(v) for v in np.percentile(channel[channel > 0], [50, 98.3], method="inverted_cdf"))


def lit(channel: np.ndarray, window=FULL) -> np.ndarray:
    """0 to 255, through a window of contrast."""
    return np.clip((channel.astype(float) - window[0]) * 255 / (window[1] - window[0]), 0, 255)


def plane_of(zyx: np.ndarray, plane: str, voxel: list[int]) -> np.ndarray:
    """The plane of (Z, Y, X, ...) through x, y, z as it lies on the screen: z upwards."""
    x, y, z = voxel
    return {"xy": zyx[z], "xz": zyx[::-1, y], "yz": zyx[::-1, :, x]}[plane]


def mixed(channels: np.ndarray, windows=None, palette=None, opacities=None) -> np.ndarray:
    """(Z, Y, X, 3) of channels (C, Z, Y, X): each through its window, in its colour, added up."""
    n = len(channels)
    windows, palette, opacities = windows or [FULL] * n, palette or colours(n), opacities or [1] * n
    light = [lit(c, w) * o for c, w, o in zip(channels, windows, opacities, strict=True)]
    return np.clip(sum(part[..., None] * np.array(colour) / 255 for part, colour in zip(light, palette, strict=True)), 0, 255)


def assert_looks_like(tile: dict, zyx: np.ndarray, voxel: list[int]) -> None:
    """A painted plane is that of (Z, Y, X, 3), magnified with linear interpolation."""
    image, picture = plane_of(zyx, tile["plane"], voxel), tile["picture"]
    places = [(np.arange(n) + 0.5) / n for n in picture.shape[:2]]
    grid = np.meshgrid(*(at * n - 0.5 for at, n in zip(places, image.shape, strict=False)), indexing="ij")
    expected = np.stack([map_coordinates(image[..., part], grid, order=1, mode="nearest") for part in range(3)], axis=-1)
    difference = np.abs(picture - expected)
    assert difference.max() <= 4, f"{tile['plane']}: {difference.max()}"


def open_popover(page, name: str) -> None:
    page.click(f"[data-channel={name}] .adjust")
    page.wait_for_selector(".channel-popover:popover-open")


@pytest.fixture(params=["webgl", "no webgl"])
def open_here(request, open_page, new_context, context):
    """Opens a page with WebGL, and one without: what holds for one holds for the other."""
    here = context if request.param == "webgl" else request.getfixturevalue("context_without_webgl")
    return lambda query: open_page(query, context=here)


@pytest.fixture(scope="module")
def context_without_webgl(new_context):
    return new_context(NO_WEBGL)


# Contrast


def test_contrast_is_made_in_the_browser(open_here, address, atlas):
    page = open_here(link(atlas))
    data = volume(address, shown(page))
    asked = []
    page.on("request", lambda request: "/assets/" in request.url or asked.append(request.url))
    open_popover(page, "DNA")
    assert len(re.findall("L", page.get_attribute(".histogram path", "d"))) == 256
    page.get_by_role("button", name="Auto").click()
    wait_for_look(page, '"auto":true')
    assert page.inner_text(".popover-head output") == "{} to {}".format(*auto(data[1]))
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


# Several structures


def test_all_structures_in_one_click(open_page, address, atlas):
    page = open_page(link(atlas))
    page.click("#all-structures")
    genes = [s.gene for s in atlas.structures]
    recipe = wait_for_recipe(page, f"show=predicted.*structures={','.join(genes)}$")
    assert page.inner_text("#channels").split() == ["membrane", "DNA", *genes]
    assert page.inner_text("#viewer > .said") == "PREDICTED"
    data = volume(address, recipe)
    # Of so many each voxel shows the brightest, in its own colour.
    strongest = data[2:].argmax(axis=0)
    alone = np.where(strongest == np.arange(len(genes))[:, None, None, None], data[2:], 0)
    (tile,), voxel = painted_tiles(page)
    expected = plane_of(mixed(np.concatenate([data[:2], alone])), "xy", voxel)
    # Where the winner changes from voxel to voxel interpolation mixes: look at the middle of voxels whose neighbours agree.
    winner = plane_of(strongest, "xy", voxel)
    agree = np.all([np.roll(winner, by, axis) == winner for axis in (0, 1) for by in (-1, 1)], axis=0)
    rows, columns = (
        ((np.arange(n) + 0.5) * size / n).astype(int) for n, size in zip(agree.shape, tile["picture"].shape, strict=False)
    )
    assert agree.mean() > 0.5
    assert np.abs(tile["picture"][np.ix_(rows, columns)] - expected)[agree].max() <= 8
    # Few are added up again: all but two off.
    page.evaluate(
        "genes => cellViewer.setLook({ channels: Object.fromEntries(genes.map((gene) => [gene, { on: false }])) })", genes[2:]
    )
    wait_for_look(page, genes[-1])
    (tile,), voxel = painted_tiles(page)
    assert_looks_like(tile, mixed(data[:4]), voxel)
    # Again, and the cell has its own alone.
    page.wait_for_selector("#all-structures[aria-pressed=true]")
    page.click("#all-structures")
    wait_for_recipe(page, f"structures={atlas.cells['structure'].iloc[0]}$")


def test_structures_are_chosen_one_by_one_and_all_taken_out(open_page, address, atlas):
    page = open_page(link(atlas))
    own = atlas.cells["structure"].iloc[0]
    others = [s.gene for s in atlas.structures if s.gene != own][:2]
    page.click("#structure")
    for other in others:
        page.get_by_role("option", name=re.compile(f"^{other}:")).click()
        recipe = wait_for_recipe(page, f",{other}$")
    assert parse(recipe).structures == (own, *others)
    (tile,), voxel = painted_tiles(page)
    assert_looks_like(tile, mixed(volume(address, recipe)), voxel)
    page.keyboard.press("Escape")
    page.locator('.structures [aria-label="Only the cell\'s own structure"]').click()
    wait_for_recipe(page, f"structures={own}$")
    assert page.locator(".structures .mantine-MultiSelect-pill").count() == 1


# The grid


def test_a_grid_of_all_structures_has_one_slice(open_here, address, atlas):
    page = open_here(link(atlas))
    asked = []
    page.on("request", lambda request: "/api/" in request.url and asked.append(request.url))
    page.evaluate(
        """() => {
            const getContext = HTMLCanvasElement.prototype.getContext;
            window.n_webgl = 0;
            HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
                if (/webgl/.test(kind)) window.n_webgl++;
                return getContext.call(this, kind, ...more);
            };
        }"""
    )
    page.get_by_text("Grid", exact=True).click()
    wait_for_view(page, "grid")
    genes = [s.gene for s in atlas.structures]
    recipe = str(
        parse(f"atlas={atlas.atlas_id};show=predicted;shape=cell:{navigation.cell_id(atlas, 0)};structures={','.join(genes)}")
    )
    assert asked == [f"{address}/api/volumes/{recipe}.bin"], "one fetch holds them all"
    assert page.evaluate("n_webgl") == 0
    assert page.locator("button.panel").all_inner_texts() == genes
    assert page.inner_text("#viewer > .said") == "PREDICTED"
    data = volume(address, recipe)
    box = page.locator("#viewer").bounding_box()
    for by in (0, 1, 1):
        tiles, voxel = painted_tiles(page)
        if by:
            last = tiles[-1]  # the wheel on any panel moves the slice of all
            page.mouse.move(box["x"] + last["left"] + 20, box["y"] + last["top"] + 20)
            page.mouse.wheel(0, 100)
            page.wait_for_function("z => cellViewer.where().then(({ voxel }) => voxel[2] === z)", arg=voxel[2] + by)
            tiles, voxel = painted_tiles(page)
        assert len(tiles) == len(genes)
        for k, tile in enumerate(tiles):
            three = [colours(3)[0], colours(3)[1], colours(2 + len(genes))[2 + k]]
            assert_looks_like(tile, mixed(data[[0, 1, 2 + k]], None, three, [DIMMED, DIMMED, 1]), voxel)
    # By keyboard too.
    page.locator(".strip input[type=range]").press("Home")
    page.wait_for_function("cellViewer.where().then(({ voxel }) => voxel[2] === 0)")
    assert "1 of" in page.inner_text(".strip")
    page.click(f"button.panel[data-panel={genes[3]}]")
    wait_for_recipe(page, f"structures={genes[3]}$")
    wait_for_view(page, "planes")


# The comparison


def test_observed_reconstructed_and_predicted_beside_each_other(open_here, address, atlas):
    row = atlas.observed_cells[0]
    page = open_here(link(atlas, row, "compare"))
    wait_for_view(page, "compare")
    labels = page.locator(".panel .said").all_inner_texts()
    assert labels == ["OBSERVED", "RECONSTRUCTED", "PREDICTED", "DIFFERENCE"]
    cell, own = navigation.cell_id(atlas, row), atlas.cells["structure"].iloc[row]
    observed, reconstructed, predicted = (
        volume(address, f"show={show};shape=cell:{cell}{more}")
        for show, more in (("observed", ""), ("reconstructed", ""), ("predicted", f";structures={own}"))
    )
    tiles, voxel = painted_tiles(page)
    # A click moves the one crosshair.
    box, tile = page.locator("#viewer").bounding_box(), tiles[-1]
    page.mouse.click(box["x"] + tile["left"] + 0.3 * tile["width"], box["y"] + tile["top"] + 0.6 * tile["height"])
    at = [int(0.3 * observed.shape[3]), int(0.6 * observed.shape[2])]
    page.wait_for_function("at => cellViewer.where().then(({ voxel }) => voxel[0] === at[0] && voxel[1] === at[1])", arg=at)
    # One contrast: the window of DNA is that of all three volumes together.
    open_popover(page, "DNA")
    page.get_by_role("button", name="Auto").click()
    wait_for_look(page, "auto")
    page.keyboard.press("Escape")
    window = auto(np.concatenate([v[1] for v in (observed, reconstructed, predicted)]))
    tiles, voxel = painted_tiles(page)
    assert voxel[:2] == at
    for tile in tiles:
        if tile["panel"] < 3:
            data = (observed, reconstructed, predicted)[tile["panel"]]
            assert_looks_like(tile, mixed(data, [FULL, window, FULL]), voxel)
    for channel, full in ((2, FULL), (1, window)):
        page.locator(".strip select").select_option(str(channel))
        share = np.clip((observed[channel].astype(float) - reconstructed[channel]) / (full[1] - full[0]), -1, 1)[..., None]
        tiles, voxel = painted_tiles(page)
        for tile in (tile for tile in tiles if tile["panel"] == 3):
            assert_looks_like(tile, np.where(share > 0, share * ORANGE, -share * BLUE), voxel)
        assert f"+{round(100 * (full[1] - full[0]) / 255)} %" in page.inner_text(".difference-legend")


def test_a_comparison_says_what_is_not_there(open_page, context, tiny_atlas):
    page = open_page("?recipe=show=predicted;shape=prior:3;structures=FBL&view=compare")
    wait_for_view(page, "compare")
    assert "Only a cell can be observed" in page.inner_text("[data-panel=observed]")
    assert "Only a cell can be reconstructed" in page.inner_text("[data-panel=reconstructed]")
    assert "no difference" in page.inner_text("[data-panel=difference]")
    assert {tile["panel"] for tile in page.evaluate("cellViewer.where()")["tiles"]} == {2}
    poor = Atlas(tiny_atlas)
    poor._observed_row = {}
    with serving(make_server([poor], decoder=StubDecoder(poor.config.grid)).server) as address:
        page = context.new_page()
        page.goto(f"{address}/{link(poor, 1, 'compare')}")
        wait_until_drawn(page)
        assert f"those of 0 of {len(poor.cells)} cells" in page.inner_text("[data-panel=observed]")
        assert {tile["panel"] for tile in page.evaluate("cellViewer.where()")["tiles"]} == {1, 2}
        page.close()
    poor.close()


def test_panels_that_fail_say_so_and_can_be_tried_again(context, address, atlas):
    page = context.new_page()
    page.route("**/*show=observed*.bin", lambda route: route.abort())
    page.goto(f"{address}/{link(atlas, view='compare')}")
    page.wait_for_selector("#viewer[data-state=error]")
    assert "does not answer" in page.inner_text("#viewer .trouble")
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("button", name="Try again").click()
    wait_for_view(page, "compare")
    assert len({tile["panel"] for tile in page.evaluate("cellViewer.where()")["tiles"]}) == 4
    page.close()


@pytest.mark.parametrize("show", ["observed", "reconstructed", "predicted"])
def test_the_picture_says_what_it_is(open_page, atlas, show):
    own = atlas.cells["structure"].iloc[0]
    structures = f";structures={own}" if show == "predicted" else ""
    page = open_page(f"?recipe=show={show};shape=cell:{navigation.cell_id(atlas, 0)}{structures}&view=slice")
    assert page.inner_text("#viewer > .said") == show.upper()


# What is uncertain


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


# A WebGL context that is lost

LOSE = """() => {
    window.extension = document.querySelector("#viewer canvas.solid").getContext("webgl2").getExtension("WEBGL_lose_context");
    extension.loseContext();
}"""
ALL = {"xy", "xz", "yz", "3d"}


def is_drawn(picture: np.ndarray) -> bool:
    return bool((np.ptp(picture, axis=2) > 60).mean() > 0.01)  # words are grey


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
