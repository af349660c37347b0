"""Maths on the latent space, in float64: paths between cells, the medoid of a group, from a place on a map back to z.

n latent dimensions. Three paths are offered. `radial` is the paper's "linear in radial coordinates": hyperspherical
coordinates are interpolated. It depends on the order of the axes and is longer than `slerp`, which turns from one direction to
the other at constant speed. Both keep the norm between that of the two ends; `linear` sags towards the origin, where the prior
holds few cells.
"""

from typing import NamedTuple

import numpy as np
from numpy import ndarray

from model.errors import InputError

_PART = 16_384  # rows


def to_hyperspherical(x: ndarray) -> tuple[ndarray, ndarray]:
    """r (...) and theta (..., n - 1) of x (..., n), n >= 2.

    r = |x|, theta_i = arccos(x_i / sqrt(sum_{j >= i} x_j^2)) in [0, pi]; the last angle is negated where x_{n-1} < 0, so it
    lies in [-pi, pi]. An angle that is not defined, because all coordinates from it on are 0, is 0.
    """
    x = np.asarray(x, np.float64)
    tail = _tail_norms(x)
    # arctan2(|rest|, x_i) is the same angle as the arccos, and exact near the poles too.
    theta = np.arctan2(tail[..., 1:], x[..., :-1])
    theta[..., -1] = np.arctan2(x[..., -1], x[..., -2])
    return tail[..., 0], theta


def from_hyperspherical(r: ndarray, theta: ndarray) -> ndarray:
    """x (..., n) of r (...) and theta (..., n - 1).

    x_i = r cos theta_i prod_{j < i} sin theta_j, and the last x_{n-1} = r prod_j sin theta_j.
    """
    theta = np.asarray(theta, np.float64)
    one = np.ones((*theta.shape[:-1], 1))
    sines = np.concatenate([one, np.cumprod(np.sin(theta), axis=-1)], axis=-1)
    return np.asarray(r, np.float64)[..., None] * sines * np.concatenate([np.cos(theta), one], axis=-1)


def radial(a: ndarray, b: ndarray, t: float | ndarray) -> ndarray:
    """The paper's path from a (n,) to b (n,): r and the angles interpolated linearly, the last angle along its shorter arc.

    t is a number in [0, 1], giving (n,), or (m,) of them, giving (m, n). An angle that one end leaves undefined (the origin, a
    pole) is the other end's: from the origin the path is the straight ray.
    """
    a, b, t = _ends(a, b, t)
    (r_a, theta_a), (r_b, theta_b) = to_hyperspherical(a), to_hyperspherical(b)
    undefined_a, undefined_b = (_tail_norms(x)[:-1] == 0 for x in (a, b))
    theta_a, theta_b = np.where(undefined_a, theta_b, theta_a), np.where(undefined_b, theta_a, theta_b)
    turn = theta_b - theta_a
    turn[-1] = (turn[-1] + np.pi) % (2 * np.pi) - np.pi
    return from_hyperspherical(r_a + t * (r_b - r_a), theta_a + t[..., None] * turn)


def slerp(a: ndarray, b: ndarray, t: float | ndarray) -> ndarray:
    """Spherical linear interpolation: the direction turns at constant speed in the plane of a and b, the norm is linear in t.

    Shapes as in `radial`. Opposite directions leave the plane open: the turn then goes by way of the coordinate axis most
    square to a.
    """
    a, b, t = _ends(a, b, t)
    r_a, r_b = np.linalg.norm(a), np.linalg.norm(b)
    if r_a == 0 or r_b == 0:
        return linear(a, b, t)
    u, v = a / r_a, b / r_b
    angle = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    square = v - (u @ v) * u
    if np.linalg.norm(square) < 1e-9:  # no plane: the same direction, or the opposite one
        square = np.eye(len(u))[np.abs(u).argmin()]
        square -= (u @ square) * u
    w = square / np.linalg.norm(square)
    turned = np.multiply.outer(np.cos(t * angle), u) + np.multiply.outer(np.sin(t * angle), w)
    return (r_a + t * (r_b - r_a))[..., None] * turned


def linear(a: ndarray, b: ndarray, t: float | ndarray) -> ndarray:
    """The straight line (1 - t) a + t b. Shapes as in `radial`."""
    a, b, t = _ends(a, b, t)
    return np.multiply.outer(1 - t, a) + np.multiply.outer(t, b)


PATHS = {"radial": radial, "slerp": slerp, "linear": linear}


def walk(stops: ndarray, t: float | ndarray, kind: str = "radial") -> ndarray:
    """A place on the path through `stops` (S, n). The whole part of t, in [0, S - 1], is the segment; a whole t is the stop.

    t is a number, giving (n,), or (m,) of them, giving (m, n).

    Raises
    ------
    InputError
        for a kind that is not in PATHS, or a t outside [0, S - 1].
    """
    if kind not in PATHS:
        raise InputError(f"path {kind!r} is unknown; use one of {', '.join(PATHS)}")
    stops, t = np.asarray(stops, np.float64), np.asarray(t, np.float64)
    if not ((t >= 0) & (t <= len(stops) - 1)).all():
        raise InputError(f"place {t} is not on a path through {len(stops)} stops; t runs from 0 to {len(stops) - 1}")
    each = np.atleast_1d(t)
    segments = np.floor(each).astype(int)
    places = stops[segments]
    for segment in np.unique(segments[each > segments]):
        inside = (segments == segment) & (each > segment)
        places[inside] = PATHS[kind](stops[segment], stops[segment + 1], each[inside] - segment)
    return places.reshape(*t.shape, -1)


class Place(NamedTuple):
    """What a place on a map stands for."""

    z: ndarray  # (n,) float64, weighted mean of the neighbours' z
    neighbours: ndarray  # (k,) rows of the nearest cells, nearest first
    weights: ndarray  # (k,), sum 1
    distance: float  # mean distance to the neighbours, in units of the map
    support: float  # in (0, 1]: 1 = as near to cells as these cells are to one another, towards 0 = far from any cell


def map_to_latent(position: ndarray, projection: ndarray, z: ndarray, n_neighbors: int = 8) -> Place:
    """From a place (2,) on the map `projection` (N, 2) back to the latent space of z (N, n).

    The modified inverse-distance weights of Franke and Little, ((R - d) / (R d))^2, with R the distance of the next cell beyond
    the neighbours: exact at a cell, and without jumps where the neighbours change. The mean is not scaled back to the
    neighbours' norms: what they share keeps its size, what they do not share averages out.
    """
    projection = np.asarray(projection, np.float64)
    d = np.linalg.norm(projection - np.asarray(position, np.float64), axis=1)
    order = smallest(d, n_neighbors + 1)
    neighbours, d = order[:n_neighbors], d[order]
    reach, d = (d[-1] if len(d) > n_neighbors else np.inf), d[:n_neighbors]
    here = d <= 1e-9 * max(np.abs(projection).max(), 1e-300)  # division by d would overflow
    if here.any():
        weights = here.astype(np.float64)
    else:
        weights = (1 / d - 1 / reach) ** 2
        if weights.sum() == 0:  # all of them equally far
            weights = np.ones(len(d))
    weights /= weights.sum()
    distance = float(d.mean())
    own = [np.linalg.norm(projection - projection[neighbour], axis=1) for neighbour in neighbours]
    typical = np.mean([between[smallest(between, len(neighbours))] for between in own])
    support = 1.0 if distance <= typical else float(typical / distance)
    return Place(weights @ np.asarray(z[neighbours], np.float64), neighbours, weights, distance, support)


def smallest(values: ndarray, n: int) -> ndarray:
    """Places of the `n` smallest of `values` (N,), all where there are fewer: the smallest first, equals in their order."""
    if n >= len(values):
        return np.argsort(values, kind="stable")
    near = np.flatnonzero(values <= np.partition(values, n - 1)[n - 1])  # of a million, all that has to be sorted
    return near[np.argsort(values[near], kind="stable")][:n]


def distances_to(point: ndarray, z: ndarray) -> ndarray:
    """(N,) float64 Euclidean distances of z (N, n) to a point (n,), a part at a time: the differences stay in the cache."""
    return np.concatenate([np.linalg.norm(z[at : at + _PART] - point, axis=1) for at in range(0, len(z), _PART)])


def medoid(z: ndarray) -> int:
    """Row of z (N, n) whose summed L1 distance to all rows is least, the first of equals."""
    return int(summed_L1(z).argmin())


def summed_L1(z: ndarray) -> ndarray:
    """(N,) sum over j of |z_i - z_j|_1. L1 is a sum over dimensions, and in one dimension sorting is enough: no N x N table."""
    n_cells = len(z)
    total = np.zeros(n_cells)
    n_below = 2 * np.arange(1, n_cells + 1) - n_cells
    for values in np.asarray(z).T:
        order = np.argsort(values, kind="stable")
        ordered = values[order].astype(np.float64)
        below = np.cumsum(ordered)
        total[order] += n_below * ordered + below[-1] - 2 * below
    return total


def _ends(a: ndarray, b: ndarray, t: float | ndarray) -> tuple[ndarray, ndarray, ndarray]:
    return np.asarray(a, np.float64), np.asarray(b, np.float64), np.asarray(t, np.float64)


def _tail_norms(x: ndarray) -> ndarray:
    """(..., n): sqrt(sum_{j >= i} x_j^2)."""
    return np.sqrt(np.cumsum(x[..., ::-1] ** 2, axis=-1)[..., ::-1])
