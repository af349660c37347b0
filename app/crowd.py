"""Maps of very many cells: bytes by URL, a few a cell, for the page to draw; a figure would hold a point and a name for each.

All arrays are in the order of the cell table. Places are 16 bits a coordinate over the map's extent, a hundredth of a pixel
where all of it is seen; colours are an index into a palette.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy import ndarray
from plotly.colors import sample_colorscale

from app import colouring, figures
from model.atlas import Atlas

MANY = 50_000  # cells from which on a map is drawn so; below, a point a cell is as fast and has symbols
PLACES = 65_535  # steps along each axis
N_RAMP = 255  # colours of a number; index 0 is for cells without one
NOWHERE = 255  # a class that no group has
REAL, BLANK = 1, 2  # flags of a cell: imaged, where others are simulated; without a picture


class Palette(NamedTuple):
    """What the indices of `shades` stand for."""

    colours: list[str]  # #rrggbb, or rgb(r, g, b)
    groups: list[int]  # of `app.figures.groups`, which the legend switches
    is_scale: bool  # whether indices are a number's, so that several may be averaged


def is_many(atlas: Atlas) -> bool:
    """Whether the maps of an atlas are drawn from bytes."""
    return len(atlas.cells) >= MANY


def palette(groups: list[figures.Group], ramp: Sequence[str] | None) -> Palette:
    """The palette of a colouring with these groups: by number up a ramp of colours, or by class where that is None."""
    if ramp is None:
        return Palette([group.colour for group in groups], list(range(len(groups))), False)
    colours = sample_colorscale(list(ramp), np.linspace(0, 1, N_RAMP))
    without = 0 if groups[0].name == figures.NO_VALUE else len(groups)  # the group of cells without a number, if there are any
    return Palette([groups[0].colour, *colours], [without, *[len(groups) - 1] * N_RAMP], True)


def shades(atlas: Atlas, colour: str) -> ndarray:
    """(N,) uint8: which colour of the palette each cell has; `NOWHERE` for one that is in no group."""
    if colouring.is_scale(atlas, colour):
        values, low, high = colouring.scale(atlas, colour)[:3]
        part = np.clip((values - low) / ((high - low) or 1.0), 0, 1)
        return np.where(np.isfinite(values), 1 + np.rint(np.nan_to_num(part) * (N_RAMP - 1)), 0).astype(np.uint8)
    found = np.full(len(atlas.cells), NOWHERE, np.uint8)
    for k, group in enumerate(figures.groups(atlas, colour)):
        found[group.rows] = k
    return found


def places(atlas: Atlas, name: str) -> ndarray:
    """(2, N) uint16: x and y on the map of `name`, from 0 to 65535 over `app.figures.span`."""
    xy = atlas.projection(name).T.astype(np.float64)
    low, high = np.array([figures.span(values) for values in xy]).T[..., None]
    return np.rint((xy - low) / (high - low) * PLACES).astype(np.uint16)


def facts(atlas: Atlas) -> ndarray:
    """(3, N) uint8: structure and stage, as `app.page.facts` numbers them, and flags."""
    genes, stages = [s.gene for s in atlas.structures], stages_of(atlas)
    flags = np.where(atlas.is_real & atlas.has_both, REAL, 0)
    if atlas.pictures is not None:
        flags |= np.where(atlas.has_picture, 0, BLANK)
    numbers = [_numbered(atlas.cells["structure"], genes), _numbered(atlas.cells["stage"], stages), flags]
    return np.stack(numbers).astype(np.uint8)


def names(atlas: Atlas) -> str:
    """Every cell_id on a line of its own."""
    return "\n".join(atlas.cells["cell_id"])


def stages_of(atlas: Atlas) -> list[str]:
    """The stages that cells have, in the order in which they first come."""
    return atlas.cells["stage"].unique().tolist()


def _numbered(column, values: list[str]) -> ndarray:
    """(N,) place of each cell's value among `values`, which has them all."""
    codes, there = pd.factorize(column)
    return np.array([values.index(value) for value in there])[codes]
