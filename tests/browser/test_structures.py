"""Many structures in one cell, added up or one a panel."""

import re

import numpy as np

from app import navigation
from app.colours import colours
from app.recipe import parse
from tests.browser.seen import assert_looks_like, link, mixed, plane_of, wait_for_look, wait_for_view
from tests.browser.test_explorer import painted_tiles, volume, wait_for_recipe

DIMMED = 0.4  # of membrane and DNA behind a structure of the grid


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
