"""The eleven tagged structures, one pure function each: (scene, rng) -> (bound, free).

`bound` (Z, Y, X) is the structure itself, in units of its own; `free` (Z, Y, X), 0..1, is where unbound protein spreads. Each
function says what it follows in the cell: the more, the less is left for z_s to explain.
"""

import numpy as np

from precompute.simulate.factors import ANAPHASE, GENES, METAPHASE, PROMETAPHASE_1, PROMETAPHASE_2, PROPHASE, TELOPHASE
from precompute.simulate.filaments import random_directions, random_points, thicken, walks
from precompute.simulate.lattice import smooth_step
from precompute.simulate.microtubules import centrosomes, tuba1b
from precompute.simulate.scene import Scene


def _patches(scene: Scene, rng: np.random.Generator, scale_um: float) -> np.ndarray:
    """Log-normal brightness variation of sd `patchiness`, mean about 1."""
    sd = np.float32(scene.factors.patchiness)
    return np.exp(sd * np.clip(scene.lattice.noise(rng, scale_um), -2, 2) - sd**2 / 2)


def _meshwork(scene: Scene, rng: np.random.Generator, scale_um: float) -> np.ndarray:
    """A net of bright strands: the ridges of two noises, about 1 on a strand."""
    ridges = (np.exp(-((scene.lattice.noise(rng, scale_um) / 0.3) ** 2)) for _ in range(2))
    return np.maximum(*ridges)


def _outline(scene: Scene, sharpness: float) -> np.ndarray:
    """Signed distance (um, about) to a vertical wall over the cell's outline, (1, Y, X)."""
    _, y, x = scene.surface.normalised(*scene.lattice.coordinates)
    return (scene.surface.body.polygon(y, x, sharpness) - 1) * np.float32(scene.surface.radius_um)


def _belt(scene: Scene) -> np.ndarray:
    """1 along the apical belt: where a polygonal wall, `belt_radius` of the outline, meets the cell's top."""
    radius = np.float32(scene.surface.radius_um * (1 - scene.factors.belt_radius))
    return scene.shell(_outline(scene, 11.0) + radius, 0.18) * scene.shell(scene.cell + 0.25, 0.28) * (scene.height() > 0.5)


def _furrow(scene: Scene, width_um: float) -> np.ndarray:
    """1 on the surface at the cleavage furrow, 0 elsewhere and before anaphase."""
    if scene.factors.stage < ANAPHASE:
        return np.zeros_like(scene.cell)
    x = scene.lattice.coordinates[2]
    return scene.shell(scene.cell, 0.45) * np.exp(-0.5 * (x / np.float32(width_um)) ** 2)


def _bundles(scene: Scene, rng: np.random.Generator, copies: int) -> np.ndarray:
    """Straight bundles on the cell's bottom and along chords of its top: `n_bundles` at about `bundle_angle_deg`."""
    f, radius = scene.factors, scene.surface.radius_um
    points = []
    for _ in range(f.n_bundles):
        angle = np.deg2rad(f.bundle_angle_deg + 12 * rng.standard_normal())
        offset, s = rng.uniform(-0.8, 0.8) * radius, np.linspace(-1.6, 1.6, 220) * radius
        y, x = offset * np.cos(angle) + s * np.sin(angle), -offset * np.sin(angle) + s * np.cos(angle)
        points.append(np.stack([np.full_like(s, rng.uniform(0.3, 0.8)), y, x], axis=1))
    return scene.lattice.splat(thicken(np.array(points), 0.06, rng, copies)) * scene.inside


def actn1(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """alpha-actinin-1: bundles along junctions and across the bottom, puncta on the cortex. Follows the outline."""
    junctions = 0.8 * _belt(scene) + 0.6 * scene.shell(_outline(scene, 12.0) + np.float32(0.8), 0.3) * (scene.height() < 0.12)
    cortex = scene.shell(scene.cell + 0.2, 0.3)
    puncta = scene.lattice.splat(random_points(cortex, 500, scene.lattice, rng), rng.gamma(1.0, 0.5, 500))
    bundles = _bundles(scene, rng, 2)
    strength = 0.5 if scene.mitotic else 1.0
    bundled = strength * (junctions + 0.5 * bundles) + 0.24 * _meshwork(scene, rng, 0.6) * cortex + 0.6 * _furrow(scene, 0.8)
    bound = _patches(scene, rng, 0.7) * bundled + 0.25 * puncta
    return bound * scene.inside, scene.inside * (1 - 0.35 * scene.nucleus.density)


def actb(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """beta-actin: the cortex, uneven and brighter at junctions, and bundles at the bottom. Follows the membrane."""
    cortex = scene.shell(scene.cell + 0.15, 0.28)
    junctions = scene.shell(_outline(scene, 10.0) + np.float32(0.5), 0.5) * cortex
    bundles = _bundles(scene, rng, 2) * (0.25 if scene.mitotic else 0.6)
    bound = np.sqrt(_patches(scene, rng, 0.8)) * (
        (0.12 + 0.7 * _meshwork(scene, rng, 0.5)) * cortex + 0.4 * junctions + 0.3 * bundles + 0.4 * _furrow(scene, 1.2)
    )
    return bound * scene.inside, scene.inside * (1 - 0.3 * scene.nucleus.density)


def dsp(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """desmoplakin: a few spots at the lateral membrane in a band below the apex. Number and places are its own."""
    f = scene.factors
    band = np.exp(-0.5 * ((scene.height() - np.float32(0.68)) / 0.13) ** 2)
    wall = scene.shell(scene.cell + 0.2, 0.2) * band * scene.shell(_outline(scene, 6.0), 1.2)
    spots = random_points(wall, f.n_desmosomes, scene.lattice, rng)
    brightness = rng.gamma(4.0, 0.25, f.n_desmosomes)
    bound = scene.lattice.splat(thicken(spots, 0.10, rng, 8), np.repeat(brightness, 8))
    return bound, scene.inside


def fbl(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """fibrillarin: nucleoli, the holes in the DNA; once they dissolve, a coat of the chromosomes and drops in the cytoplasm."""
    f, nucleus = scene.factors, scene.nucleus
    texture = np.clip(1 + 0.45 * scene.lattice.noise(rng, 0.35), 0.1, 2.5)
    if not scene.mitotic:
        free = 0.3 * scene.inside + 0.7 * smooth_step(nucleus.envelope, 0.15)
        return smooth_step(nucleus.nucleoli, 0.10) * texture, free
    coat = 0.6 * scene.shell(nucleus.envelope, 0.35) + 0.5 * smooth_step(nucleus.envelope, 0.2)
    bound = (0.45 if f.stage >= ANAPHASE else 0.20) * coat * texture
    if f.stage == PROMETAPHASE_1:  # what is left of the nucleoli, beside the chromosomes
        near = np.exp(-np.abs(nucleus.envelope)) * scene.inside
        clumps = random_points(near, max(2, f.n_nucleoli), scene.lattice, rng)
        bound = bound + 0.35 * (1.3 - f.progress) * scene.lattice.splat(thicken(clumps, 0.55, rng, 900))
    n = int(rng.integers(15, 60)) if f.stage >= ANAPHASE else int(rng.integers(4, 14))
    drops = random_points(scene.cytoplasm, n, scene.lattice, rng)
    bound = bound + scene.lattice.splat(thicken(drops, 0.16, rng, 12), np.repeat(rng.gamma(2.0, 0.4, n), 12))
    return scene.inside * bound, scene.inside


def lmnb1(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """lamin B1: the nuclear rim, right on the DNA's surface; torn in prometaphase, loose until anaphase, whole again after."""
    f, nucleus = scene.factors, scene.nucleus
    rim = scene.shell(nucleus.envelope - 0.05, 0.18)
    if not scene.mitotic:
        folds = np.exp(-((scene.lattice.noise(rng, 1.4) / 0.05) ** 2)) * smooth_step(nucleus.envelope, 0.2)
        free = 0.35 * scene.inside + smooth_step(nucleus.envelope, 0.15)
        return rim * (1 + 0.15 * _patches(scene, rng, 0.8)) + 0.25 * folds, free
    loose = (0.5 * _sheets(scene, rng, 1.8) + 0.6 * _meshwork(scene, rng, 0.6) * scene.cytoplasm) * (1 - scene.spindle_zone)
    if f.stage == TELOPHASE:
        return rim * (0.5 + 0.5 * f.progress) + 0.15 * loose, scene.inside * (1 - 0.3 * nucleus.density)
    tatters = 0.0
    if f.stage <= PROMETAPHASE_2:
        whole = 0.9 - 0.5 * f.progress - 0.5 * (f.stage == PROMETAPHASE_2)
        torn = smooth_step(scene.lattice.noise(rng, 1.6) - np.float32(whole), 0.15)
        tatters = torn * scene.shell(nucleus.former + 0.5 * scene.lattice.noise(rng, 1.5), 0.22)
    return scene.inside * (tatters + 0.55 * loose), scene.cytoplasm * (1 - 0.4 * scene.spindle_zone)


def _sheets(scene: Scene, rng: np.random.Generator, spacing_um: float) -> np.ndarray:
    """Folded membrane sheets, roughly parallel to the cell's surface, in the cytoplasm."""
    depth = scene.cell + 1.2 * scene.lattice.noise(rng, 1.6) + 0.5 * scene.lattice.noise(rng, 0.55)
    sheets = np.exp(4 * (np.cos(2 * np.pi * depth / np.float32(spacing_um)) - 1))
    return sheets * np.sqrt(_patches(scene, rng, 1.2)) * scene.cytoplasm


def myh10(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """myosin IIB: a thin cortex and bundles; gathers in the cleavage furrow, where the division puts it."""
    cortex = scene.shell(scene.cell + 0.2, 0.28)
    puncta = scene.lattice.splat(random_points(cortex, 250, scene.lattice, rng), rng.gamma(0.8, 0.6, 250))
    bundles = _bundles(scene, rng, 1)
    bound = _patches(scene, rng, 0.7) * (
        (0.05 + 0.22 * _meshwork(scene, rng, 0.7)) * cortex
        + 0.6 * _belt(scene)
        + 0.4 * bundles * (0.4 if scene.mitotic else 1.0)
    )
    return (bound + 0.25 * puncta + 1.5 * _furrow(scene, 1.0)) * scene.inside, scene.inside * (1 - 0.3 * scene.nucleus.density)


def st6gal1(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """ST6GAL1: Golgi stacks in a ribbon beside the nucleus, on the centrosomes' side; scattered, then dispersed in mitosis."""
    f = scene.factors
    if scene.mitotic:
        vesicles = random_points(scene.cytoplasm, 3 * f.n_golgi, scene.lattice, rng)
        size = 0.25 if f.stage < METAPHASE else 0.08
        dispersed = np.float32({PROMETAPHASE_1: 0.25, PROMETAPHASE_2: 0.5}.get(f.stage, 1.0))
        bright = rng.gamma(1.0, 0.5, 3 * f.n_golgi)
        return scene.lattice.splat(thicken(vesicles, size, rng, 12), np.repeat(bright, 12)), np.full_like(scene.cell, dispersed)
    scatter = 1.0 if f.stage >= PROPHASE else f.golgi_spread
    z, y, x = scene.lattice.coordinates
    centre = centrosomes(scene, 0.0)[0]
    reach = 1.2 + 5.5 * scatter
    away = np.sqrt((z - np.float32(centre[0])) ** 2 + (y - np.float32(centre[1])) ** 2 + (x - np.float32(centre[2])) ** 2)
    near_nucleus = np.exp(-np.maximum(scene.nucleus.envelope - 0.6, 0) / np.float32(1.1))
    within = scene.cytoplasm * smooth_step(scene.cell + 0.8, 0.15)
    where = within * near_nucleus * np.exp(-0.5 * (away / np.float32(reach)) ** 2)
    starts = random_points(where, f.n_golgi, scene.lattice, rng)
    barrier = np.maximum(scene.cell + 0.7, 0.4 - scene.nucleus.envelope)
    directions = random_directions(rng, f.n_golgi)
    points, owners = walks(starts, directions, barrier, scene.lattice, rng, n_steps=12, step_um=0.18, wander=0.5)
    bright = np.repeat(rng.gamma(4.0, 0.25, f.n_golgi)[owners], 5)
    return scene.lattice.splat(thicken(points, 0.15, rng, 5), bright), scene.inside * (1 - 0.15 * scene.nucleus.density)


def sec61b(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sec61 beta: the envelope and a reticulum through all the cytoplasm; in mitosis sheets round the spindle."""
    envelope = scene.shell(scene.nucleus.envelope - 0.15, 0.2)
    if scene.mitotic:
        zone = scene.spindle_zone
        fabric = _sheets(scene, rng, 1.6) + 0.5 * _meshwork(scene, rng, 0.55) * scene.cytoplasm
        sheets = fabric * (1 - 0.9 * zone) + zone * (1 - zone) * _patches(scene, rng, 1.0)
        around = envelope * (0.5 + 0.5 * scene.factors.progress) if scene.factors.stage == TELOPHASE else 0.0
        return (sheets + 0.9 * around) * scene.inside, scene.cytoplasm * (1 - 0.5 * scene.spindle_zone)
    network = _meshwork(scene, rng, 0.65)
    dense = 0.35 + 0.65 * np.exp(-np.maximum(scene.nucleus.envelope, 0) / np.float32(4.0))
    reticulum = network * dense * _patches(scene, rng, 1.4) * scene.cytoplasm
    return (0.8 * reticulum + 0.8 * envelope) * scene.inside, scene.cytoplasm


def tomm20(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Tom20: mitochondrial tubules crowded to one side of the nucleus; fragments all round the spindle in mitosis."""
    f = scene.factors
    _, y, x = scene.lattice.coordinates
    angle = np.arctan2(y, x) - np.float32(np.deg2rad(f.mitochondria_angle_deg))
    polarity = f.mitochondria_polarity * (0.4 if scene.mitotic else 1.0)
    where = scene.cytoplasm * smooth_step(scene.cell + 0.7, 0.15) * (1 - 0.97 * scene.spindle_zone)
    where = where * np.exp(np.float32(polarity) * np.cos(angle))
    if not scene.mitotic:
        where = where * np.exp(-np.maximum(scene.nucleus.envelope, 0) / np.float32(3.5))
    starts = random_points(where, f.n_mitochondria, scene.lattice, rng)
    n_steps = 8 if scene.mitotic else 22
    directions = random_directions(rng, f.n_mitochondria, 0.6)
    barrier = np.maximum(scene.cell + 0.6, 0.3 - scene.nucleus.envelope)
    points, owners = walks(starts, directions, barrier, scene.lattice, rng, n_steps=n_steps, step_um=0.18, wander=0.3)
    bright = np.repeat(rng.gamma(5.0, 0.2, f.n_mitochondria)[owners], 4)
    bound = scene.lattice.splat(thicken(points, 0.16, rng, 4), bright)
    return bound * scene.inside, scene.inside * (1 - 0.4 * scene.nucleus.density)


def tjp1(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """ZO-1: a thin belt round the apex along the cell's neighbours. Follows the outline almost wholly."""
    return _belt(scene) * np.sqrt(_patches(scene, rng, 0.6)) * scene.inside, scene.inside


STRUCTURES = dict(zip(GENES, (actn1, tuba1b, actb, dsp, fbl, lmnb1, myh10, st6gal1, sec61b, tomm20, tjp1), strict=True))
