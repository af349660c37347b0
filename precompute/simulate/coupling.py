"""How much of each tagged structure the cell itself settles: the truth that variation scores can be held against.

`python -m precompute.simulate.coupling` prints the table. In one cell, the structure is drawn again and again; the mean
correlation of those images is what shape, stage and class leave no choice about. 1: nothing is left for z_s.
"""

import argparse
from itertools import combinations

import numpy as np
from tqdm import tqdm

from model.cells import STRUCTURE
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


def table(n_cells: int, n_draws: int, seed: int) -> str:
    """A Markdown table: a row a structure; coupling in interphase and, over all stages of it, in mitosis."""
    rows = ["| structure | interphase | mitosis |", "|---|---:|---:|"]
    for k, structure in enumerate(tqdm(PAPER_STRUCTURES, unit="structure")):
        mitosis = [coupling(k, stage, n_cells, n_draws, seed) for stage in range(INTERPHASE + 1, len(PAPER_STAGES))]
        rows.append(f"| {structure.gene} | {coupling(k, INTERPHASE, n_cells, n_draws, seed):.2f} | {np.mean(mitosis):.2f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-cells", type=int, default=4)
    parser.add_argument("--n-draws", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    print(table(**vars(parser.parse_args())))
