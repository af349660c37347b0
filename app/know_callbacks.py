"""What follows from what below the maps. Each callback hands over to a pure function.

::

    ATLAS, PANEL ──> lay_table ──> the grid, when it is first opened
    what the grid asks for, SELECTION ──> rows ──> the grid
    STATE, PANEL ──> about ──> the panel "About this cell"
    PANEL, STATE ──> structures of VARIATION_OF; VARIATION_OF, THEME ──> extremes
    SHADE ──> [script] shade
"""

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from app import ids, know, own_page, page, table
from app.about import about
from app.recipe import Own, parse
from app.resolve import structures_of
from app.selection import rows_of
from model.atlas import Atlas

# As in app/callbacks.py: (outputs, name of the function in assets/modules/page.mjs, inputs).
SCRIPTS = (
    ([], "shade", [Input(ids.SHADE, "checked")]),
    ([], "about_came", [Input(ids.ABOUT, "children")]),
    ([], "panel_opened", [Input(ids.PANEL, "data"), Input(ids.TABLE, "children")]),
)
GRID = ids.LAZY["grid"]


def register(app: Dash, atlases: dict[str, Atlas]) -> None:
    """Connect the components of `app.know` for these atlases, by id."""

    @app.callback(
        Output(ids.TABLE, "children"), Input(ids.PANEL, "data"), State(ids.ATLAS, "value"), State(ids.TABLE, "children")
    )
    def lay_table(panel: str | None, atlas_id: str | None, there: dict | None) -> object:
        return know.grid(atlases[atlas_id]) if panel == ids.TABLE and atlas_id and not there else no_update

    @app.callback(
        Output(GRID, "getRowsResponse"),
        Input(GRID, "getRowsRequest"),
        State(ids.SELECTION, "data"),
        State(ids.ATLAS, "value"),
        prevent_initial_call=True,
    )
    def rows(request: dict | None, selection: dict | None, atlas_id: str) -> object:
        return rows_asked(atlases[atlas_id], request, selection) if request else no_update

    @app.callback(Output(ids.ABOUT, "children"), Input(ids.STATE, "data"), Input(ids.PANEL, "data"))
    def tell(state: dict | None, panel: str | None) -> object:
        return about_asked(atlases, state["recipe"]) if state and panel == ids.ABOUT else no_update

    @app.callback(
        Output(ids.VARIATION_OF, "data"),
        Output(ids.VARIATION_OF, "value"),
        Input(ids.PANEL, "data"),
        State(ids.STATE, "data"),
        State(ids.VARIATION_OF, "value"),
    )
    def structures(panel: str | None, state: dict | None, gene: str | None) -> tuple:
        return structures_asked(atlases, state["recipe"], gene) if state and panel == ids.VARIATION else (no_update, no_update)

    @app.callback(
        Output(ids.EXTREMES, "children"),
        Input(ids.VARIATION_OF, "value"),
        Input(ids.THEME, "forceColorScheme"),
        State(ids.ATLAS, "value"),
    )
    def extremes(gene: str | None, theme: str, atlas_id: str | None) -> object:
        return know.variation_panel(atlases[atlas_id], gene, theme) if gene and atlas_id else no_update

    for output, name, inputs in SCRIPTS:
        app.clientside_callback(ClientsideFunction("explorer", name), *output, *inputs)


def rows_asked(atlas: Atlas, request: dict, selection: dict | None) -> dict:
    """The rows that the grid asks for: of the selected cells where there are some, else of all."""
    bits = selection["bits"] if selection and selection["atlas"] == atlas.atlas_id else None
    return table.block(atlas, rows_of(bits, len(atlas.cells)) if bits else None, request)


def about_asked(atlases: dict[str, Atlas], text: str) -> list:
    """The panel about a settled recipe."""
    recipe = parse(text)
    atlas = atlases[recipe.atlas]
    if isinstance(recipe.shape, Own):
        return own_page.about_panel(atlas, recipe.shape)
    return know.about_panel(atlas, recipe, about(atlas, recipe))


def structures_asked(atlases: dict[str, Atlas], text: str, gene: str | None) -> tuple[list, str]:
    """The structures to choose from, and which: the one that was chosen before, else that which is shown."""
    recipe = parse(text)
    atlas = atlases[recipe.atlas]
    return page.structure_options(atlas), gene or structures_of(atlas, recipe)[0]
