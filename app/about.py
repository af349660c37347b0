"""What is known of the cell that is shown: what the model takes it for, where it comes from, how much its structures vary."""

from typing import NamedTuple

import numpy as np

from app import resolve
from app.navigation import row_of
from app.recipe import Cell, Position, Recipe
from model.atlas import Atlas
from model.latent import distances_to, map_to_latent


class Near(NamedTuple):
    """A cell near the one that is shown."""

    row: int
    cell_id: str
    words: str  # its structure and stage
    weight: float | None  # its part in what was decoded from a place on the map; None where that is not so


class Score(NamedTuple):
    """How much a structure varies in a cell, and where that is among the cells that were scored."""

    gene: str
    score: float
    rank: int  # 1 is the most variable
    n: int


class About(NamedTuple):
    """Of the cell that is shown. Empty where there is nothing to be said."""

    facts: list[tuple[str, str]]
    p_structure: list[tuple[str, float]]  # p(y | x), the likeliest first
    own: str  # the gene that was tagged; empty where no cell is shown
    nearest: Near | None  # the nearest real cell, or the nearest cell where all are simulated or all real
    nearest_kind: str
    neighbours: list[Near]  # what a place on the map was decoded from
    scores: list[Score]


def about(atlas: Atlas, recipe: Recipe) -> About:
    """All that is known of what a settled recipe shows."""
    row = row_of(atlas, recipe)
    kind = "Nearest real cell" if atlas.has_both else "Nearest cell"
    neighbours = _decoded_from(atlas, recipe.shape) if isinstance(recipe.shape, Position) else []
    if row is None:
        return About([], [], "", nearest(atlas, recipe), kind, neighbours, [])
    cell = atlas.cells.iloc[row]
    p = sorted(zip((s.gene for s in atlas.structures), atlas.latent("y")[row].tolist(), strict=True), key=lambda it: -it[1])
    return About(facts(atlas, row), p, str(cell["structure"]), nearest(atlas, recipe), kind, neighbours, scores(atlas, row))


def facts(atlas: Atlas, row: int) -> list[tuple[str, str]]:
    """Where a cell comes from, and its size."""
    cell = atlas.cells.iloc[row]
    learned = {"train": "learned from (train)", "test": "kept apart (test)"}.get(str(cell["split"]), str(cell["split"]))
    sizes = [
        (name, f"{cell[column]:,.0f} µm³")
        for name, column in (("Cell volume", "cell_volume_um3"), ("DNA volume", "dna_volume_um3"))
        if column in cell and np.isfinite(cell[column])
    ]
    return [("Source", str(cell["source"])), ("Split", learned), *sizes]


def nearest(atlas: Atlas, recipe: Recipe) -> Near | None:
    """The real cell nearest in z_r, or where there are not both kinds the nearest cell; never the one that is shown."""
    distances = distances_to(resolve.z_r(atlas, recipe.shape), atlas.latent("z_r"))
    if atlas.has_both:
        distances[~atlas.is_real] = np.inf
    if isinstance(recipe.shape, Cell):
        distances[atlas.index_of[recipe.shape.cell_id]] = np.inf
    row = int(distances.argmin())
    return _near(atlas, row) if np.isfinite(distances[row]) else None


def scores(atlas: Atlas, row: int) -> list[Score]:
    """Of a cell's structures, the most variable first; empty where the cell was not scored."""
    if atlas.variation is None or row not in atlas.variation.cell:
        return []
    (at,) = np.flatnonzero(atlas.variation.cell == row)
    found = []
    for gene in atlas.variation.genes:
        all_scores = atlas.variation.of(gene)
        if np.isfinite(all_scores[at]):
            rank = int((all_scores < all_scores[at]).sum()) + 1
            found.append(Score(gene, float(all_scores[at]), rank, int(np.isfinite(all_scores).sum())))
    return sorted(found, key=lambda score: score.score)


def _decoded_from(atlas: Atlas, place: Position) -> list[Near]:
    found = map_to_latent((place.x, place.y), atlas.projection("z_r"), atlas.latent("z_r"))
    return [_near(atlas, int(row), float(w)) for row, w in zip(found.neighbours, found.weights, strict=True)]


def _near(atlas: Atlas, row: int, weight: float | None = None) -> Near:
    cell = atlas.cells.iloc[row]
    return Near(row, str(cell["cell_id"]), f"{cell['structure']}, {cell['stage']}", weight)
