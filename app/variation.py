"""Which cells a structure varies most in, and whether mitosis differs from interphase. Smaller scores: MORE variation."""

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.tones import tones
from model.atlas import Atlas


class Ranked(NamedTuple):
    """A cell and its score."""

    row: int
    cell_id: str
    stage: str
    score: float
    rank: int  # 1 is the most variable


class Stages(NamedTuple):
    """A structure in interphase and in mitosis: mean scores, their difference with its 95 % interval, how many cells."""

    gene: str
    interphase: float
    mitosis: float
    difference: float
    low: float
    high: float
    n_interphase: int
    n_mitosis: int

    @property
    def words(self) -> str:
        """The comparison as a sentence."""
        if self.low <= 0 <= self.high:
            verdict = "no difference these cells can show"
        else:
            verdict = f"varies {'less' if self.difference > 0 else 'more'} in mitosis"
        interval = f"{self.difference:+.2f} (95 % interval {self.low:+.2f} to {self.high:+.2f})"
        means = f"{self.interphase:.2f} ({self.n_interphase} cells) and {self.mitosis:.2f} ({self.n_mitosis})"
        return f"Mitosis minus interphase {interval}: {verdict}. Means {means}."


def ranking(atlas: Atlas, gene: str) -> list[Ranked]:
    """Every scored cell, the most variable first."""
    scores = atlas.variation.of(gene)
    order = [at for at in np.argsort(scores, kind="stable") if np.isfinite(scores[at])]
    rows = [int(atlas.variation.cell[at]) for at in order]
    cells = atlas.cells.iloc[rows]
    columns = zip(rows, cells["cell_id"], cells["stage"], scores[order].tolist(), strict=True)
    return [Ranked(*column, rank) for rank, column in enumerate(columns, 1)]


def stages(atlas: Atlas) -> list[Stages]:
    """Every structure's comparison, the greatest difference first; empty where the atlas has none."""
    table = None if atlas.variation is None else atlas.variation.by_stage
    if table is None:
        return []
    found = [Stages(**row) for row in table[list(Stages._fields)].to_dict("records")]
    return sorted((one for one in found if np.isfinite(one.difference)), key=lambda one: -one.difference)


def stages_figure(compared: list[Stages], gene: str, theme: str | None = "dark") -> go.Figure:
    """Differences with their intervals, a line a structure; `gene` stands out. Right of 0: less variable in mitosis."""
    on = tones(theme)
    shown = compared[::-1]
    colours = [on.accent if one.gene == gene else on.faint for one in shown]
    figure = go.Figure()
    for one, colour in zip(shown, colours, strict=True):
        figure.add_scatter(x=[one.low, one.high], y=[one.gene] * 2, mode="lines", line={"color": colour, "width": 2})
    differences = [one.difference for one in shown]
    figure.add_scatter(
        x=differences,
        y=[one.gene for one in shown],
        mode="markers",
        marker={"color": colours, "size": 7},
        customdata=[[one.low, one.high] for one in shown],
        hovertemplate="%{y}: %{x:+.2f} (%{customdata[0]:+.2f} to %{customdata[1]:+.2f})<extra></extra>",
    )
    line = {"gridcolor": on.line, "zerolinecolor": on.soft, "zerolinewidth": 1, "linecolor": on.line, "tickfont": {"size": 11}}
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": on.soft, "size": 11},
        margin={"l": 70, "r": 8, "t": 4, "b": 34},
        showlegend=False,
        dragmode=False,
        xaxis=line | {"title": {"text": "mitosis − interphase", "standoff": 6, "font": {"size": 11}}, "fixedrange": True},
        yaxis={
            "showgrid": False,
            "showline": False,
            "zeroline": False,
            "tickfont": {"size": 11},
            "fixedrange": True,
            "dtick": 1,
        },
    )
    return figure
