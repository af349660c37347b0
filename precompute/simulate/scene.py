"""Everything about a cell that its tagged structure may depend on: the scene that structures are placed in."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from precompute.simulate.dna import Nucleus, Spindle, place_dna, place_spindle
from precompute.simulate.factors import ANAPHASE, METAPHASE, PROMETAPHASE_1, Factors
from precompute.simulate.lattice import Lattice, smooth_step
from precompute.simulate.shape import CellSurface


@dataclass(frozen=True)
class Scene:
    """A cell's shape and DNA on its lattice. `cell` is the signed distance (Z, Y, X) to its surface, um, negative inside."""

    factors: Factors
    surface: CellSurface
    lattice: Lattice
    cell: np.ndarray
    spindle: Spindle
    nucleus: Nucleus

    @staticmethod
    def build(factors: Factors, rng: np.random.Generator) -> "Scene":
        """Draw the surfaces of a cell with these factors."""
        surface = CellSurface.draw(rng, factors)
        lattice = surface.lattice(np.deg2rad(factors.yaw_deg))
        cell = surface.signed_distance(lattice, rng)
        spindle = place_spindle(factors, surface)
        return Scene(factors, surface, lattice, cell, spindle, place_dna(factors, surface, cell, spindle, lattice, rng))

    @property
    def mitotic(self) -> bool:
        """Whether the envelope has broken down (or is being re-made)."""
        return self.factors.stage >= PROMETAPHASE_1

    @cached_property
    def inside(self) -> np.ndarray:
        """1 inside the cell, 0 outside, soft edge."""
        return smooth_step(self.cell, 0.12)

    @cached_property
    def cytoplasm(self) -> np.ndarray:
        """1 inside the cell and outside nucleus or chromosomes."""
        return self.inside * (1 - smooth_step(self.nucleus.envelope, 0.15))

    @cached_property
    def spindle_zone(self) -> np.ndarray:
        """1 within the spindle, which large organelles do not enter, from prometaphase to anaphase; else 0."""
        if not PROMETAPHASE_1 <= self.factors.stage <= ANAPHASE:
            return np.zeros_like(self.cell)
        t, u, v = self.spindle.coordinates(*self.lattice.coordinates)
        half = self.spindle.half_separation_um + 1.5 if self.factors.stage > METAPHASE else 5.0
        shape = np.sqrt((t / np.float32(half)) ** 2 + (u / np.float32(4.6)) ** 2 + (v / np.float32(4.4)) ** 2)
        return smooth_step((shape - 1) * 4, 0.4)

    def shell(self, distance: np.ndarray, width_um: float) -> np.ndarray:
        """A Gaussian shell round the zero of a signed distance."""
        return np.exp(-0.5 * (distance / np.float32(width_um)) ** 2)

    def height(self) -> np.ndarray:
        """Height over the substrate in units of the cell's, (Z, 1, 1)."""
        return self.lattice.coordinates[0] / np.float32(self.factors.height_um)
