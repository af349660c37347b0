"""What is shown, in words: the caption over the volume, the note under it, and the sentence a screen reader says."""

from dataclasses import replace
from typing import NamedTuple

from app.navigation import row_of
from app.recipe import OBSERVED, PREDICTED, RECONSTRUCTED, Along, Cell, Draw, Literal, Own, Path, Position, Recipe
from app.resolve import nearest_cell, structures_of, z_r
from model.atlas import Atlas
from model.latent import Place, map_to_latent
from model.vocabulary import NOT_ANNOTATED

RULE = "Decoded from the 8 nearest cells on the map, the nearer the more."
FEW = 4  # structures that are named one by one
FAR = 0.5  # support of a place that is twice as far from its nearest cells as they are from theirs


class Words(NamedTuple):
    """A picture in words."""

    kind: str  # OBSERVED, RECONSTRUCTED or PREDICTED
    title: str  # the shape: which cell, or which place
    detail: str  # its stage and structures
    note: str  # how the picture came about
    sentence: str  # all of it, for a screen reader


def describe(atlas: Atlas, recipe: Recipe) -> Words:
    """`recipe` in words. Its cells and structures must be in the atlas."""
    title, place = _shape(atlas, recipe)
    names = _structures_words(atlas, structures_of(atlas, recipe))
    kind = recipe.show.upper()
    if isinstance(recipe.shape, Own) and recipe.show != PREDICTED and names:
        names = f"taken for {names}"
    detail = " · ".join(part for part in (place, names) if part)
    note = _note(atlas, recipe)
    return Words(kind, title, detail, note, f"{kind.capitalize()}: {title}. {detail}. {note}")


def structure_words(atlas: Atlas, gene: str) -> str:
    """For example "TOMM20 (Tom20, mitochondria)"."""
    return next((f"{s.gene} ({s.protein}, {s.structure})" for s in atlas.structures if s.gene == gene), gene)


def _structures_words(atlas: Atlas, genes: tuple[str, ...]) -> str:
    """One in full, a few by gene, many counted."""
    if len(genes) == 1:
        return structure_words(atlas, genes[0])
    return ", ".join(genes) if len(genes) <= FEW else f"{len(genes)} structures of one cell"


def stage_words(stage: str) -> str:
    """The stage, or that nobody annotated it."""
    return "stage not annotated" if stage == NOT_ANNOTATED else stage


def is_real(atlas: Atlas, recipe: Recipe) -> bool:
    """Whether the cell of a recipe is a real one."""
    return bool(atlas.is_real[row_of(atlas, recipe)])


def _shape(atlas: Atlas, recipe: Recipe) -> tuple[str, str]:
    """What the shape is, and what is known of it."""
    match recipe.shape:
        case Cell(cell_id):
            kind = "Real cell" if atlas.has_both and is_real(atlas, recipe) else "Cell"
            return f"{kind} {cell_id}", stage_words(atlas.cells["stage"].iloc[row_of(atlas, recipe)])
        case Path(kind, stops, t):
            return "A cell on a walk", _between(atlas, stops, t) + ("" if kind == "radial" else f", {kind}")
        case Position(x, y):
            nearest = atlas.cells.iloc[int(_place(atlas, "z_r", x, y).neighbours[0])]
            return "A cell between cells", f"nearest cell {nearest['cell_id']}, {stage_words(nearest['stage'])}"
        case Draw(seed):
            return "A shape drawn at random", f"seed {seed}"
        case Own(name):
            nearest = atlas.cells.iloc[nearest_cell(atlas, recipe).row]
            return f"Your cell {name}", f"nearest cell {nearest['cell_id']}, {stage_words(nearest['stage'])}"
        case Along(dimension, value, base):
            own = float(z_r(atlas, base)[dimension - 1])
            title, place = _shape(atlas, replace(recipe, shape=base))
            return f"{title}, changed", f"dimension {dimension} of z_r at {value:g}, its own is {own:.2f} · {place}"
    return "A shape given as numbers", f"{len(recipe.shape.z)} latent values"


def _place(atlas: Atlas, name: str, x: float, y: float) -> Place:
    return map_to_latent((x, y), atlas.projection(name), atlas.latent(name))


def _between(atlas: Atlas, stops: tuple[str, ...], t: float) -> str:
    stages = [stage_words(atlas.cells["stage"].iloc[atlas.index_of[stop]]) for stop in stops]
    segment = int(t)
    if t == segment:
        return f"at {stages[segment]}"
    return f"{t - segment:.0%} of the way from {stages[segment]} to {stages[segment + 1]}"


def _note(atlas: Atlas, recipe: Recipe) -> str:
    if recipe.show == OBSERVED and isinstance(recipe.shape, Own):
        return "Your image, prepared as the atlas's cells were. It is in this page alone: no server keeps it, no link shows it."
    if recipe.show == OBSERVED:
        return "The cell as it was imaged." if is_real(atlas, recipe) else "The cell as it was simulated."
    if recipe.show == RECONSTRUCTED:
        return "The model's own rendering of this cell: encoded, then decoded."
    if recipe.value:
        return f"How much the prediction varies over {recipe.value.n_samples} localisations drawn at random: bright is unsure."
    return f"{_shape_note(atlas, recipe.shape)} {_structures_note(atlas, recipe.z_s)}"


def _shape_note(atlas: Atlas, shape: Cell | Path | Position | Draw | Literal | Own | Along) -> str:
    if isinstance(shape, Along):
        return f"Membrane and DNA with dimension {shape.dimension} of z_r at {shape.value:g}; most cells have -3 to 3."
    if not isinstance(shape, Position):
        return "Membrane and DNA from the shape alone."
    return RULE + _doubt(_place(atlas, "z_r", shape.x, shape.y))


def _structures_note(atlas: Atlas, z_s: Cell | Position | Draw | Literal | Along | None) -> str:
    match z_s:
        case Along(dimension, value, base):
            return f"{_structures_note(atlas, base)[:-1]}, but dimension {dimension} of z_s at {value:g}."
        case None:
            return "Structures where the model most expects them."
        case Cell(cell_id):
            return f"Structures placed as in cell {cell_id}."
        case Position(x, y):
            doubt = _doubt(_place(atlas, "z_s", x, y))
            return f"Structures placed as in the 8 cells nearest to the click on the right map.{doubt}"
        case Draw(seed):
            return f"Structures placed at random, seed {seed}."
    return "Structures placed by the z_s given."


def _doubt(place: Place) -> str:
    return "" if place.support > FAR else " It is far from any cell: trust it little."
