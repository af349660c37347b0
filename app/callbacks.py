"""What follows from what. Each callback hands over to a pure function of `app.page` or `app.maps`, or to a script.

::

    address ──> set_up ──> FACTS, title, choices, COLOUR, VIEW
    address, EVENT, SHOW, STRUCTURE ──> move ──> STATE, caption, choices of SHOW
    ATLAS, COLOUR, WEBGL, THEME ──> draw ──> both maps, legend
    STATE, VIEW ──> scripts: the volume is fetched by URL and painted; marks on the maps; the address is rewritten
    a click on a map, a key, the player ──> scripts ──> EVENT

Only recipes pass through here, never a volume and never a figure.
"""

from dash import ClientsideFunction, Dash, Input, Output, State, ctx

from app import colouring, ids, maps, page
from app.layout import caption
from app.recipe import Recipe
from app.resolve import structures_of
from app.words import describe
from model.atlas import Atlas

# What the scripts do: (outputs, name of the function in assets/explorer.js, inputs).
SCRIPTS = (
    ([Output(ids.URL, "data")], "opened_with", [Input(ids.URL, "id")]),
    ([Output(ids.WEBGL, "data")], "has_webgl", [Input(ids.URL, "data")]),
    ([Output(ids.THEME, "forceColorScheme")], "remembered_theme", [Input(ids.URL, "data")]),
    ([], "show", [Input(ids.STATE, "data"), Input(ids.FACTS, "data")]),
    ([], "view", [Input(ids.VIEW, "value")]),
    ([], "remember", [Input(ids.STATE, "data"), Input(ids.COLOUR, "value"), Input(ids.VIEW, "value")]),
    ([], "maps_drawn", [Input(ids.MAPS["z_r"], "figure"), Input(ids.MAPS["z_s"], "figure"), State(ids.FACTS, "data")]),
    ([], "change_atlas", [Input(ids.ATLAS, "value"), State(ids.FACTS, "data")]),
    ([], "seek", [Input(ids.WALK, "value")]),
    ([], "set_pace", [Input(ids.SPEED, "value"), Input(ids.LOOP, "checked")]),
)


def register(app: Dash, atlases: dict[str, Atlas]) -> None:
    """Connect the components of `app.layout` for these atlases, by id."""

    @app.callback(
        Output(ids.FACTS, "data"),
        Output(ids.TITLE, "children"),
        Output(ids.SIMULATED, "hidden"),
        Output(ids.NOTICE, "children"),
        Output(ids.ATLAS, "value"),
        Output(ids.COLOUR, "data"),
        Output(ids.COLOUR, "value"),
        Output(ids.VIEW, "value"),
        Input(ids.URL, "data"),
    )
    def set_up(search: str | None) -> tuple:
        atlas, _, colour, view, notice = page.open_link(atlases, search)
        colours = colouring.choices(atlas)
        return page.facts(atlas), atlas.title, not atlas.simulated, notice, atlas.atlas_id, colours, colour, view

    @app.callback(
        Output(ids.STATE, "data"),
        Output(ids.CAPTION, "children"),
        Output(ids.NOTE, "children"),
        Output(ids.SENTENCE, "children"),
        Output(ids.SHOW, "data"),
        Output(ids.SHOW, "value"),
        Output(ids.STRUCTURE, "data"),  # with its value: a value that comes before its choices is dropped
        Output(ids.STRUCTURE, "value"),
        Input(ids.URL, "data"),
        Input(ids.EVENT, "data"),
        Input(ids.SHOW, "value"),
        Input(ids.STRUCTURE, "value"),
        State(ids.STATE, "data"),
    )
    def move(search: str | None, event: dict | None, show: str | None, genes: list | None, state: dict | None) -> tuple:
        events = {
            ids.EVENT: event,
            ids.SHOW: {"do": "show", "show": show},
            ids.STRUCTURE: {"do": "structures", "structures": genes},
        }
        return _shown(*page.move(atlases, search, state, events.get(ctx.triggered_id)))

    @app.callback(
        Output(ids.MAPS["z_r"], "figure"),
        Output(ids.MAPS["z_s"], "figure"),
        Output(ids.LEGEND, "children"),
        Input(ids.ATLAS, "value"),  # not FACTS, which would be sent back with every cell's name in it
        Input(ids.COLOUR, "value"),
        Input(ids.WEBGL, "data"),
        Input(ids.THEME, "forceColorScheme"),
    )
    def draw(atlas_id: str, colour: str, webgl: bool, theme: str) -> tuple:
        return maps.drawn(atlases[atlas_id], colour, webgl, theme)

    for output, name, inputs in SCRIPTS:
        app.clientside_callback(ClientsideFunction("explorer", name), *output, *inputs)


def _shown(atlas: Atlas, recipe: Recipe) -> tuple:
    """What `move` gives, in its order."""
    words = describe(atlas, recipe)
    return (
        page.state(atlas, recipe),
        caption(words),
        words.note,
        words.sentence,
        page.show_options(atlas, recipe),
        recipe.show,
        page.structure_options(atlas),
        list(structures_of(atlas, recipe)),
    )
