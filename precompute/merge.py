"""Several cells.h5 into one: simulated and real cells, or the plates of a screen, to be learned from together.

The classes are all of theirs, in the paper's order; grid, voxel and stages must agree. A cell keeps its name, split and source;
factors are kept where a file has them.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from model.cells import Cells, CellsWriter
from model.errors import InputError
from model.vocabulary import in_paper_order

HELP = "several cells.h5 -> one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute merge`."""
    parser.add_argument("cells", type=Path, nargs="+", metavar="CELLS.H5", help="the files, two or more")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the cells.h5 to write")
    parser.add_argument("--title", help="what the data set is called (default: the titles of the files)")


def run(*, cells: Sequence[Path], out: Path, title: str | None = None) -> None:
    """Write the cells of all files to `out`, file by file.

    Raises
    ------
    InputError
        where grids, voxels or stages differ, or two cells have the same name.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(Cells(path)) for path in cells]
        check(files)
        structures = {structure.gene: structure for file in files for structure in file.structures}
        writer = CellsWriter(
            out,
            structures=[structures[gene] for gene in in_paper_order(structures)],
            stages=files[0].stages,
            title=title or " + ".join(file.title for file in files),
            preprocessing={file.title: file.preprocessing for file in files},
            made_from=hashlib.sha256(json.dumps([file.made_from for file in files]).encode()).hexdigest(),
            grid=files[0].grid,
            voxel_um=files[0].voxel_um,
        )
        places = [(file, row) for file in files for row in range(len(file))]
        rows = union([file.table for file in files]).to_dict("records")
        with writer:
            todo = range(writer.n_done, len(rows))
            for i in tqdm(todo, "merge", len(rows), initial=writer.n_done, unit="cell"):
                file, row = places[i]
                factors = {} if file.factors is None else file.factors.iloc[row].astype(float).to_dict()
                writer.append(file.volume(row), rows[i], factors)
    print(f"{out}: {len(rows)} cells of {len(files)} files, {len(structures)} structures")


def union(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The tables below each other. Where one lacks a column of another: nan for numbers and truth values, "" for words."""
    table = pd.concat(tables, ignore_index=True)
    for name in table.columns[table.isna().any()]:
        parts = [part[name] for part in tables if name in part]
        if all(part.dtype.kind in "biuf" for part in parts):
            table[name] = table[name].astype(float)
        else:
            table[name] = table[name].fillna("")
    return table


def check(files: list[Cells]) -> None:
    """InputError unless the files go together."""
    first = files[0]
    for file in files[1:]:
        for what in ("grid", "voxel_um", "stages"):
            ours, theirs = getattr(first, what), getattr(file, what)
            if ours != theirs:
                raise InputError(f"{file.path}: its {what} is {theirs}, that of {first.path} {ours}; make both with the same")
    names = pd.concat([file.table["cell_id"] for file in files])
    if names.duplicated().any():
        raise InputError(f"two cells are called {names[names.duplicated()].iloc[0]}; give every cell a name of its own")
