"""What a person sees and does: each test drives the page as they would and compares it with what numpy says it should show."""

import base64
import json
import re

import httpx
import numpy as np
import pytest
import tifffile
from scipy.ndimage import map_coordinates

from app import navigation
from app.recipe import Cell, parse
from app.server import make_server
from model.atlas import Atlas
from tests.browser.conftest import NO_WEBGL
from tests.serving import serving
from tests.stub_decoder import StubDecoder

MAGENTA, CYAN, YELLOW = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0]])


def shown(page) -> str:
    """The recipe that is painted."""
    return page.get_attribute("#viewer", "data-recipe")


def wait_for_recipe(page, pattern: str) -> str:
    """Wait until a recipe that holds `pattern`, a regular expression without slashes, is painted."""
    page.wait_for_function(
        """pattern => {
            const { state, recipe } = document.querySelector("#viewer")?.dataset ?? {};
            return state === "painted" && RegExp(pattern).test(recipe);
        }""",
        arg=pattern,
    )
    return shown(page)


def fetch(address: str, recipe: str, extension: str = "bin") -> httpx.Response:
    response = httpx.get(f"{address}/api/volumes/{recipe}.{extension}")
    response.raise_for_status()
    return response


def volume(address: str, recipe: str) -> np.ndarray:
    """(C, Z, Y, X) uint8."""
    response = fetch(address, recipe)
    shape = [int(n) for n in response.headers["X-Shape"].split(",")]
    return np.frombuffer(response.content, np.uint8).reshape(shape)


def expected_plane(channels: np.ndarray, plane: str, voxel: list[int], width: int, height: int) -> np.ndarray:
    """What a plane must look like, (height, width, 3): numpy's slice, coloured, then magnified with linear interpolation.

    x to the right and y down as in an image; z up; in yz, y to the right.
    """
    x, y, z = voxel
    mixed = np.clip(np.einsum("czyx,cr->zyxr", channels.astype(float), np.array([MAGENTA, CYAN, YELLOW])), 0, 255)
    image = {"xy": mixed[z], "xz": mixed[::-1, y], "yz": mixed[::-1, :, x]}[plane]
    rows = (np.arange(height) + 0.5) / height * image.shape[0] - 0.5
    columns = (np.arange(width) + 0.5) / width * image.shape[1] - 0.5
    grid = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([map_coordinates(image[..., part], grid, order=1, mode="nearest") for part in range(3)], axis=-1)


def painted_tiles(page) -> tuple[list[dict], list[int]]:
    """Every plane on the canvas, each with its `picture` (height, width, 3), and x, y, z of the voxel they meet in."""
    where = page.evaluate("cellViewer.where()")
    width, height, url = page.evaluate(
        """cellViewer.pixels().then(({ width, height, data }) => new Promise((resolve) => {
            const reader = new FileReader();
            reader.onload = () => resolve([width, height, reader.result]);
            reader.readAsDataURL(new Blob([data]));
        }))"""
    )
    picture = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8).reshape(height, width, 4)[..., :3].astype(float)
    for tile in where["tiles"]:
        tile["picture"] = picture[tile["top"] : tile["top"] + tile["height"], tile["left"] : tile["left"] + tile["width"]]
    return where["tiles"], where["voxel"]


def painted_planes(page) -> tuple[dict[str, np.ndarray], list[int]]:
    """As `painted_tiles`, the pictures by plane: for a view that has each once."""
    tiles, voxel = painted_tiles(page)
    return {tile["plane"]: tile["picture"] for tile in tiles}, voxel


def assert_planes_are_numpys(page, address: str, planes: set[str]) -> None:
    channels = volume(address, shown(page))
    painted, voxel = painted_planes(page)
    assert set(painted) == planes
    for plane, picture in painted.items():
        if plane == "3d":
            continue
        expected = expected_plane(channels, plane, voxel, picture.shape[1], picture.shape[0])
        difference = np.abs(picture - expected)
        assert difference.max() <= 4, (
            f"{plane}: {difference.max()} at {np.unravel_index(difference.argmax(), difference.shape)}"
        )


def pixel_of(page, name: str, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a place of a map is."""
    return page.evaluate(
        """([name, x, y]) => {
            const plot = document.querySelector(`[data-map="${name}"] .js-plotly-plot`);
            const { xaxis, yaxis, _size } = plot._fullLayout, box = plot.getBoundingClientRect();
            return [box.left + _size.l + xaxis.d2p(x), box.top + _size.t + yaxis.d2p(y)];
        }""",
        [name, float(x), float(y)],
    )


def lonely_row(atlas, name: str) -> int:
    """The cell farthest from all others on a map: nothing else is under a click on it."""
    positions = atlas.projection(name)
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return int(distances.min(axis=1).argmax())


def open_cell(page, atlas, row: int) -> str:
    """Click a cell on the map of z_r and show its reconstruction."""
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[row]))
    wait_for_recipe(page, f"shape=cell:{navigation.cell_id(atlas, row)}(;|$)")
    page.locator("#show").get_by_text("Reconstructed", exact=True).click()
    return wait_for_recipe(page, f"show=reconstructed;shape=cell:{navigation.cell_id(atlas, row)}$")


def empty_place(atlas, name: str) -> np.ndarray:
    """A place within the map, far from every cell."""
    positions = atlas.projection(name)
    x, y = (np.linspace(axis.min(), axis.max(), 40) for axis in positions.T)
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    return grid[np.linalg.norm(grid[:, None] - positions[None], axis=2).min(axis=1).argmax()]


def test_the_page_opens_with_a_decoded_cell(open_page, atlas):
    page = open_page()
    assert shown(page) == str(navigation.opening(atlas))
    assert page.inner_text("#title") == atlas.title
    assert page.is_visible("#simulated") == atlas.simulated
    assert page.inner_text("#caption .kind") == "RECONSTRUCTED"
    assert page.locator(".tries li").count() == 3


def test_a_click_on_a_cell_shows_its_slice(page, address, atlas):
    row = lonely_row(atlas, "z_r")
    open_cell(page, atlas, row)
    assert_planes_are_numpys(page, address, {"xy"})
    for name in ("z_r", "z_s"):
        ring = page.locator(f'[data-map="{name}"] .selected').bounding_box()
        centre = (ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
        assert centre == pytest.approx(pixel_of(page, name, *atlas.projection(name)[row]), abs=1.5)


def test_all_three_planes_are_numpys(page, address):
    page.get_by_text("Planes", exact=True).click()
    page.wait_for_function("cellViewer.where().then(({tiles}) => tiles.length === 3)")
    assert_planes_are_numpys(page, address, {"xy", "xz", "yz"})
    tiles = {tile["plane"]: tile for tile in page.evaluate("cellViewer.where()")["tiles"]}
    box = page.locator("#viewer canvas").first.bounding_box()
    # A click off centre in xz moves the crosshair there, and every plane with it.
    page.mouse.click(
        box["x"] + tiles["xz"]["left"] + 0.3 * tiles["xz"]["width"],
        box["y"] + tiles["xz"]["top"] + 0.25 * tiles["xz"]["height"],
    )
    z, _, x = (n for n in volume(address, shown(page)).shape[1:])
    page.wait_for_function(
        "at => cellViewer.where().then(({voxel}) => voxel[0] === at[0] && voxel[2] === at[1])",
        arg=[int(0.3 * x), int(0.75 * z)],
    )
    assert_planes_are_numpys(page, address, {"xy", "xz", "yz"})


def test_a_click_between_cells_decodes_there(page, address, atlas):
    place = empty_place(atlas, "z_r")
    page.mouse.click(*pixel_of(page, "z_r", *place))
    recipe = parse(wait_for_recipe(page, "shape=map:z_r:"))
    assert (recipe.shape.x, recipe.shape.y) == pytest.approx(place, abs=0.02 * float(np.ptp(atlas.projection("z_r"))))
    assert_planes_are_numpys(page, address, {"xy"})
    assert "8 nearest cells" in page.inner_text("#note")
    assert page.locator('[data-map="z_r"] .placed').count() == 2
    # On the other map a place changes the localisation, and the shape stays.
    page.mouse.click(*pixel_of(page, "z_s", *empty_place(atlas, "z_s")))
    moved = parse(wait_for_recipe(page, "z_s=map:"))
    assert moved.shape == recipe.shape


def test_next_previous_and_the_same_cell_again(page, atlas):
    row = lonely_row(atlas, "z_r")
    at = pixel_of(page, "z_r", *atlas.projection("z_r")[row])
    ids = [navigation.cell_id(atlas, other % len(atlas.cells)) for other in (row, row + 1)]
    open_cell(page, atlas, row)
    page.click("#next")
    wait_for_recipe(page, f"cell:{ids[1]}$")
    page.mouse.click(*at)
    wait_for_recipe(page, f"cell:{ids[0]}$")
    page.keyboard.press("ArrowRight")
    wait_for_recipe(page, f"cell:{ids[1]}$")
    page.click("#previous")
    wait_for_recipe(page, f"cell:{ids[0]}$")


def test_a_structure_nobody_imaged_is_predicted(page, address, atlas):
    row = lonely_row(atlas, "z_r")
    open_cell(page, atlas, row)
    other = next(s.gene for s in atlas.structures if s.gene != atlas.cells["structure"].iloc[row])
    own = atlas.cells["structure"].iloc[row]
    page.click("#structure")
    page.get_by_role("option", name=re.compile(f"^{other}:")).click()
    wait_for_recipe(page, f"show=predicted.*structures={own},{other}")
    page.keyboard.press("Escape")
    page.click(f"[data-channel={other}] .adjust")
    page.get_by_role("button", name="Show only this structure").click()
    wait_for_recipe(page, f"show=predicted.*structures={other}$")
    assert page.inner_text("#caption .kind") == "PREDICTED"
    assert page.inner_text("#channels").split() == ["membrane", "DNA", other]
    assert_planes_are_numpys(page, address, {"xy"})
    # One channel alone is grey.
    before = painted_planes(page)[0]["xy"]
    switch = lambda name: page.click(f"[data-channel={name}] .channel")  # noqa: E731
    switch("membrane")
    switch("DNA")
    page.wait_for_selector("#viewer[data-look*=membrane][data-look*=DNA]")
    picture = painted_planes(page)[0]["xy"]
    assert (picture[..., 0] == picture[..., 1]).all()
    assert (picture[..., 1] == picture[..., 2]).all()
    assert not np.array_equal(picture, before)
    switch("membrane")
    switch("DNA")
    page.wait_for_selector("#viewer[data-look='{}']")
    assert_planes_are_numpys(page, address, {"xy"})


def test_observed_is_shown_where_it_is_there(open_page, address, atlas):
    row = atlas.observed_cells[0]
    page = open_page(f"?recipe=show=reconstructed;shape=cell:{navigation.cell_id(atlas, row)}&view=slice")
    page.get_by_text("Observed", exact=True).click()
    recipe = wait_for_recipe(page, "show=observed")
    assert page.inner_text("#caption .kind") == "OBSERVED"
    assert np.array_equal(volume(address, recipe), atlas.observed(row)[[0, 2, 1]])
    assert_planes_are_numpys(page, address, {"xy"})


def test_play_walks_through_the_medoids(page, address, atlas):
    page.locator("#walk [role=slider]").press("Home")
    page.click("#play")
    page.wait_for_selector('#player[data-playing="true"]')
    wait_for_recipe(page, r"shape=path:radial:.*@(0\.[5-9]|[1-7])")
    page.keyboard.press("Space")  # the button has the focus, so this is its own
    page.wait_for_selector('#player[data-playing="false"]')
    paused = parse(wait_for_recipe(page, "shape=path:radial:"))
    assert [Cell(stop) for stop in paused.shape.stops] == [
        Cell(navigation.cell_id(atlas, row)) for row in atlas.medoids["cell"]
    ]
    assert page.locator('[data-map="z_r"] .walker').count() == 1
    page.wait_for_function("recipe => new URLSearchParams(location.search).get('recipe') === recipe", arg=str(paused))
    assert_planes_are_numpys(page, address, {"xy"})
    page.locator("#play").blur()
    page.keyboard.press("ArrowRight")
    stepped = parse(wait_for_recipe(page, re.escape(f"@{paused.shape.t + 0.125:g};")))
    assert stepped.structures == paused.structures


def test_a_hand_on_the_slider_stops_the_walk_and_moves_it(page):
    page.locator("#walk [role=slider]").press("Home")
    page.click("#play")
    wait_for_recipe(page, r"@(0\.[2-9]|[1-7])")
    page.locator("#walk [role=slider]").press("End")
    wait_for_recipe(page, "@7;")
    assert page.get_attribute("#player", "data-playing") == "false"
    page.wait_for_function("new URLSearchParams(location.search).get('recipe').includes('@7;')")
    assert page.inner_text(".walk-words") == "telophase-cytokinesis"
    page.locator("#walk [role=slider]").press("ArrowLeft")
    wait_for_recipe(page, r"@6\.875;")
    page.wait_for_function("document.querySelector('#caption').innerText.includes('88% of the way from anaphase')")


def test_the_download_opens_in_tifffile(page, address, atlas):
    row = lonely_row(atlas, "z_r")
    open_cell(page, atlas, row)
    with page.expect_download() as download:
        page.click("#home-open")
        page.click("#download")
    page.keyboard.press("Escape")  # closes the drawer
    with tifffile.TiffFile(download.value.path()) as tiff:
        channels = tiff.asarray()
        metadata = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]["Pixels"]
    assert np.array_equal(channels.reshape(volume(address, shown(page)).shape), volume(address, shown(page)))
    assert [metadata[f"PhysicalSize{axis}"] for axis in "XYZ"] == pytest.approx([atlas.voxel_um] * 3)
    own = atlas.cells["structure"].iloc[row]
    assert [channel["Name"] for channel in metadata["Channel"]] == ["membrane", "DNA", own]
    assert download.value.suggested_filename.endswith(".ome.tif")


def test_the_address_opens_the_same_picture_again(open_page, atlas):
    page = open_page()
    page.click("#colour")
    page.get_by_role("option", name="Structure", exact=True).click()
    page.get_by_text("Planes", exact=True).click()
    page.mouse.click(*pixel_of(page, "z_r", *empty_place(atlas, "z_r")))
    recipe = wait_for_recipe(page, "shape=map:z_r:")
    page.wait_for_function("recipe => new URLSearchParams(location.search).get('recipe') === recipe", arg=recipe)
    again = open_page("?" + page.url.partition("?")[2])
    assert shown(again) == recipe
    assert again.input_value("#colour") == "Structure"
    assert again.evaluate("document.querySelector('#view input:checked').value") == "planes"


def test_hovering_names_the_cell_and_marks_it_on_both_maps(page, atlas):
    row = lonely_row(atlas, "z_s")
    page.mouse.move(*pixel_of(page, "z_s", *atlas.projection("z_s")[row]))
    page.wait_for_selector("#card:not([hidden])")
    cell = atlas.cells.iloc[row]
    words = page.inner_text("#card")
    assert cell["cell_id"] in words
    assert cell["structure"] in words
    assert cell["stage"] in words
    page.wait_for_selector(f"#card canvas[data-row='{row}']")
    assert page.locator(".marks .hovered").count() == 2


def test_the_legend_hides_a_group_on_both_maps(page):
    visible = "[...document.querySelectorAll('.js-plotly-plot')].map(plot => plot.data.map(trace => trace.visible ?? true))"
    page.wait_for_selector("#legend [data-group='1']")
    page.click("#legend [data-group='1']")
    page.wait_for_function(f"{visible}.every(groups => groups[0] && !groups[1] && groups[2])")
    page.dblclick("#legend [data-group='2']")
    page.wait_for_function(f"{visible}.every(groups => groups.every((on, k) => on === (k === 2)))")
    page.dblclick("#legend [data-group='2']")
    page.wait_for_function(f"{visible}.every(groups => groups.every((on) => on))")


def test_a_wrong_link_says_what_is_wrong_and_shows_a_cell(open_page, atlas):
    page = open_page("?recipe=show=observed;shape=cell:nobody")
    assert shown(page) == str(navigation.opening(atlas))
    assert "nobody" in page.inner_text("#notice")


def test_an_error_is_said_in_words_and_can_be_tried_again(context, address):
    page = context.new_page()
    failing = {"body": json.dumps({"error": {"key": "recipe", "message": "The disk is full."}}), "status": 500}
    page.route("**/api/volumes/*.bin", lambda route: route.fulfill(content_type="application/json", **failing))
    page.goto(f"{address}/?view=slice")
    page.wait_for_selector("#viewer[data-state=error]")
    assert "The disk is full." in page.inner_text("#viewer")
    page.unroute("**/api/volumes/*.bin")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("#viewer[data-state=painted]")
    page.close()


def test_without_webgl_maps_and_planes_are_still_drawn(open_page, new_context, address, atlas):
    page = open_page(context=new_context(NO_WEBGL))
    page.wait_for_selector('[data-map="z_r"] .marks .selected')
    assert page.evaluate("document.querySelector('.js-plotly-plot').data[0].type") == "scatter"
    row = lonely_row(atlas, "z_r")
    page.mouse.click(*pixel_of(page, "z_r", *atlas.projection("z_r")[row]))
    wait_for_recipe(page, f"shape=cell:{navigation.cell_id(atlas, row)}$")
    assert_planes_are_numpys(page, address, {"xy"})
    page.get_by_text("+ 3D", exact=True).click()
    page.wait_for_function("cellViewer.where().then(({tiles}) => tiles.length === 4)")
    painted, _ = painted_planes(page)
    assert 0 < (painted["3d"] > 0).mean() < 0.1, "words say that there is no 3D"


def test_3d_is_drawn_beside_the_planes_and_follows_them(open_page, address, atlas):
    page = open_page("?view=both")
    open_cell(page, atlas, 7)
    assert_planes_are_numpys(page, address, {"xy", "xz", "yz", "3d"})
    before = painted_planes(page)[0]["3d"]
    assert (before.max(2) > 20).mean() > 0.02, "there is something to be seen"
    page.evaluate("cellViewer.toggle(1)")  # DNA off
    page.wait_for_function("document.querySelector('#viewer').dataset.look?.includes('\"on\":false')")  # painted
    after = painted_planes(page)[0]["3d"]
    assert np.abs(before - after).mean() > 1
    page.evaluate("cellViewer.toggle(1)")
    page.get_by_text("Planes", exact=True).click()
    page.wait_for_function("cellViewer.where().then(({tiles}) => tiles.length === 3)")
    assert page.locator("#viewer canvas:visible").count() == 1


def test_planes_need_no_webgl_context(open_page):
    page = open_page("?view=planes")
    assert page.locator("#viewer canvas").count() == 1
    assert page.evaluate("window.niivue === undefined"), "the 3D viewer is fetched when it is wanted"


def test_another_atlas_is_one_choice_away(context, atlas, tiny_atlas):
    other = Atlas(tiny_atlas)
    other.atlas_id, other.title = "0123456789ab", "The other cells"
    with serving(make_server([atlas, other], decoder=StubDecoder(atlas.config.grid)).server) as address:
        page = context.new_page()
        page.goto(f"{address}/?view=slice")
        assert wait_for_recipe(page, f"^atlas={atlas.atlas_id};")
        page.click("#atlas")
        page.get_by_role("option", name=other.title).click()
        assert wait_for_recipe(page, f"^atlas={other.atlas_id};")
        assert page.inner_text("#title") == other.title
        page.close()
    other.close()


def test_every_control_has_a_name(page):
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, input, a, [role=slider], [role=radiogroup]")]
            .filter((e) => e.offsetParent && !e.innerText && !e.labels?.length && !e.closest("[aria-hidden=true]"))
            .filter((e) => !e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby"))
            .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    assert page.get_attribute("#sentence", "aria-live") == "polite"
