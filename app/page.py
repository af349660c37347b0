"""What the page is told when a link is opened, and after each thing that is done on it. Pure functions for the callbacks."""

from typing import Any, NamedTuple
from urllib.parse import parse_qs

import numpy as np

from app import colouring, colours, crowd, navigation, sheets
from app.recipe import (
    DEVIATION_SCALE,
    MAX_SAMPLES,
    OBSERVED,
    PREDICTED,
    SHOWS,
    Along,
    Cell,
    Own,
    Position,
    Recipe,
    RecipeError,
    encode_name,
    parse,
)
from app.resolve import settle, structures_of
from app.selection import mean_cell, medoid_row, rows_of
from app.trust import place_on
from app.words import stage_words, structure_words
from model.atlas import Atlas

FORGOTTEN = "No server keeps the image of your own cell, so this is what the model makes of it. Bring the file along to see it."
VIEWS = {
    "slice": "xy",
    "xz": "xz",
    "yz": "yz",
    "planes": "Planes",
    "both": "+ 3D",
    "3d": "3D",
    "compare": "Compare",
    "grid": "Grid",
}
WAYS = "ways"  # the three ways of a walk beside each other: asked for beside the player, and by a link


class Opening(NamedTuple):
    """What a link asks for, with what it leaves open filled in."""

    atlas: Atlas
    recipe: Recipe
    colour: str
    view: str
    notice: str  # what of the link could not be had, in words; empty where all could


def open_link(atlases: dict[str, Atlas], search: str | None) -> Opening:
    """Read a query such as `?recipe=...&colour=stage&view=planes` or `?atlas=ID`. A wrong link opens the page as if new."""
    query = {key: values[-1] for key, values in parse_qs((search or "").removeprefix("?"), separator="&").items()}
    atlas = atlases.get(query.get("atlas", ""), next(iter(atlases.values())))
    recipe, notice = navigation.opening(atlas), ""
    if "recipe" in query:
        try:
            asked = parse(query["recipe"])
            asked_atlas = atlases.get(asked.atlas or atlas.atlas_id)
            if asked_atlas is None:
                raise RecipeError("atlas", f"this page does not have atlas {asked.atlas}")
            atlas, recipe = asked_atlas, settle(asked_atlas, asked)
            if recipe.show == OBSERVED and isinstance(recipe.shape, Own):  # a page that is opened has nobody's image
                recipe, notice = navigation.to_show(atlas, recipe, navigation.shows(atlas, recipe)[1]), FORGOTTEN
        except RecipeError as error:
            notice = f"The link could not be opened, so this is another cell. {error}."
    colour, view = query.get("colour"), query.get("view")
    return Opening(
        atlas,
        recipe,
        colour if colour in colouring.names(atlas) else colouring.DEFAULT,
        view if view in (*VIEWS, WAYS) else "planes",
        notice,
    )


def facts(atlas: Atlas) -> dict[str, Any]:
    """What the scripts need to know of an atlas: every cell in words, as columns, and the walk through the medoids.

    `real` are the rows of real cells, where there are simulated ones beside them; `pictures` where the small ones are
    (`app.sheets`), None where there are none; `blank` the rows of cells whose picture is black; `observed`
    those of cells whose observed volume is in the atlas. `genes` are the structures as a recipe names them; `colours` (r, g, b)
    of channels in their order.
    `walk` is None where there are not two medoids; its `path` is what goes between `shape=path:` and `@T` in a recipe.
    Of very many cells, columns of all cells are left out: the scripts fetch them as bytes (`app.crowd`).
    `n_latent` is how many dimensions z_r and z_s have.
    """
    genes = [s.gene for s in atlas.structures]
    return {
        "atlas": atlas.atlas_id,
        "n_cells": len(atlas.cells),
        **({} if crowd.is_many(atlas) else _columns(atlas)),
        "structures": [structure_words(atlas, gene) for gene in genes],
        "stages": [stage_words(stage) for stage in crowd.stages_of(atlas)],
        "pictures": sheets.facts(atlas.pictures),
        "observed": [int(row) for row in atlas.observed_cells],
        "genes": [encode_name(gene) for gene in genes],
        "colours": colours.colours(2 + len(genes)),
        "uncertainty": {"colour": colours.UNCERTAINTY, "max_samples": MAX_SAMPLES, "full_scale": DEVIATION_SCALE},
        "walk": _walk(atlas),
        "n_latent": atlas.config.n_latent,
    }


def _columns(atlas: Atlas) -> dict[str, list]:
    """What is known of every cell, by row; or the rows of which something is true."""
    structure, stage, _ = crowd.facts(atlas).tolist()
    return {
        "cells": atlas.cells["cell_id"].tolist(),
        "structure": structure,
        "stage": stage,
        "real": np.flatnonzero(atlas.is_real & atlas.has_both).tolist(),
        "blank": [] if atlas.pictures is None else np.flatnonzero(~atlas.has_picture).tolist(),
    }


def _walk(atlas: Atlas) -> dict[str, str] | None:
    path = navigation.walk_path(atlas)
    return None if path is None else {"path": str(path).partition("@")[0]}


def move(atlases: dict[str, Atlas], search: str | None, state: dict | None, event: dict | None) -> tuple[Atlas, Recipe]:
    """The atlas, and the recipe to show: that of the link where nothing was shown or done yet, else where `event` leads."""
    if not state or not event:
        return open_link(atlases, search)[:2]
    recipe = parse(state["recipe"])
    atlas = atlases[recipe.atlas]
    return atlas, act(atlas, recipe, event)


def act(atlas: Atlas, recipe: Recipe, event: dict[str, Any]) -> Recipe:
    """The recipe after something was done: `event` is {"do": what, ...}, as the scripts report it.

    `cell` (row), `place` (map, x, y), `step` (by), `show` (show), `structures` (structures; none of them is
    the cell's own, or the first that is shown), `open` (recipe, of this atlas), `mean` and `medoid` (bits: the selection).
    """
    match event:
        case {"do": "mean" | "medoid" as what, "bits": str(bits)} if len(rows := rows_of(bits, len(atlas.cells))):
            if what == "mean":
                return mean_cell(atlas, rows, recipe)
            return navigation.to_cell(atlas, recipe, medoid_row(atlas, rows))
        case {"do": "cell", "row": int(row)} if 0 <= row < len(atlas.cells):
            return navigation.to_cell(atlas, recipe, row)
        case {"do": "place", "map": "z_r" | "z_s" as name, "x": x, "y": y}:
            return navigation.to_place(atlas, recipe, name, float(x), float(y))
        case {"do": "step", "by": int(by)}:
            return navigation.to_neighbour(atlas, recipe, by)
        case {"do": "show", "show": show}:
            return navigation.to_show(atlas, recipe, show)
        case {"do": "structures", "structures": list(structures)}:
            return navigation.to_structures(atlas, recipe, structures)
        case {"do": "open", "recipe": str(text)}:
            return _opened(atlas, text) or recipe
    return recipe


def _opened(atlas: Atlas, text: str) -> Recipe | None:
    try:
        return settle(atlas, parse(text))
    except RecipeError:
        return None


def state(atlas: Atlas, recipe: Recipe) -> dict[str, Any]:
    """The page's one state: the recipe, and what the scripts draw from it.

    recipe : canonical string; nearby : those of the previous and the next cell, to be fetched ahead;
    structures : as in a recipe, for the frames of a walk;
    marks : per map what is shown there, or what one of its dimensions was changed of: {"row"}, {"place": [x, y]},
    {"own": [x, y], "name"}, or nothing.
    """
    row = navigation.row_of(atlas, recipe)
    shape = recipe.shape.base if isinstance(recipe.shape, Along) else recipe.shape
    structures = structures_of(atlas, recipe) or navigation.predictable(atlas, recipe)
    prediction = Recipe(PREDICTED, recipe.shape, structures)
    return {
        "recipe": str(recipe),
        "nearby": [] if row is None else [str(navigation.to_neighbour(atlas, recipe, by)) for by in (-1, 1)],
        "structures": str(prediction).rpartition("structures=")[2],
        "marks": {
            "z_r": _mark(atlas.index_of[shape.cell_id] if isinstance(shape, Cell) else None, shape),
            "z_s": _mark(None if recipe.z_s else row, recipe.z_s),
        }
        | _own_marks(atlas, recipe),
    }


def _own_marks(atlas: Atlas, recipe: Recipe) -> dict[str, Any]:
    """Of a cell of one's own: where it lies among the others. On the map of z_s only where its own z_s is known and meant."""
    own = recipe.shape
    if not isinstance(own, Own):
        return {}
    known = {"z_r": own.z_r} | ({"z_s": own.z_s} if own.z_s and recipe.z_s is None else {})
    return {name: {"own": list(place_on(atlas, name, np.array(z))[0]), "name": own.name} for name, z in known.items()}


def _mark(row: int | None, form: Any) -> dict[str, Any]:
    if row is not None:
        return {"row": row}
    return {"place": [form.x, form.y]} if isinstance(form, Position) else {}


def show_options(atlas: Atlas, recipe: Recipe) -> list[dict[str, Any]]:
    """What can be shown of this shape, for the control that chooses it."""
    possible = navigation.shows(atlas, recipe)
    return [{"value": show, "label": show.capitalize(), "disabled": show not in possible} for show in SHOWS]


def structure_options(atlas: Atlas) -> list[dict[str, str]]:
    """Every structure of the atlas, by gene with its words."""
    return [{"value": s.gene, "label": f"{s.gene}: {s.structure}"} for s in atlas.structures]
