"""The nucleus and the chromosomes through mitosis: where the DNA is, how dense it looks, and what the envelope encloses."""

from dataclasses import dataclass

import numpy as np

from precompute.simulate.factors import (
    ANAPHASE,
    METAPHASE,
    PROMETAPHASE_1,
    PROMETAPHASE_2,
    PROPHASE,
    PROPHASE_2,
    TELOPHASE,
    Factors,
)
from precompute.simulate.lattice import Lattice, smooth_step
from precompute.simulate.shape import CellSurface, Waves, ellipsoid

_CLEARANCE_UM = 0.5  # least distance of DNA from the cell's surface


@dataclass(frozen=True)
class Spindle:
    """The division axis: `centre` (3,) um; unit vectors `axis`, `side`, `up`, each (3,), z y x.

    `half_separation_um`: of the two masses of chromosomes, from anaphase on.
    """

    centre: np.ndarray
    axis: np.ndarray
    side: np.ndarray
    up: np.ndarray
    half_separation_um: float

    def coordinates(self, z, y, x) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates along axis, side and up (t, u, v), um."""
        dz, dy, dx = (c - np.float32(o) for c, o in zip((z, y, x), self.centre, strict=True))
        return tuple(
            dz * np.float32(e[0]) + (dy * np.float32(e[1]) + dx * np.float32(e[2])) for e in (self.axis, self.side, self.up)
        )

    def to_frame(self, t, u, v) -> np.ndarray:
        """Points (n, 3) in the cell's frame from coordinates (n,) along the axis, side and up."""
        return self.centre + np.multiply.outer(t, self.axis) + np.multiply.outer(u, self.side) + np.multiply.outer(v, self.up)


@dataclass(frozen=True)
class Nucleus:
    """What is known of the DNA of one cell, all (Z, Y, X).

    `envelope`: signed distance (um) to the nuclear envelope (two of them in telophase), to the chromosomes' surface once it is
    gone; `former`: to where the envelope was, in prometaphase (else the same); `density`: DNA, 0..about 1;
    `nucleoli`: signed distance to the nucleoli, large where there are none; `mask`: bool, the DNA mask.
    """

    envelope: np.ndarray
    former: np.ndarray
    density: np.ndarray
    nucleoli: np.ndarray
    mask: np.ndarray


def place_spindle(factors: Factors, surface: CellSurface) -> Spindle:
    """The spindle in the cell's middle, turned and tilted by its factors; the masses separate as the cell cleaves."""
    angle, tilt = surface.long_axis + np.deg2rad(factors.spindle_angle_deg), np.deg2rad(factors.spindle_tilt_deg)
    axis = np.array([np.sin(tilt), np.sin(angle) * np.cos(tilt), np.cos(angle) * np.cos(tilt)])
    side = np.array([0.0, np.cos(angle), -np.sin(angle)])
    offset = (
        surface.radius_um * np.array([0, factors.nucleus_y, factors.nucleus_x]) * (0.5 if factors.stage < ANAPHASE else 0.1)
    )
    centre = np.array([0.5 * factors.height_um, 0, 0]) + offset
    half = 1.2 * surface.body.half_separation * surface.radius_um
    if factors.stage == ANAPHASE:
        half = 2.8 + (half - 2.8) * (0.25 + 0.75 * factors.progress)
    return Spindle(centre, axis, side, np.cross(axis, side), half)


def place_dna(
    factors: Factors, surface: CellSurface, cell: np.ndarray, spindle: Spindle, lattice: Lattice, rng: np.random.Generator
) -> Nucleus:
    """Build nucleus or chromosomes inside `cell` (signed distance) so that the DNA mask has its factor's volume."""
    inside = -(cell + np.float32(_CLEARANCE_UM))
    if factors.stage <= PROPHASE_2:
        return _nucleus(factors, surface, inside, lattice, rng)
    field = np.minimum(_chromosomes(factors, spindle, lattice, rng), inside)
    field = _to_volume(field, factors.dna_volume_um3, lattice)
    texture = 0.80 + 0.28 * lattice.noise(rng, 0.38)
    density = smooth_step(-field, 0.10) * np.clip(texture, 0.3, 1.5)
    former = -field
    if factors.stage in (PROMETAPHASE_1, PROMETAPHASE_2):
        former = _envelope(factors, surface, inside, lattice, rng)
    nowhere = np.broadcast_to(np.float32(99), field.shape)
    return Nucleus(-field, former, density, nowhere, field > 0)


def _to_volume(field: np.ndarray, volume_um3: float, lattice: Lattice) -> np.ndarray:
    """Shift a field so that it is positive in `volume_um3`."""
    n = min(max(round(volume_um3 / lattice.voxel_um3), 1), field.size - 1)
    return field - np.partition(field, field.size - n, axis=None)[field.size - n]


def _envelope(
    factors: Factors, surface: CellSurface, inside: np.ndarray, lattice: Lattice, rng: np.random.Generator
) -> np.ndarray:
    """Signed distance to a nuclear envelope that encloses `nucleus_volume_um3`."""
    z, y, x = lattice.coordinates
    half_height = 0.385 * factors.height_um
    area = factors.nucleus_volume_um3 / (4.4 * half_height)
    long, short = np.sqrt(area * factors.nucleus_elongation), np.sqrt(area / factors.nucleus_elongation)
    angle = np.deg2rad(factors.nucleus_angle_deg) + surface.long_axis
    dy, dx = y - factors.nucleus_y * surface.radius_um, x - factors.nucleus_x * surface.radius_um
    v, u = np.cos(angle) * dy - np.sin(angle) * dx, np.cos(angle) * dx + np.sin(angle) * dy
    waves = Waves.draw(rng, 6, 2.4)
    z = z - np.float32(0.5 * factors.height_um)
    body = ellipsoid(
        z, v.astype("float32"), u.astype("float32"), (half_height, short, long), 2.4, factors.nucleus_roughness, waves
    )
    return -_to_volume(np.minimum(-body, inside), factors.nucleus_volume_um3, lattice)


def _nucleus(factors, surface, inside, lattice, rng) -> Nucleus:
    """Interphase and prophase: an envelope, nucleoli, and chromatin that condenses into threads."""
    envelope = _envelope(factors, surface, inside, lattice, rng)
    nucleoli = _nucleoli(factors, envelope, lattice, rng)
    within = smooth_step(envelope, 0.12)
    excluded = 1 - 0.7 * smooth_step(nucleoli, 0.12)
    coarse, fine = lattice.noise(rng, 0.9), lattice.noise(rng, 0.38)
    if factors.stage < PROPHASE:
        rim = 0.15 * np.exp(-((envelope + 0.4) ** 2) / 0.18)
        density = within * excluded * np.clip(0.52 + 0.07 * coarse + 0.10 * fine + rim, 0.1, 1.2)
        return Nucleus(envelope, envelope, density, nucleoli, envelope < 0)
    # Threads lie where two noises are both near 0: curves in space, thicker as they condense.
    other = lattice.noise(rng, 0.6)
    width = 0.55 if factors.stage == PROPHASE_2 else 0.85
    threads = np.exp(-((lattice.noise(rng, 0.6) / width) ** 2) - (other / (2 * width)) ** 2)
    floor = 0.10 if factors.stage == PROPHASE_2 else 0.30
    density = within * excluded * np.clip(floor + 0.75 * threads + 0.08 * fine, 0, 1.3)
    mask = envelope < 0
    if factors.stage == PROPHASE_2:
        mask = _to_volume(np.where(mask, lattice.blur(density, 0.45), -1), factors.dna_volume_um3, lattice) > 0
    return Nucleus(envelope, envelope, density, nucleoli, mask)


def _nucleoli(factors: Factors, envelope: np.ndarray, lattice: Lattice, rng: np.random.Generator) -> np.ndarray:
    """Signed distance to the nucleoli: lobulated unions of spheres, the more the smaller, well inside the envelope."""
    core = np.flatnonzero(envelope < min(-1.6, 0.6 * envelope.min()))
    z, y, x = lattice.coordinates
    distance = np.full(envelope.shape, np.float32(99))
    size = 1.75 / factors.n_nucleoli ** (1 / 3)
    for flat in rng.choice(core, factors.n_nucleoli):
        k, j, i = np.unravel_index(flat, envelope.shape)
        centre = np.array([z[k, 0, 0], y[0, j, i], x[0, j, i]])
        for _ in range(int(rng.integers(2, 5))):
            c = (centre + size * 0.65 * rng.standard_normal(3) * (0.6, 1, 1)).astype("float32")
            radius = np.float32(size * rng.uniform(0.5, 0.9))
            distance = np.minimum(distance, np.sqrt((z - c[0]) ** 2 + (y - c[1]) ** 2 + (x - c[2]) ** 2) - radius)
    return np.maximum(distance, envelope + np.float32(0.5))


def _chromosomes(factors: Factors, spindle: Spindle, lattice: Lattice, rng: np.random.Generator) -> np.ndarray:
    """A field (um) that is high inside the condensed chromosomes of a stage."""
    t, u, v = spindle.coordinates(*lattice.coordinates)
    flat = 0.42 * factors.height_um  # chromosomes fill most of the height
    disc = np.sqrt((u / np.float32(1.15)) ** 2 + (v * np.float32(min(1.0, 4.4 / flat))) ** 2)
    bow = np.float32(factors.plate_curvature) * disc**2
    if factors.stage == PROMETAPHASE_1:
        ring = np.sqrt((disc - np.float32(3.9)) ** 2 + (np.float32(0.75) * t) ** 2)
        return 1.7 - ring + 0.75 * lattice.noise(rng, 0.8)
    if factors.stage == PROMETAPHASE_2:
        hole = 3.0 * (1 - factors.progress)
        ring = np.sqrt(np.maximum(np.abs(disc - np.float32(hole)) - 1.6, 0) ** 2 + (np.float32(1.15) * (t - bow)) ** 2)
        return 1.5 - ring + 0.55 * lattice.noise(rng, 0.75)
    if factors.stage == METAPHASE:
        slab = _rounded(np.abs(t - bow) - 1.1, disc - np.float32(4.9))
        return -slab + 0.45 * lattice.noise(rng, 0.6)
    apart = np.abs(t) - np.float32(spindle.half_separation_um)
    if factors.stage == ANAPHASE:
        slab = _rounded(np.abs(apart - bow) - 0.9, disc - np.float32(3.9))
        return -slab + 0.45 * lattice.noise(rng, 0.6)
    assert factors.stage == TELOPHASE
    nuclei = np.sqrt(((apart - bow + 0.5) / np.float32(0.52)) ** 2 + u**2 + (v * np.float32(0.95)) ** 2)
    return 3.4 - nuclei + 0.45 * lattice.noise(rng, 0.7)


def _rounded(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection of two signed distances with a rounded edge."""
    return np.minimum(np.maximum(a, b), 0) + np.sqrt(np.maximum(a, 0) ** 2 + np.maximum(b, 0) ** 2)
