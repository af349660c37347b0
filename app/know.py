"""Below the maps: a bar that says what is selected, and the panels it opens. Quiet until they are asked for."""

from collections.abc import Sequence

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import dcc, html

from app import ids, table, variation
from app.about import About, Near, Score
from app.recipe import Cell, Recipe, url_path
from app.variation import Ranked
from model.atlas import Atlas

PANELS = {"table": "Table", "about": "About this cell", "variation": "Variation"}
HINT = "Shift-drag on a map to select cells"
HOW = "With Ctrl or Cmd a lasso adds, with Alt it subtracts; a double click on a map selects nothing"
N_EXTREMES = 4
N_LIKELY = 5  # structures whose p(y | x) is shown
NO_SCORE = "This cell was not scored for variation."
NO_VARIATION = "This atlas holds no variation scores. Whoever made it can add them: python -m precompute variation."
NO_CLASSES = "p(y | x) is read from a cell's image; this cell was made from its shape."
# AG Grid in the page's colours and type.
GRID_THEME = (
    "themeQuartz.withParams({backgroundColor: 'var(--panel)', foregroundColor: 'var(--ink)', headerTextColor: 'var(--soft)',"
    " headerBackgroundColor: 'var(--panel)', borderColor: 'var(--line)', accentColor: 'var(--accent)',"
    " menuBackgroundColor: 'var(--raised)', inputBackgroundColor: 'var(--page)', rowHoverColor: 'var(--raised)',"
    " chromeBackgroundColor: 'var(--panel)', fontFamily: 'inherit', fontSize: 12, rowHeight: 28, headerHeight: 30,"
    " wrapperBorder: false, spacing: 6})"
)


def shade() -> dmc.Switch:
    """The switch of the maps' shading: where no cell supports what would be decoded."""
    return dmc.Switch(id=ids.SHADE, label="Shade empty space", size="xs", className="shade")


def bar() -> html.Section:
    """The bar, and below it the panels, of which one or none is seen."""
    tabs = [
        html.Button(words, className="know-tab", **{"data-panel": name, "aria-expanded": "false", "aria-controls": name})
        for name, words in PANELS.items()
    ]
    acts = [
        html.Button("Mean", id=ids.MEAN, className="act", title="Decode the mean shape of the selected cells"),
        html.Button("Medoid", id=ids.MEDOID, className="act", title="Open the most central of the selected cells"),
        html.Button("Both", id=ids.SIDE_BY_SIDE, className="act", title="The mean cell beside the medoid, and what differs"),
        html.Button("Clear", id=ids.CLEAR, className="act", title="Select nothing (double click on a map)"),
    ]
    return html.Section(
        [
            html.Div(
                [
                    html.P(HINT, id=ids.SELECTED, className="selected-words", role="status", title=HOW),
                    html.Div(acts, className="acts", hidden=True),
                    html.Div(tabs, className="know-tabs"),
                ],
                className="know-bar",
            ),
            html.Div(id=ids.TABLE, className="know-panel", hidden=True, role="region", **{"aria-label": PANELS["table"]}),
            html.Div(id=ids.ABOUT, className="know-panel", hidden=True, role="region", **{"aria-label": PANELS["about"]}),
            html.Div(
                [
                    dmc.Select(
                        id=ids.VARIATION_OF,
                        data=[],
                        allowDeselect=False,
                        size="xs",
                        w=190,
                        **{"aria-label": "Structure whose variation is shown"},
                    ),
                    html.Div(id=ids.EXTREMES, className="extremes"),
                ],
                id=ids.VARIATION,
                className="know-panel",
                hidden=True,
                role="region",
                **{"aria-label": PANELS["variation"]},
            ),
        ],
        className="know",
        **{"aria-label": "What is known of the cells"},
    )


def grid(atlas: Atlas) -> dag.AgGrid:
    """The table: blocks of rows come from the server as they are scrolled to."""
    return dag.AgGrid(
        id=ids.LAZY["grid"],
        columnDefs=table.columns(atlas),
        defaultColDef={"sortable": True, "resizable": True, "suppressHeaderMenuButton": False},
        rowModelType="infinite",
        className="",
        dashGridOptions={
            "theme": {"function": GRID_THEME},
            "cacheBlockSize": 100,
            "maxBlocksInCache": 20,
            "suppressCellFocus": False,
            "localeText": {"noRowsToShow": "No cell passes these filters."},
        },
        style={"height": "100%"},
    )


def about_panel(atlas: Atlas, recipe: Recipe, known: About) -> list:
    """The panel "About this cell"."""
    return [
        column("What it is", [_facts(known), _nearest(atlas, known)]),
        column("Structure, p(y | x)", _likely(known))
        if isinstance(recipe.shape, Cell)
        else column("Decoded from" if known.neighbours else "Structure, p(y | x)", _neighbours(atlas, known)),
        column("Variation by structure", _scores(known.scores, known.own)),
    ]


def column(head: str, children: list) -> html.Div:
    """One of the panel's columns."""
    return html.Div([html.H2(head), *children], className="column")


def _facts(known: About) -> html.Dl:
    return html.Dl([part for name, value in known.facts for part in (html.Dt(name), html.Dd(value))], className="facts")


def _nearest(atlas: Atlas, known: About) -> html.Div:
    if known.nearest is None:
        return html.Div(html.P("No other cell to compare it with.", className="soft"))
    return html.Div([html.P(known.nearest_kind, className="soft"), open_cell(atlas, known.nearest)])


def open_cell(atlas: Atlas, near: Near) -> html.Button:
    """A cell with its picture; a click opens it."""
    return html.Button(
        [_picture(atlas, near.cell_id), html.Span([html.B(near.cell_id), html.Small(near.words)])],
        className="open-cell",
        **{"data-open": str(near.row)},
    )


def _picture(atlas: Atlas, cell_id: str) -> html.Img | None:
    if not atlas.has_picture[atlas.index_of[cell_id]]:
        return None
    return html.Img(src=f"/api/sprites/{atlas.atlas_id}/{url_path_of(cell_id)}.png", alt="", width=64, height=48)


def url_path_of(cell_id: str) -> str:
    """A cell's id as part of a URL's path."""
    return url_path(Recipe("reconstructed", Cell(cell_id))).rpartition("cell:")[2]


def _likely(known: About) -> list:
    return [likely(gene, p, gene == known.own) for gene, p in known.p_structure[:N_LIKELY]] + [
        html.P(f"Tagged: {known.own}.", className="soft")
    ]


def likely(gene: str, p: float, is_own: bool = False) -> html.Div:
    """How likely a structure is, as a bar."""
    return _bar(gene, p, f"{p:.0%}" if p >= 0.005 else "<1%", is_own)


def _bar(name: str, part: float, words: str, is_own: bool = False) -> html.Div:
    return html.Div(
        [
            html.Span(name, className="name"),
            html.Span(html.Span(style={"width": f"{100 * part:.1f}%"}), className="track"),
            html.Span(words, className="value"),
        ],
        className="bar own" if is_own else "bar",
    )


def _neighbours(atlas: Atlas, known: About) -> list:
    if not known.neighbours:
        return [html.P(NO_CLASSES, className="soft")]
    rule = html.P("Their z_r, weighted: the nearer on the map, the more.", className="soft")
    rows = [
        html.Button(
            [
                html.Span(near.cell_id, className="name"),
                html.Span(html.Span(style={"width": f"{100 * near.weight:.1f}%"}), className="track"),
                html.Span(f"{near.weight:.0%}", className="value"),
            ],
            className="bar wide",
            title=near.words,
            **{"data-open": str(near.row)},
        )
        for near in known.neighbours
    ]
    return [rule, *rows]


def _scores(scores: Sequence[Score], own: str) -> list:
    if not scores:
        return [html.P(NO_SCORE, className="soft")]
    rows = [
        html.Tr(
            [html.Th(score.gene, scope="row"), html.Td(f"{score.score:.2f}"), html.Td(f"{score.rank} of {score.n}")],
            className="own" if score.gene == own else "",
        )
        for score in scores
    ]
    head = html.Tr([html.Th("Structure", scope="col"), html.Th("Score", scope="col"), html.Th("Rank", scope="col")])
    return [
        html.P("Smaller = more variable; rank 1 varies most.", className="soft"),
        html.Table([html.Thead(head), html.Tbody(rows)]),
    ]


def variation_panel(atlas: Atlas, gene: str, theme: str | None = "dark") -> list:
    """The panel "Variation" of a structure: the extremes of its ranking, and interphase against mitosis."""
    ranked = variation.ranking(atlas, gene) if atlas.variation is not None else []
    if not ranked:
        return [html.P(NO_VARIATION if atlas.variation is None else f"No cell has a score of {gene}.", className="soft")]
    n = min(N_EXTREMES, len(ranked) // 2 or 1)
    said = (
        f"How much {gene} varies in one shape; smaller = more variable. "
        f"{len(ranked)} of {len(atlas.cells):,} cells scored, {atlas.variation.n} draws each."
    )
    galleries = html.Div(
        [
            _gallery(atlas, "Varies most", ranked[:n]),
            _gallery(atlas, "Varies least", ranked[::-1][:n]),
        ],
        className="galleries",
    )
    return [html.P(said, className="soft"), galleries, _by_stage(atlas, gene, theme)]


def _gallery(atlas: Atlas, head: str, ranked: Sequence[Ranked]) -> html.Div:
    pictures = [
        html.Button(
            [_picture(atlas, one.cell_id), html.B(f"#{one.rank} · {one.score:.2f}"), html.Small(one.stage)],
            className="picture",
            title=f"Open {one.cell_id}",
            **{
                "data-open": str(one.row),
                "aria-label": f"Open {one.cell_id}, rank {one.rank}, score {one.score:.2f}, {one.stage}",
            },
        )
        for one in ranked
    ]
    return html.Div([html.H2(head), html.Div(pictures, className="pictures")])


def _by_stage(atlas: Atlas, gene: str, theme: str | None) -> html.Div:
    compared = variation.stages(atlas)
    own = next((one for one in compared if one.gene == gene), None)
    if own is None:
        return html.Div([html.H2("Interphase against mitosis"), html.P("Not compared in this atlas.", className="soft")])
    graph = dcc.Graph(
        figure=variation.stages_figure(compared, gene, theme),
        config={"displayModeBar": False},
        responsive=True,
        className="by-stage-graph",
        style={"height": f"{17 * len(compared) + 38}px"},
    )
    return html.Div(
        [html.H2(f"{gene}: interphase against mitosis"), html.P(own.words, className="soft"), graph], className="by-stage"
    )
