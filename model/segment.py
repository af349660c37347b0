"""Where a cell and its DNA are in an image that comes without masks: for a cell somebody brings along, not for a data set."""

import numpy as np
from numpy import ndarray
from scipy import ndimage

from model.errors import InputError

SMOOTHING_UM = 0.6  # of DNA and membrane before they are cut
MASKED = 0.05  # share of voxels that have exactly the corner's values in all channels, from which an image counts as masked
SMALL = 0.1  # of the largest piece of DNA: what is smaller is dirt


def segment(image: ndarray, membrane: int, dna: int, voxel_um: tuple[float, float, float]) -> tuple[ndarray, ndarray]:
    """(cell, DNA) masks (Z, Y, X) bool of the cell in the middle of `image` (C, Z, Y, X), given the channels of both dyes.

    An image that was masked shows its own outline: whatever differs from the constant in the corner is the cell, and all DNA
    in it is the cell's. Else cells are the watershed of the membrane dye from each nucleus and from what is dark in both dyes,
    and the cell is the one in the middle: of one nucleus, or of two about as large with the middle between them, as when a
    cell divides.

    Raises
    ------
    InputError
        where there is no DNA to be told from the background.
    """
    spacing = np.asarray(voxel_um, float)
    bright = ndimage.gaussian_filter(image[dna].astype(np.float32), SMOOTHING_UM / spacing)
    outline = (image != image[:, :1, :1, :1]).any(axis=0)
    if 1 - outline.mean() >= MASKED:
        cell = ndimage.binary_fill_holes(largest(outline))
        return cell, _dna(bright, cell)
    walls = ndimage.gaussian_filter(image[membrane].astype(np.float32), SMOOTHING_UM / 2 / spacing)
    # Logarithms: cytoplasm is far darker than membrane and DNA, yet nothing is as dark as what is outside.
    both = np.log(_stretched(walls) + _stretched(bright) + 0.01)
    outside = both < otsu(both)
    pieces, n = ndimage.label(_dna(bright, ~outside))
    own = _in_the_middle(pieces, n, spacing)
    pieces[np.isin(pieces, own)] = own[0]
    level = np.rint(255 * _stretched(walls)).astype(np.uint8)
    markers = np.where(outside, -1, pieces).astype(np.int32)
    cell = ndimage.binary_fill_holes(ndimage.watershed_ift(level, markers) == own[0])
    return cell, (pieces == own[0]) & cell


def _stretched(x: ndarray) -> ndarray:
    """From 0, which the darkest twentieth has, to 1 at the brightest."""
    low, high = np.percentile(x, 5), float(x.max())
    return np.clip((x - low) / max(high - low, 1e-9), 0, 1)


def _in_the_middle(pieces: ndarray, n: int, spacing: ndarray) -> list[int]:
    """The label of the piece of DNA nearest to the middle of the image, or of the two that have the middle between them."""
    labels = np.arange(1, n + 1)
    from_middle = (np.array(ndimage.center_of_mass(pieces > 0, pieces, labels)) - (np.array(pieces.shape) - 1) / 2) * spacing
    sizes, distances = np.bincount(pieces.ravel())[1:], np.linalg.norm(from_middle, axis=1)
    first = int(distances.argmin())
    for second in np.argsort(distances)[1:2]:
        between = np.linalg.norm(from_middle[first] + from_middle[second]) / 2 < distances[first]
        if between and max(sizes[[first, second]]) < 2 * min(sizes[[first, second]]):
            return [int(labels[first]), int(labels[second])]
    return [int(labels[first])]


def _dna(bright: ndarray, within: ndarray) -> ndarray:
    if not within.any() or np.ptp(bright[within]) == 0:
        raise InputError("no DNA stands out of the background; check which channel is DNA, or bring masks along")
    # Half-way from the cytoplasm to the brightest: Otsu's threshold falls within the haze of many a mitotic cell.
    mask = (bright > (np.median(bright[within]) + np.percentile(bright[within], 99.5)) / 2) & within
    pieces, _ = ndimage.label(mask)
    sizes = np.bincount(pieces.ravel())[1:]
    return ndimage.binary_fill_holes(np.isin(pieces, 1 + np.flatnonzero(sizes >= SMALL * sizes.max())))


def largest(mask: ndarray) -> ndarray:
    """The largest connected piece of a mask."""
    pieces, n = ndimage.label(mask)
    return pieces == 1 + np.bincount(pieces.ravel())[1:].argmax() if n else mask


def otsu(x: ndarray) -> float:
    """The threshold that leaves the least variance within the two sides (Otsu 1979), of 256 levels."""
    counts, edges = np.histogram(x, 256)
    centres = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (total / below - (total[-1] - total) / above) ** 2
    return float(centres[np.nanargmax(np.where(above > 0, between, np.nan))])
