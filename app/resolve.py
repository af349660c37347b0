"""What a recipe means in one atlas: is everything it names there, and which latents does it stand for. Pure functions."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy import ndarray

from app.recipe import OBSERVED, PREDICTED, Along, Cell, Draw, Literal, Own, Path, Position, Recipe, RecipeError
from model.atlas import Atlas
from model.latent import distances_to, map_to_latent, smallest, walk

# The streams of random numbers, so that prior:7 and seed:7 are not the same draw. The first draw of sd:N:7 is seed:7.
_Z_R_STREAM, _Z_S_STREAM = 0, 1


class NotInAtlas(RecipeError):
    """A recipe that names an atlas, a cell, a structure or a volume which is not there."""


def settle(atlas: Atlas, recipe: Recipe) -> Recipe:
    """The recipe checked against the atlas and carrying its id: every name exists, every literal has n numbers.

    Raises
    ------
    NotInAtlas
        for a cell, structure or observed volume that is not there.
    RecipeError
        for what cannot be, whatever the atlas holds.
    """
    recipe = replace(recipe, atlas=atlas.atlas_id)
    genes = [s.gene for s in atlas.structures]
    for gene in recipe.structures:
        if gene not in genes:
            raise NotInAtlas("structures", f"{gene!r} is not in this atlas; it has {', '.join(genes)}")
    _check_names(atlas, "shape", recipe.shape)
    _check_names(atlas, "z_s", recipe.z_s)
    if recipe.show == PREDICTED:
        return recipe
    if isinstance(recipe.shape, Own):
        if recipe.structures and recipe.structures != structures_of(atlas, replace(recipe, structures=())):
            raise RecipeError("structures", f"your own cell is {recipe.show} with its own; leave structures out")
        return replace(recipe, structures=())
    row = row_of(atlas, recipe.shape.cell_id)
    own = str(atlas.cells["structure"].iloc[row])
    if recipe.structures and recipe.structures != (own,):
        raise RecipeError("structures", f"cell {recipe.shape.cell_id} shows {own}; leave structures out, or show=predicted")
    if recipe.show == OBSERVED and row not in atlas.observed_cells:
        raise NotInAtlas(
            "shape",
            f"the observed volume of {recipe.shape.cell_id} is not in this atlas, which includes "
            f"{len(atlas.observed_cells)} of its {len(atlas.cells)} cells'; show=reconstructed needs none",
        )
    return replace(recipe, structures=())


def _check_names(atlas: Atlas, key: str, form: Cell | Path | Position | Draw | Literal | Own | Along | None) -> None:
    match form:
        case Cell(cell_id):
            row_of(atlas, cell_id, key)
        case Path(_, stops, _):
            for stop in stops:
                row_of(atlas, stop, key)
        case Literal(z) if len(z) != atlas.config.n_latent:
            raise RecipeError(key, f"a latent of {len(z)} numbers; this atlas has n_latent = {atlas.config.n_latent}")
        case Own(_, z_r, z_r_hat, z_s, y):
            for z in (z_r, *filter(None, (z_r_hat, z_s))):
                _check_names(atlas, key, Literal(z))
            if y and len(y) != len(atlas.structures):
                raise RecipeError(
                    key, f"{len(y)} probabilities of structures; this atlas has {len(atlas.structures)} structures"
                )
        case Along(dimension, _, base):
            if dimension > atlas.config.n_latent:
                raise RecipeError(key, f"no dimension {dimension}; give 1 to {atlas.config.n_latent}")
            _check_names(atlas, key, base)


def row_of(atlas: Atlas, cell_id: str, key: str = "shape") -> int:
    """Row of a cell in the atlas's table, or NotInAtlas that names `key`."""
    if cell_id not in atlas.index_of:
        raise NotInAtlas(key, f"cell {cell_id!r} is not in this atlas; /api/cells lists those that are")
    return atlas.index_of[cell_id]


def structures_of(atlas: Atlas, recipe: Recipe) -> tuple[str, ...]:
    """Gene symbols of a settled recipe's structure channels, in order; none in a cell of one's own where none was imaged."""
    if isinstance(recipe.shape, Own) and not recipe.structures:
        y = recipe.shape.y
        return (atlas.structures[int(np.argmax(y))].gene,) if y else ()
    return recipe.structures or (str(atlas.cells["structure"].iloc[row_of(atlas, recipe.shape.cell_id)]),)


def z_r(atlas: Atlas, shape: Cell | Path | Position | Draw | Literal | Own | Along) -> ndarray:
    """z_r (n,) float64 of a settled recipe's shape."""
    match shape:
        case Along(dimension, value, base):
            return _with_coordinate(z_r(atlas, base), dimension, value)
        case Path(kind, stops, t):
            return walk(atlas.latent("z_r")[[row_of(atlas, stop) for stop in stops]], t, kind)
        case Draw(seed):
            return np.random.default_rng([_Z_R_STREAM, seed]).standard_normal(atlas.config.n_latent)
        case Own(_, z):
            return np.array(z)
    return _latent(atlas, "z_r", shape)


def z_s(atlas: Atlas, form: Cell | Position | Draw | Literal | Along | None) -> ndarray:
    """z_s (n,) float64 of a settled recipe's z_s; None is 0, the most probable localisation."""
    match form:
        case Along(dimension, value, base):
            return _with_coordinate(z_s(atlas, base), dimension, value)
        case None:
            return np.zeros(atlas.config.n_latent)
        case Draw(seed):
            return z_s_samples(atlas, 1, seed)[0]
    return _latent(atlas, "z_s", form)


def latents(atlas: Atlas, recipe: Recipe) -> tuple[ndarray, ndarray]:
    """z_r (n,) and z_s (n,) float64 of a settled recipe; of a cell that is observed or reconstructed its own."""
    own = recipe.z_s if recipe.show == PREDICTED else recipe.shape
    return z_r(atlas, recipe.shape), z_s(atlas, own)


def z_s_samples(atlas: Atlas, n_samples: int, seed: int) -> ndarray:
    """(n_samples, n) float64 draws of z_s from the prior N(0, I). More samples begin with the same ones."""
    return np.random.default_rng([_Z_S_STREAM, seed]).standard_normal((n_samples, atlas.config.n_latent))


def _with_coordinate(z: ndarray, dimension: int, value: float) -> ndarray:
    z = z.copy()
    z[dimension - 1] = value
    return z


def _latent(atlas: Atlas, name: str, form: Cell | Position | Literal) -> ndarray:
    match form:
        case Cell(cell_id):
            return atlas.latent(name)[row_of(atlas, cell_id)].astype(np.float64)
        case Position(x, y):
            return map_to_latent(np.array([x, y]), atlas.projection(name), atlas.latent(name)).z
        case Literal(z):
            return np.array(z)


class Nearest(NamedTuple):
    """The cell whose z_r is nearest."""

    row: int
    distance: float  # Euclidean, in z_r


def nearest_cells(atlas: Atlas, z: ndarray, n: int) -> list[Nearest]:
    """The `n` cells, or all where there are fewer, that are nearest to z (n_latent,) in z_r; the nearest first."""
    distances = distances_to(z, atlas.latent("z_r"))
    return [Nearest(int(row), float(distances[row])) for row in smallest(distances, n)]


def nearest_cell(atlas: Atlas, recipe: Recipe) -> Nearest:
    """The cell nearest to a settled recipe's shape; itself, at 0, where the shape is a cell's."""
    if isinstance(recipe.shape, Cell):
        return Nearest(row_of(atlas, recipe.shape.cell_id), 0.0)
    return nearest_cells(atlas, z_r(atlas, recipe.shape), 1)[0]
