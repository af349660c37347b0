"""Promises of the volume that no other file shows: docs/promises.md says which test shows what."""

import re
from contextlib import suppress

import numpy as np
import pytest
from playwright.sync_api import Error

from app.colours import colours
from tests.browser.seen import FULL, assert_looks_like, auto, link, mixed, wait_for_look
from tests.browser.test_explorer import painted_tiles, shown, volume, wait_for_recipe


def test_a_channel_alone_is_grey(open_page, address, atlas):
    page = open_page(link(atlas))
    page.keyboard.press("1")
    page.keyboard.press("3")
    wait_for_look(page, '"on":false.*"on":false')
    (tile,), voxel = painted_tiles(page)
    dna = volume(address, shown(page))[1]
    assert_looks_like(tile, mixed(dna[None], palette=[(255, 255, 255)]), voxel)


def test_automatic_contrast_is_one_key(open_page, address, atlas):
    page = open_page(link(atlas))
    page.keyboard.press("c")
    wait_for_look(page, '"auto":true')
    (tile,), voxel = painted_tiles(page)
    data = volume(address, shown(page))
    assert_looks_like(tile, mixed(data, [auto(channel) for channel in data]), voxel)


def test_each_structure_laid_over_the_others_has_its_colour_and_opacity(open_page, address, atlas):
    genes = [s.gene for s in atlas.structures][:3]
    page = open_page(f"?recipe=show=predicted;shape=prior:3;structures={','.join(genes)}&view=slice")
    look = {genes[0]: {"colour": "#00007f"}, genes[1]: {"opacity": 0.25}, genes[2]: {"on": False}}
    page.evaluate("channels => cellViewer.setLook({ channels })", look)
    wait_for_look(page, genes[2])
    palette = colours(5)
    palette[2] = (0, 0, 127)
    (tile,), voxel = painted_tiles(page)
    assert_looks_like(tile, mixed(volume(address, shown(page)), [FULL] * 5, palette, [1, 1, 1, 0.25, 0]), voxel)


def test_what_was_shown_stays_dimmed_until_the_next_comes(open_page, atlas):
    page = open_page(link(atlas))
    before = painted_tiles(page)[0][0]["picture"]
    assert np.ptp(before) > 50
    held = []
    page.route(re.compile(r"/api/(volumes|planes)/.*\.bin"), lambda route: held.append(route))
    page.evaluate("void cellViewer.show(document.querySelector('#viewer').dataset.recipe.replace('reconstructed', 'observed'))")
    page.wait_for_selector("#viewer[data-state=loading]")
    page.wait_for_function("Number(getComputedStyle(document.querySelector('#viewer canvas')).opacity) < 0.7")
    assert np.array_equal(painted_tiles(page)[0][0]["picture"], before), "it is not blank meanwhile"
    assert page.get_attribute("#viewer", "aria-busy") == "true"
    for route in held:
        with suppress(Error):  # the page has hung up on it
            route.continue_()
    page.unroute_all(behavior="ignoreErrors")
    wait_for_recipe(page, "show=observed")
    page.wait_for_function("Number(getComputedStyle(document.querySelector('#viewer canvas')).opacity) === 1")
    assert not np.array_equal(painted_tiles(page)[0][0]["picture"], before)


@pytest.mark.parametrize("view", ["slice", "xz", "yz", "planes"])
def test_the_scale_bar_is_as_long_as_it_says(open_page, atlas, view):
    page = open_page(link(atlas, view=view))
    where = page.evaluate("cellViewer.where()")
    tile = where["tiles"][0]
    across = where["shape"][2 if tile["plane"] == "yz" else 3]
    um = float(page.inner_text(".scale-bar").split()[0])
    width = page.locator(".scale-bar").bounding_box()["width"]
    assert width == pytest.approx(um / where["voxel_um"] * tile["width"] / across, abs=1)
    assert um <= across * where["voxel_um"] / 4
