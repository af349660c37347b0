"""Surfaces: the cell on its substrate, polygonal among its neighbours, rounding up and cleaving in mitosis.

The cell is a level set of one implicit function on normalised coordinates X = x / radius, Y = y / radius,
Z = (z - height / 2) / (height / 2). Its volume there is found once, on a coarse lattice; the radius then follows from the
wanted volume and height, exactly, as volume = radius^2 * height / 2 * volume(X, Y, Z).
"""

from dataclasses import dataclass

import numpy as np

from precompute.simulate.factors import Factors
from precompute.simulate.lattice import SPACING_UM, Lattice

MARGIN_UM = 1.0
_N_HARMONICS = 4
_RAGGED_UM = 0.13  # sd of the surface's finest roughness
_WIDEST = np.float32(-0.2)  # Z where a cell is widest: it sags on its substrate
_STEP = 0.08  # of the coarse normalised lattice


@dataclass(frozen=True)
class Waves:
    """A smooth random function on the unit sphere: a sum of n plane waves, unit variance."""

    vectors: np.ndarray
    phases: np.ndarray

    @staticmethod
    def draw(rng: np.random.Generator, n: int, frequency: float) -> "Waves":
        """n waves with wave vectors of typical length `frequency` (radians per unit radius)."""
        vectors = frequency * rng.standard_normal((n, 3)) / np.sqrt(3)
        return Waves(vectors.astype(np.float32), rng.uniform(0, 2 * np.pi, n).astype(np.float32))

    def __call__(self, z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The function in the direction of (z, y, x); lengths do not matter."""
        scale = 1 / np.sqrt(z * z + y * y + x * x + np.float32(1e-6))
        total = 0
        for (a, b, c), phase in zip(self.vectors, self.phases, strict=True):
            total = total + np.cos((a * z + (b * y + c * x)) * scale + phase)
        return total * np.float32(np.sqrt(2 / len(self.phases)))


@dataclass(frozen=True)
class Outline:
    """A rounded polygon from above, the p-norm, p = `sharpness`, of its half planes; ragged, leaning, its corners drawn out.

    `angles`, `distances`: (n,) direction and distance of each side. `tails`: (n,) how far each corner is drawn out, log of the
    radius. `ragged`: (n_modes, 2) cosine and sine amplitudes of the log radius, from the second harmonic on. `lean`: its
    amplitude and direction in radians.
    """

    angles: np.ndarray
    distances: np.ndarray
    tails: np.ndarray
    ragged: np.ndarray
    lean: tuple[float, float]
    sharpness: float
    elongation: float

    @staticmethod
    def draw(rng: np.random.Generator, factors: Factors) -> "Outline":
        """Sides at jittered angles and distances; most corners have short tails."""
        n = factors.n_sides
        angles = 2 * np.pi * (np.arange(n) + rng.uniform() + 0.22 * rng.standard_normal(n)) / n
        return Outline(
            np.sort(angles),
            np.exp(0.10 * rng.standard_normal(n)),
            np.minimum(factors.tail * rng.gamma(0.7, 1 / 0.7, n), 0.45),
            factors.raggedness * rng.standard_normal((_N_HARMONICS, 2)),
            (factors.lean, rng.uniform(0, 2 * np.pi)),
            factors.sharpness,
            factors.elongation,
        )

    def polygon(self, y: np.ndarray, x: np.ndarray, sharpness: float | None = None) -> np.ndarray:
        """1 on the bare polygon, growing linearly outwards, 0 at the centre."""
        p = np.float32(sharpness or self.sharpness)
        long = np.float32(np.sqrt(self.elongation))
        # The circle blunts a corner between two sides that are far apart.
        total = (np.sqrt(x * x + y * y) / np.float32(1.45)) ** p + np.float32(1e-9)
        for angle, distance in zip(self.angles, self.distances, strict=True):
            side = x * np.float32(np.cos(angle) / (long * distance)) + y * np.float32(np.sin(angle) * long / distance)
            total = total + np.maximum(side, 0) ** p
        return total ** (1 / p)

    def norm(self, z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """1 on the outline at height z (Z, 1, 1): the polygon, ragged, wider where it leans to and at its tails' foot."""
        phi = np.arctan2(y, x)
        log_radius, slope = 0, self.lean[0] * np.cos(phi - self.lean[1])
        for order, (cosine, sine) in enumerate(self.ragged, start=2):
            log_radius = log_radius + cosine * np.cos(order * phi) + sine * np.sin(order * phi)
        corners = (self.angles + np.append(self.angles[1:], self.angles[0] + 2 * np.pi)) / 2
        for tail, corner in zip(self.tails, corners, strict=True):
            drawn_out = tail * np.exp((np.cos(phi - corner) - 1) / 0.035)
            log_radius, slope = log_radius + 0.5 * drawn_out, slope - 0.6 * drawn_out
        # Nothing of this may turn on a point: it fades towards the axis.
        away = 1 - np.exp(-(x * x + y * y) / 0.1)
        return self.polygon(y, x) * np.exp(-away.astype("float32") * (log_radius + slope * z).astype("float32"))


@dataclass(frozen=True)
class Body:
    """One cell, or the two lobes of a dividing one, in normalised coordinates.

    `half_separation`: of the lobes' centres along X, 0 for one lobe; `neck`: radius of the bridge between two
    lobes, `cleft`: half the gap between their flat faces.
    `flat_top`, `flat_bottom`: exponents of the profile; 2 is round.
    """

    outlines: tuple[Outline, ...]
    waves: Waves
    roughness: float
    half_separation: float
    blend: float
    neck: float
    cleft: float
    flat_top: float
    flat_bottom: float

    @staticmethod
    def draw(rng: np.random.Generator, factors: Factors) -> "Body":
        """A body for these factors: two lobes where there is a furrow."""
        n_lobes = 2 if factors.furrow else 1
        return Body(
            outlines=tuple(Outline.draw(rng, factors) for _ in range(n_lobes)),
            waves=Waves.draw(rng, 6, 2.4),
            roughness=factors.roughness,
            half_separation=0.50 + 0.40 * factors.furrow if factors.furrow else 0.0,
            blend=0.50 - 0.40 * factors.furrow,
            neck=0.14,
            cleft=0.10 if factors.furrow > 0.75 else -np.inf,
            flat_top=float(np.clip(0.55 * factors.sharpness, 2.8, 3.5)),
            flat_bottom=float(np.clip(0.9 * factors.sharpness, 3.2, 6.0)),
        )

    def polygon(self, y: np.ndarray, x: np.ndarray, sharpness: float) -> np.ndarray:
        """The bare polygon's norm at normalised (y, x): of the nearer lobe."""
        norms = [
            o.polygon(y, x - side * self.half_separation, sharpness) for o, side in zip(self.outlines, (-1, 1), strict=False)
        ]
        return norms[0] if len(norms) == 1 else np.minimum(*norms)

    def __call__(self, z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Negative inside, 0 on the surface; about the distance in normalised units."""
        lobes = [
            self._profile(z, o.norm(z, y, x - side * self.half_separation))
            for o, side in zip(self.outlines, (-1, 1), strict=False)
        ]
        body = lobes[0] - 1 if len(lobes) == 1 else self._join(lobes[0] - 1, lobes[1] - 1, z, y, x)
        return body - self.roughness * self.waves(np.float32(0.6) * z, y, x)

    def _profile(self, z: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Close an outline (Z, Y, X) at top and bottom, each by its own exponent; z (Z, 1, 1) ascending."""
        below = z[:, 0, 0] <= _WIDEST
        halves = []
        for here, exponent, end in ((below, self.flat_bottom, -1), (~below, self.flat_top, 1)):
            part, p = z[here], np.float32(exponent)
            halves.append((across[here] ** p + ((part - _WIDEST) / np.float32(end - _WIDEST)) ** p) ** (1 / p))
        return np.concatenate(halves)

    def _join(self, a, b, z, y, x) -> np.ndarray:
        """Smooth union of two lobes (polynomial minimum of width `blend`) and the bridge between them."""
        cleft = np.float32(self.cleft)
        a, b = np.maximum(a, x + cleft), np.maximum(b, cleft - x)
        k = np.float32(self.blend)
        closeness = np.maximum(k - np.abs(a - b), 0) / k
        lobes = np.minimum(a, b) - closeness**2 * k / 4
        bridge = np.maximum(np.sqrt(y * y + z * z) - np.float32(self.neck), np.abs(x) - np.float32(self.half_separation))
        return np.minimum(lobes, bridge)


@dataclass(frozen=True)
class CellSurface:
    """A body at its true size, standing on z = 0: one unit of X and Y is `radius_um`, one of Z is `half_height_um`."""

    body: Body
    radius_um: float
    half_height_um: float
    extent: np.ndarray  # (3, 2) least and greatest Z, Y, X of the body, normalised
    long_axis: float  # direction of the cell's long axis seen from above, radians from +x towards +y

    @staticmethod
    def draw(rng: np.random.Generator, factors: Factors) -> "CellSurface":
        """A surface that encloses `cell_volume_um3` at `height_um`."""
        body = Body.draw(rng, factors)
        z, y, x = (np.arange(-limit, limit + _STEP, _STEP, dtype=np.float32) for limit in (1.4, 2.2, 2.9))
        coarse = body(*np.meshgrid(z, y, x, indexing="ij", sparse=True))
        volume = np.clip(0.5 - coarse / _STEP, 0, 1).sum() * _STEP**3
        inside = coarse < _STEP / 2
        occupied = (z[inside.any(axis=(1, 2))], y[inside.any(axis=(0, 2))], x[inside.any(axis=(0, 1))])
        extent = np.array([(o.min(), o.max()) for o in occupied])
        half_height = factors.height_um / np.ptp(extent[0])
        radius = np.sqrt(factors.cell_volume_um3 / (half_height * volume))
        return CellSurface(body, float(radius), float(half_height), extent, _long_axis(inside.sum(axis=0), y, x))

    def lattice(self, yaw: float) -> Lattice:
        """The smallest lattice that holds the cell lying turned by `yaw` (radians), with a margin."""
        (y0, y1), (x0, x1) = self.extent[1:] * self.radius_um
        y, x = np.array([y0, y0, y1, y1]), np.array([x0, x1, x0, x1])
        v, u = np.cos(yaw) * y + np.sin(yaw) * x, np.cos(yaw) * x - np.sin(yaw) * y
        low = np.array([0, v.min(), u.min()]) - MARGIN_UM
        high = np.array([np.ptp(self.extent[0]) * self.half_height_um, v.max(), u.max()]) + MARGIN_UM
        shape = np.ceil((high - low) / SPACING_UM).astype(int) + 1
        return Lattice(tuple(int(n) for n in shape), tuple(float(o) for o in low), yaw)

    def normalised(self, z, y, x) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates in um -> the body's."""
        radius = np.float32(self.radius_um)
        return z / np.float32(self.half_height_um) + np.float32(self.extent[0, 0]), y / radius, x / radius

    def signed_distance(self, lattice: Lattice, rng: np.random.Generator) -> np.ndarray:
        """um to the surface, negative inside, right to first order near it: (Z, Y, X) float32."""
        return to_distance(self.body(*self.normalised(*lattice.coordinates))) + _RAGGED_UM * lattice.noise(rng, 0.6)


def _long_axis(thickness: np.ndarray, y: np.ndarray, x: np.ndarray) -> float:
    """Direction of the major axis of a projection (Y, X), radians in (-pi/2, pi/2]."""
    weight = thickness / thickness.sum()
    y, x = y[:, None] - (weight.sum(axis=1) @ y), x - (weight.sum(axis=0) @ x)
    return float(0.5 * np.arctan2(2 * (weight * y * x).sum(), (weight * (x * x - y * y)).sum()))


def to_distance(implicit: np.ndarray) -> np.ndarray:
    """An implicit function over its gradient: a signed distance in um, right to first order near its zero."""
    steepness = np.sqrt(sum(g * g for g in np.gradient(implicit, *SPACING_UM)))
    return implicit / np.maximum(steepness, np.float32(0.02))


def ellipsoid(z, y, x, half_axes_um: tuple[float, float, float], exponent: float, roughness: float, waves: Waves) -> np.ndarray:
    """Approximate signed distance (um) to a rough superellipsoid about the origin; half axes along z, y, x."""
    scaled = [c / np.float32(a) for c, a in zip((z, y, x), half_axes_um, strict=True)]
    norm = sum(np.abs(c) ** np.float32(exponent) for c in scaled) ** np.float32(1 / exponent)
    return (norm - 1 - roughness * waves(z, y, x)) * np.float32(np.prod(half_axes_um) ** (1 / 3))
