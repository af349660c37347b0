"""Where the page can go from where it is: each function takes the recipe that is shown and returns the next one."""

from collections.abc import Sequence
from dataclasses import replace

from app.recipe import OBSERVED, PREDICTED, RECONSTRUCTED, Along, Cell, Own, Path, Position, Recipe
from app.resolve import nearest_cell, structures_of
from model.atlas import Atlas
from model.latent import map_to_latent

OPENING_STAGE = "metaphase"


def opening(atlas: Atlas) -> Recipe:
    """What a page without a recipe in its address shows: the metaphase medoid, else the first medoid, else the first cell."""
    row = 0
    if atlas.medoids is not None and len(atlas.medoids):
        medoids = dict(zip(atlas.medoids["stage"], atlas.medoids["cell"], strict=True))
        row = int(medoids.get(OPENING_STAGE, next(iter(medoids.values()))))
    return Recipe(RECONSTRUCTED, Cell(cell_id(atlas, row)), atlas=atlas.atlas_id)


def cell_id(atlas: Atlas, row: int) -> str:
    """Name of the cell in a row of the cell table."""
    return str(atlas.cells["cell_id"].iloc[row])


def row_of(atlas: Atlas, recipe: Recipe) -> int | None:
    """Row of the cell whose shape is shown, None where the shape is not a cell's."""
    return atlas.index_of[recipe.shape.cell_id] if isinstance(recipe.shape, Cell) else None


def shows(atlas: Atlas, recipe: Recipe) -> tuple[str, ...]:
    """What can be shown of this shape. Only a cell was observed, and the atlas's author chose whose images to include."""
    if isinstance(recipe.shape, Own):  # whether the page has its image, the page knows
        return (OBSERVED, RECONSTRUCTED, PREDICTED) if recipe.shape.z_s else (OBSERVED, PREDICTED)
    row = row_of(atlas, recipe)
    if row is None:
        return (PREDICTED,)
    return (OBSERVED, RECONSTRUCTED, PREDICTED) if row in atlas.observed_cells else (RECONSTRUCTED, PREDICTED)


def to_cell(atlas: Atlas, recipe: Recipe, row: int) -> Recipe:
    """The cell in `row`, shown as the last cell was: a predicted structure stays chosen while cells are stepped through."""
    shape = Cell(cell_id(atlas, row))
    if isinstance(recipe.shape, Cell) and recipe.show == PREDICTED:
        return replace(recipe, shape=shape)
    there = Recipe(RECONSTRUCTED, shape, atlas=atlas.atlas_id)
    return to_show(atlas, there, recipe.show) if isinstance(recipe.shape, Cell) else there


def to_neighbour(atlas: Atlas, recipe: Recipe, by: int) -> Recipe:
    """The cell `by` rows on in the cell table, round its ends; from a place that is no cell, on from the cell next to it."""
    return to_cell(atlas, recipe, (nearest_row(atlas, recipe) + by) % len(atlas.cells))


def nearest_row(atlas: Atlas, recipe: Recipe) -> int:
    """Row of the cell that is shown, or of the one nearest to it: on the map, or the stop of a walk."""
    shape = recipe.shape
    if isinstance(shape, Along):
        return nearest_row(atlas, replace(recipe, shape=shape.base))
    if isinstance(shape, Path):
        return atlas.index_of[shape.stops[round(shape.t)]]
    if isinstance(shape, Position):
        return int(map_to_latent((shape.x, shape.y), atlas.projection("z_r"), atlas.latent("z_r")).neighbours[0])
    return nearest_cell(atlas, recipe).row


def to_place(atlas: Atlas, recipe: Recipe, name: str, x: float, y: float) -> Recipe:
    """A place on a map where no cell is: on the map of z_r another shape, on that of z_s another localisation in this shape."""
    place = Position(float(f"{x:.6g}"), float(f"{y:.6g}"))  # finer than a pixel, and short in a link
    shape, z_s = (place, None) if name == "z_r" else (recipe.shape, place)
    return Recipe(PREDICTED, shape, structures_of(atlas, recipe), z_s, atlas=atlas.atlas_id)


def to_show(atlas: Atlas, recipe: Recipe, show: str) -> Recipe:
    """The same shape observed, reconstructed or predicted. What is not there for it becomes what is nearest to it."""
    possible = shows(atlas, recipe)
    show = show if show in possible else possible[0]
    if show == recipe.show:
        return recipe
    return Recipe(show, recipe.shape, predictable(atlas, recipe) if show == PREDICTED else (), atlas=atlas.atlas_id)


def predictable(atlas: Atlas, recipe: Recipe) -> tuple[str, ...]:
    """What a prediction of this shape begins with: the structures that are shown; in a cell of one's own all of them."""
    everything = tuple(s.gene for s in atlas.structures)
    return recipe.structures or (everything if isinstance(recipe.shape, Own) else structures_of(atlas, recipe))


def to_structures(atlas: Atlas, recipe: Recipe, structures: Sequence[str]) -> Recipe:
    """The same shape with these structures in it, which is a prediction unless they are the picture's already.

    With none: the cell's own structure, or the first that is shown where the shape is no cell's.
    """
    if not structures:
        row = row_of(atlas, recipe)
        structures = (
            (structures_of(atlas, recipe) or predictable(atlas, recipe))[:1]
            if row is None
            else (str(atlas.cells["structure"].iloc[row]),)
        )
    if tuple(structures) == structures_of(atlas, recipe):
        return recipe
    return Recipe(PREDICTED, recipe.shape, tuple(structures), recipe.z_s, recipe.value, atlas.atlas_id)


def walk_path(atlas: Atlas) -> Path | None:
    """The start of the walk through the medoids, in the order of the stages; None where there are not two of them."""
    if atlas.medoids is None or len(atlas.medoids) < 2:
        return None
    return Path("radial", tuple(cell_id(atlas, row) for row in atlas.medoids["cell"]), 0.0)


def to_walk(atlas: Atlas, recipe: Recipe, t: float) -> Recipe:
    """The place `t` on the walk through the medoids, with the structures that are shown."""
    path = walk_path(atlas)
    assert path is not None
    return Recipe(PREDICTED, replace(path, t=float(t)), structures_of(atlas, recipe), atlas=atlas.atlas_id)
