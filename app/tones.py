"""Colours of what is drawn on the page itself, dark and light: points of the maps, lines and words of plots.

Every class has a colour and a symbol, chosen together: with a symbol in common two classes differ in colour by 15 or more in
CIELAB, for trichromats and under simulated protanopia, deuteranopia and tritanopia (tested). No fourteen colours do that alone.
"""

from typing import NamedTuple

import numpy as np
from plotly.colors import sample_colorscale

SYMBOLS = ("circle", "diamond", "triangle-up", "square", "cross")
# Of the k-th class, by its place in SYMBOLS.
_SYMBOL_OF = (0, 1, 1, 2, 3, 2, 3, 3, 4, 2, 3, 0, 2, 0, 2, 4)


class Tones(NamedTuple):
    """A page's colours, as its style sheet has them, and what can be seen on it: #rrggbb or rgb(r, g, b)."""

    palette: tuple[str, ...]  # classes, eight; over again after the last, with another symbol
    ramp: tuple[str, ...]  # numbers, from low to high
    stages: tuple[float, float]  # the part of Plasma that stages are drawn from, first to last
    grey: str  # not annotated, no value
    edge: str  # round a real cell
    panel: str  # behind all of it
    line: str
    soft: str
    faint: str
    accent: str


DARK = Tones(
    palette=("#56B4E9", "#E69F00", "#2FC79A", "#F0E442", "#E8713A", "#D98CB8", "#4C8DFF", "#C9CDD6"),  # Okabe and Ito, lighter
    ramp=tuple(sample_colorscale("Viridis", np.linspace(0.2, 1, 9))),
    stages=(0.3, 1.0),
    grey="#5C6370",
    edge="#FFFFFF",
    panel="#171a22",
    line="#2a2f3b",
    soft="#a4acba",
    faint="#737c8c",
    accent="#a3b3ff",
)
LIGHT = Tones(
    palette=("#0E6D9E", "#B37A0E", "#00A35D", "#342909", "#932600", "#420B2A", "#053FDB", "#63656A"),
    ramp=tuple(sample_colorscale("Viridis", np.linspace(0, 0.8, 9))),
    stages=(0.0, 0.75),
    grey="#B4BAC6",
    edge="#171A22",
    panel="#ffffff",
    line="#d5d9e1",
    soft="#4b5362",
    faint="#626b7b",
    accent="#4152a0",
)


def tones(theme: str | None) -> Tones:
    """Those of "light", else of the dark page."""
    return LIGHT if theme == "light" else DARK


def look(tones: Tones, k: int) -> tuple[str, str]:
    """Colour and symbol (Plotly's name) of the k-th class. After forty all starts over."""
    n_colours = len(tones.palette)
    first = [SYMBOLS[at] for at in _SYMBOL_OF[k % n_colours :: n_colours]]
    order = [*first, *(symbol for symbol in SYMBOLS if symbol not in first)]
    return tones.palette[k % n_colours], order[k // n_colours % len(order)]


def stage_looks(tones: Tones, n: int) -> list[tuple[str, str]]:
    """Colours and symbols of `n` ordered stages: a ramp, on which neighbours have different symbols."""
    ramp = sample_colorscale("Plasma", np.linspace(*tones.stages, max(2, n)))
    return [(colour, SYMBOLS[k % 2]) for k, colour in enumerate(ramp[:n])]
