"""What the maps can be coloured by: classes of the cell table, its numbers, and how much each structure varies in a cell.

A colouring is named by its column, or `variation:GENE`; the name is what the address holds.
"""

import re
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy import ndarray

from model.atlas import Atlas

DEFAULT = "stage"
VARIATION = "variation:"
FIRST = ("stage", "structure", "split", "source")  # in this order, before what else the table holds
NAMES = {"split": "Train or test", "source": "Real or simulated"}  # where the column's own name says too little
UNITS = {"_um3": "µm³", "_um2": "µm²", "_um": "µm", "_deg": "°"}
MAX_CLASSES = 40  # a text with more values names cells rather than kinds of them


class Scale(NamedTuple):
    """A number of each cell, and what is said of it beside its colour bar."""

    values: ndarray  # (N,) float32, NaN where a cell has none
    low: float  # the colours' ends: the 1st and 99th percentile, so that one odd cell does not take all colours
    high: float
    words: str  # what it is, with its unit
    sense: str  # what small and large mean, where that is not plain; else empty


def choices(atlas: Atlas) -> list[dict[str, Any]]:
    """What there is, in the groups in which a Select lists it."""
    groups = {"Kinds": _classes(atlas), "Measured": _numbers(atlas), "Variation, smaller is more variable": _variations(atlas)}
    return [
        {"group": group, "items": [{"value": value, "label": label(value)} for value in values]}
        for group, values in groups.items()
        if values
    ]


def names(atlas: Atlas) -> list[str]:
    """Every colouring there is."""
    return _classes(atlas) + _numbers(atlas) + _variations(atlas)


def label(name: str) -> str:
    """A colouring in a few words: "Cell volume (µm³)"."""
    if name.startswith(VARIATION):
        return f"{name.removeprefix(VARIATION)} variation"
    unit = next((suffix for suffix in UNITS if name.endswith(suffix)), "")
    words = name.removesuffix(unit).replace("_", " ")
    words = re.sub(r"\bdna\b", "DNA", words)
    words = NAMES.get(name, words[:1].upper() + words[1:])
    return f"{words} ({UNITS[unit]})" if unit else words


def is_scale(atlas: Atlas, name: str) -> bool:
    """Whether a colouring is by number, not by class."""
    return name in _numbers(atlas) or name in _variations(atlas)


def scale(atlas: Atlas, name: str) -> Scale:
    """The numbers of a colouring by number."""
    if name.startswith(VARIATION):
        gene, variation = name.removeprefix(VARIATION), atlas.variation
        values = np.full(len(atlas.cells), np.nan, np.float32)
        values[variation.cell] = variation.of(gene)
        n_scored = int(np.isfinite(values).sum())
        sense = f"smaller = more variable · {n_scored} of {len(values):,} cells scored"
        return Scale(values, *_ends(values), f"Variation score of {gene}", sense)
    values = atlas.cells[name].to_numpy(np.float32)
    return Scale(values, *_ends(values), label(name), "")


def number(value: float) -> str:
    """Three significant digits, without an exponent where that can be read: 1,980, 2.94, 0.00012."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _ends(values: ndarray) -> tuple[float, float]:
    low, high = np.nanpercentile(values, [1, 99])
    return (float(low), float(high)) if high > low else (float(np.nanmin(values)), float(np.nanmax(values)))


def _classes(atlas: Atlas) -> list[str]:
    found = list(FIRST[:2])
    for name in [*FIRST[2:], *(column for column in atlas.cells if column not in FIRST)]:
        column = atlas.cells[name]
        is_kind = column.dtype == bool or pd.api.types.is_string_dtype(column)
        if name != "cell_id" and is_kind and 1 < column.nunique() <= MAX_CLASSES:
            found.append(name)
    return found


def _numbers(atlas: Atlas) -> list[str]:
    columns = atlas.cells.select_dtypes("number")
    return [name for name in columns if columns[name].nunique() > 1]


def _variations(atlas: Atlas) -> list[str]:
    scored = [] if atlas.variation is None else [g for g in atlas.variation.genes if np.isfinite(atlas.variation.of(g)).any()]
    return [f"{VARIATION}{gene}" for gene in scored]
