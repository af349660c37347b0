"""The voxel lattice a cell is built on, and what is drawn on it: coordinates, points, smooth noise.

Points and coordinates are in the cell's own frame, in um and in (z, y, x) order: z = 0 on the substrate, x along the cell's
long (or division) axis. The lattice lies turned by `yaw` about z, as a cell lies in a dish.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage
from threadpoolctl import ThreadpoolController

SPACING_UM = (0.29, 0.30, 0.30)
# One thread of BLAS: its sums, and so the cell, must not depend on how many there are. Processes use the cores.
_BLAS = ThreadpoolController()


@dataclass(frozen=True)
class Lattice:
    """`shape` (Z, Y, X) voxels of SPACING_UM; `origin_um` is the centre of voxel (0, 0, 0); `yaw` in radians."""

    shape: tuple[int, int, int]
    origin_um: tuple[float, float, float]
    yaw: float

    @property
    def voxel_um3(self) -> float:
        """Volume of a voxel, um^3."""
        return float(np.prod(SPACING_UM))

    @cached_property
    def coordinates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """z (Z, 1, 1), y and x (1, Y, X) of every voxel in the cell's frame, um, float32."""
        axes = [o + s * np.arange(n, dtype=np.float32) for o, s, n in zip(self.origin_um, SPACING_UM, self.shape, strict=True)]
        z, v, u = np.meshgrid(*axes, indexing="ij", sparse=True)
        cos, sin = np.float32(np.cos(self.yaw)), np.float32(np.sin(self.yaw))
        return z, cos * v - sin * u, cos * u + sin * v

    def index_of(self, points: np.ndarray) -> np.ndarray:
        """Fractional voxel indices (3, n) of points (n, 3) given in the cell's frame, um."""
        z, y, x = points.T
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        placed = (z, cos * y + sin * x, cos * x - sin * y)
        return np.stack([(p - o) / s for p, o, s in zip(placed, self.origin_um, SPACING_UM, strict=True)])

    def sample(self, field: np.ndarray, points: np.ndarray) -> np.ndarray:
        """`field` (Z, Y, X) at the voxels nearest to points (n, 3); beyond the lattice, at its border."""
        index = np.rint(self.index_of(points)).astype(np.int64)
        limits = np.array(self.shape)[:, None] - 1
        return field[tuple(np.clip(index, 0, limits))]

    def splat(self, points: np.ndarray, weights: np.ndarray | float = 1.0) -> np.ndarray:
        """Put `weights` at points (n, 3), each spread over its eight voxels: (Z, Y, X) float32. Points outside are lost."""
        index = self.index_of(points)
        limits = np.array(self.shape)[:, None] - 1
        keep = np.all((index >= 0) & (index < limits), axis=0)
        index, weights = index[:, keep], np.broadcast_to(weights, keep.shape)[keep]
        low = np.floor(index).astype(np.int64)
        high_part = index - low
        total = np.zeros(int(np.prod(self.shape)))
        for corner in np.ndindex(2, 2, 2):
            step = np.array(corner)[:, None]
            share = np.prod(np.where(step, high_part, 1 - high_part), axis=0)
            flat = np.ravel_multi_index(tuple(low + step), self.shape)
            total += np.bincount(flat, weights * share, total.size)
        return total.reshape(self.shape).astype(np.float32)

    def noise(self, rng: np.random.Generator, scale_um: float | tuple[float, float, float]) -> np.ndarray:
        """Smooth noise of unit variance, Gaussian correlation of width `scale_um` (z, y, x): (Z, Y, X) float32.

        White noise on a coarse lattice, spread by one Gaussian kernel matrix an axis: cheaper than filtering the fine one.
        """
        kernels = []
        for n, spacing, scale in zip(self.shape, SPACING_UM, np.broadcast_to(scale_um, 3), strict=True):
            fine = spacing * np.arange(n)
            coarse = np.arange(-3 * scale, fine[-1] + 3 * scale, scale)
            kernel = np.exp(-0.5 * ((fine[:, None] - coarse) / scale) ** 2)
            kernels.append((kernel / np.linalg.norm(kernel, axis=1, keepdims=True)).astype(np.float32))
        a, b, c = kernels
        white = rng.standard_normal((a.shape[1], b.shape[1], c.shape[1]), dtype=np.float32)
        with _BLAS.limit(limits=1, user_api="blas"):
            return np.matmul(b, np.tensordot(a, white @ c.T, axes=1))

    def blur(self, field: np.ndarray, sigma_um: float | tuple[float, float, float]) -> np.ndarray:
        """Gaussian blur, width in um (one, or z, y, x)."""
        return ndimage.gaussian_filter(field, np.broadcast_to(sigma_um, 3) / SPACING_UM, truncate=3.0)


def smooth_step(distance: np.ndarray, width: float) -> np.ndarray:
    """1 where a signed distance is well below 0, 0 well above, a logistic edge `width` um wide between (float32)."""
    return 1 / (1 + np.exp(np.clip(distance / np.float32(width), -30, 30)))
