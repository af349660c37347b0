"""Paths, medoids and places on the map, against the formulas and by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from model.errors import InputError
from model.latent import (
    PATHS,
    from_hyperspherical,
    linear,
    map_to_latent,
    medoid,
    radial,
    slerp,
    summed_L1,
    to_hyperspherical,
    walk,
)

KINDS = sorted(PATHS)
number = st.floats(-1e3, 1e3, allow_nan=False)


def vectors(n_vectors):
    return st.integers(2, 12).flatmap(lambda n: arrays(np.float64, (n_vectors, n), elements=number))


def pair(n=128, seed=0):
    """Two vectors of equal norm, as from the prior."""
    a, b = np.random.default_rng(seed).standard_normal((2, n))
    return a, b * np.linalg.norm(a) / np.linalg.norm(b)


def length(path):
    return np.linalg.norm(np.diff(path, axis=0), axis=1).sum()


@given(vectors(3))
def test_hyperspherical_coordinates_round_trip(x):
    r, theta = to_hyperspherical(x)
    assert r.shape == (3,)
    assert theta.shape == (3, x.shape[1] - 1)
    np.testing.assert_allclose(from_hyperspherical(r, theta), x, atol=1e-6, rtol=0)


def test_hyperspherical_coordinates_are_the_formula():
    x = np.random.default_rng(1).standard_normal(6)
    for last in (abs(x[-1]), -abs(x[-1])):
        x[-1] = last
        r, theta = to_hyperspherical(x)
        expected = [np.arccos(x[i] / np.sqrt((x[i:] ** 2).sum())) for i in range(5)]
        if last < 0:
            expected[-1] *= -1
        np.testing.assert_allclose(theta, expected, rtol=1e-12)
        assert r == pytest.approx(np.linalg.norm(x))


@pytest.mark.parametrize("kind", KINDS)
@given(ends=vectors(2))
def test_paths_begin_and_end_at_their_ends(kind, ends):
    np.testing.assert_allclose(PATHS[kind](*ends, np.array([0.0, 1.0])), ends, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_one_place_or_many(kind):
    a, b = pair(8)
    t = np.linspace(0, 1, 5)
    many = PATHS[kind](a, b, t)
    assert many.shape == (5, 8)
    np.testing.assert_array_equal(many, [PATHS[kind](a, b, one) for one in t])


def at_degrees(angle):
    return np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])


@pytest.mark.parametrize(
    ("start", "end", "middle"), [(170, -170, 180), (-170, 170, 180), (100, -100, 180), (80, -80, 0), (20, 50, 35)]
)
def test_the_last_angle_goes_the_short_way_round(start, end, middle):
    a, b = at_degrees(start), at_degrees(end)
    np.testing.assert_allclose(radial(a, b, 0.5), at_degrees(middle), atol=1e-12)
    # and so it does as the last of several
    lifted = radial(np.r_[1.0, a], np.r_[1.0, b], 0.5)
    np.testing.assert_allclose(lifted, np.r_[1.0, at_degrees(middle)], atol=1e-12)


@pytest.mark.parametrize("kind", ["radial", "slerp"])
@settings(max_examples=50)
@given(st.integers(0, 10**6))
def test_between_ends_of_equal_norm_the_norm_stays(kind, seed):
    a, b = pair(32, seed)
    norms = np.linalg.norm(PATHS[kind](a, b, np.linspace(0, 1, 21)), axis=1)
    np.testing.assert_allclose(norms, np.linalg.norm(a), rtol=1e-9)


@pytest.mark.parametrize("kind", ["radial", "slerp"])
def test_between_other_ends_the_norm_is_linear(kind):
    a, b = np.random.default_rng(2).standard_normal((2, 16)) * [[3], [1]]
    t = np.linspace(0, 1, 11)
    expected = (1 - t) * np.linalg.norm(a) + t * np.linalg.norm(b)
    np.testing.assert_allclose(np.linalg.norm(PATHS[kind](a, b, t), axis=1), expected, rtol=1e-9)


def test_the_linear_path_sags():
    a, b = np.eye(2) * 11
    assert np.linalg.norm(linear(a, b, 0.5)) == pytest.approx(11 / np.sqrt(2))


def test_slerp_turns_at_constant_speed():
    a, b = pair(16)
    steps = np.linalg.norm(np.diff(slerp(a, b, np.linspace(0, 1, 11)), axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-9)


def test_radial_is_not_slerp():
    """In 128 dimensions the radial path is about 1.13 times as long, and its middle about 4 away."""
    t = np.linspace(0, 1, 401)
    ratios, apart = [], []
    for seed in range(60):
        a, b = pair(128, seed)
        ratios.append(length(radial(a, b, t)) / length(slerp(a, b, t)))
        apart.append(np.linalg.norm(radial(a, b, 0.5) - slerp(a, b, 0.5)))
    assert np.mean(ratios) == pytest.approx(1.13, abs=0.02)
    assert np.mean(apart) == pytest.approx(4, abs=0.3)


def test_radial_depends_on_the_order_of_axes():
    a, b = pair(16)
    assert np.linalg.norm(radial(a, b, 0.5) - radial(a[::-1], b[::-1], 0.5)[::-1]) > 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_from_the_origin_every_path_is_the_ray(kind):
    b = np.random.default_rng(3).standard_normal(5)
    t = np.array([0, 0.25, 1])
    np.testing.assert_allclose(PATHS[kind](np.zeros(5), b, t), t[:, None] * b, atol=1e-12)
    np.testing.assert_allclose(PATHS[kind](b, np.zeros(5), t), (1 - t[:, None]) * b, atol=1e-12)
    np.testing.assert_array_equal(PATHS[kind](np.zeros(5), np.zeros(5), t), 0)


def test_from_a_pole_the_radial_path_is_the_great_circle():
    pole = np.eye(6)[0] * 2
    b = np.random.default_rng(4).standard_normal(6)
    t = np.linspace(0, 1, 9)
    np.testing.assert_allclose(radial(pole, b, t), slerp(pole, b, t), atol=1e-9)


@pytest.mark.parametrize("kind", ["radial", "slerp"])
def test_opposite_ends_keep_the_norm(kind):
    a = np.random.default_rng(5).standard_normal(7)
    path = PATHS[kind](a, -a, np.linspace(0, 1, 7))
    np.testing.assert_allclose(path[[0, -1]], [a, -a], atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), np.linalg.norm(a), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_walk(kind):
    stops = np.random.default_rng(6).standard_normal((4, 8))
    places = walk(stops, [0, 0.25, 1, 2.5, 3], kind)
    np.testing.assert_array_equal(places[[0, 2, 4]], stops[[0, 1, 3]])  # exactly
    np.testing.assert_array_equal(places[1], PATHS[kind](stops[0], stops[1], 0.25))
    np.testing.assert_array_equal(walk(stops, 2.5, kind), PATHS[kind](stops[2], stops[3], 0.5))
    np.testing.assert_array_equal(walk(stops[:1], 0, kind), stops[0])


@pytest.mark.parametrize("t", [-0.1, 3.1, np.nan, [0, 4]])
def test_walk_stays_on_the_path(t):
    with pytest.raises(InputError, match="t runs from 0 to 3"):
        walk(np.eye(4), t)


def test_walk_knows_its_kinds():
    with pytest.raises(InputError, match="use one of radial, slerp, linear"):
        walk(np.eye(4), 0.5, "geodesic")


@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=number))
def test_medoid_by_brute_force(z):
    table = cdist(z, z, "cityblock").sum(axis=1)
    np.testing.assert_allclose(summed_L1(z), table, atol=1e-6)
    assert table[medoid(z)] == pytest.approx(table.min(), abs=1e-6)


def test_of_equal_medoids_the_first():
    assert medoid(np.array([[1.0], [0.0], [0.0], [-1.0]])) == 1


@pytest.fixture
def cloud():
    rng = np.random.default_rng(7)
    return rng.standard_normal((60, 2)), rng.standard_normal((60, 5)).astype(np.float32)


def test_at_a_cell_the_map_gives_that_cell(cloud):
    positions, z = cloud
    for row in range(60):
        place = map_to_latent(positions[row], positions, z)
        np.testing.assert_array_equal(place.z, z[row])
        assert place.neighbours[0] == row
        assert place.weights.tolist() == [1] + [0] * 7


def test_between_cells_the_map_weighs_them(cloud):
    positions, z = cloud
    here = np.array([0.3, -0.2])
    d = np.linalg.norm(positions - here, axis=1)
    order = np.argsort(d)
    near, reach = order[:4], d[order[4]]
    weights = ((reach - d[near]) / (reach * d[near])) ** 2
    weights /= weights.sum()
    place = map_to_latent(here, positions, z, n_neighbors=4)
    np.testing.assert_array_equal(place.neighbours, near)
    np.testing.assert_allclose(place.weights, weights)
    np.testing.assert_allclose(place.z, weights @ z[near], rtol=1e-6)
    assert place.distance == pytest.approx(d[near].mean())


def test_along_a_line_on_the_map_z_does_not_jump(cloud):
    positions, z = cloud
    line = np.linspace([-2, -2], [2, 2], 4001)
    places = np.array([map_to_latent(here, positions, z, 5).z for here in line])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert steps.max() < 0.15  # of 5 or so between cells
    assert length(places) > 5


def test_support_says_how_far_cells_are(cloud):
    positions, z = cloud
    at_home = [map_to_latent(here, positions, z).support for here in positions]
    far = [map_to_latent([d, d], positions, z).support for d in (5, 50, 500)]
    assert np.median(at_home) > 0.8
    assert max(at_home) <= 1
    assert far == sorted(far, reverse=True)
    assert 0 < far[-1] < 0.01


def test_the_map_of_a_few_cells():
    square = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    middle = map_to_latent([0.5, 0.5], square, np.eye(4), n_neighbors=8)
    np.testing.assert_allclose(middle.z, 0.25)
    np.testing.assert_allclose(map_to_latent([0.5, 0.5], square, np.eye(4), n_neighbors=3).weights, 1 / 3)  # the fourth as near
    one = map_to_latent([3.0, 4.0], np.zeros((1, 2)), np.ones((1, 3)))
    np.testing.assert_array_equal(one.z, 1)
    assert one.distance == 5
    two_at_one_place = map_to_latent([0.0, 0.0], np.zeros((2, 2)), np.array([[0.0], [1.0]]))
    assert two_at_one_place.z == pytest.approx(0.5)
