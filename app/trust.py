"""How far to trust a cell that is decoded from a place on a map: do cells support it, and does the model stand by it."""

import io
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy import ndarray
from PIL import Image
from scipy.spatial import cKDTree

from app.figures import span
from app.recipe import Position, Recipe, RecipeError
from app.words import FAR
from model.atlas import Atlas
from model.latent import distances_to, smallest

if TYPE_CHECKING:
    from app.volumes import VolumeService  # brings the model along, which a worker does without

N_NEIGHBOURS = 8  # as in model.latent.map_to_latent
N_GRID = 320  # pixels of the shading along each axis
REACH = 2.0  # it covers the map and as much again around it, for those who pan
VEIL = (255, 180, 162)  # what is shaded, and how much at most, of 255
VEIL_ALPHA = 26
# Arrow lengths, as parts of the map's diagonal. On the demo atlas nine in ten places that cells support are below 0.023, and
# half of those that none supports above 0.097.
SHORT, LONG = 0.03, 0.08


class RoundTrip(NamedTuple):
    """Where a cell that was decoded from a place on a map lands when it is encoded again."""

    name: str  # the map, "z_r" or "z_s"
    start: tuple[float, float]  # the place
    end: tuple[float, float]  # where it lands: the mean place of the 8 cells nearest to the encoding, the nearer the more
    length: float  # of the arrow between them, as a part of the map's diagonal
    nearest: int  # row of the cell nearest to the encoding

    @property
    def words(self) -> str:
        """What the arrow says."""
        if self.length <= SHORT:
            return "Encoded again, this cell lands where it was asked for."
        if self.length < LONG:
            return f"Encoded again, this cell lands {self.length:.0%} of the map away: look twice."
        return f"Encoded again, this cell lands {self.length:.0%} of the map away: do not trust it."


def round_trip(service: "VolumeService", recipe: Recipe) -> RoundTrip:
    """Decode a settled recipe with a place on a map, and encode the image. The place of z_s, where there is one, goes first.

    Raises
    ------
    RecipeError
        where neither the shape nor z_s is a place on a map.
    Busy
        where too much is waiting to be decoded.
    """
    name, place = place_of(recipe)
    image = service.volume(replace(recipe, value=None))
    x_rs = image[[0, 2, 1]]  # membrane, the first structure, DNA
    z = service.encode(x_rs, with_structure=name == "z_s")[name].astype(np.float64)
    end, nearest = place_on(service.atlas, name, z)
    diagonal = np.linalg.norm(np.ptp(service.atlas.projection(name), axis=0))
    start = (place.x, place.y)
    return RoundTrip(name, start, end, float(np.linalg.norm(np.subtract(end, start)) / diagonal), nearest)


def place_of(recipe: Recipe) -> tuple[str, Position]:
    """The map and the place on it that a recipe was decoded from."""
    if isinstance(recipe.z_s, Position):
        return "z_s", recipe.z_s
    if isinstance(recipe.shape, Position):
        return "z_r", recipe.shape
    raise RecipeError("shape", "is no place on a map; give map:z_r:X,Y, or z_s=map:X,Y")


def place_on(atlas: Atlas, name: str, z: ndarray) -> tuple[tuple[float, float], int]:
    """Where z (n,) lies on a map, from its 8 nearest cells in z, the nearer the more; and the row of the nearest."""
    distances = distances_to(z, atlas.latent(name))
    rows = smallest(distances, N_NEIGHBOURS)
    weights = 1 / np.maximum(distances[rows], 1e-6)
    x, y = np.average(atlas.projection(name)[rows], axis=0, weights=weights)
    return (float(x), float(y)), int(rows[0])


def support(positions: ndarray, places: ndarray) -> ndarray:
    """(m,) of places (m, 2) among positions (N, 2): the support that `model.latent.map_to_latent` gives each of them.

    1 where the 8 nearest cells are as near as they are to theirs; 0.5 where they are twice as far.
    """
    k = min(N_NEIGHBOURS, len(positions))
    tree = cKDTree(positions)
    distances, rows = (found.reshape(len(places), k) for found in tree.query(places, k))
    asked, at = np.unique(rows, return_inverse=True)  # of a million cells few are anybody's nearest
    typical = tree.query(positions[asked], k)[0].reshape(len(asked), k).mean(1)  # a cell's own 8 nearest, itself among them
    return np.minimum(1, typical[at.reshape(rows.shape)].mean(1) / np.maximum(distances.mean(1), 1e-12))


def extent(values: ndarray) -> tuple[float, float]:
    """What the shading covers of an axis: `REACH` times `app.figures.span`, about its middle."""
    low, high = span(values)
    middle, half = (low + high) / 2, REACH * (high - low) / 2
    return middle - half, middle + half


def shading(positions: ndarray) -> bytes:
    """A PNG over `extent` of the map, opaque where no cell supports what is decoded there."""
    x, y = (np.linspace(*extent(positions[:, axis]), N_GRID) for axis in (0, 1))
    grid = np.stack(np.meshgrid(x, y[::-1]), -1).reshape(-1, 2)  # the first row is the top
    supported = support(positions.astype(np.float64), grid).reshape(N_GRID, N_GRID)
    rgba = np.empty((N_GRID, N_GRID, 4), np.uint8)
    rgba[..., :3] = VEIL
    rgba[..., 3] = np.rint(VEIL_ALPHA * np.clip((1.2 * FAR - supported) / (0.4 * FAR), 0, 1))
    png = io.BytesIO()
    Image.fromarray(rgba).save(png, "PNG")
    return png.getvalue()
