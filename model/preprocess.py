"""Section 3.1 of the paper: from a segmented cell in its image to the grid that the model learns from.

The paper: "each channel was processed by subtracting the most populous pixel intensity, zeroing-out negative-valued
pixels, and rescaling image intensity to a value between 0 and 1. The cells were aligned by the major axis of the cell
shape, centered according to the center of mass of the segmented nuclear region, and flipped according to image skew
[...] rescaled to 0.317 um/px, and padded to 128 x 96 x 64".

Alignment, centring, flips and resampling are one affine map, so every voxel is interpolated once::

    p_in (um)  =  DNA centre  +  R(angle)  F(flips)  (o - (grid - 1) / 2) voxel_um          o: index in the grid
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from model.cells import CHANNELS, GRID, VOXEL_UM
from model.errors import InputError
from model.registration import mask_shift, shifted


@dataclass(frozen=True)
class Preprocessing:
    """The steps of section 3.1, each an option. `cells.h5` records them as JSON.

    Attributes
    ----------
    register_masks : move masks that sit a few slices off a masked image back onto it (`model.registration`).
    subtract_background : subtract the most populous intensity within the cell's bounding box. The box comes first: slices of
        padding outside it would make 0 the most populous intensity and the step would do nothing.
    align : turn the cell about z until the major axis of its mask in the x-y plane lies along x.
    flip : mirror x and y, after alignment, so that the mask's third central moment along each is >= 0: the longer tail
        points to +x and +y. z is never mirrored, up is up.
    mask_outside : zero what is outside the cell mask. Neighbours touch in an epithelial sheet; without this a model learns
        their membranes and nuclei as parts of this cell.
    voxel_um, grid : the cubic voxel, um, and the grid (Z, Y, X) of the result.
    oversize : what happens to a cell that does not fit: "crop" it about its nucleus, or "refuse" it.
    """

    register_masks: bool = True
    subtract_background: bool = True
    align: bool = True
    flip: bool = True
    mask_outside: bool = True
    voxel_um: float = VOXEL_UM
    grid: tuple[int, int, int] = GRID
    oversize: str = "crop"


@dataclass(frozen=True)
class Prepared:
    """One cell as the model sees it, and what was measured and done on the way.

    Attributes
    ----------
    volume : (3, Z, Y, X) uint8: membrane, structure, DNA; 0..255 for 0..1.
    cell_volume_um3, dna_volume_um3 : volumes of the masks before alignment, um^3.
    height_um : extent of the cell mask along z, um.
    angle_deg : direction of the mask's major axis in the input, degrees from +x towards +y, in (-90, 90]; 0 if not aligned.
    flipped_y, flipped_x : whether the aligned cell was mirrored along that axis.
    lost_fraction : share of the cell mask outside the grid, 0..1.
    mask_shift : slices the masks were moved by, towards higher z.
    cropped : whether any of the cell mask is outside the grid.
    """

    volume: np.ndarray
    cell_volume_um3: float
    dna_volume_um3: float
    height_um: float
    angle_deg: float
    flipped_y: bool
    flipped_x: bool
    lost_fraction: float
    mask_shift: int

    @property
    def cropped(self) -> bool:
        return self.lost_fraction > 0


def preprocess(
    image: np.ndarray,
    cell_mask: np.ndarray,
    dna_mask: np.ndarray,
    voxel_um: tuple[float, float, float],
    options: Preprocessing = Preprocessing(),
) -> Prepared:
    """Section 3.1 for one cell.

    Parameters
    ----------
    image : (3, Z, Y, X) of any real type: membrane, structure, DNA.
    cell_mask, dna_mask : (Z, Y, X) bool, the filled cell and its nucleus or chromosomes.
    voxel_um : voxel size of the input (z, y, x), um; any three positive numbers.

    Raises
    ------
    InputError
        for shapes that disagree, a voxel size or intensity that is not finite, an empty mask, a channel with nothing in it,
        or a cell that does not fit where `options.oversize` is "refuse".
    """
    spacing = _check(image, cell_mask, dna_mask, voxel_um, options)
    shift = mask_shift(image, cell_mask) if options.register_masks else 0
    if shift:
        cell_mask, dna_mask = shifted(cell_mask, shift), shifted(dna_mask, shift)
    box = ndimage.find_objects(cell_mask.astype(np.uint8))[0]
    cell = cell_mask[box]
    centre_um = (np.array(ndimage.center_of_mass(dna_mask)) - [s.start for s in box]) * spacing  # from the corner of the box
    angle, flip_y, flip_x = _pose(cell, spacing, options)
    to_input = _rotation(angle) @ np.diag([1.0, -1.0 if flip_y else 1.0, -1.0 if flip_x else 1.0])
    low, high, lost = _extent(cell, spacing, centre_um, to_input, options)
    if lost > 0 and options.oversize == "refuse":
        raise InputError(
            f"{lost:.1%} of the cell mask lies outside {options.grid} (Z, Y, X) voxels of {options.voxel_um} um "
            "about its nucleus; use --oversize crop, or leave the cell out"
        )
    region = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    matrix = to_input * options.voxel_um / spacing[:, None]
    offset = centre_um / spacing + matrix @ (low - (np.array(options.grid) - 1) / 2)
    # Averaging before a coarser grid keeps fine detail from aliasing; the width is 0 where the input is not finer.
    sigma = np.maximum(0, (options.voxel_um / spacing - 1) / 2)
    volume = np.zeros((len(CHANNELS), *options.grid), np.uint8)
    for channel, name in enumerate(CHANNELS):
        x = _intensity(image[channel][box], cell, name, options)
        x = ndimage.gaussian_filter(x, sigma, mode="constant", truncate=3)
        x = ndimage.affine_transform(x, matrix, offset, tuple(high - low), order=1, mode="grid-constant")
        # Interpolation lowers the peak, so the rescaling to 0..1 comes after it.
        volume[channel][region] = np.rint(x * (255 / x.max()))
    voxel = float(spacing.prod())
    return Prepared(
        volume=volume,
        cell_volume_um3=float(np.count_nonzero(cell_mask) * voxel),
        dna_volume_um3=float(np.count_nonzero(dna_mask) * voxel),
        height_um=float(cell.shape[0] * spacing[0]),
        angle_deg=float(np.degrees(angle)),
        flipped_y=flip_y,
        flipped_x=flip_x,
        lost_fraction=lost,
        mask_shift=shift,
    )


def _check(image, cell_mask, dna_mask, voxel_um, options: Preprocessing) -> np.ndarray:
    """The voxel size as a float64 (z, y, x) array, after everything that can be wrong from outside was looked at."""
    if image.ndim != 4 or len(image) != len(CHANNELS):
        raise InputError(f"an image of shape {image.shape}; give {len(CHANNELS)} channels ({', '.join(CHANNELS)}) x Z x Y x X")
    for name, mask in (("cell", cell_mask), ("DNA", dna_mask)):
        if mask.shape != image.shape[1:]:
            raise InputError(f"the {name} mask is {mask.shape} but the image {image.shape[1:]}; give both on one grid")
        if not mask.any():
            raise InputError(f"the {name} mask is empty; segment the cell again, or leave it out")
    spacing = np.asarray(voxel_um, float)
    if spacing.shape != (3,) or not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise InputError(f"voxel size {voxel_um} (z, y, x); give three positive numbers in um")
    if options.oversize not in ("crop", "refuse"):
        raise InputError(f"oversize {options.oversize!r}; choose 'crop' or 'refuse'")
    return spacing


def _rotation(angle: float) -> np.ndarray:
    """(3, 3) acting on (z, y, x): takes +x to the direction `angle`, radians from +x towards +y."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


def _pose(cell: np.ndarray, spacing: np.ndarray, options: Preprocessing) -> tuple[float, bool, bool]:
    """(angle in radians, flip y, flip x) from the moments of the mask's projection along z, weighted by its thickness."""
    thickness = cell.sum(axis=0)
    at = np.argwhere(thickness)
    weight = thickness[tuple(at.T)]
    yx = at * spacing[1:]
    yx -= np.average(yx, axis=0, weights=weight)
    (var_y, cov), (_, var_x) = (yx.T * weight) @ yx / weight.sum()
    angle = 0.5 * np.arctan2(2 * cov, var_x - var_y) if options.align else 0.0
    if not options.flip:
        return float(angle), False, False
    aligned = yx @ _rotation(angle)[1:, 1:]  # the inverse rotation, for row vectors
    skew_y, skew_x = weight @ aligned**3
    return float(angle), bool(skew_y < 0), bool(skew_x < 0)


def _extent(cell, spacing, centre_um, to_input, options: Preprocessing) -> tuple[np.ndarray, np.ndarray, float]:
    """Where the cell lies in the grid: first and one-past-last index (Z, Y, X), and the share of its mask outside the grid.

    Without `mask_outside` the whole grid is filled, so the first two are its corners.
    """
    grid = np.array(options.grid)
    thickness = cell.sum(axis=0)
    at = np.argwhere(thickness)
    yx = ((at * spacing[1:] - centre_um[1:]) @ to_input[1:, 1:]) / options.voxel_um + (grid[1:] - 1) / 2
    z = (np.arange(len(cell)) * spacing[0] - centre_um[0]) / options.voxel_um + (grid[0] - 1) / 2
    inside_z = (z > -0.5) & (z < grid[0] - 0.5)
    inside_yx = ((yx > -0.5) & (yx < grid[1:] - 0.5)).all(axis=1)
    kept = cell[inside_z].sum(axis=0)[tuple(at[inside_yx].T)].sum()
    lost = float(1 - kept / thickness.sum())
    if not options.mask_outside:
        return np.zeros(3, int), grid, lost
    # One voxel more on each side: linear interpolation reaches that far.
    reach = 1 + np.ceil(spacing.max() / options.voxel_um).astype(int)
    low = np.floor([z.min(), *yx.min(axis=0)]).astype(int) - reach
    high = np.ceil([z.max(), *yx.max(axis=0)]).astype(int) + reach + 1
    low = np.clip(low, 0, grid)
    return low, np.clip(high, low, grid), lost


def _intensity(x: np.ndarray, cell: np.ndarray, name: str, options: Preprocessing) -> np.ndarray:
    """One channel within the box as float32: background off, negatives zeroed."""
    if not np.isfinite(x).all():
        raise InputError(f"the {name} channel holds values that are not finite; export the image again")
    background = most_populous(x) if options.subtract_background else 0
    x = np.maximum(x.astype(np.float32) - np.float32(background), 0)
    if options.mask_outside:
        x *= cell
    if x.max() <= 0:
        raise InputError(f"the {name} channel has nothing above {background:g} within the cell; check which channel is which")
    return x


def most_populous(x: np.ndarray) -> float:
    """The most populous intensity of `x`, the lowest if several are. Floats are counted in 65,536 bins of their range."""
    if np.issubdtype(x.dtype, np.integer) and x.min() >= 0 and x.max() < 2**16:
        return float(np.bincount(x.ravel()).argmax())
    low, high = float(x.min()), float(x.max())
    if low == high:
        return low
    step = (high - low) / (2**16 - 1)
    return low + step * float(np.bincount(np.rint((x.ravel() - low) / step).astype(np.uint16)).argmax())
