"""Walks: stops of one's own, ways beside each other, curves, the nearest cell, one dimension, and the dial of z_s."""

import json
import re
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest

from app import navigation, resolve
from app.recipe import parse
from model.measure import measure
from tests.browser.test_explorer import (
    assert_planes_are_numpys,
    expected_plane,
    open_cell,
    painted_tiles,
    pixel_of,
    shown,
    volume,
    wait_for_recipe,
)
from tests.browser.test_state import HASH

SLIDER = "#walk [role=slider]"


def cell_ids(atlas, *rows: int) -> list[str]:
    return [navigation.cell_id(atlas, row) for row in rows]


def stops(page) -> list[str]:
    return [stop.get_attribute("data-stop") for stop in page.locator(".stop").all()]


def wait_for_stops(page, expected: list[str]) -> None:
    page.wait_for_function(
        "stops => [...document.querySelectorAll('.stop')].map(({ dataset }) => dataset.stop).join() === stops",
        arg=",".join(expected),
    )


def walk_of(page) -> dict:
    """What the address says of the walk beside the recipe."""
    return json.loads(parse_qs(urlparse(page.url).query).get("walk", ["{}"])[0])


def wait_for_address(page, recipe: str) -> None:
    page.wait_for_function("recipe => new URLSearchParams(location.search).get('recipe') === recipe", arg=recipe)


def opened_at(open_page, atlas, row: int, view: str = "slice"):
    """A page that shows the reconstruction of a cell."""
    return open_page(f"?recipe=show=reconstructed;shape=cell:{navigation.cell_id(atlas, row)}&view={view}")


def add(page, atlas, *rows: int) -> None:
    """Browse on to each of these cells and make it a stop, by key. No map is clicked: the row of stops moves them."""
    before = stops(page)
    for k, row in enumerate(rows):
        while (at := atlas.index_of[parse(shown(page)).shape.cell_id]) != row:
            page.click("#next")
            wait_for_recipe(page, f"cell:{navigation.cell_id(atlas, at + 1)}$")
        page.keyboard.press("w")
        wait_for_stops(page, before + cell_ids(atlas, *rows[: k + 1]))


def walk_to(page, t: str, key: str = "End") -> str:
    """Move the slider with a key, and wait until the picture there is painted and in the address."""
    page.locator(SLIDER).press(key)
    recipe = wait_for_recipe(page, re.escape(t))
    wait_for_address(page, recipe)
    return recipe


def test_stops_are_collected_while_browsing_and_walked(open_page, new_context, address, atlas):
    rows = (3, 5, 6)
    page = opened_at(open_page, atlas, rows[0], "planes")
    names = cell_ids(atlas, *rows)
    add(page, atlas, *rows[:2])
    assert page.get_attribute("#player", "data-mode") == "stops"
    page.click("#next")
    wait_for_recipe(page, f"cell:{names[2]}$")
    page.get_by_role("button", name="Add this cell").click()
    wait_for_stops(page, names)
    there = parse(walk_to(page, "@2;"))
    assert (there.shape.kind, list(there.shape.stops), there.shape.t) == ("radial", names, 2)
    # A whole t is the stop itself.
    itself = shown(page).replace(f"path:{there.shape}", f"cell:{names[2]}")
    np.testing.assert_array_equal(volume(address, shown(page)), volume(address, itself))
    for _ in range(4):
        page.locator(SLIDER).press("ArrowLeft")
    recipe = wait_for_recipe(page, "@1.5;")
    wait_for_address(page, recipe)
    assert_planes_are_numpys(page, address, {"xy", "xz", "yz"})
    # The walker is half-way between its stops on the map of z_r.
    ring = page.locator('[data-map="z_r"] .walker').bounding_box()
    halfway = atlas.projection("z_r")[list(rows[1:])].mean(axis=0)
    centre = (ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
    assert centre == pytest.approx(pixel_of(page, "z_r", *halfway), abs=1.5)
    # A link shows the same in another browser.
    other = open_page(urlparse(page.url)._replace(scheme="", netloc="", path="").geturl(), context=new_context())
    wait_for_stops(other, names)
    assert (shown(other), other.evaluate(HASH)) == (recipe, page.evaluate(HASH))
    assert other.locator(SLIDER).get_attribute("aria-valuenow") == "1.5"


def test_stops_are_reordered_removed_and_brought_back(open_page, atlas):
    page = opened_at(open_page, atlas, 2)
    names = cell_ids(atlas, 2, 5, 6)
    add(page, atlas, 2, 5, 6)
    page.get_by_role("button", name=f"Move {names[2]} one earlier").click()
    wait_for_stops(page, [names[0], names[2], names[1]])
    page.get_by_role("button", name=f"Take {names[0]} out of the walk").press("Enter")
    wait_for_stops(page, [names[2], names[1]])
    assert walk_of(page)["stops"] == [names[2], names[1]]
    page.keyboard.press("Control+z")
    wait_for_stops(page, [names[0], names[2], names[1]])
    page.keyboard.press("Control+z")
    wait_for_stops(page, names)
    page.keyboard.press("Control+Shift+Z")
    wait_for_stops(page, [names[0], names[2], names[1]])
    # While it is walked, the picture follows the list, whose buttons stay: an answer takes no click and no focus away.
    take = page.get_by_role("button", name=f"Take {names[1]} out of the walk")
    listed = take.element_handle()
    walk_to(page, "@2;")
    assert listed.evaluate("button => button.isConnected")
    take.click()
    assert list(parse(wait_for_recipe(page, "@1;")).shape.stops) == [names[0], names[2]]
    page.get_by_role("button", name="Mitosis").click()
    page.wait_for_selector("#player[data-mode=cycle]")
    assert list(parse(walk_to(page, "@7;")).shape.stops) == cell_ids(atlas, *atlas.medoids["cell"])


def test_a_cell_that_is_there_already_or_no_cell_is_no_stop(open_page, atlas):
    page = opened_at(open_page, atlas, 6)
    add(page, atlas, 6)
    page.keyboard.press("w")
    assert "is the last stop already" in page.inner_text(".walk-words")
    assert page.is_disabled("#play"), "one stop is no walk"
    add(page, atlas, 8)
    walk_to(page, "@1;")
    assert page.is_disabled("#add-stop")
    page.keyboard.press("w")
    assert "Only a cell can be a stop" in page.inner_text(".walk-words")
    assert stops(page) == cell_ids(atlas, 6, 8)


def test_the_three_ways_lie_beside_each_other(open_page, address, atlas):
    page = opened_at(open_page, atlas, 1)
    add(page, atlas, 1, 3)
    page.click("#walk-details")
    walk_to(page, "@1;")
    for _ in range(4):
        page.locator(SLIDER).press("ArrowLeft")
    radial = wait_for_recipe(page, "path:radial:.*@0.5;")
    wait_for_address(page, radial)
    page.get_by_role("button", name="slerp", exact=True).click()
    assert wait_for_recipe(page, "path:slerp:") == radial.replace("radial", "slerp")
    page.get_by_role("button", name="All three").click()
    page.wait_for_selector("#viewer[data-view=ways][data-state=painted]")
    tiles, voxel = painted_tiles(page)
    assert len({tile["panel"] for tile in tiles}) == 3
    for tile in tiles:
        way = ("radial", "slerp", "linear")[tile["panel"]]
        channels = volume(address, radial.replace("radial", way))
        picture = expected_plane(channels, tile["plane"], voxel, tile["width"], tile["height"])
        assert np.abs(tile["picture"] - picture).mean() < 4, way
    assert "view=ways" in page.url
    page.locator("#play").focus()
    page.keyboard.press("ArrowRight")
    wait_for_recipe(page, "path:slerp:.*@0.625;")
    page.get_by_role("button", name="All three").click()
    page.wait_for_selector("#viewer[data-view=planes]")


def test_curves_are_measured_in_the_decoded_frames(open_page, address, atlas):
    page = opened_at(open_page, atlas, 4)
    add(page, atlas, 4, 6)
    asked = []
    page.on("request", lambda request: "/api/measures/" in request.url and asked.append(request.url))
    walk_to(page, "@1;")
    assert asked == [], "nothing is measured before it is looked at"
    page.click("#walk-details")
    page.wait_for_selector('.curves[data-measured="all"]')
    frames = [float(re.search("@([^;]*);", url)[1]) for url in asked]
    assert sorted(frames) == [k / 8 for k in range(9)]
    assert set(frames[:2]) == {0, 1}, "coarse frames first"
    # Values at t, in words and units.
    found = measure(volume(address, shown(page)), atlas.voxel_um)
    gene = parse(shown(page)).structures[0]
    said = [page.inner_text(f"[data-curve={key}] output") for key in ("cell_volume_um3", "dna_volume_um3", "brightness")]
    assert said == [
        f"{found.cell_volume_um3:,.0f} µm³",
        f"{found.dna_volume_um3:,.0f} µm³",
        f"{gene} {100 * found.brightness[0]:.1f} %",
    ]
    # A click goes to the frame under it, and asks nothing of the server's measures.
    box = page.locator(".curves-drawn").bounding_box()
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 20)
    wait_for_recipe(page, "@0.25;")
    page.wait_for_selector('.curves[data-frame="2"]')
    marker = page.locator(".curve-marker").bounding_box()
    assert marker["x"] == pytest.approx(box["x"] + 0.25 * box["width"], abs=1.5)
    thumb = page.locator(SLIDER).bounding_box()
    assert thumb["x"] + thumb["width"] / 2 == pytest.approx(marker["x"], abs=2.5), "the curves are as wide as the slider"
    assert len(asked) == 9
    # Open rooms are in the address, and another walk is measured anew.
    assert walk_of(page)["open"] is True
    page.get_by_role("button", name="linear", exact=True).click()
    page.wait_for_function("document.querySelector('.curves').dataset.measured === 'all'")
    wait_for_recipe(page, "path:linear:")
    page.wait_for_selector('.curves[data-measured="all"]')
    assert {re.search("path:([a-z]*)", url)[1] for url in asked[9:]} == {"linear"}


def test_the_nearest_cell_is_said_and_opened(open_page, atlas):
    page = opened_at(open_page, atlas, 0)
    add(page, atlas, 0, 2)
    page.click("#walk-details")
    walk_to(page, "@1;")
    for _ in range(5):
        page.locator(SLIDER).press("ArrowLeft")
    recipe = wait_for_recipe(page, "@0.375;")
    page.wait_for_function("recipe => document.querySelector('.nearest').dataset.recipe === recipe", arg=recipe)
    (near,) = resolve.nearest_cells(atlas, resolve.z_r(atlas, parse(recipe).shape), 1)
    cell = atlas.cells.iloc[near.row]
    said = page.inner_text(".nearest-cell")
    assert said.startswith(f"{cell['cell_id']} simulated, {cell['stage']}, ")
    assert f"{near.distance:.1f} away in z_r" in said or near.distance < 0.005
    page.click(".nearest-cell")
    wait_for_recipe(page, f"shape=cell:{cell['cell_id']}")
    assert page.is_hidden(".nearest")


def test_one_dimension_is_walked_from_minus_three_to_three(open_page, new_context, address, atlas):
    page = open_page("?view=planes")
    row = 7
    open_cell(page, atlas, row)
    page.get_by_role("button", name="One dimension").click()
    own = atlas.latent("z_r")[row]
    page.wait_for_function("own => document.querySelector('.own-value').textContent.endsWith(own)", arg=f"{own[0]:.2f}")
    there = walk_to(page, "dim:1@3:")
    assert str(parse(there).shape.base.cell_id) == navigation.cell_id(atlas, row)
    z = own.astype(float).copy()
    z[0] = 3
    np.testing.assert_allclose(resolve.z_r(atlas, parse(there).shape), z)
    assert_planes_are_numpys(page, address, {"xy", "xz", "yz"})
    assert page.inner_text(".walk-words") == "dimension 1 of z_r at 3"
    page.wait_for_function("document.querySelector('#caption').innerText.includes('dimension 1 of z_r at 3, its own is')")
    assert page.locator('[data-map="z_r"] .selected').count() == 1, "what it goes around"
    low = walk_to(page, "dim:1@-3:", "Home")
    assert not np.array_equal(volume(address, low), volume(address, there))
    other = open_page(urlparse(page.url)._replace(scheme="", netloc="", path="").geturl(), context=new_context())
    assert (shown(other), other.evaluate(HASH)) == (low, page.evaluate(HASH))
    assert other.get_attribute("#player", "data-mode") == "dimension"
    # Of z_s, around where the structures are; and back to what it was.
    page.get_by_role("button", name="Back to its own").click()
    wait_for_recipe(page, f"shape=cell:{navigation.cell_id(atlas, row)};")
    page.get_by_role("button", name="Structures (z_s)").click()
    page.get_by_label("Dimension", exact=True).fill("2")
    page.get_by_label("Dimension", exact=True).press("Enter")
    assert re.search("z_s=dim:2@3:0$", walk_to(page, "z_s=dim:2@3:0"))


def test_z_s_is_drawn_anew_with_a_seed_that_can_be_seen(open_page, address, atlas):
    page = open_page("?view=planes")
    open_cell(page, atlas, 5)
    assert page.is_hidden("#dial"), "a reconstruction has its own"
    page.locator("#show").get_by_text("Predicted", exact=True).click()
    likeliest = wait_for_recipe(page, "show=predicted")
    page.keyboard.press(".")
    first = wait_for_recipe(page, "z_s=seed:1$")
    assert page.input_value(".dial-seed") == "seed 1"
    page.get_by_role("button", name="Next seed").click()
    second = wait_for_recipe(page, "z_s=seed:2$")
    volumes = [volume(address, recipe) for recipe in (likeliest, first, second)]
    for one, other in ((0, 1), (1, 2)):
        np.testing.assert_array_equal(volumes[one][:2], volumes[other][:2], "the shape is held")
        assert not np.array_equal(volumes[one][2], volumes[other][2])
    assert_planes_are_numpys(page, address, {"xy", "xz", "yz"})
    page.keyboard.press(",")
    wait_for_recipe(page, "z_s=seed:1$")
    page.fill(".dial-seed", "2718")
    page.press(".dial-seed", "Enter")
    wait_for_recipe(page, "z_s=seed:2718$")
    assert "seed 2718" in page.inner_text("#note")
    page.fill(".dial-seed", "many")
    page.press(".dial-seed", "Enter")
    assert "give a whole number" in page.evaluate("document.querySelector('.dial-seed').validationMessage")
    page.locator("#play").focus()
    page.keyboard.press("0")
    assert wait_for_recipe(page, "structures=[^;]*$") == likeliest
    assert page.get_attribute(".dial-seed", "placeholder") == "most probable"
    page.keyboard.press("Control+z")
    wait_for_recipe(page, "z_s=seed:2718$")
    # A walk keeps the seed.
    assert walk_to(page, "@7;").endswith("z_s=seed:2718")
