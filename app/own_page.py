"""A cell of one's own on the page: what opens the dialog, the dialog that the scripts fill, and what is known of the cell."""

from dash import html

from app import ids, know, own
from app.about import Near
from app.recipe import Own
from app.resolve import Nearest
from model.atlas import Atlas

NO_STRUCTURE = "p(y | x) is read from a structure's channel, and none was given."


def button() -> html.Button:
    """What opens the dialog; a TIFF can also be dropped anywhere."""
    return html.Button(
        "Your cell", id=ids.OWN_OPEN, className="quiet", title="Place a cell of your own: choose a TIFF, or drop it"
    )


def dialog() -> html.Dialog:
    """Empty: assets/modules/own.mjs fills it."""
    return html.Dialog(id=ids.OWN, className="sheet own-sheet", **{"aria-labelledby": "own-title"})


def about_panel(atlas: Atlas, cell: Own) -> list:
    """The panel "About this cell" of a cell brought along. Its measures are filled in on the page that brought it."""
    known = own.known(atlas, cell)
    facts = [
        ("Source", "your own file"),
        ("Stage", f"most like {known.stage}: {known.n_alike} of its {known.n_nearest} nearest cells"),
        ("Distance", f"{known.distance.distance:.2f} from the nearest training cell, in z_r"),
    ]
    said = [
        html.P(known.distance.words, className="own-trust"),
        html.P(id=ids.LAZY["own-measured"], className="soft"),
        html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts"),
    ]
    bars = [know.likely(gene, p) for gene, p in known.p_structure[: know.N_LIKELY]]
    return [
        know.column("What it is", said),
        know.column("Structure, p(y | x)", bars or [html.P(NO_STRUCTURE, className="soft")]),
        know.column("Nearest cells, in z_r", [know.open_cell(atlas, _near(atlas, near)) for near in known.nearest]),
    ]


def _near(atlas: Atlas, near: Nearest) -> Near:
    cell = atlas.cells.iloc[near.row]
    return Near(near.row, str(cell["cell_id"]), f"{cell['structure']}, {cell['stage']}, at {near.distance:.2f}", None)
