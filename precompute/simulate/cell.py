"""One simulated cell from its seed and index: factors, shape, structure, image."""

from typing import NamedTuple

import numpy as np

from precompute.simulate.factors import GENES, STAGE_WEIGHTS, Factors, draw
from precompute.simulate.lattice import SPACING_UM
from precompute.simulate.microscope import image
from precompute.simulate.scene import Scene
from precompute.simulate.structures import STRUCTURES


class SimulatedCell(NamedTuple):
    """`image` (3, Z, Y, X) uint8 or uint16: membrane, structure, DNA; masks (Z, Y, X) bool; `voxel_um` (z, y, x)."""

    image: np.ndarray
    cell_mask: np.ndarray
    dna_mask: np.ndarray
    voxel_um: tuple[float, float, float]
    factors: Factors


def simulate_cell(
    seed: int,
    index: int,
    stages: str = "balanced",
    structure: int | None = None,
    stage: int | None = None,
    structure_seed: int | None = None,
    bits: int = 8,
) -> SimulatedCell:
    """Simulate cell `index` of data set `seed`: the same whatever else is simulated beside it.

    Structures follow each other in the paper's order; the stage is drawn with the weights that `stages` names. Both can be
    set instead. `structure_seed` draws the tagged structure afresh in the same cell: what shape, stage and class leave open.
    `bits`, of the camera: 8 or 16.
    """
    shape, tagged, optics = np.random.default_rng([seed, index]).spawn(3)
    if structure_seed is not None:
        tagged = np.random.default_rng([seed, index, structure_seed])
    weights = np.array(STAGE_WEIGHTS[stages], float)
    drawn = int(shape.choice(len(weights), p=weights / weights.sum()))
    structure = index % len(GENES) if structure is None else structure
    factors = draw(structure, drawn if stage is None else stage, shape, tagged, optics)
    scene = Scene.build(factors, shape)
    bound, free = STRUCTURES[GENES[structure]](scene, tagged)
    cell_mask = scene.cell < 0
    return SimulatedCell(
        image(scene, bound, free, cell_mask, optics, bits), cell_mask, scene.nucleus.mask & cell_mask, SPACING_UM, factors
    )
