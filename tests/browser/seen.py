"""What a volume must look like, computed with numpy; and waiting until it is painted so."""

import numpy as np
from scipy.ndimage import map_coordinates

from app import navigation
from app.colours import colours

FULL = (0, 255)


def link(atlas, row: int = 0, view: str = "slice", show: str = "reconstructed") -> str:
    return f"?recipe=show={show};shape=cell:{navigation.cell_id(atlas, row)}&view={view}"


def wait_for_look(page, pattern: str) -> None:
    """Until a look that holds `pattern` is painted."""
    page.wait_for_function("p => RegExp(p).test(document.querySelector('#viewer').dataset.look ?? '')", arg=pattern)


def wait_for_view(page, view: str) -> None:
    page.wait_for_selector(f"#viewer[data-view={view}][data-state=painted]")


def auto(channel: np.ndarray) -> tuple[int, int]:
    """From the 50th to the 98.3rd percentile of what is not black."""
    return tuple(int(v) for v in np.percentile(channel[channel > 0], [50, 98.3], method="inverted_cdf"))


def lit(channel: np.ndarray, window=FULL) -> np.ndarray:
    """0 to 255, through a window of contrast."""
    return np.clip((channel.astype(float) - window[0]) * 255 / (window[1] - window[0]), 0, 255)


def plane_of(zyx: np.ndarray, plane: str, voxel: list[int]) -> np.ndarray:
    """The plane of (Z, Y, X, ...) through x, y, z as it lies on the screen: z upwards."""
    x, y, z = voxel
    return {"xy": zyx[z], "xz": zyx[::-1, y], "yz": zyx[::-1, :, x]}[plane]


def mixed(channels: np.ndarray, windows=None, palette=None, opacities=None) -> np.ndarray:
    """(Z, Y, X, 3) of channels (C, Z, Y, X): each through its window, in its colour, added up."""
    n = len(channels)
    windows, palette, opacities = windows or [FULL] * n, palette or colours(n), opacities or [1] * n
    light = [lit(c, w) * o for c, w, o in zip(channels, windows, opacities, strict=True)]
    return np.clip(sum(part[..., None] * np.array(colour) / 255 for part, colour in zip(light, palette, strict=True)), 0, 255)


def assert_looks_like(tile: dict, zyx: np.ndarray, voxel: list[int]) -> None:
    """A painted plane is that of (Z, Y, X, 3), magnified with linear interpolation."""
    image, picture = plane_of(zyx, tile["plane"], voxel), tile["picture"]
    places = [(np.arange(n) + 0.5) / n for n in picture.shape[:2]]
    grid = np.meshgrid(*(at * n - 0.5 for at, n in zip(places, image.shape, strict=False)), indexing="ij")
    expected = np.stack([map_coordinates(image[..., part], grid, order=1, mode="nearest") for part in range(3)], axis=-1)
    difference = np.abs(picture - expected)
    assert difference.max() <= 4, f"{tile['plane']}: {difference.max()}"


def open_popover(page, name: str) -> None:
    page.click(f"[data-channel={name}] .adjust")
    page.wait_for_selector(".channel-popover:popover-open")
