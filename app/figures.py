"""The two maps as figures: every cell a point at its UMAP position, coloured by a class or by a number.

Points travel as typed arrays, one trace a group, and each point carries its row of the cell table.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy import ndarray

from app import colouring
from app.tones import Tones, look, stage_looks, tones
from model.atlas import Atlas
from model.vocabulary import NOT_ANNOTATED

REAL = "star"  # a real cell, where simulated ones lie beside it
NO_VALUE = "no value"


class Group(NamedTuple):
    """Cells that share a colour and a symbol."""

    name: str  # short, for the legend
    words: str  # the same in full
    colour: str  # #rrggbb, or rgb(r, g, b)
    symbol: str  # Plotly's name
    rows: ndarray  # (m,) int32 rows of the cell table


def groups(atlas: Atlas, colour: str, theme: str | None = "dark") -> list[Group]:
    """The cells by a colouring (`app.colouring`), in the order they are drawn and named. Groups without cells are left out.

    Where it is by number: those without one, then all others, whose colours are theirs alone.
    """
    on = tones(theme)
    if colouring.is_scale(atlas, colour):
        values, kinds = np.isfinite(colouring.scale(atlas, colour).values), _numbered(colour, on)
    else:
        values, kinds = atlas.cells[colour], _KINDS.get(colour, _values)(atlas, colour, on)
    codes, there = pd.factorize(values)  # once through all cells, not once for each kind
    code_of = {value: code for code, value in enumerate(there)}
    found = [Group(*kind[1:], np.flatnonzero(codes == code_of.get(kind[0], -2)).astype(np.int32)) for kind in kinds]
    return [group for group in found if len(group.rows)]


def _structures(atlas: Atlas, _colour: str, on: Tones) -> list[tuple[str, str, str, str, str]]:
    return [(s.gene, s.gene, f"{s.gene}: {s.protein}, {s.structure}", *look(on, k)) for k, s in enumerate(atlas.structures)]


def _stages(atlas: Atlas, _colour: str, on: Tones) -> list[tuple[str, str, str, str, str]]:
    looks = stage_looks(on, len(atlas.stages))
    annotated = [(stage, stage, stage, *drawn) for stage, drawn in zip(atlas.stages, looks, strict=True)]
    return [(NOT_ANNOTATED, NOT_ANNOTATED, "stage not annotated", on.grey, "circle"), *annotated]


def _values(atlas: Atlas, colour: str, on: Tones) -> list[tuple[object, str, str, str, str]]:
    said = {True: "yes", False: "no"}
    return [
        (value, str(said.get(value, value)), f"{colouring.label(colour)}: {said.get(value, value)}", *look(on, k))
        for k, value in enumerate(sorted(set(atlas.cells[colour]), reverse=True))
    ]


def _numbered(colour: str, on: Tones) -> list[tuple[bool, str, str, str, str]]:
    words = colouring.label(colour)
    return [(False, NO_VALUE, f"no value of {words}", on.grey, "circle"), (True, words, words, on.ramp[-1], "circle")]


_KINDS = {"structure": _structures, "stage": _stages}


def map_figure(atlas: Atlas, name: str, colour: str, webgl: bool = True, theme: str | None = "dark") -> go.Figure:
    """The map of `name`, "z_r" or "z_s", on a dark or a light page. Without WebGL the points are SVG: slower, but the same.

    A click on empty space is reported too (`clickanywhere`), and zoom is kept when the colours change (`uirevision`).
    """
    positions = atlas.projection(name).astype(np.float32)
    real, on = atlas.is_real & atlas.has_both, tones(theme)
    trace = go.Scattergl if webgl else go.Scatter
    scale = colouring.scale(atlas, colour) if colouring.is_scale(atlas, colour) else None
    return _figure(
        f"{atlas.atlas_id} {name}",
        positions,
        [
            trace(
                x=positions[group.rows, 0],
                y=positions[group.rows, 1],
                customdata=group.rows,
                name=group.name,
                mode="markers",
                marker=_marker(group, real[group.rows], point_size(len(positions)), on) | _colours(group, scale, on),
                hoverinfo="none",
            )
            for group in groups(atlas, colour, theme)
        ],
    )


def frame_figure(atlas: Atlas, name: str, crowd: dict[str, Any]) -> go.Figure:
    """The map of very many cells: its axes alone. The page draws the cells as `crowd` says (`app.crowd.layout`)."""
    nothing = go.Scatter(x=[None], y=[None], mode="markers", hoverinfo="none")
    return _figure(f"{atlas.atlas_id} {name}", atlas.projection(name).astype(np.float32), [nothing], crowd=crowd)


def _figure(identity: str, positions: ndarray, traces: list, **meta: Any) -> go.Figure:
    """`meta` goes to `layout.meta`, beside the ranges that show every cell."""
    figure = go.Figure(traces)
    axis = {"visible": False, "showgrid": False, "zeroline": False}
    spans = {f"{letter}axis": span(positions[:, k]) for k, letter in enumerate("xy")}
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
        dragmode="pan",
        hovermode="closest",
        hoverdistance=12,
        clickanywhere=True,
        uirevision=identity,
        meta=spans | meta,  # what a double click goes back to, and what the shading covers
        xaxis=axis | {"range": spans["xaxis"]},
        yaxis=axis | {"range": spans["yaxis"]},
    )
    return figure


def _marker(group: Group, real: ndarray, size: float, on: Tones) -> dict:
    """How the cells of a group are drawn; `real` (m,): those that get their own symbol, twice the size and an edge."""
    marker = {"size": size, "color": group.colour, "symbol": group.symbol, "opacity": 0.85}
    if not real.any():
        return marker
    return marker | {
        "size": np.where(real, 2 * size, size).astype(np.float32),
        "symbol": np.where(real, REAL, group.symbol).tolist(),
        "line": {"color": on.edge, "width": real.astype(np.float32)},
    }


def _colours(group: Group, scale: colouring.Scale | None, on: Tones) -> dict:
    """The colours of a group that is coloured by number; the fewer have one, the larger they are drawn."""
    if scale is None:
        return {}
    if group.name == NO_VALUE:
        return {"line": {"width": 0}}  # real ones stay stars, and step back like the rest
    ramp = [[float(at), colour] for at, colour in zip(np.linspace(0, 1, len(on.ramp)), on.ramp, strict=True)]
    few = {"size": point_size(len(group.rows))} if len(group.rows) < len(scale.values) / 4 else {}
    return {
        "color": scale.values[group.rows],
        "colorscale": ramp,
        "cmin": scale.low,
        "cmax": scale.high,
        "showscale": False,
    } | few


def point_size(n_cells: int) -> float:
    """Diameter of a point in pixels: 9 for a hundred cells, 5 for three thousand, 3 for tens of thousands."""
    return float(np.clip(13 - 2.3 * np.log10(max(n_cells, 1)), 3, 9))


def span(values: ndarray) -> list[float]:
    """From the least to the greatest, with a margin."""
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * ((high - low) or 1.0)
    return [low - margin, high + margin]
