"""alpha-tubulin: the interphase array, the spindle, the midbody; and the centrosomes that they grow from."""

import numpy as np

from precompute.simulate.factors import ANAPHASE, METAPHASE, PROMETAPHASE_1, PROPHASE, TELOPHASE
from precompute.simulate.filaments import random_directions, random_points, spindle_fibres, thicken, walks
from precompute.simulate.scene import Scene


def tuba1b(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """alpha-tubulin: an array through the cytoplasm; in mitosis a spindle square to the plate, which follows it closely."""
    free = scene.cytoplasm * 0.8 + 0.2 * scene.inside
    if scene.factors.stage >= PROMETAPHASE_1:
        points, weights = _spindle(scene, rng)
    else:
        points, weights = _array(scene, rng)
    return scene.lattice.splat(points, weights) * scene.inside, free


def centrosomes(scene: Scene, gap_um: float) -> np.ndarray:
    """Two points (2, 3) beside the nucleus, `gap_um` apart: where there is room, on the side that the factors name."""
    f = scene.factors
    angle = np.arctan2(-f.nucleus_y, -f.nucleus_x) + np.deg2rad(f.centrosome_angle_deg)
    z, y, x = scene.lattice.coordinates
    beside = np.abs(scene.nucleus.envelope - 1.0) < 0.7
    towards = y * np.float32(np.sin(angle)) + x * np.float32(np.cos(angle)) + z
    score = np.where(beside, np.float32(0.3) * towards + 2 * np.minimum(-scene.cell, np.float32(1.6)), -np.inf)
    k, j, i = np.unravel_index(np.argmax(score), score.shape)
    along = np.array([0.0, np.cos(angle), -np.sin(angle)])
    base = np.array([z[k, 0, 0], y[0, j, i], x[0, j, i]])
    return np.stack([base - gap_um / 2 * along, base + gap_um / 2 * along])


def _array(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Microtubules from one centrosome, from two in prophase, wandering through the cytoplasm."""
    f = scene.factors
    prophase = f.stage >= PROPHASE
    centres = centrosomes(scene, 4.5 if prophase else 0.4)
    n = f.n_microtubules
    starts = centres[rng.integers(0, 2, n)] + 0.5 * rng.standard_normal((n, 3))
    if not prophase:  # most microtubules of epithelial cells have left the centrosome
        loose = random_points(scene.cytoplasm, n, scene.lattice, rng)
        starts = np.where(rng.uniform(size=(n, 1)) < 0.75, loose, starts)
    barrier = np.maximum(scene.cell + 0.3, -0.5 - scene.nucleus.envelope)
    lengths = rng.uniform(15, 70, n)
    course = {"n_steps": 70, "step_um": 0.22, "wander": 0.10, "lengths": lengths}
    points, owners = walks(starts, random_directions(rng, n, 0.7), barrier, scene.lattice, rng, **course)
    weights = rng.gamma(4.0, 0.25, n)[owners]
    if not prophase:
        return points, weights
    asters = thicken(centres, 0.3, rng, 60)
    return np.concatenate([points, asters]), np.concatenate([weights, np.full(len(asters), 0.4)])


def _spindle(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Fibres from pole to plate or midzone, astral fibres, poles; the midbody's bundle once the cell has cleaved."""
    f, spindle, n = scene.factors, scene.spindle, scene.factors.n_microtubules
    radii = 3.8 * np.sqrt(rng.uniform(0, 1, n))
    groups = []  # points, their weights, the group's share
    if f.stage <= METAPHASE:
        pole = f.spindle_length_um / 2
        groups.append((*spindle_fibres(spindle, (-pole, pole), radii, 0.12, rng), 1.0))
    else:
        gap = spindle.half_separation_um
        pole = gap + 2.6
        groups.append((*spindle_fibres(spindle, (0.8 - gap, gap - 0.8), (1.0 - 0.7 * f.furrow) * radii, 0.35, rng), 0.3))
        for side in (-1, 1):
            ends = (side * pole, side * (2 * gap - pole - 0.8))
            share = 1.0 if f.stage == ANAPHASE else 0.15
            groups.append((*spindle_fibres(spindle, ends, 0.6 * radii[::2], 0.12, rng, 0.55), share))
        if f.stage == TELOPHASE:
            t = rng.uniform(-1.8, 1.8, 900)
            bridge = np.stack([t, *(0.30 * rng.standard_normal((2, 900)))])
            groups.append((spindle.to_frame(*bridge), 1.0, 1.2))
    poles = spindle.to_frame(np.array([-pole, pole]), np.zeros(2), np.zeros(2))
    reach = 50 if f.stage == TELOPHASE else 30
    starts, directions = np.repeat(poles, 40, axis=0), random_directions(rng, 80)
    astral, _ = walks(starts, directions, scene.cell + 0.4, scene.lattice, rng, n_steps=reach, step_um=0.2, wander=0.06)
    groups.append((astral, 1.0, 0.5 if f.stage < TELOPHASE else 1.0))
    points = np.concatenate([p for p, _, _ in groups])
    return points, np.concatenate([share * np.broadcast_to(w, len(p)) for p, w, share in groups])
