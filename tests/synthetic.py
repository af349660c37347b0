"""Analytic cells for tests, in milliseconds: ellipsoids with a nucleus by stage and a pattern by structure.

Cell i has the stage i mod 8 and the structure i mod 11; only its axes are random.
"""

from pathlib import Path

import numpy as np
import torch

from model.cells import GRID, VOXEL_UM, CellsWriter
from model.checkpoint import METRICS, PHASE_FILES, header_of, write_header, write_tensors
from model.config import ModelConfig, TrainConfig
from model.networks import CONDITIONAL, REFERENCE, build
from model.vocabulary import PAPER_STAGES, PAPER_STRUCTURES

TINY = ModelConfig(grid=(16, 24, 32), voxel_um=1.268, widths=(4, 8, 8, 16), n_latent=8, EncD_widths=(8, 8, 8))

# Centre (z, y, x) and semi-axes of each piece of DNA, as fractions of the cell's own.
DNA = {
    "interphase": [((0, 0, 0), (0.6, 0.55, 0.5))],
    "prophase": [((0, 0, 0), (0.65, 0.6, 0.55))],
    "prophase 2": [((0, 0, 0), (0.6, 0.55, 0.5))],
    "prometaphase 1": [((0, 0, 0), (0.5, 0.5, 0.45))],
    "prometaphase 2": [((0, 0, 0), (0.5, 0.55, 0.3))],
    "metaphase": [((0, 0, 0), (0.55, 0.65, 0.14))],
    "anaphase": [((0, 0, -0.4), (0.5, 0.55, 0.14)), ((0, 0, 0.4), (0.5, 0.55, 0.14))],
    "telophase-cytokinesis": [((0, 0, -0.55), (0.45, 0.4, 0.2)), ((0, 0, 0.55), (0.45, 0.4, 0.2))],
}


def write_cells(path: Path, n_cells: int, grid: tuple[int, int, int] = GRID, seed: int = 0) -> Path:
    """A cells.h5 of `n_cells`; of each stage's cells one in three, the first among them, is a test cell."""
    attrs = {"structures": PAPER_STRUCTURES, "stages": PAPER_STAGES, "title": "Analytic ellipsoids", "grid": grid, "seed": seed}
    attrs |= {"preprocessing": {}, "made_from": f"synthetic {seed}", "voxel_um": VOXEL_UM * GRID[2] / grid[2]}
    with CellsWriter(path, **attrs) as writer:
        for i in range(n_cells):
            writer.append(*cell(i, grid, seed))
    return path


def cell(i: int, grid: tuple[int, int, int] = GRID, seed: int = 0) -> tuple[np.ndarray, dict, dict]:
    """Volume (3, Z, Y, X) uint8, row of the table and factors of cell i."""
    rng = np.random.default_rng([seed, i])
    stage, structure = PAPER_STAGES[i % len(PAPER_STAGES)], PAPER_STRUCTURES[i % len(PAPER_STRUCTURES)].gene
    axes = np.array((0.36, 0.55, 0.8) if stage == "interphase" else (0.42, 0.55, 0.62)) * rng.uniform(0.85, 1.15, 3)
    # Half the grid's x extent is 1.
    z, y, x = np.meshgrid(*((np.arange(n) - (n - 1) / 2) / (grid[2] / 2) for n in grid), indexing="ij", sparse=True)
    z, y, x = z / axes[0], y / axes[1], x / axes[2]
    rho = np.sqrt(z**2 + y**2 + x**2)
    pieces = [
        np.sqrt(sum(((u - c) / a) ** 2 for u, c, a in zip((z, y, x), centre, size, strict=True))) for centre, size in DNA[stage]
    ]
    nucleus = np.minimum.reduce(pieces)
    dna = _inside(nucleus) * (0.75 + 0.25 * np.cos(9 * x) * np.cos(9 * y))
    volume = np.stack([_shell(rho), PATTERNS[structure](z, y, x, rho, nucleus) * (rho < 1.1), dna])
    volume_um3 = float((rho < 1).sum()) * (VOXEL_UM * GRID[2] / grid[2]) ** 3
    row = {
        "cell_id": f"syn{seed}_{i:05d}",
        "structure": structure,
        "stage": stage,
        "split": "test" if i // len(PAPER_STAGES) % 3 == 0 else "train",
        "source": "simulated",
        "cell_volume_um3": volume_um3,
        "dna_volume_um3": volume_um3 * float((nucleus < 1).sum() / (rho < 1).sum()),
        "height_um": float(2 * axes[0] * grid[2] / 2 * VOXEL_UM * GRID[2] / grid[2]),
        "cropped": False,
    }
    factors = dict(zip(("axis_z", "axis_y", "axis_x"), axes.tolist(), strict=True))
    return np.rint(255 * np.clip(volume, 0, 1)).astype(np.uint8), row, factors


def _inside(rho):
    return 1 / (1 + np.exp(np.clip((rho - 1) / 0.08, -50, 50)))


def _shell(rho, width=0.1):
    return np.exp(-(((rho - 1) / width) ** 2))


def _cytoplasm(rho, nucleus):
    return _inside(rho) * (1 - _inside(nucleus))


# Of (z, y, x) and rho in the cell's own units, and rho of the nearest nucleus.
PATTERNS = {
    "ACTN1": lambda z, y, x, rho, nucleus: _inside(rho) * np.cos(12 * y) ** 8 * np.exp(-(((z + 0.5) / 0.3) ** 2)),
    "TUBA1B": lambda z, y, x, rho, nucleus: _cytoplasm(rho, nucleus) * np.cos(6 * np.arctan2(y, x)) ** 4,
    "ACTB": lambda z, y, x, rho, nucleus: _shell(rho, 0.2),
    "DSP": lambda z, y, x, rho, nucleus: _shell(rho) * (np.cos(8 * x) * np.cos(8 * y)) ** 4,
    "FBL": lambda z, y, x, rho, nucleus: np.exp(-(((nucleus - 0.35) / 0.15) ** 2)) * (x * y > 0),
    "LMNB1": lambda z, y, x, rho, nucleus: _shell(nucleus, 0.15),
    "MYH10": lambda z, y, x, rho, nucleus: _shell(rho, 0.2) * np.exp(-((x / 0.3) ** 2)),
    "ST6GAL1": lambda z, y, x, rho, nucleus: np.exp(-((z**2 + (y - 0.6) ** 2 + (x - 0.2) ** 2) / 0.04)),
    "SEC61B": lambda z, y, x, rho, nucleus: _cytoplasm(rho, nucleus) * (0.4 + 0.6 * np.cos(14 * rho) ** 2),
    "TOMM20": lambda z, y, x, rho, nucleus: _cytoplasm(rho, nucleus) * (np.sin(11 * x) * np.sin(11 * y) > 0.2),
    "TJP1": lambda z, y, x, rho, nucleus: _shell(rho) * np.exp(-(((z - 0.6) / 0.2) ** 2)),
}


def write_run(folder: Path, cells, config: ModelConfig = TINY, seed: int = 0) -> Path:
    """A finished run folder for `cells` (a model.cells.Cells) whose networks have their initial, random weights."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    write_header(folder, header_of(config, TrainConfig(n_epochs_r=0, n_epochs_rs=0), cells))
    for file, symbols in zip(PHASE_FILES.values(), (REFERENCE, CONDITIONAL), strict=True):
        networks = {symbol: build(symbol, config) for symbol in symbols}
        write_tensors(folder / file, {f"{s}/{name}": t for s, n in networks.items() for name, t in n.state_dict().items()})
    lines = ['{"phase": "r", "epoch": 0, "step": 1, "split": "train", "bce": 0.7}']
    (folder / METRICS).write_text(
        "\n".join([*lines, '{"phase": "rs", "epoch": 0, "step": 1, "split": "test", "nll_y": 2.4}', ""])
    )
    return folder
