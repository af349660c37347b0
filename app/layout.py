"""The page's components: a header, the two maps with their legend and the cell-cycle player, and the viewer beside them."""

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import dcc, html

from app import home, ids, know, own_page, walking
from app.colouring import Scale, number
from app.figures import Group
from app.page import VIEWS
from app.tones import tones
from app.words import Words
from model.atlas import Atlas

# Plotly takes two quick clicks for a double one however far apart they are: clicks.mjs tells them apart instead.
GRAPH = {"displayModeBar": False, "scrollZoom": True, "doubleClick": False, "doubleClickDelay": 0, "responsive": True}
ACCENT = "periwinkle"
THEME = {
    "primaryColor": ACCENT,
    "primaryShade": {"light": 9, "dark": 5},
    "defaultRadius": "md",
    "fontFamily": "var(--font)",
    # The list of options itself scrolls, and can be reached by keyboard.
    "components": {
        name: {
            "defaultProps": {"withScrollArea": False, "attributes": {"options": {"tabIndex": 0}}},
            "styles": {"options": {"maxHeight": 260, "overflowY": "auto", "scrollbarWidth": "thin"}},
        }
        for name in ("Select", "MultiSelect")
    },
    "colors": {
        # Mantine asks for ten shades; a control uses the sixth, its hover the seventh.
        ACCENT: ["#eef1ff", "#dbe1ff", "#c3cdff", "#b0bdff", "#a3b3ff", "#96a8ff", "#8497f5", "#6e81de", "#5568bf", "#4152a0"],
        # Mantine's greys, in the page's tone: from text, over lines, to controls and what lies behind them.
        "dark": ["#e9ecf2", "#c6ccd8", "#a4acba", "#737c8c", "#2f3543", "#2b303d", "#20242e", "#171a22", "#12141b", "#0c0e13"],
    },
}
TRIES = (
    ("Click a point", "to open that cell."),
    ("Click between points", "to see a cell nobody imaged."),
    ("Press play", "to walk one cell through mitosis."),
)


def make_layout(atlases: dict[str, Atlas]) -> dmc.MantineProvider:
    """The page for these atlases, by id. Callbacks fill it once the address is known."""
    return dmc.MantineProvider(
        [
            dcc.Store(id=ids.URL),
            dcc.Store(id=ids.STATE),
            dcc.Store(id=ids.EVENT),
            dcc.Store(id=ids.FACTS),
            dcc.Store(id=ids.WEBGL),
            dcc.Store(id=ids.SELECTION),
            dcc.Store(id=ids.PANEL),
            home.drawer(),
            own_page.dialog(),
            html.Div(id=ids.CARD, className="card", hidden=True),
            html.Dialog(
                [html.H2("Keys"), html.Dl(), html.Form(html.Button("Close", className="step"), method="dialog")],
                id=ids.KEYS,
                className="sheet",
                **{"aria-label": "Keys"},
            ),
            html.Div(
                [
                    _header(atlases),
                    html.Main([html.Section([_tries(), _maps(), know.bar(), _player()], className="atlas"), _viewer()]),
                ],
                className="page",
            ),
        ],
        id=ids.THEME,
        theme=THEME,
        forceColorScheme="dark",
    )


def _header(atlases: dict[str, Atlas]) -> html.Header:
    choices = [{"value": atlas_id, "label": atlas.title} for atlas_id, atlas in atlases.items()]
    return html.Header(
        [
            html.H1(id=ids.TITLE),
            html.Span("SIMULATED", id=ids.SIMULATED, className="badge", hidden=True),
            html.P(id=ids.NOTICE, className="notice", role="status"),
            html.P(id=ids.TROUBLE, className="notice", role="alert"),
            dmc.Select(
                id=ids.ATLAS,
                data=choices,
                allowDeselect=False,
                size="sm",
                className="atlas-choice" if len(atlases) > 1 else "atlas-choice unneeded",
                **{"aria-label": "Atlas"},
            ),
            html.Nav(
                [
                    own_page.button(),
                    html.Button("Undo", id=ids.UNDO, className="quiet", title="Back to what was shown before (Ctrl Z)"),
                    html.Button("Redo", id=ids.REDO, className="quiet", title="Ctrl Shift Z"),
                    html.Button("Light", id=ids.THEME_SWITCH, className="quiet", title="Dark or light page"),
                    html.Button("Keys", id=ids.SHOW_KEYS, className="quiet", title="What the keyboard does (?)"),
                    html.A(
                        "Atlas",
                        id=ids.ATLAS_PAGE,
                        href="/atlas",
                        className="quiet",
                        title="What this atlas was made from, and how",
                    ),
                    html.A(
                        "Model",
                        id=ids.MODEL_PAGE,
                        href="/model",
                        className="quiet",
                        title="How good the model is, beside the paper's figures",
                    ),
                    html.A("API", href="/api/docs", className="quiet", title="Every volume by URL, for scripts"),
                ],
                className="menu",
                **{"aria-label": "Page"},
            ),
        ]
    )


def _tries() -> html.Ol:
    return html.Ol([html.Li([html.B(what), " ", why]) for what, why in TRIES], className="tries")


def _maps() -> html.Div:
    colour_by = dmc.Select(
        id=ids.COLOUR,
        data=[],
        allowDeselect=False,
        searchable=True,
        size="xs",
        w=150,
        comboboxProps={"width": 260, "position": "bottom-start"},
        maxDropdownHeight=360,
        **{"aria-label": "Colour the maps by"},
    )
    return html.Div(
        [
            _map("z_r", "Cell and nuclear shape"),
            _map("z_s", "What shape leaves unexplained"),
            html.Div(
                [html.Span("Colour by", className="label"), colour_by, html.Div(id=ids.LEGEND), know.shade()],
                className="legend-row",
            ),
        ],
        className="maps",
    )


def _map(name: str, title: str) -> html.Figure:
    graph = dcc.Graph(id=ids.MAPS[name], config=GRAPH, responsive=True, className="map-graph")
    return html.Figure(
        [
            html.Figcaption([title, html.Span([name[0], html.Sub(name[2:])], className="symbol")]),
            html.Div(graph, className="map", **{"data-map": name}),
        ]
    )


def _player() -> html.Section:
    return html.Section(
        [
            html.Div(
                [
                    html.Button(
                        html.Span(className="icon"),
                        id=ids.PLAY,
                        className="play",
                        title="Play or pause (space)",
                        **{"aria-label": "Play the walk"},
                    ),
                    walking.heading(),
                    dmc.SegmentedControl(
                        id=ids.SPEED,
                        data=[{"value": value, "label": f"{value}×"} for value in ("0.5", "1", "2")],
                        value="1",
                        size="xs",
                        **{"aria-label": "Speed"},
                    ),
                    dmc.Switch(id=ids.LOOP, label="Loop", checked=True, size="xs"),
                    walking.details(),
                ],
                className="player-row",
            ),
            dmc.Slider(
                id=ids.WALK,
                min=0,
                max=1,
                step=0.125,
                value=0,
                label=None,
                size="sm",
                updatemode="drag",
                thumbLabel="Place on the walk",
                className="walk",
            ),
            *walking.below(),
        ],
        id=ids.PLAYER,
        className="player",
        hidden=True,
    )


def _viewer() -> html.Section:
    return html.Section(
        [
            html.Div(
                [
                    html.Div(id=ids.CAPTION, className="caption"),
                    html.Div(
                        [
                            html.Button("Previous", id=ids.PREVIOUS, className="step", title="Previous cell (left arrow)"),
                            html.Button("Next", id=ids.NEXT, className="step", title="Next cell (right arrow)"),
                        ],
                        className="steps",
                    ),
                ],
                className="caption-row",
            ),
            html.Div(
                [
                    dmc.SegmentedControl(id=ids.SHOW, data=[], size="xs", **{"aria-label": "What to show of this cell"}),
                    dmc.MultiSelect(
                        id=ids.STRUCTURE,
                        data=[],
                        searchable=True,
                        clearable=True,
                        clearButtonProps={"aria-label": "Only the cell's own structure"},
                        size="xs",
                        className="structures",
                        **{"aria-label": "Structures"},
                    ),
                    html.Button(
                        "All",
                        id=ids.ALL_STRUCTURES,
                        className="step",
                        title="Every structure in this one cell, or its own alone",
                    ),
                ],
                className="controls",
            ),
            html.Div(
                [
                    html.P(id=ids.NOTE, className="note"),
                    home.button(),
                ],
                className="note-row",
            ),
            html.Div(id=ids.VIEWER, className="viewer", **{"data-state": "loading", "data-recipe": ""}),
            html.Div(
                [
                    html.Div(id=ids.CHANNELS, className="channels", role="group", **{"aria-label": "Channels"}),
                    walking.dial(),
                ],
                className="channels-row",
            ),
            html.Div(
                [
                    html.Div(id=ids.OVERLAYS, className="overlays"),
                    dmc.SegmentedControl(
                        id=ids.VIEW,
                        data=[{"value": value, "label": label} for value, label in VIEWS.items()],
                        value="planes",
                        size="xs",
                        **{"aria-label": "View"},
                    ),
                ],
                className="tools",
            ),
            html.P(id=ids.SENTENCE, className="for-screen-readers", **{"aria-live": "polite"}),
        ],
        className="cell",
    )


def caption(words: Words) -> list:
    """What is shown, over the volume."""
    return [
        html.Span(words.kind, className=f"kind {words.kind.lower()}"),
        html.H2(words.title),
        html.P(words.detail),
    ]


def legend(
    groups: Sequence[Group], has_both: bool, scale: Scale | None = None, theme: str | None = "dark"
) -> list[html.Button | html.Span]:
    """One switch a group: a click hides it on both maps, a double click leaves it alone. What a star is, where there are some.

    `has_both`: whether there are real cells among simulated ones. `scale`: a colour bar goes before the switches.
    """
    star = [html.Span([html.Span(className="point star"), "real cell"], className="key")] if has_both else []
    switches = [
        html.Button(
            [html.Span(className=f"point {group.symbol}", style={"--colour": group.colour}), group.name],
            className="group",
            title=f"{group.words}: {len(group.rows)} cells",
            **{"aria-pressed": "true", "data-group": str(k)},
        )
        for k, group in enumerate(groups)
    ]
    return [*star, _colour_bar(scale, tones(theme).ramp), *switches[:-1]] if scale else star + switches


def _colour_bar(scale: Scale, ramp: Sequence[str]) -> html.Span:
    """What the colours of a number mean, from its low to its high end."""
    return html.Span(
        [
            html.Span(number(scale.low), className="end"),
            html.Span(className="ramp", style={"background": f"linear-gradient(to right, {', '.join(ramp)})"}),
            html.Span(number(scale.high), className="end"),
            html.Span(" · ".join(filter(None, [scale.words, scale.sense])), className="sense"),
        ],
        className="colour-bar",
        role="img",
        **{"aria-label": f"Colours from {number(scale.low)} to {number(scale.high)}: {scale.words}. {scale.sense}"},
    )
