"""Maps of very many cells: what is drawn is what numpy counts, and hands do what they do on maps of few."""

import base64

import numpy as np
import pytest

from app import crowd, navigation
from app.figures import groups
from app.server import make_server
from app.tones import tones
from model.atlas import Atlas
from tests.bench.maps import simulated
from tests.browser.conftest import take, wait_until_drawn
from tests.browser.test_explorer import pixel_of, wait_for_recipe
from tests.browser.test_knowing import around, lasso, wait_for_count
from tests.serving import serving
from tests.stub_decoder import StubDecoder
from tests.test_crowd import rgb

N = crowd.MANY
SQUARE = 2  # CSS pixels, as in assets/modules/crowd.mjs


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """An atlas of as many random cells as are drawn so; the last one by itself in a corner of both maps."""
    atlas = Atlas(simulated(tmp_path_factory.mktemp("many") / "many.h5", N))
    for name in ("z_r", "z_s"):
        positions = atlas.projection(name)
        positions[-1] = positions.max(axis=0) + 0.2 * np.ptp(positions, axis=0)
    yield atlas
    atlas.close()


@pytest.fixture(scope="module")
def many_page(many, context, watch):
    with serving(make_server([many], decoder=StubDecoder(many.config.grid)).server) as address:
        page = context.new_page()
        watch(page)
        page.goto(f"{address}/?view=slice&colour=stage")
        wait_until_drawn(page)
        yield page
        page.close()


@pytest.fixture
def page(many_page, watch):
    """It, in front and with the pointer out of the way; at the end the console must be clean."""
    many_page.bring_to_front()
    many_page.mouse.move(0, 0)
    yield many_page
    assert take(watch.complaints) == []


# To these ranges, or to all of the map.
ZOOM = """(ranges) => {
    const plot = document.querySelector('[data-map="z_r"] .js-plotly-plot');
    const { xaxis, yaxis } = ranges ?? plot.layout.meta;
    return Plotly.relayout(plot, { "xaxis.range": [...xaxis], "yaxis.range": [...yaxis] }).then(() => null);
}"""


def wait_for_points(page, name: str, n: int, colour: str = "stage") -> None:
    """Until so many cells are drawn on a map."""
    page.wait_for_function(
        """([name, n, colour]) => {
            const { n: drawn, colour: by } = document.querySelector(`[data-map="${name}"] canvas.crowd`).dataset;
            return Number(drawn) === n && by === colour;
        }""",
        arg=[name, n, colour],
    )


def painted(page, name: str) -> np.ndarray:
    """(height, width, 4) of a map's canvas."""
    width, height, data = page.evaluate(
        """name => {
            const canvas = document.querySelector(`[data-map="${name}"] canvas.crowd`);
            const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
            copy.drawImage(canvas, 0, 0);
            const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
            let text = "";
            for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
            return [canvas.width, canvas.height, btoa(text)];
        }""",
        name,
    )
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)


def squares_of(page, atlas, name: str) -> np.ndarray:
    """(N, 2) column and row of the square in which each cell lies."""
    x0, x1, y0, y1, width, height = page.evaluate(
        """name => {
            const { xaxis, yaxis, width, height } = document.querySelector(`[data-map="${name}"] .js-plotly-plot`)._fullLayout;
            return [...xaxis.range, ...yaxis.range, width, height];
        }""",
        name,
    )
    x, y = atlas.projection(name).astype(float).T
    return np.stack([(x - x0) / (x1 - x0) * width / SQUARE, (y1 - y) / (y1 - y0) * height / SQUARE], 1)


def test_squares_have_the_colour_of_their_cells_and_are_where_those_are(page, many):
    for name in ("z_r", "z_s"):
        wait_for_points(page, name, N)
        places, picture = squares_of(page, many, name), painted(page, name)
        columns, rows = np.floor(places).astype(int).T
        _, first, which, count = np.unique(rows * 10_000 + columns, return_index=True, return_inverse=True, return_counts=True)
        found, shade = groups(many, "stage"), crowd.shades(many, "stage").astype(int)
        lowest, highest, sure = np.full(len(count), 999), np.zeros(len(count), int), np.ones(len(count), bool)
        np.minimum.at(lowest, which, shade)
        np.maximum.at(highest, which, shade)
        # Places come in steps of a 65535th: what is that near to its square's edge may be drawn in the next.
        np.logical_and.at(sure, which, (np.abs(places % 1 - 0.5) < 0.48).all(axis=1))
        of_one_stage = np.flatnonzero((lowest == highest) & sure)
        assert len(of_one_stage) > 30
        for k in of_one_stage:
            *colour, alpha = picture[SQUARE * rows[first[k]], SQUARE * columns[first[k]]].astype(float)
            assert alpha > 90, "every cell is seen"
            assert np.abs(np.array(colour) - 255 * np.array(rgb(found[lowest[k]].colour))).max() <= 4
        # The fullest is the most opaque; where no cell is nothing is drawn.
        fullest = np.flatnonzero(count == count.max())[0]
        assert picture[SQUARE * rows[first[fullest]], SQUARE * columns[first[fullest]], 3] >= 250
        assert picture[0, 0, 3] == 0


def test_a_cell_is_pointed_at_and_opened_and_a_place_decoded(page, many):
    last, cell = many.projection("z_r")[-1], navigation.cell_id(many, N - 1)
    page.mouse.move(*pixel_of(page, "z_r", *last))
    page.wait_for_selector("#card:not([hidden])")
    assert cell in page.inner_text("#card")
    page.mouse.move(5, 5)
    page.wait_for_selector("#card", state="hidden")
    page.mouse.click(*pixel_of(page, "z_r", *last))
    wait_for_recipe(page, f"shape=cell:{cell}(;|$)")
    x, y = many.projection("z_s").T
    page.mouse.click(*pixel_of(page, "z_s", x.min(), y.max()))
    recipe = wait_for_recipe(page, "z_s=map:")
    assert "z_s=map:" in recipe


def test_a_lasso_and_the_legend_work_on_all_of_them(page, many):
    lasso(page, "z_r", around(page, "z_r"))
    wait_for_count(page, N)
    assert page.inner_text("#selected").startswith(f"{N:,} cells selected:")
    page.click("#clear")
    wait_for_count(page, 0)
    group = page.locator("#legend [data-group='1']")
    n_hidden = len(groups(many, "stage")[1].rows)
    group.click()
    for name in ("z_r", "z_s"):
        wait_for_points(page, name, N - n_hidden)
    group.click()
    wait_for_points(page, "z_r", N)


def test_what_is_not_selected_steps_back(page, many):
    corner = pixel_of(page, "z_s", *many.projection("z_s")[-1])
    before = painted(page, "z_s")[..., 3]
    x, y = corner
    lasso(page, "z_s", [(x - 8, y - 8), (x + 8, y - 8), (x + 8, y + 8), (x - 8, y + 8)])
    wait_for_count(page, 1)
    page.wait_for_function(
        """() => {
            const canvas = document.querySelector('[data-map="z_s"] canvas.crowd');
            const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
            copy.drawImage(canvas, 0, 0);
            const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
            return data.filter((_, at) => at % 4 === 3).filter((alpha) => alpha > 60).length <= 4;
        }"""
    )
    assert (before > 60).sum() > 1000
    page.click("#clear")
    wait_for_count(page, 0)


def test_zoomed_in_each_cell_is_a_dot(page, many):
    x, y = many.projection("z_r")[-1].tolist()
    page.evaluate(ZOOM, {"xaxis": [x - 0.01, x + 0.01], "yaxis": [y - 0.01, y + 0.01]})
    wait_for_points(page, "z_r", 1)
    dot = painted(page, "z_r")[..., 3] > 128
    assert 40 <= dot.sum() <= 120, "a disc of nine pixels"
    page.evaluate(ZOOM, None)
    wait_for_points(page, "z_r", N)


def test_coloured_by_a_number(page, many):
    page.click("#colour")
    page.get_by_role("option", name="Cell volume").first.click()
    for name in ("z_r", "z_s"):
        wait_for_points(page, name, N, "cell_volume_um3")
    shades, picture = crowd.shades(many, "cell_volume_um3"), painted(page, "z_r")
    palette = crowd.palette(groups(many, "cell_volume_um3"), tones("dark").ramp)
    column, row = np.floor(squares_of(page, many, "z_r")[-1]).astype(int)
    expected = 255 * np.array(rgb(palette.colours[shades[-1]]))
    assert np.abs(picture[SQUARE * row, SQUARE * column, :3] - expected).max() <= 4
    assert page.locator("#legend .colour-bar").count() == 1
