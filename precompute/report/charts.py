"""Charts as SVG. Colours are those of Okabe and Ito, which the colour-blind tell apart; marks and dashes differ too."""

import io
import re
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy import ndarray

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS, DASHES = ("o", "s", "^", "D", "v", "P", "X"), ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
GREY, MAP = "#777777", "cividis"
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: smaller, and can be searched
    "svg.hashsalt": "report",  # the same bytes for the same figure
    "font.family": "sans-serif",
}
PLACES = re.compile(r"(\d\.\d\d)\d+(?=[ \n\"])")
Series = dict[str, tuple[ndarray, ndarray, ndarray]]  # value, low, high by name


def drawn(draw: Callable[[Figure], None], size: tuple[float, float]) -> str:
    """The SVG of a figure of `size` inches that `draw` fills."""
    with mpl.rc_context(STYLE):
        figure = Figure(size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    # Hundredths of a point are finer than any screen; matplotlib writes millionths.
    return PLACES.sub(r"\1", out.getvalue())


def intervals(
    labels: list[str], series: Series, x_label: str, y_label: str, *, lines: dict[str, float] | None = None, limits=None
) -> str:
    """Dots with their intervals, a row a label, a colour and mark a series; `lines` are verticals with a name."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        places = np.arange(len(labels))[::-1]
        for i, (name, (value, low, high)) in enumerate(series.items()):
            y = places + 0.3 * (0.5 - (i + 0.5) / len(series)) * 2
            axes.hlines(y, low, high, color=COLOURS[i], linewidth=1.5)
            axes.plot(value, y, MARKS[i], color=COLOURS[i], markersize=5, label=name)
        for i, (name, at) in enumerate((lines or {}).items()):
            axes.axvline(at, color=GREY, linestyle=DASHES[i + 1], linewidth=1, label=name)
        axes.set_yticks(places, labels)
        axes.set_ylim(-0.6, len(labels) - 0.4)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.grid(axis="x", color="#e5e5e5")
        if limits is not None:
            axes.set_xlim(limits)
        if len(series) + len(lines or {}) > 1:
            figure.legend(loc="outside right upper")

    return drawn(draw, (8, 1.1 + len(labels) * max(0.24, 0.13 * len(series))))


def violins(panels: dict[str, dict[str, ndarray]], labels: list[str], y_label: str) -> str:
    """A panel a kind, in it a distribution a label, with its median; "none" where there is nothing to show."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(panels), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for i, (ax, (title, groups)) in enumerate(zip(axes, panels.items(), strict=True)):
            for place, label in enumerate(labels):
                values = groups.get(label, np.empty(0))
                if len(values) > 1 and np.ptp(values) > 0:
                    for body in ax.violinplot([values], [place], widths=0.85, showextrema=False)["bodies"]:
                        body.set(facecolor=COLOURS[i], alpha=0.45)
                if len(values):
                    ax.plot(place, np.median(values), MARKS[i], color=COLOURS[i], markersize=4)
                else:
                    ax.text(place, 0.05, "none", ha="center", color=GREY, fontsize=7, transform=ax.get_xaxis_transform())
            ax.set(title=title, ylabel=y_label)
            ax.grid(axis="y", color="#e5e5e5")
        axes[-1].set_xticks(range(len(labels)), labels, rotation=45, ha="right")
        axes[-1].set_xlabel("structure")

    return drawn(draw, (9, 0.8 + 1.9 * len(panels)))


def boxes(panels: dict[str, dict[str, list[ndarray]]], labels: list[str], y_label: str) -> str:
    """A panel a title; in it, for each label, a box for each group, and every value as a dot."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for ax, (title, groups) in zip(axes, panels.items(), strict=True):
            for i, (name, columns) in enumerate(groups.items()):
                places = np.arange(len(labels)) + 0.36 * (i - (len(groups) - 1) / 2)
                for place, values in zip(places, columns, strict=True):
                    if len(values):
                        ax.boxplot(
                            [values], positions=[place], widths=0.28, showfliers=False, medianprops={"color": COLOURS[i]}
                        )
                    jitter = 0.16 * (np.arange(len(values)) * 0.618 % 1 - 0.5)
                    ax.plot(place + jitter, values, MARKS[i], color=COLOURS[i], markersize=2, alpha=0.5)
                n = max(map(len, columns), default=0)
                ax.plot([], [], MARKS[i], color=COLOURS[i], label=f"{name} (n = {n})")
            ax.set(title=title, ylabel=y_label)
            ax.grid(axis="y", color="#e5e5e5")
            ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
        axes[-1].set_xticks(range(len(labels)), labels, rotation=45, ha="right")
        axes[-1].set_xlabel("structure")

    return drawn(draw, (10, 0.8 + 2.6 * len(panels)))


def confusions(matrices: dict[str, tuple[list[str], ndarray]]) -> str:
    """Confusion matrices side by side: colour is the share of the row, the number the count."""

    def draw(figure: Figure) -> None:
        for ax, (title, (labels, counts)) in zip(
            figure.subplots(1, len(matrices), squeeze=False)[0], matrices.items(), strict=True
        ):
            share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            image = ax.imshow(share, cmap=MAP, vmin=0, vmax=1)
            for i, j in zip(*np.nonzero(counts), strict=True):
                ax.text(
                    j, i, counts[i, j], ha="center", va="center", fontsize=7, color="white" if share[i, j] < 0.6 else "black"
                )
            ax.set_xticks(range(len(labels)), labels, rotation=90)
            ax.set_yticks(range(len(labels)), labels)
            ax.set(title=title, xlabel="predicted structure", ylabel="true structure")
        figure.colorbar(image, ax=figure.axes, label="share of the row", shrink=0.7)

    return drawn(draw, (5.2 * len(matrices) + 0.8, 5))


def lines(panels: list[dict], *, columns: int = 3, height: float = 2.3) -> str:
    """Small charts. A panel: title, x_label, y_label, and series, each (name, x, y) or (name, x, y, low, high).

    An optional "diagonal" draws y = x, "dots" marks the points, "log" makes y logarithmic.
    """
    n_rows = -(-len(panels) // columns)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(n_rows, columns, squeeze=False).ravel()
        for ax in grid[len(panels) :]:
            ax.remove()
        for ax, panel in zip(grid, panels, strict=False):
            for i, (name, x, y, *band) in enumerate(panel["series"]):
                c = i % len(COLOURS)
                marker = MARKS[c] if panel.get("dots") or len(x) < 3 else None
                ax.plot(x, y, color=COLOURS[c], linestyle=DASHES[c], marker=marker, markersize=3.5, linewidth=1.3, label=name)
                if band:
                    ax.fill_between(x, *band, color=COLOURS[c], alpha=0.2, linewidth=0)
            if panel.get("diagonal"):
                ax.axline((0, 0), slope=1, color=GREY, linestyle=":", linewidth=1)
            if panel.get("log"):
                ax.set_yscale("log")
            ax.set(title=panel["title"], xlabel=panel["x_label"], ylabel=panel["y_label"])
            ax.grid(color="#eeeeee")
            if "ticks" in panel:
                ax.set_xticks(*panel["ticks"], rotation=45, ha="right", fontsize=7)
            if len(panel["series"]) > 1 and len(panels) > 1:
                ax.legend(fontsize=7)

        if len(panels) == 1 and len(panels[0]["series"]) > 1:
            figure.legend(loc="outside right upper")

    return drawn(draw, (3.6 * columns if len(panels) > 1 else 7.5, 0.3 + height * n_rows))


def quantile_view(latents: dict[str, tuple[ndarray, ndarray, ndarray]], critical: float) -> str:
    """Fig. S4: for each latent (x, QQ (points, n), KS (n,)) its quantiles against the prior's, and the KS distances in "
    "order."""

    def draw(figure: Figure) -> None:
        for i, (axes, (name, (x, qq, ks))) in enumerate(
            zip(figure.subplots(2, 2, squeeze=False).T, latents.items(), strict=True)
        ):
            axes[0].plot(x, qq, color=COLOURS[i], linewidth=0.6, alpha=0.6)
            axes[0].axline((0, 0), slope=1, color="black", linestyle=":", linewidth=1)
            axes[0].set(
                title=f"{name}, a line a dimension", xlabel="quantile of N(0, 1) (sd)", ylabel=f"quantile of {name} (sd)"
            )
            axes[1].plot(np.arange(1, len(ks) + 1), np.sort(ks)[::-1], MARKS[i], color=COLOURS[i], markersize=4)
            axes[1].axhline(critical, color="black", linestyle="--", linewidth=1, label="5 % of all, if z were the prior")
            axes[1].set(xlabel="dimension, the worst first", ylabel="KS distance to N(0, 1)", ylim=(0, None))
            axes[1].legend(fontsize=7)

    return drawn(draw, (8, 6))
