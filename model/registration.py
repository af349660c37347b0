"""Masks that came apart from their images along z, and how to tell.

In the public mitotic cells the images were masked (a constant outside the cell), and then images and masks were padded along
z independently: in most cells the masks sit several whole slices above or below the cell that they outline. Left so, masking
cuts off up to half of the cell. Because a masked image shows its own outline, the shift can be measured.
"""

import numpy as np

TOLERANCE = 0.1  # mismatch of outlines, as a share of the mask, that still counts as the same cell


def mask_shift(image: np.ndarray, cell_mask: np.ndarray) -> int:
    """Slices to move the masks by, towards higher z, so that they lie on the cell of a masked image; else 0.

    The outline of the image is where any channel differs from that channel's value in the corner, which for a masked image is
    the constant outside. Its area per slice is compared with the mask's at every shift, and the best is taken if it
    explains the mask to within TOLERANCE, voxel by voxel, and at least twice as well as no shift. An image that was not
    masked has no such outline: 0.

    Parameters
    ----------
    image : (C, Z, Y, X), any real type.
    cell_mask : (Z, Y, X) bool, not empty.
    """
    outline = (image != image[:, :1, :1, :1]).any(axis=0)
    as_it_is = _mismatch(outline, cell_mask)
    if as_it_is <= TOLERANCE / 4:
        return 0
    n = len(cell_mask)
    image_area, mask_area = (np.count_nonzero(m, axis=(1, 2)).astype(float) for m in (outline, cell_mask))
    padded = np.pad(mask_area, n)
    shift = min(range(1 - n, n), key=lambda s: (np.abs(image_area - padded[n - s : 2 * n - s]).sum(), abs(s)))
    return shift if _mismatch(outline, shifted(cell_mask, shift)) <= min(TOLERANCE, as_it_is / 2) else 0


def shifted(mask: np.ndarray, shift: int) -> np.ndarray:
    """`mask` (Z, Y, X) moved by `shift` slices towards higher z; what leaves the volume is lost."""
    result = np.zeros_like(mask)
    if shift >= 0:
        result[shift:] = mask[: len(mask) - shift]
    else:
        result[:shift] = mask[-shift:]
    return result


def _mismatch(outline: np.ndarray, mask: np.ndarray) -> float:
    return np.count_nonzero(outline != mask) / max(1, np.count_nonzero(mask))
