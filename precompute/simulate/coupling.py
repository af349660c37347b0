"""How much of each tagged structure the cell itself settles: the truth that variation scores can be held against.

`python -m precompute.simulate.coupling` prints the table. In one cell, the structure is drawn again and again; the mean
correlation of those images is what shape, stage and class leave no choice about. 1: nothing is left for z_s. With
`--atlas FILE` the variation that a model learned stands beside it.
"""

import argparse
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from tqdm import tqdm

from model.atlas import SCHEMA, SCHEMA_VERSION
from model.cells import STRUCTURE
from model.hdf5 import open_checked, read_table
from model.vocabulary import PAPER_STAGES, PAPER_STRUCTURES
from precompute.simulate.cell import simulate_cell
from precompute.simulate.factors import INTERPHASE


def coupling(structure: int, stage: int, n_cells: int = 4, n_draws: int = 4, seed: int = 0) -> float:
    """Mean Pearson r, within the cell, between draws of a structure (index) in the same cell at a stage (index); in (-1, 1]."""
    return float(np.mean([_agreement(structure, stage, n_draws, seed, index) for index in range(n_cells)]))


def _agreement(structure: int, stage: int, n_draws: int, seed: int, index: int) -> float:
    """Mean pairwise Pearson r of `n_draws` draws of the structure in cell `index`."""
    draws = [simulate_cell(seed, index, structure=structure, stage=stage, structure_seed=k) for k in range(n_draws)]
    mask = draws[0].cell_mask
    r = np.corrcoef([cell.image[STRUCTURE][mask] for cell in draws])
    return float(np.mean([r[i, j] for i, j in combinations(range(n_draws), 2)]))


def couplings(n_cells: int, n_draws: int, seed: int) -> pd.DataFrame:
    """A row a structure: gene; coupling in interphase and, over all stages of it, in mitosis; their difference."""
    rows = []
    for k, structure in enumerate(tqdm(PAPER_STRUCTURES, unit="structure")):
        mitosis = [coupling(k, stage, n_cells, n_draws, seed) for stage in range(INTERPHASE + 1, len(PAPER_STAGES))]
        rows.append((structure.gene, coupling(k, INTERPHASE, n_cells, n_draws, seed), float(np.mean(mitosis))))
    table = pd.DataFrame(rows, columns=["gene", "interphase", "mitosis"])
    return table.assign(difference=table["mitosis"] - table["interphase"])


def agreement(table: pd.DataFrame) -> tuple[float, float]:
    """Spearman's rank correlation and its p of the two differences: both are small where variation is large."""
    return tuple(spearmanr(table["difference"], table["difference learned"]))


def markdown(table: pd.DataFrame) -> str:
    """The table in Markdown, numbers with two decimals."""
    lines = ["| " + " | ".join(table.columns) + " |", "|---|" + "---:|" * (len(table.columns) - 1)]
    lines += [f"| {row[0]} | " + " | ".join(f"{x:.2f}" for x in row[1:]) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-cells", type=int, default=4)
    parser.add_argument("--n-draws", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atlas", help="hold the variation scores of this atlas against the couplings")
    options = vars(parser.parse_args())
    atlas = options.pop("atlas")
    truth = couplings(**options)
    if atlas:
        with open_checked(atlas, SCHEMA, SCHEMA_VERSION) as file:
            learned = read_table(file["variation/by_stage"])[["gene", "difference", "low", "high"]]
        truth = truth.merge(learned, on="gene", suffixes=("", " learned"))
    print(markdown(truth))
    if atlas:
        print("rank correlation of the differences, true and learned: {:.2f} (p = {:.3f})".format(*agreement(truth)))
