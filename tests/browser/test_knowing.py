"""Selecting on the maps, and what is known of cells: the lasso, the table, the panels, how far to trust an empty place."""

import json
import re

import numpy as np
import pytest

from app import navigation, table, trust
from app.recipe import parse
from app.selection import mean_cell, medoid_row, rows_of
from app.tones import DARK
from tests.browser.test_explorer import empty_place, lonely_row, open_cell, pixel_of, shown, wait_for_recipe


def lasso(page, name: str, corners, keys=("Shift",)) -> None:
    """Draw a lasso through screen positions, with keys held."""
    for key in keys:
        page.keyboard.down(key)
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    for key in keys:
        page.keyboard.up(key)


def around(page, name: str, low=(0, 0), high=(1, 1)) -> list[tuple[float, float]]:
    """Corners of a rectangle over a map, as parts of its width and height."""
    box = page.locator(f'[data-map="{name}"]').bounding_box()
    at = lambda u, v: (box["x"] + 2 + u * (box["width"] - 4), box["y"] + 2 + v * (box["height"] - 4))  # noqa: E731
    return [at(low[0], low[1]), at(high[0], low[1]), at(high[0], high[1]), at(low[0], high[1])]


def wait_for_count(page, n: int) -> None:
    page.wait_for_function("n => Number(document.querySelector('#selected').dataset.n ?? 0) === n", arg=n)


def open_panel(page, name: str) -> None:
    """Open a panel and wait until the maps have taken their new size."""
    page.click(f"[data-panel={name}]")
    page.wait_for_function(
        """[...document.querySelectorAll("[data-map]")].every((holder) => {
            const { height } = holder.querySelector(".js-plotly-plot")._fullLayout;
            return Math.abs(height - holder.clientHeight) < 3;
        })"""
    )


def selected_rows(page) -> list[list[int]]:
    """The rows that each map shows as selected."""
    return page.evaluate(
        """[...document.querySelectorAll("[data-map] .js-plotly-plot")].map((plot) =>
            plot._fullData.flatMap(({ selectedpoints, customdata }) => (selectedpoints ?? []).map((at) => customdata[at]))
                .sort((a, b) => a - b))"""
    )


@pytest.fixture
def page(page):
    """The lasting page, with nothing selected and no panel open."""
    yield page
    if page.is_visible("#clear"):
        page.click("#clear")
    for tab in page.locator('.know-tab[aria-expanded="true"]').all():
        tab.click()


def test_a_lasso_selects_on_both_maps_and_adds_and_subtracts(page, atlas):
    places = np.array([pixel_of(page, "z_r", *place) for place in atlas.projection("z_r")])
    middle = float(np.sort(places[:, 0])[len(places) // 2 - 1 : len(places) // 2 + 1].mean())
    box = page.locator('[data-map="z_r"]').bounding_box()
    half = (middle - box["x"] - 2) / (box["width"] - 4)
    left = np.flatnonzero(places[:, 0] < middle).tolist()
    before = shown(page)
    lasso(page, "z_r", around(page, "z_r", high=(half, 1)))
    wait_for_count(page, len(left))
    assert selected_rows(page) == [left, left]
    assert page.inner_text("#selected").startswith(f"{len(left)} cells selected:")
    lasso(page, "z_r", around(page, "z_r", low=(half, 0)), ("Shift", "Control"))
    wait_for_count(page, len(atlas.cells))
    lasso(page, "z_r", around(page, "z_r", high=(half, 1)), ("Shift", "Alt"))
    wait_for_count(page, len(atlas.cells) - len(left))
    assert shown(page) == before, "a lasso opens no cell"
    page.click("#clear")
    assert "selected" not in page.get_attribute("#selected", "title")
    assert page.inner_text("#selected").startswith("Shift-drag")
    assert selected_rows(page) == [[], []]


def test_a_double_click_clears_and_opens_nothing(page, atlas):
    open_cell(page, atlas, lonely_row(atlas, "z_r"))
    before = shown(page)
    lasso(page, "z_s", around(page, "z_s"))
    wait_for_count(page, len(atlas.cells))
    page.mouse.dblclick(*pixel_of(page, "z_r", *empty_place(atlas, "z_r")))
    wait_for_count(page, 0)
    assert shown(page) == before


def test_words_of_a_selection_count_stages_and_structures(page, atlas):
    lasso(page, "z_r", around(page, "z_r"))
    wait_for_count(page, len(atlas.cells))
    words = page.inner_text("#selected")
    stage, n = next(iter(atlas.cells["stage"].value_counts().items()))
    assert re.search(rf"\b{n} \S+", words)
    assert words.startswith(f"{len(atlas.cells)} cells selected: ")
    assert "others" in words
    assert stage in words or atlas.cells["stage"].value_counts().nunique() == 1


def test_the_selection_reaches_the_server_as_bits(page, atlas):
    open_panel(page, "table")
    page.wait_for_selector("#grid .ag-row")
    with page.expect_request(lambda request: "getRowsResponse" in (request.post_data or "")) as asked:
        lasso(page, "z_r", around(page, "z_r"))
    body = asked.value.post_data
    (selection,) = (state["value"] for state in json.loads(body)["state"] if state["id"] == "selection")
    assert rows_of(selection["bits"], len(atlas.cells)).tolist() == list(range(len(atlas.cells)))
    assert len(body) < 10_000
    assert {state["id"] for state in json.loads(body)["state"]} == {"selection", "atlas"}, "nothing larger is sent with it"


def test_the_table_follows_the_selection_and_a_row_opens_its_cell(page, atlas):
    open_panel(page, "table")
    page.wait_for_selector(f"#grid [row-index='0'] >> text={navigation.cell_id(atlas, 0)}")
    places = np.array([pixel_of(page, "z_s", *place) for place in atlas.projection("z_s")])
    middle = float(np.median(places[:, 1]))
    box = page.locator('[data-map="z_s"]').bounding_box()
    lasso(page, "z_s", around(page, "z_s", high=(1, (middle - box["y"] - 2) / (box["height"] - 4))))
    upper = np.flatnonzero(places[:, 1] < middle)
    wait_for_count(page, len(upper))
    expected = [navigation.cell_id(atlas, int(row)) for row in upper]
    page.wait_for_function(
        "ids => ids.every((id, k) => document.querySelector(`#grid [row-index='${k}'] [col-id=cell_id]`)?.innerText === id)",
        arg=expected[:4],
    )
    # By keyboard: into the grid, down one row, Enter.
    page.locator("#grid [row-index='0'] [col-id=cell_id]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_for_recipe(page, f"cell:{expected[1]}(;|$)")
    # Sorted by the server.
    page.locator("#grid .ag-header-cell[col-id=cell_id]").click()
    page.locator("#grid .ag-header-cell[col-id=cell_id]").click()
    page.wait_for_function(
        "id => document.querySelector('#grid [row-index=\"0\"] [col-id=cell_id]')?.innerText === id", arg=max(expected)
    )
    rows = table.block(atlas, upper, {"startRow": 0, "endRow": 5, "sortModel": [{"colId": "cell_id", "sort": "desc"}]})
    assert rows["rowData"][0]["cell_id"] == max(expected)


def test_about_this_cell_says_what_is_known(page, atlas):
    row = int(atlas.variation.cell[0])
    open_cell(page, atlas, row)
    open_panel(page, "about")
    page.wait_for_selector("#about .facts")
    cell, words = atlas.cells.iloc[row], page.inner_text("#about")
    assert f"{cell['cell_volume_um3']:,.0f} µm³" in words
    assert str(cell["source"]) in words
    own = atlas.latent("y")[row]
    likeliest = atlas.structures[int(own.argmax())].gene
    assert page.inner_text("#about .bar >> nth=0").split() == [likeliest, f"{own.max():.0%}"]
    scores = atlas.variation.score[0]
    first = atlas.variation.genes[int(scores.argmin())]
    rank = int((atlas.variation.of(first) < scores.min()).sum()) + 1
    assert page.inner_text("#about tbody tr >> nth=0").split() == [
        first,
        f"{scores.min():.2f}",
        *f"{rank} of {len(atlas.variation.cell)}".split(),
    ]
    other = page.locator("#about [data-open]")
    opened = int(other.get_attribute("data-open"))
    other.click()
    wait_for_recipe(page, f"cell:{navigation.cell_id(atlas, opened)}(;|$)")


def test_the_extremes_of_variation_open(page, atlas):
    open_panel(page, "variation")
    gene = atlas.structures[3].gene
    page.click("#variation-of")
    page.get_by_role("option", name=re.compile(f"^{gene}:")).click()
    page.wait_for_function("gene => document.querySelector('#extremes p')?.innerText.includes(gene)", arg=gene)
    scores = atlas.variation.of(gene)
    most = int(atlas.variation.cell[int(np.nanargmin(scores))])
    first = page.locator("#extremes .picture").first
    assert int(first.get_attribute("data-open")) == most
    assert "smaller = more variable" in page.inner_text("#extremes")
    assert f"{np.isfinite(scores).sum()} of {len(atlas.cells)} cells scored" in page.inner_text("#extremes")
    assert "95 % interval" in page.inner_text("#extremes .by-stage")
    first.click()
    wait_for_recipe(page, f"cell:{navigation.cell_id(atlas, most)}(;|$)")


def test_the_mean_of_a_lasso_and_its_medoid(page, atlas):
    lasso(page, "z_r", around(page, "z_r"))
    wait_for_count(page, len(atlas.cells))
    page.click("#mean")
    recipe = parse(wait_for_recipe(page, "shape=z_r:"))
    everyone = np.arange(len(atlas.cells))
    assert recipe.shape == mean_cell(atlas, everyone, recipe).shape
    assert page.inner_text("#caption .kind") == "PREDICTED"
    page.click("#medoid")
    wait_for_recipe(page, f"shape=cell:{navigation.cell_id(atlas, medoid_row(atlas, everyone))}(;|$)")


def test_an_arrow_says_where_a_decoded_cell_lands(page, atlas):
    page.mouse.click(*pixel_of(page, "z_r", *empty_place(atlas, "z_r")))
    recipe = parse(wait_for_recipe(page, "shape=map:z_r:"))
    page.wait_for_selector('[data-map="z_r"] .map-words:not(:empty)')
    assert "lands" in page.inner_text('[data-map="z_r"] .map-words')
    answer = page.request.get(f"{page.url.partition('/?')[0]}/api/trust/{recipe}").json()
    assert answer["words"] == page.inner_text('[data-map="z_r"] .map-words')
    box = page.locator('[data-map="z_r"]').bounding_box()
    drawn = page.locator('[data-map="z_r"] .arrow').first.get_attribute("d")
    ends = np.array(re.findall(r"[-\d.]+", drawn), float).reshape(2, 2) + np.array([box["x"], box["y"]])
    assert ends == pytest.approx(
        np.array([pixel_of(page, "z_r", *answer["start"]), pixel_of(page, "z_r", *answer["end"])]), abs=1.5
    )
    page.click("#next")
    wait_for_recipe(page, "shape=cell:")
    assert page.locator(".marks .arrow").count() == 0
    assert page.inner_text('[data-map="z_r"] .map-words') == ""


def test_the_arrow_goes_when_a_walk_is_played_from_its_place(page, atlas):
    page.mouse.click(*pixel_of(page, "z_r", *empty_place(atlas, "z_r")))
    page.wait_for_selector(".marks .arrow", state="attached")
    page.click("#play")
    page.wait_for_selector(".marks .arrow", state="detached")
    assert page.get_attribute("#player", "data-playing") == "true", "while it plays, not after it"


def test_empty_space_is_shaded_on_request(page, atlas):
    page.locator(".shade label").first.click()
    page.wait_for_function("document.querySelectorAll('[data-map] .imagelayer image').length === 2")
    x0, x1 = trust.extent(atlas.projection("z_r")[:, 0])
    image = page.evaluate("document.querySelector('[data-map=\"z_r\"] .js-plotly-plot')._fullLayout.images[0]")
    assert (image["x"], image["sizex"]) == pytest.approx((x0, x1 - x0), rel=1e-5)
    page.locator(".shade label").first.click()
    page.wait_for_function("document.querySelectorAll('[data-map] .imagelayer image').length === 0")


def test_colour_by_a_number_shows_its_ramp_and_by_variation_its_sense(page, atlas):
    def colour(name: str) -> None:
        page.click("#colour")
        page.get_by_role("option", name=name, exact=True).click()
        page.wait_for_function("name => document.querySelector('#colour').value === name", arg=name)

    colour("Cell volume (µm³)")
    page.wait_for_selector(".colour-bar")
    assert "Cell volume (µm³)" in page.inner_text(".colour-bar")
    drawn = page.evaluate("[...document.querySelector('[data-map=\"z_r\"] .js-plotly-plot')._fullData[0].marker.color]")
    rows = page.evaluate("[...document.querySelector('[data-map=\"z_r\"] .js-plotly-plot')._fullData[0].customdata]")
    assert drawn == pytest.approx(atlas.cells["cell_volume_um3"].to_numpy(np.float32)[rows])
    colour("FBL variation")
    page.wait_for_function("document.querySelector('.colour-bar')?.innerText.includes('smaller = more variable')")
    page.wait_for_function(
        "([grey]) => document.querySelector('[data-map=\"z_r\"] .js-plotly-plot')._fullData[0].marker.color === grey",
        arg=[DARK.grey],
    )
    page.wait_for_function("location.search.includes('colour=variation')")
    colour("Stage")
    page.wait_for_selector("#legend [data-group='7']")


def test_a_selection_is_kept_when_the_colours_change(page, atlas):
    lasso(page, "z_r", around(page, "z_r"))
    wait_for_count(page, len(atlas.cells))
    page.click("#colour")
    page.get_by_role("option", name="Structure", exact=True).click()
    page.wait_for_selector(f"#legend [data-group='{len(atlas.structures) - 1}']")
    everyone = list(range(len(atlas.cells)))
    page.wait_for_function(
        """n => [...document.querySelectorAll("[data-map] .js-plotly-plot")].every((plot) =>
            plot._fullData.reduce((sum, trace) => sum + (trace.selectedpoints?.length ?? 0), 0) === n)""",
        arg=len(everyone),
    )
    assert selected_rows(page) == [everyone, everyone]
    page.click("#colour")
    page.get_by_role("option", name="Stage", exact=True).click()
    page.wait_for_function("document.querySelector('#legend [data-group]')?.innerText === 'interphase'")


def test_hidden_cells_are_not_selected(page, atlas):
    page.wait_for_selector("#legend [data-group='1']")
    page.click("#legend [data-group='1']")
    page.wait_for_function("document.querySelector('[data-map=\"z_r\"] .js-plotly-plot')._fullData[1].visible === false")
    lasso(page, "z_r", around(page, "z_r"))
    hidden = atlas.cells["stage"] == atlas.stages[1]
    wait_for_count(page, int((~hidden).sum()))
    page.click("#legend [data-group='1']")
