"""The cell table as AG Grid asks for it: a block of rows at a time, sorted and filtered here, for any number of cells."""

from typing import Any

import numpy as np
import pandas as pd
from numpy import ndarray

from app.colouring import label
from model.atlas import Atlas

FIRST = ("cell_id", "structure", "stage", "split", "source")
WIDTHS = {"cell_id": 130, "structure": 105, "stage": 165, "split": 85, "source": 105}
COMPARE = {
    "equals": pd.Series.eq,
    "notEqual": pd.Series.ne,
    "greaterThan": pd.Series.gt,
    "greaterThanOrEqual": pd.Series.ge,
    "lessThan": pd.Series.lt,
    "lessThanOrEqual": pd.Series.le,
}


def columns(atlas: Atlas) -> list[dict[str, Any]]:
    """AG Grid's column definitions: those that name a cell, then what was measured; columns without any value are left out."""
    cells = atlas.cells
    names = [name for name in [*FIRST, *(c for c in cells if c not in FIRST)] if cells[name].notna().any()]
    return [_column(name, pd.api.types.is_numeric_dtype(cells[name]) and cells[name].dtype != bool) for name in names]


def _column(name: str, is_number: bool) -> dict[str, Any]:
    kind = {"filter": "agNumberColumnFilter", "type": "rightAligned"} if is_number else {"filter": "agTextColumnFilter"}
    words = {"cell_id": "Cell", "split": "Split", "source": "Source"}.get(name, label(name))
    condition = {"filterParams": {"maxNumConditions": 1}}
    return {"field": name, "headerName": words, "width": WIDTHS.get(name, max(130, 7 * len(words) + 56))} | kind | condition


def block(atlas: Atlas, rows: ndarray | None, request: dict[str, Any] | None) -> dict[str, Any]:
    """What AG Grid asked for of the cells in `rows`, or of all where that is None: {"rowData", "rowCount"}.

    request : startRow, endRow, sortModel, filterModel. Each row of the answer has its row of the cell table as `row`.
    """
    request = request or {"startRow": 0, "endRow": 100}
    cells = atlas.cells if rows is None else atlas.cells.iloc[rows]
    for name, condition in (request.get("filterModel") or {}).items():
        if name in cells:
            cells = cells[_passes(cells[name], condition)]
    order = [(sort["colId"], sort["sort"] == "asc") for sort in request.get("sortModel") or [] if sort["colId"] in cells]
    if order:
        by, ascending = map(list, zip(*order, strict=True))
        ranks = {name: _rank(atlas, cells[name]) for name in by}
        cells = cells.assign(**ranks).sort_values(by, ascending=ascending, kind="stable")
        cells = atlas.cells.loc[cells.index]
    shown = cells.iloc[request["startRow"] : request["endRow"]]
    return {"rowData": _records(shown), "rowCount": len(cells)}


def _rank(atlas: Atlas, column: pd.Series) -> pd.Series:
    """Stages are sorted as they follow each other, everything else by itself."""
    if column.name != "stage":
        return column
    order = {stage: k for k, stage in enumerate(atlas.stages)}
    return column.map(lambda stage: order.get(stage, len(order)))


def _passes(column: pd.Series, condition: dict[str, Any]) -> pd.Series:
    kind, value = condition.get("type"), condition.get("filter")
    if kind == "blank":
        return column.isna()
    if kind == "notBlank":
        return column.notna()
    if condition.get("filterType") == "number":
        if kind == "inRange":
            return column.between(value, condition["filterTo"])
        return COMPARE[kind](column, value)
    text, wanted = column.astype(str).str.casefold(), str(value).casefold()
    match kind:
        case "notContains":
            return ~text.str.contains(wanted, regex=False)
        case "equals":
            return text == wanted
        case "notEqual":
            return text != wanted
        case "startsWith":
            return text.str.startswith(wanted)
        case "endsWith":
            return text.str.endswith(wanted)
    return text.str.contains(wanted, regex=False)


def _records(cells: pd.DataFrame) -> list[dict[str, Any]]:
    numbers = cells.select_dtypes("float").columns
    rounded = cells.assign(**{name: cells[name].astype(float).round(3) for name in numbers}).assign(row=np.array(cells.index))
    return rounded.astype(object).where(rounded.notna(), None).to_dict("records")
