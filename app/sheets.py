"""Small pictures of many cells on one sheet: the page fetches a sheet once, and points at its cells without asking again."""

import io
from typing import Any

import numpy as np
from numpy import ndarray
from PIL import Image

COLUMNS = 16
PER_SHEET = 256  # cells: some 400 kB as PNG


def sheet(pictures: ndarray, number: int) -> ndarray:
    """The sheet `number`, from 0, of `pictures` (N, H, W, 3) uint8: (rows * H, COLUMNS * W, 3), row by row, then black.

    Raises
    ------
    ValueError
        where there is no such sheet.
    """
    n_sheets = -(-len(pictures) // PER_SHEET)
    if not 0 <= number < n_sheets:
        raise ValueError(f"there is no sheet {number}; {len(pictures):,} pictures are on sheets 0 to {n_sheets - 1}")
    shown = pictures[number * PER_SHEET : (number + 1) * PER_SHEET]
    n_rows = -(-len(shown) // COLUMNS)
    height, width = pictures.shape[1:3]
    cells = np.zeros((n_rows * COLUMNS, height, width, 3), np.uint8)
    cells[: len(shown)] = shown
    by_row = cells.reshape(n_rows, COLUMNS, height, width, 3).transpose(0, 2, 1, 3, 4)
    return by_row.reshape(n_rows * height, COLUMNS * width, 3)


def png(image: ndarray) -> bytes:
    """(H, W, 3) uint8 as a PNG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def facts(pictures: ndarray | None) -> dict[str, Any] | None:
    """What the page needs to find a cell on its sheet, in pixels and cells; None where there are no pictures."""
    if pictures is None:
        return None
    return {"per_sheet": PER_SHEET, "columns": COLUMNS, "height": pictures.shape[1], "width": pictures.shape[2]}
