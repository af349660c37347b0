"""model.segment: analytic cells with a known outline."""

import numpy as np
import pytest

from model.errors import InputError
from model.segment import otsu, segment

SPACING = (0.29, 0.3, 0.33)


def image(*nuclei, seed=0, masked=True, neighbour=None):
    """(membrane, DNA) of a cell in the middle, its mask and its DNA's; nuclei and neighbour are at x um from the middle."""
    z, y, x = np.meshgrid(
        *((np.arange(n) - (n - 1) / 2) * s for n, s in zip((40, 60, 90), SPACING, strict=True)), indexing="ij"
    )
    rng = np.random.default_rng(seed)

    def shapes(at, nuclei):
        rho = np.sqrt((z / 5) ** 2 + (y / 7) ** 2 + ((x - at) / 9) ** 2)
        dna = np.zeros(rho.shape, bool)
        for centre in nuclei:
            dna |= (z / 3) ** 2 + (y / 3.5) ** 2 + ((x - at - centre) / 2.5) ** 2 < 1
        return rho < 1, np.exp(-(((rho - 1) / 0.08) ** 2)), dna

    cell, shell, dna = shapes(0, nuclei)
    membrane, stain = 150 * shell, 30 * cell + 160 * dna
    if neighbour is not None:
        others, other_shell, other_dna = shapes(neighbour, [0])
        membrane, stain = np.maximum(membrane, 150 * other_shell), np.maximum(stain, 30 * others + 160 * other_dna)
    noisy = np.stack([membrane, stain]) + rng.normal(12, 3, (2, *cell.shape))
    if masked:
        noisy = np.where(cell, noisy, 7)
    return np.clip(noisy, 0, 255).astype(np.uint8), cell, dna


def overlap(a, b):
    """Dice."""
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("nuclei", [(0,), (-4.5, 4.5)])
def test_a_masked_image_shows_its_outline(nuclei):
    picture, cell, dna = image(*nuclei)
    found_cell, found_dna = segment(picture, 0, 1, SPACING)
    assert overlap(found_cell, cell) > 0.99
    assert overlap(found_dna, dna) > 0.85


@pytest.mark.parametrize(("nuclei", "neighbour"), [((0,), None), ((0,), 17), ((-4.5, 4.5), None)])
def test_a_cell_among_background_and_neighbours(nuclei, neighbour):
    picture, cell, dna = image(*nuclei, masked=False, neighbour=neighbour)
    found_cell, found_dna = segment(picture, 0, 1, SPACING)
    assert overlap(found_cell, cell) > 0.8
    assert overlap(found_dna, dna) > 0.8


def test_where_nothing_is_there_is_no_cell():
    with pytest.raises(InputError, match="no DNA stands out"):
        segment(np.full((2, 8, 12, 16), 9, np.uint8), 0, 1, SPACING)


def test_otsu_parts_two_heaps():
    rng = np.random.default_rng(0)
    heaps = np.concatenate([rng.normal(10, 1, 5000), rng.normal(30, 2, 800)])
    assert 13 < otsu(heaps) < 25
