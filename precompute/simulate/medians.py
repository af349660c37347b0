"""Simulated against real cells: median volumes and height of every stage.

`python -m precompute.simulate.medians simulated.h5 real.h5` prints the table.
"""

import argparse

import pandas as pd

from model.cells import Cells
from model.vocabulary import PAPER_STAGES

MEASURES = ["cell_volume_um3", "dna_volume_um3", "height_um"]


def compare(simulated: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Medians of MEASURES by stage of two cell tables, and simulated over real; stages that either lacks are left out."""
    medians = {name: cells.groupby("stage")[MEASURES].median() for name, cells in (("simulated", simulated), ("real", real))}
    medians["ratio"] = medians["simulated"] / medians["real"]
    stages = [stage for stage in PAPER_STAGES if stage in medians["real"].index and stage in medians["simulated"].index]
    both = pd.concat(medians, axis=1).swaplevel(axis=1).reindex(stages)
    return both.reindex(columns=pd.MultiIndex.from_product([MEASURES, ["simulated", "real", "ratio"]]))


def markdown(comparison: pd.DataFrame) -> str:
    """The comparison as a Markdown table."""
    heads = [f"{measure} {kind}" for measure, kind in comparison.columns]
    lines = ["| stage | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    for stage, row in comparison.iterrows():
        cells = (f"{value:.2f}" if kind == "ratio" else f"{value:,.1f}" for (_, kind), value in row.items())
        lines.append(f"| {stage} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("simulated")
    parser.add_argument("real")
    arguments = parser.parse_args()
    with Cells(arguments.simulated) as simulated, Cells(arguments.real) as real:
        print(markdown(compare(simulated.table, real.table)))
