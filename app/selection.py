"""The cells that are selected on the page, as it sends them: a bit a cell, base64. And what stands for all of them."""

import base64
import binascii

import numpy as np
from numpy import ndarray

from app.recipe import PREDICTED, Literal, Recipe
from app.resolve import structures_of
from model.atlas import Atlas
from model.errors import InputError
from model.latent import medoid


def rows_of(bits: str | None, n_cells: int) -> ndarray:
    """(m,) rows that `bits` selects, in order. Row i is bit i % 8, from the lowest, of byte i / 8. None selects none.

    Raises
    ------
    InputError
        for what is no base64, or was made for another number of cells.
    """
    if bits is None:
        return np.zeros(0, np.int64)
    try:
        raw = np.frombuffer(base64.b64decode(bits, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        raise InputError("the selection is not base64; select the cells again") from None
    if len(raw) != -(-n_cells // 8):
        raise InputError(f"the selection has {len(raw)} bytes for {n_cells} cells; select the cells again")
    return np.flatnonzero(np.unpackbits(raw, count=n_cells, bitorder="little"))


def bits_of(rows: ndarray, n_cells: int) -> str:
    """What `rows_of` reads."""
    on = np.zeros(n_cells, bool)
    on[rows] = True
    return base64.b64encode(np.packbits(on, bitorder="little").tobytes()).decode()


def mean_cell(atlas: Atlas, rows: ndarray, shown: Recipe) -> Recipe:
    """A prediction of the mean z_r of some cells, with the structures that are shown."""
    mean = Literal(tuple(atlas.latent("z_r")[rows].mean(0, dtype=np.float64)))
    return Recipe(PREDICTED, mean, structures_of(atlas, shown), atlas=atlas.atlas_id)


def medoid_row(atlas: Atlas, rows: ndarray) -> int:
    """Row of the most central of some cells: the least sum of L1 distances in z_r to the others."""
    return int(rows[medoid(atlas.latent("z_r")[rows])])
