"""Curves that structures are drawn with: walks that stay in the cytoplasm, spindle fibres, and their points."""

import numpy as np

from precompute.simulate.dna import Spindle
from precompute.simulate.lattice import Lattice


def walks(
    starts: np.ndarray,
    directions: np.ndarray,
    barrier: np.ndarray,
    lattice: Lattice,
    rng: np.random.Generator,
    *,
    n_steps: int,
    step_um: float,
    wander: float,
    lengths: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Persistent random walks from `starts` (n, 3) along `directions` (n, 3): points (m, 3), um, and the walk (m,) of each.

    A walk turns along the walls of `barrier` (Z, Y, X), a signed distance that is negative where walks may go, so filaments
    bend round the nucleus and under the membrane as they do in cells; one that breaks through a wall ends there.
    `wander`: radians of turning a step; `lengths` (n,): steps of each walk, n_steps where not given.
    """
    normals = np.stack(np.gradient(lattice.blur(barrier, 0.6)), axis=-1)
    position, heading = starts.astype(float), directions / np.linalg.norm(directions, axis=1, keepdims=True)
    cos, sin = np.cos(lattice.yaw), np.sin(lattice.yaw)
    lengths = np.full(len(starts), n_steps) if lengths is None else lengths
    alive, points, owners = np.ones(len(starts), bool), [], []
    for i in range(n_steps):
        alive &= (lattice.sample(barrier, position) < 0.4) & (i < lengths)
        points.append(position[alive])
        owners.append(np.flatnonzero(alive))
        wall = lattice.sample(barrier, position)
        nz, nv, nu = lattice.sample(normals, position).T
        normal = np.stack([nz, cos * nv - sin * nu, cos * nu + sin * nv], axis=1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-6
        outward = np.maximum((heading * normal).sum(axis=1), 0) + 0.3 * (wall > 0)
        heading = heading + wander * rng.standard_normal(heading.shape) - np.where(wall > -0.6, outward, 0)[:, None] * normal
        heading /= np.linalg.norm(heading, axis=1, keepdims=True) + 1e-6
        position = position + step_um * heading
    return np.concatenate(points), np.concatenate(owners)


def spindle_fibres(
    spindle: Spindle, ends: tuple[float, float], radii: np.ndarray, focus: float, rng: np.random.Generator, part: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """The first `part` of fibres from t = ends[0] to ends[1] along the axis, um: points (m, 3) and their weights (m,).

    A fibre bows out to its own of `radii` (n,) um at the middle and to `focus` of it at the ends, where so many meet that
    each one weighs less; fibres cut short fade out.
    """
    s = np.arange(0, part, 1 / 90)
    t = np.broadcast_to(ends[0] + (ends[1] - ends[0]) * s, (len(radii), len(s)))
    width = radii[:, None] * (focus + (1 - focus) * np.sin(np.pi * s) ** 0.8)
    angles = rng.uniform(0, 2 * np.pi, len(radii))[:, None]
    fading = 1 - (s / part) ** 3 if part < 1 else 1.0
    points = spindle.to_frame(t, width * np.cos(angles), width * np.sin(angles)).reshape(-1, 3)
    return thicken(points, 0.07, rng), np.multiply.outer(
        rng.gamma(2.5, 0.4, len(radii)), fading * (0.25 + np.sin(np.pi * s))
    ).ravel()


def thicken(points: np.ndarray, width_um: float, rng: np.random.Generator, copies: int = 1) -> np.ndarray:
    """Scatter points (..., 3) into (n * copies, 3) by `width_um`: a curve becomes a tube."""
    flat = np.repeat(points.reshape(-1, 3), copies, axis=0)
    return flat + width_um * rng.standard_normal(flat.shape)


def random_directions(rng: np.random.Generator, n: int, flatten: float = 1.0) -> np.ndarray:
    """n unit vectors (n, 3), z scaled by `flatten` first."""
    vectors = rng.standard_normal((n, 3)) * (flatten, 1, 1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def random_points(where: np.ndarray, n: int, lattice: Lattice, rng: np.random.Generator) -> np.ndarray:
    """n points (n, 3) in the cell's frame, um, drawn with probability proportional to `where` (Z, Y, X) >= 0."""
    cumulative = np.cumsum(where, axis=None, dtype=np.float64)
    flat = np.searchsorted(cumulative, rng.uniform(0, cumulative[-1], n))
    k, j, i = np.unravel_index(np.minimum(flat, where.size - 1), where.shape)
    z, y, x = lattice.coordinates
    return np.stack([z[k, 0, 0], y[0, j, i], x[0, j, i]], axis=1).astype(float) + 0.15 * rng.uniform(-1, 1, (n, 3))
