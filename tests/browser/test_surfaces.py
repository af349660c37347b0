"""3D as surfaces: where they are, whose colours they have, what shows through, and that they are in the address."""

import re

import numpy as np
import pytest

from app import navigation
from tests.browser.test_explorer import painted_planes, wait_for_recipe


def open_3d(open_page, atlas, more: str = ""):
    page = open_page(f"?recipe=show=reconstructed;shape=cell:{navigation.cell_id(atlas, 0)}&view=3d{more}")
    page.wait_for_selector("#viewer[data-solid]:not([data-solid=''])")
    return page


def wait_for_solid(page, what: str) -> np.ndarray:
    """The 3D picture (height, width, 3), once it shows "light" or "surfaces" in the look that was asked for."""
    page.wait_for_function(
        """what => {
            const { solid, look } = document.querySelector("#viewer").dataset;
            return solid === what && look === JSON.stringify(cellViewer.look);
        }""",
        arg=what,
    )
    return painted_planes(page)[0]["3d"]


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    """Whether a hundred pixels or more have this hue: parts that are 0 are dark, others bright and alike."""
    lit = [picture[..., k] for k in range(3) if colour[k]]
    dark = [picture[..., k] for k in range(3) if not colour[k]]
    bright = np.all([part > 90 for part in lit], axis=0) & (np.ptp(lit, axis=0) < 60)
    return int((bright & np.all([part < 60 for part in dark], axis=0) if dark else bright).sum()) > 100


def test_surfaces_have_the_channels_colours_and_are_switched_with_them(open_page, atlas):
    page = open_3d(open_page, atlas)
    light = wait_for_solid(page, "light")
    page.get_by_role("button", name="Surfaces").click()
    surfaces = wait_for_solid(page, "surfaces")
    assert page.get_attribute(".solid-look", "aria-pressed") == "true"
    assert np.abs(surfaces - light).mean() > 1
    # Of one channel the surface is grey and hides what is behind it; in a colour it has that colour.
    page.evaluate("cellViewer.setLook({ surfaces: true, channels: { membrane: { on: false }, DNA: { colour: '#00ff00' } } })")
    assert has(wait_for_solid(page, "surfaces"), (0, 255, 0))
    page.evaluate("cellViewer.toggle(1)")
    assert not has(wait_for_solid(page, "surfaces"), (0, 255, 0))
    # The key takes surfaces away again.
    page.keyboard.press("s")
    wait_for_solid(page, "light")
    assert page.get_attribute(".solid-look", "aria-pressed") == "false"


def test_inside_shows_through_the_membrane(open_page, atlas):
    page = open_3d(open_page, atlas)
    off = ", ".join(f"{name}: {{ on: false }}" for name in page.inner_text("#channels").split()[2:])
    look = "{{ surfaces: true, channels: {{ DNA: {{ colour: '#00ffff' }}, membrane: {{ opacity: {} }}, {} }} }}"
    page.evaluate(f"cellViewer.setLook({look.format(0, off)})")
    bare = wait_for_solid(page, "surfaces")
    page.evaluate(f"cellViewer.setLook({look.format(1, off)})")
    covered = wait_for_solid(page, "surfaces")
    dna = (bare[..., 1] > 90) & (bare[..., 0] < 60)
    assert dna.sum() > 100
    assert (covered[dna][:, 1] > 60).mean() > 0.9, "DNA is still seen"
    assert ((covered[..., 0] > 20) & (bare.max(axis=-1) < 10)).sum() > 500, "and the membrane round it"


def test_a_surface_follows_the_contrast(open_page, atlas):
    page = open_3d(
        open_page, atlas, "&look=" + '{"surfaces":true,"channels":{"membrane":{"on":false},"DNA":{"window":[0,60]}}}'
    )
    wide = wait_for_solid(page, "surfaces").max(axis=-1) > 30
    page.evaluate("cellViewer.setLook({ surfaces: true, channels: { membrane: { on: false }, DNA: { window: [150, 250] } } })")
    narrow = wait_for_solid(page, "surfaces").max(axis=-1) > 30
    assert narrow.sum() < 0.95 * wide.sum()


def test_surfaces_and_camera_are_in_the_address(open_page, atlas, new_context):
    page = open_3d(open_page, atlas)
    page.keyboard.press("s")
    wait_for_solid(page, "surfaces")
    box = page.locator("#viewer").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 70, y + 15, steps=4)
    page.mouse.up()
    page.wait_for_function("/[?&]camera=\\d+,\\d+,1.5/.test(location.search) && location.search.includes('surfaces')")
    turned = wait_for_solid(page, "surfaces")
    again = open_page(re.search(r"\?.*", page.url).group(), context=new_context())
    same = wait_for_solid(again, "surfaces")
    assert np.abs(same - turned).max() <= 2
    # R turns it back.
    page.keyboard.press("r")
    page.wait_for_function("!location.search.includes('camera') && !location.search.includes('surfaces')")


def test_another_cell_has_its_own_surfaces(open_page, atlas):
    one, other = (navigation.cell_id(atlas, row) for row in atlas.observed_cells[:2])
    page = open_page(f"?recipe=show=observed;shape=cell:{one}&view=3d&look=" + '{"surfaces":true}')
    first = wait_for_solid(page, "surfaces")
    page.evaluate("recipe => cellViewer.show(recipe)", f"atlas={atlas.atlas_id};show=observed;shape=cell:{other}")
    wait_for_recipe(page, f"cell:{other}$")
    assert np.abs(wait_for_solid(page, "surfaces") - first).mean() > 0.5


@pytest.mark.parametrize("view", ["both", "3d"])
def test_3d_lies_in_its_tile(open_page, atlas, view):
    page = open_page(f"?recipe=show=reconstructed;shape=cell:{navigation.cell_id(atlas, 0)}&view={view}")
    page.wait_for_selector("#viewer[data-solid=light]")
    (tile,) = (tile for tile in page.evaluate("cellViewer.where()")["tiles"] if tile["plane"] == "3d")
    box, viewer = page.locator("#viewer canvas.solid").bounding_box(), page.locator("#viewer").bounding_box()
    at = [box["x"] - viewer["x"], box["y"] - viewer["y"], box["width"], box["height"]]
    assert at == pytest.approx([tile[name] for name in ("left", "top", "width", "height")], abs=1)
    assert page.evaluate("(c => [c.width, c.height])(document.querySelector('#viewer canvas.solid'))") == pytest.approx(
        at[2:], abs=1
    )


def test_planes_are_seen_until_3d_is_there(atlas, new_context, address):
    context = new_context()
    held = []
    context.route("**/niivue.umd.js", lambda route: held.append(route))
    page = context.new_page()
    page.goto(f"{address}/?recipe=show=reconstructed;shape=cell:{navigation.cell_id(atlas, 0)}&view=3d")
    lit = """() => {
        const canvas = document.querySelector("#viewer > canvas");
        if (!canvas?.width) return 0;
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, at) => at % 4 === 0 && value > 30).length;
    }"""
    page.wait_for_function(f"({lit})() > 1000")
    assert page.get_attribute("#viewer", "data-solid") in (None, "")
    for route in held:
        route.continue_()
    context.unroute_all(behavior="ignoreErrors")
    page.wait_for_selector("#viewer[data-solid=light]")
    assert page.evaluate(lit) == 0
    assert painted_planes(page)[0]["3d"].max() > 30
    page.close()
