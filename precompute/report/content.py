"""A section before it is laid out: its tables as numbers, for the CSVs, and how they are written for the page."""

import base64
import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from model.report import Figure, Section, Table


@dataclass
class Content:
    """`text`: how it was computed. Tables with `shown` False go to the CSVs alone."""

    key: str
    title: str
    text: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    tables: list[tuple[str, str, pd.DataFrame, bool]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def table(self, name: str, caption: str, numbers: pd.DataFrame, *, shown: bool = True) -> None:
        """Add a table, NAME.csv."""
        self.tables.append((name, caption, numbers, shown))

    def svg(self, name: str, caption: str, svg: str) -> None:
        """Add a chart; what is to be seen is what the caption says."""
        self.figures.append(Figure(name, caption, caption, "image/svg+xml", base64.b64encode(svg.encode()).decode()))

    def png(self, name: str, caption: str, png: bytes) -> None:
        """Add a sheet of cells."""
        self.figures.append(Figure(name, caption, caption, "image/png", base64.b64encode(png).decode()))

    def section(self) -> Section:
        """As it lies in a report."""
        tables = [written(name, caption, numbers) for name, caption, numbers, shown in self.tables if shown]
        return Section(self.key, self.title, self.text, tables, self.figures, self.missing)


def written(name: str, caption: str, numbers: pd.DataFrame) -> Table:
    """Numbers as text: a column X beside X_low and X_high becomes "X [low, high]", and what is not known a dash."""
    columns = [str(column) for column in numbers]
    ends = {f"{column}{end}" for column in columns for end in ("_low", "_high")}
    kept = [column for column in columns if not (column in ends and column.rsplit("_", 1)[0] in columns)]
    rows = []
    for record in numbers.to_dict("records"):
        row = []
        for column in kept:
            text = number(record[column])
            low = record.get(f"{column}_low", math.nan)
            if isinstance(low, float | np.floating) and math.isfinite(low):
                text += f" [{number(low)}, {number(record[f'{column}_high'])}]"
            row.append(text)
        rows.append(row)
    return Table(name, caption, [column.replace("_", " ") for column in kept], rows)


def number(value) -> str:
    """Three digits that count; whole numbers whole; a dash for what is not known."""
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return "–"
    if isinstance(value, float | np.floating):
        if value == 0 or not math.isfinite(value):
            return f"{value:g}"
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")
    return str(value)
