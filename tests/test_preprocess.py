"""Section 3.1: the same cell comes out the same however it lay, was sampled or was padded; and what cannot be done is said."""

import numpy as np
import pytest

from model.errors import InputError
from model.preprocess import Preprocessing, most_populous, preprocess
from model.registration import mask_shift, shifted
from precompute.contact_sheet import GAP, contact_sheet, picture

CUBIC = (0.317, 0.317, 0.317)
MEMBRANE, STRUCTURE, DNA = range(3)


def analytic_cell(voxel_um=CUBIC, angle_deg=0.0, mirror_y=False, mirror_x=False, stretch=1.0, background=0.0):
    """A bent egg with a round nucleus and one bright spot near its top, sampled at `voxel_um`: image, cell mask, DNA mask.

    No channel is bright at the edge of the mask: how a sampling cuts voxels there is not what is compared.
    """
    voxel = np.array(voxel_um)
    shape = np.ceil(np.array([16.0, 40.0, 40.0]) * [1, stretch, stretch] / voxel).astype(int)
    z, y, x = np.meshgrid(
        *((np.arange(n) - (n - 1) / 2) * v for n, v in zip(shape, voxel, strict=True)), indexing="ij", sparse=True
    )
    turn = np.deg2rad(angle_deg)
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    u, v = (-u if mirror_x else u) / stretch, -v if mirror_y else v
    v = v - 0.03 * u**2 + 1
    inside = 1 - np.sqrt((u / 12) ** 2 + (v / (6 - 0.25 * u)) ** 2 + (z / 5) ** 2)
    membrane = np.exp(-(((inside - 0.3) / 0.15) ** 2))
    nucleus = np.sqrt((u + 3) ** 2 + v**2 + (z + 1) ** 2)
    spot = np.exp(-((u - 4) ** 2 + (v - 1) ** 2 + (z - 2.5) ** 2) / 2)
    cell, dna = inside > 0, nucleus < 3
    image = np.stack([membrane, spot, np.clip((3.5 - nucleus) * 2, 0, 1)]) * cell * 200 + background
    return image.astype(np.float32), cell, dna


def difference(a, b):
    """Mean absolute difference of two volumes, per channel, relative to the mean intensity of the first."""
    a, b = a.volume.astype(float), b.volume.astype(float)
    return np.abs(a - b).mean(axis=(1, 2, 3)) / a.mean(axis=(1, 2, 3))


@pytest.fixture(scope="module")
def reference():
    return preprocess(*analytic_cell(), CUBIC)


@pytest.mark.parametrize("angle_deg", [20, 65, -40, 90, 160])
def test_turned_cell_comes_out_the_same(reference, angle_deg):
    turned = preprocess(*analytic_cell(angle_deg=angle_deg), CUBIC)
    assert difference(reference, turned).max() < 0.04
    expected = reference.angle_deg + angle_deg
    assert abs((turned.angle_deg - expected + 90) % 180 - 90) < 1


@pytest.mark.parametrize(("mirror_y", "mirror_x"), [(True, False), (False, True), (True, True)])
def test_mirrored_cell_comes_out_the_same(reference, mirror_y, mirror_x):
    mirrored = preprocess(*analytic_cell(mirror_y=mirror_y, mirror_x=mirror_x), CUBIC)
    assert mirrored.flipped_y == (reference.flipped_y != mirror_y)
    assert mirrored.flipped_x == (reference.flipped_x != mirror_x)
    assert difference(reference, mirrored).max() < 0.01


@pytest.mark.parametrize("voxel_um", [(0.29, 0.2982, 0.3263), (0.29, 0.108, 0.108), (0.5, 0.2, 0.4), (0.25, 0.4, 0.2)])
def test_sampling_does_not_matter(reference, voxel_um):
    sampled = preprocess(*analytic_cell(voxel_um, angle_deg=30), voxel_um)
    assert difference(reference, sampled).max() < 0.04
    assert sampled.cell_volume_um3 == pytest.approx(reference.cell_volume_um3, rel=0.01)
    assert sampled.dna_volume_um3 == pytest.approx(4 / 3 * np.pi * 27, rel=0.02)
    assert sampled.height_um == pytest.approx(10, abs=2 * voxel_um[0])


def test_axes_exchanged_would_be_noticed(reference):
    """The tolerance of the test above is one that a y voxel taken for an x voxel does not pass."""
    wrong = preprocess(*analytic_cell((0.5, 0.2, 0.4), angle_deg=30), (0.5, 0.4, 0.2))
    assert difference(reference, wrong).min() > 0.2


def test_nucleus_lies_at_the_centre_of_the_grid(reference):
    dna = reference.volume[DNA].astype(float)
    centre = [(np.arange(n) * dna.sum(axis=tuple({0, 1, 2} - {k}))).sum() / dna.sum() for k, n in enumerate(dna.shape)]
    np.testing.assert_allclose(centre, (np.array(dna.shape) - 1) / 2, atol=0.1)


def test_long_tail_points_to_plus_x_and_plus_y(reference):
    mask = reference.volume[MEMBRANE] > 20
    for axis, name in ((1, "y"), (2, "x")):
        at = np.nonzero(mask)[axis]
        assert ((at - at.mean()) ** 3).mean() > 0, name


def test_up_stays_up(reference):
    """The spot above the nucleus is at a higher z, upside down or not: z has no flip."""
    above = np.unravel_index(reference.volume[STRUCTURE].argmax(), reference.volume[STRUCTURE].shape)[0]
    image, cell, dna = analytic_cell()
    below = preprocess(image[:, ::-1], cell[::-1], dna[::-1], CUBIC).volume[STRUCTURE].argmax() // (96 * 128)
    assert above > 40 > 24 > below


def test_every_channel_spans_the_range(reference):
    assert reference.volume.dtype == np.uint8
    assert reference.volume.max(axis=(1, 2, 3)).tolist() == [255, 255, 255]
    assert reference.volume.min() == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_background_and_padding_change_nothing(reference, dtype):
    """A constant background is the most populous intensity within the box, although padding of 0 outnumbers it in the file."""
    image, cell, dna = analytic_cell(background=40)
    padding = [(9, 30), (0, 0), (0, 0)]
    image = np.pad(image.round().astype(dtype), [(0, 0), *padding])
    padded = preprocess(image, np.pad(cell, padding), np.pad(dna, padding), CUBIC)
    assert difference(reference, padded).max() < 0.03
    kept = preprocess(image, np.pad(cell, padding), np.pad(dna, padding), CUBIC, Preprocessing(subtract_background=False))
    assert difference(reference, kept).max() > 0.5


def test_neighbours_are_masked_out_unless_asked_for():
    image, cell, dna = analytic_cell()
    image[:, :, :8, :8] = 100
    assert difference(preprocess(image, cell, dna, CUBIC), preprocess(*analytic_cell(), CUBIC)).max() == 0
    kept = preprocess(*analytic_cell(background=0), CUBIC, Preprocessing(mask_outside=False))
    assert kept.volume[MEMBRANE].sum() > 0


def test_steps_left_out():
    turned = preprocess(*analytic_cell(angle_deg=40, mirror_x=True), CUBIC, Preprocessing(align=False, flip=False))
    assert (turned.angle_deg, turned.flipped_y, turned.flipped_x) == (0, False, False)


def test_fine_detail_is_averaged_not_aliased():
    """Stripes one fine voxel wide would turn into false stripes at 0.317 um; averaged they are half grey."""
    image, cell, dna = analytic_cell((0.29, 0.108, 0.108))
    image[STRUCTURE] = np.where(np.arange(image.shape[3]) % 2, 200, 0) * cell
    structure = preprocess(image, cell, dna, (0.29, 0.108, 0.108), Preprocessing(align=False)).volume[STRUCTURE]
    middle = structure[28:36, 44:52, 54:74].astype(float)
    assert middle.std() / middle.mean() < 0.15


def test_large_cell_is_cropped_about_its_nucleus_and_says_how_much():
    image, cell, dna = analytic_cell(stretch=2.2)
    cropped = preprocess(image, cell, dna, CUBIC)
    assert cropped.cropped
    assert 0.05 < cropped.lost_fraction < 0.4
    wide = preprocess(image, cell, dna, CUBIC, Preprocessing(grid=(64, 192, 256)))
    assert not wide.cropped
    inside = wide.volume[:, :, 48:144, 64:192]  # the same centre, so the cropped volume is a window of the wide one
    np.testing.assert_array_equal(inside[DNA], cropped.volume[DNA])
    with pytest.raises(InputError, match="--oversize crop"):
        preprocess(image, cell, dna, CUBIC, Preprocessing(oversize="refuse"))


@pytest.mark.parametrize("shift", [-7, -1, 3, 9])
def test_masks_that_slipped_are_moved_back(shift):
    image, cell, dna = (np.pad(a, [(0, 0)] * (a.ndim - 3) + [(12, 12), (0, 0), (0, 0)]) for a in analytic_cell())
    image = np.where(cell, image + 1, 0)
    slipped = preprocess(image, shifted(cell, shift), shifted(dna, shift), CUBIC)
    assert slipped.mask_shift == -shift
    np.testing.assert_array_equal(slipped.volume, preprocess(image, cell, dna, CUBIC).volume)
    left = preprocess(image, shifted(cell, shift), shifted(dna, shift), CUBIC, Preprocessing(register_masks=False))
    assert left.mask_shift == 0


def test_masks_of_an_unmasked_image_stay():
    image, cell, _ = analytic_cell()
    assert mask_shift(image + np.random.default_rng(0).normal(100, 3, image.shape), shifted(cell, 4)) == 0


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda i, c, d: (i[:2], c, d, CUBIC), "3 channels"),
        (lambda i, c, d: (i, c[1:], d, CUBIC), "cell mask is"),
        (lambda i, c, d: (i, c, d & False, CUBIC), "DNA mask is empty"),
        (lambda i, c, d: (i, c & False, d, CUBIC), "cell mask is empty"),
        (lambda i, c, d: (i, c, d, (0.3, np.nan, 0.3)), "three positive numbers"),
        (lambda i, c, d: (i, c, d, (0.3, 0.0, 0.3)), "three positive numbers"),
        (lambda i, c, d: (i * [[[[1]]], [[[0]]], [[[1]]]], c, d, CUBIC), "structure channel has nothing"),
        (lambda i, c, d: (i * [[[[1]]], [[[1]]], [[[0]]]] + 7, c, d, CUBIC), "DNA channel has nothing above 7"),
        (lambda i, c, d: (np.where(i == i.max(), np.nan, i), c, d, CUBIC), "not finite"),
    ],
)
def test_bad_input_is_named(break_it, message):
    with pytest.raises(InputError, match=message) as error:
        preprocess(*break_it(*analytic_cell()))
    assert "\n" not in str(error.value)


def test_most_populous_of_integers_and_of_floats():
    values = np.array([3, 7, 7, 7, 900])
    assert most_populous(values.astype(np.uint16)) == 7
    assert most_populous(values.astype(float)) == pytest.approx(7, abs=900 / 2**16)
    assert most_populous(np.full(4, -2.5)) == -2.5


def test_picture_adds_the_colours_and_shows_z_upward(tmp_path):
    volume = np.zeros((3, 4, 5, 6), np.uint8)
    volume[MEMBRANE, 0, 1, 2] = volume[STRUCTURE, 3, 4, 5] = volume[DNA, 0, 1, 2] = 255
    image = picture(volume)
    assert image.shape == (5 + GAP + 4, 6, 3)
    assert image[1, 2].tolist() == [255, 255, 255]  # magenta and cyan
    assert image[4, 5].tolist() == [255, 255, 0]
    assert image[5 + GAP + 3, 2].tolist() == [255, 255, 255]  # z = 0 is the lowest row
    assert image[5 + GAP, 5].tolist() == [255, 255, 0]
    contact_sheet([(volume, "a"), (volume, "b"), (volume, "c")], tmp_path / "sheet.png", n_columns=2)
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
