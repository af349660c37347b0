"""Taking it home: the drawer from which everything on the page can be taken away, and what follows from its controls.

::

    STATE ──> [script] show ──> addresses of this volume, its script, its walk
    PNG, films ──> [script] made or fetched, then saved                  (assets/modules/home.mjs)
    choice of cells ──> count ──> how many, or what is wrong
    MAKE (+ choice) ──> order ──> ORDER {id} ──> work (a background callback) ──> progress, RESULT
    CANCEL (+ ORDER) ──> take_back

The choice of cells, what it means and the work are `app.bulk`; who works is `app.jobs`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.background_callback.managers import BaseBackgroundCallbackManager

from app import bulk, ids
from app.bulk import Choice
from app.jobs import interruptible
from app.page import structure_options
from app.recipe import OBSERVED, RECONSTRUCTED, SHOWS
from app.words import stage_words
from model.atlas import Atlas
from model.errors import InputError

FILES = {".imagej.tif": "ImageJ", ".nii.gz": "NIfTI", ".bin": "Raw"}  # beside OME-TIFF
FILMS = {".mp4": "MP4", ".gif": "GIF", ".png.zip": "PNG sequence", ".ome.tif": "OME-TIFF series"}
WHICHES = {"group": "Structure and stage", "selection": "Selected", "ids": "Cell ids"}
POLL_MS = 400
CHOICE = [
    State(ids.ATLAS, "value"),  # not FACTS, which would be posted with every cell's name in it
    *(State(name, "value") for name in (ids.HOME_WHICH, ids.HOME_IDS, ids.HOME_GROUP_STRUCTURE, ids.HOME_GROUP_STAGE)),
    State(ids.SELECTION, "data"),
]


def button() -> html.Button:
    """What opens the drawer."""
    return html.Button("Take home", id=ids.HOME_OPEN, className="download", title="Files, pictures, films, scripts, tables")


def drawer() -> dmc.Drawer:
    """The drawer, closed."""
    return dmc.Drawer(
        [
            _part(
                "This picture", "As it is painted, with its scale bar and where it comes from.", _button("PNG", ids.HOME_PNG)
            ),
            _part(
                "This volume",
                "Whole, with channel names, colours, voxel size and its recipe.",
                html.A("OME-TIFF", id=ids.DOWNLOAD, className="take", download=""),
                *(
                    html.A(name, id=ids.HOME_FILES[extension], className="take", download="")
                    for extension, name in FILES.items()
                ),
                _button("Copy OME-Zarr address", ids.HOME_ZARR),
                html.P("Your image is in this page alone: you have its file.", id=ids.HOME_YOURS, hidden=True),
            ),
            _part(
                "This view as a script",
                "Python that makes the same voxels again, without this page.",
                html.A("Python", id=ids.HOME_SCRIPT, className="take", download=""),
            ),
            _part(
                "The walk",
                "From the first stop to the last, with the structures that are shown.",
                *(_button(name, ids.HOME_FILMS[extension]) for extension, name in FILMS.items()),
            ),
            html.Div(
                [
                    html.P(id=ids.HOME_SAID, role="status"),
                    html.Button("Cancel", id=ids.HOME_STOP, className="take", hidden=True),
                ],
                className="home-said",
            ),
            _many(),
            dcc.Store(id=ids.HOME_ORDER),
            dcc.Download(id=ids.HOME_SAVED),
        ],
        id=ids.HOME,
        title="Take home",
        position="left",
        size="min(460px, 100vw)",
        padding="lg",
        overlayProps={"backgroundOpacity": 0.1},
        closeButtonProps={"aria-label": "Close"},
        className="home",
    )


def _part(title: str, words: str, *controls: Any) -> html.Section:
    return html.Section([html.H3(title), html.P(words), html.Div(list(controls), className="takes")])


def _button(name: str, button_id: str) -> html.Button:
    return html.Button(name, id=button_id, className="take")


def _many() -> html.Section:
    return html.Section(
        [
            html.H3("Many cells"),
            html.P("Their table, or their volumes in one zip with a manifest."),
            _segments(ids.HOME_WHICH, WHICHES, "group", "Which cells"),
            html.Div(
                [
                    _select(ids.HOME_GROUP_STRUCTURE, "Structure of the cells", "All structures"),
                    _select(ids.HOME_GROUP_STAGE, "Stage of the cells", "All stages"),
                ],
                id=ids.HOME_GROUP,
                className="pair",
            ),
            dmc.Textarea(
                id=ids.HOME_IDS,
                value="",
                placeholder="Cell ids, between commas or on lines of their own",
                autosize=True,
                minRows=2,
                maxRows=6,
                size="xs",
                debounce=400,
                **{"aria-label": "Cell ids"},
            ),
            html.P(id=ids.HOME_COUNT, className="count", role="status"),
            html.Div(_button("Table as CSV", ids.HOME_TABLE), className="takes"),
            _segments(
                ids.HOME_BULK_SHOW, {show: show.capitalize() for show in SHOWS}, RECONSTRUCTED, "What to take of each cell"
            ),
            dmc.MultiSelect(
                id=ids.HOME_BULK_STRUCTURES,
                data=[],
                value=[],
                placeholder="Structures to predict",
                searchable=True,
                size="xs",
                **{"aria-label": "Structures to predict"},
            ),
            html.Div(
                [
                    dmc.Select(
                        id=ids.HOME_BULK_FORMAT,
                        data=[{"value": extension, "label": name} for extension, name in bulk.FORMATS.items()],
                        value=".ome.tif",
                        allowDeselect=False,
                        size="xs",
                        **{"aria-label": "Format"},
                    ),
                    html.Button("Make the zip", id=ids.HOME_MAKE, className="take main"),
                ],
                className="pair",
            ),
            html.Div(
                [
                    dmc.Progress(id=ids.HOME_BAR, value=0, size="sm", **{"aria-label": "Volumes fetched"}),
                    html.Div(
                        [html.P(id=ids.HOME_TOLD), html.Button("Cancel", id=ids.HOME_CANCEL, className="take")],
                        className="home-said",
                    ),
                ],
                id=ids.HOME_PROGRESS,
                hidden=True,
            ),
            html.P(id=ids.HOME_RESULT, className="result", role="status"),
        ]
    )


def _segments(name: str, choices: dict[str, str], value: str, label: str) -> dmc.SegmentedControl:
    data = [{"value": choice, "label": words} for choice, words in choices.items()]
    return dmc.SegmentedControl(id=name, data=data, value=value, size="xs", fullWidth=True, **{"aria-label": label})


def _select(name: str, label: str, everything: str) -> dmc.Select:
    return dmc.Select(
        id=name, data=[], value="", placeholder=everything, clearable=True, searchable=True, size="xs", **{"aria-label": label}
    )


def stage_options(atlas: Atlas) -> list[dict[str, str]]:
    """The stages that have cells, in order."""
    there = set(atlas.cells["stage"])
    return [{"value": stage, "label": stage_words(stage)} for stage in atlas.stages if stage in there]


def choice_of(which: str, text: str | None, structure: str | None, stage: str | None, selection: dict | None) -> Choice:
    """The cells that the drawer's controls, and the lasso, choose."""
    return Choice(which, text or "", structure or "", stage or "", (selection or {}).get("bits"))


def counted(atlas: Atlas, choice: Choice, show: str) -> str:
    """How many cells are chosen, and how many of them were observed where that is what is asked for; or what is wrong."""
    try:
        rows = bulk.rows_of(atlas, choice)
    except InputError as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}."
    n_observed = len(set(rows) & set(atlas.observed_cells))
    words = "1 cell" if len(rows) == 1 else f"{len(rows):,} cells"
    return f"{words}; the atlas holds observed volumes of {n_observed:,}." if show == OBSERVED else f"{words}."


def told(done: int, total: int, seconds: float) -> tuple[float, str]:
    """Percentage and words of progress."""
    left = f", {_duration(seconds)} left" if done else ""
    return 100 * done / total, f"{done} of {total} volumes{left}"


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(1, seconds):.0f} s"


def finished(order_id: str, path: Path) -> list:
    """The link to a zip that is ready."""
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    return [
        html.A("Save the zip", href=f"/api/exports/{order_id}.zip", className="take main", download=""),
        f" {size}, kept for a day",
    ]


def place(
    folder: Path, address: str, atlas: Atlas, choice: Choice, show: str, structures: Sequence[str], extension: str
) -> dict:
    """Place an order for the chosen cells: {"id"}. Raises InputError as `app.bulk` does."""
    entries = bulk.entries_of(atlas, bulk.rows_of(atlas, choice), show, structures, extension)
    return {"id": bulk.place(folder, address, entries, extension)}


def fill(tell: Callable[[tuple], None], order: dict | None) -> list | str:
    """Fill an order, and say what came of it. This is the work of a job."""
    if not order:
        return ""
    try:
        with interruptible():
            path = bulk.fill(bulk.export_folder(), order["id"], lambda *progress: tell(told(*progress)))
    except bulk.Cancelled:
        return "Cancelled. Nothing was kept."
    except InputError as error:
        return f"The zip could not be made: {error}."
    return finished(order["id"], path)


def register(app: Dash, atlases: dict[str, Atlas], manager: BaseBackgroundCallbackManager, address: object) -> None:
    """Connect the drawer; `str(address)` is where jobs find this server."""
    for outputs, name, inputs in (
        ([Output(ids.HOME, "opened")], "home_opened", [Input(ids.HOME_OPEN, "n_clicks")]),
        ([Output(ids.HOME_GROUP, "hidden"), Output(ids.HOME_IDS, "display")], "home_which", [Input(ids.HOME_WHICH, "value")]),
        ([Output(ids.HOME_BULK_STRUCTURES, "display")], "home_show", [Input(ids.HOME_BULK_SHOW, "value")]),
    ):
        app.clientside_callback(ClientsideFunction("explorer", name), *outputs, *inputs)

    @app.callback(
        Output(ids.HOME_GROUP_STRUCTURE, "data"),
        Output(ids.HOME_GROUP_STAGE, "data"),
        Output(ids.HOME_BULK_STRUCTURES, "data"),
        Input(ids.ATLAS, "value"),
    )
    def choices(atlas_id: str) -> tuple:
        atlas = atlases[atlas_id]
        return structure_options(atlas), stage_options(atlas), structure_options(atlas)

    @app.callback(
        Output(ids.HOME_COUNT, "children"),
        *(Input(one.component_id, one.component_property) for one in CHOICE),
        Input(ids.HOME_BULK_SHOW, "value"),
    )
    def count(atlas_id: str, *chosen_and_show: Any) -> str:
        *chosen, show = chosen_and_show
        return counted(atlases[atlas_id], choice_of(*chosen), show)

    @app.callback(Output(ids.HOME_SAVED, "data"), Input(ids.HOME_TABLE, "n_clicks"), *CHOICE, prevent_initial_call=True)
    def table(_clicks: int, atlas_id: str, *chosen: Any) -> Any:
        atlas = atlases[atlas_id]
        try:
            rows = bulk.rows_of(atlas, choice_of(*chosen))
        except InputError:
            return no_update  # ids.HOME_COUNT says why
        return {"content": bulk.table_csv(atlas, rows), "filename": "cells.csv", "type": "text/csv"}

    @app.callback(
        Output(ids.HOME_ORDER, "data"),
        Output(ids.HOME_RESULT, "children"),
        Input(ids.HOME_MAKE, "n_clicks"),
        *CHOICE,
        *(State(name, "value") for name in (ids.HOME_BULK_SHOW, ids.HOME_BULK_STRUCTURES, ids.HOME_BULK_FORMAT)),
        prevent_initial_call=True,
    )
    def order(_clicks: int, atlas_id: str, *chosen_and_what: Any) -> tuple:
        *chosen, show, structures, extension = chosen_and_what
        try:
            atlas, choice = atlases[atlas_id], choice_of(*chosen)
            return place(bulk.export_folder(), str(address), atlas, choice, show, structures, extension), ""
        except InputError as error:
            return no_update, f"{str(error)[0].upper()}{str(error)[1:]}."

    @app.callback(
        Output(ids.HOME_RESULT, "children", allow_duplicate=True),
        Input(ids.HOME_CANCEL, "n_clicks"),
        State(ids.HOME_ORDER, "data"),
        prevent_initial_call=True,
    )
    def take_back(_clicks: int, order: dict | None) -> str:
        bulk.cancel(bulk.export_folder(), (order or {}).get("id", ""))
        return "Cancelled. Nothing was kept."

    register_job(app.callback, manager)


def register_job(callback: Callable, manager: BaseBackgroundCallbackManager) -> None:
    """The one callback that runs as a job: on the server, which sends it, and on a worker, which does it."""

    @callback(
        Output(ids.HOME_RESULT, "children", allow_duplicate=True),
        Input(ids.HOME_ORDER, "data"),
        background=True,
        manager=manager,
        interval=POLL_MS,
        progress=[Output(ids.HOME_BAR, "value"), Output(ids.HOME_TOLD, "children")],
        progress_default=[0, "Waiting to begin"],
        running=[(Output(ids.HOME_MAKE, "disabled"), True, False), (Output(ids.HOME_PROGRESS, "hidden"), False, True)],
        cancel=[Input(ids.HOME_CANCEL, "n_clicks")],
        prevent_initial_call=True,
    )
    def work(tell: Callable, order: dict | None) -> Any:
        return fill(tell, order)
