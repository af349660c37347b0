"""An uploaded image: looked at, cut out, preprocessed as the atlas's cells were, encoded and placed among them."""

import base64
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy import ndarray
from PIL import Image
from scipy import ndimage

from app import resolve, trust
from app.resolve import Nearest
from app.volumes import VolumeService
from model.atlas import Atlas
from model.cells import VOXEL_UM, block_mean
from model.channels import match_roles
from model.errors import InputError
from model.images import Header, read_header, read_image
from model.preprocess import Prepared, Preprocessing, preprocess
from model.segment import segment

MAX_BYTES = 512 * 2**20
MAX_VOXELS = 2**27  # over all channels, as they are in memory
MAX_CHANNELS = 16
MAX_VOXEL_UM = 10.0
N_NEIGHBOURS = 8
THUMBNAIL = 112  # pixels of the longer side
LARGE = 0.25  # of a mask's largest piece: a second piece of that size is another cell


@dataclass(frozen=True)
class Channels:
    """Which channel of an image is what, from 0; None where there is none."""

    membrane: int
    dna: int
    structure: int | None = None
    cell_mask: int | None = None
    dna_mask: int | None = None


@dataclass(frozen=True)
class Inspected:
    """What a file says of itself, and its channels to look at. Roles are guessed from the channels' names alone."""

    header: Header
    roles: dict[str, int]  # by model.channels.ROLES
    pictures: list[str]  # a data: URL of a PNG for each channel, projected along z


@dataclass(frozen=True)
class Placed:
    """What the model says of a cell. z_s, y and what follows from them only where a structure was imaged."""

    z_r: ndarray  # (n,)
    z_s: ndarray | None  # (n,)
    y: ndarray | None  # (K,) probabilities
    z_r_hat: ndarray | None  # (n,)
    neighbours: list[Nearest]  # nearest first
    stage: str
    z_r_map: tuple[float, float]
    z_s_map: tuple[float, float] | None


def inspect(file: BinaryIO, name: str) -> Inspected:
    """What an uploaded TIFF holds, before anybody says which channel is what.

    Raises
    ------
    InputError
        for a file that is too large, has too many channels, or cannot be read.
    """
    with _saved(file, name) as path:
        header = _checked_header(path)
        image = read_image(path)
    return Inspected(header, match_roles(header.channel_names), [picture(channel) for channel in image])


def picture(channel: ndarray) -> str:
    """A channel (Z, Y, X) projected along z, from its 1st to its 99.8th percentile, as the data: URL of a small grey PNG."""
    flat = channel.max(0).astype(np.float32)
    low, high = np.percentile(flat[np.isfinite(flat)], (1, 99.8)) if np.isfinite(flat).any() else (0, 1)
    grey = np.nan_to_num(255 * np.clip((flat - low) / max(high - low, 1e-9), 0, 1)).astype(np.uint8)
    small = Image.fromarray(grey)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    png = io.BytesIO()
    small.save(png, "PNG")
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"


def read(file: BinaryIO, name: str, channels: Channels, voxel_um: str | None, atlas: Atlas) -> tuple[Prepared, str]:
    """The cell in an uploaded TIFF as the model takes it, and whether its masks were "given" or "found".

    Raises
    ------
    InputError
        for a file that is too large, cannot be read or says no voxel size, for channels that are not there, or for an image
        in which no cell is found, or two.
    """
    with _saved(file, name) as path:
        header = _checked_header(path)
        for what, channel in vars(channels).items():
            if channel is not None and channel >= header.n_channels:
                raise InputError(f"{what} is channel {channel}, but the image has {header.n_channels}; count from 0")
        spacing = _spacing(voxel_um, header.voxel_um)
        image = read_image(path)
    structure = channels.dna if channels.structure is None else channels.structure  # a placeholder: nobody encodes it
    dyes = image[[channels.membrane, structure, channels.dna]]
    if channels.cell_mask is not None and channels.dna_mask is not None:
        masks, (cell, dna) = "given", (image[channel] > 127 for channel in (channels.cell_mask, channels.dna_mask))
    else:
        masks, (cell, dna) = "found", segment(dyes, 0, 2, spacing)
    _check_is_one(cell)
    factor = max(1, round(atlas.voxel_um / VOXEL_UM))
    options = Preprocessing(voxel_um=atlas.voxel_um / factor, grid=tuple(factor * n for n in atlas.config.grid))
    return preprocess(dyes, cell, dna, spacing, options), masks


def place(service: VolumeService, volume: ndarray, *, with_structure: bool) -> Placed:
    """Encode x_rs (3, Z, Y, X) uint8 on the model's grid, and find its place among the cells."""
    atlas = service.atlas
    latents = service.encode(volume, with_structure)
    near = resolve.nearest_cells(atlas, latents["z_r"].astype(np.float64), N_NEIGHBOURS)
    return Placed(
        **latents,
        neighbours=near,
        stage=Counter(atlas.cells["stage"].iloc[[n.row for n in near]]).most_common(1)[0][0],
        z_r_map=trust.place_on(atlas, "z_r", latents["z_r"])[0],
        z_s_map=None if latents["z_s"] is None else trust.place_on(atlas, "z_s", latents["z_s"])[0],
    )


def on_grid(prepared: Prepared, atlas: Atlas) -> ndarray:
    """x_rs (3, Z, Y, X) uint8 on the grid of an atlas's model."""
    return block_mean(prepared.volume, atlas.config.grid)


@contextmanager
def _saved(file: BinaryIO, name: str) -> Iterator[Path]:
    """An upload as a file, while the block lasts; errors speak of it by its own name."""
    with tempfile.TemporaryDirectory(prefix="integrated-cell-upload-") as folder:
        path = Path(folder) / f"upload{''.join(Path(name).suffixes)[-12:]}"
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        try:
            yield path
        except InputError as error:
            raise InputError(str(error).replace(str(path), name)) from None


def _checked_header(path: Path) -> Header:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"the file has {path.stat().st_size} bytes; at most {MAX_BYTES} are taken, cut the cell out")
    header = read_header(path)
    if header.n_channels > MAX_CHANNELS:
        raise InputError(
            f"the image has {header.n_channels} channels (axes {header.axes}); at most {MAX_CHANNELS} are taken. "
            "If those are slices, save it as OME-TIFF, which says which axis is which"
        )
    n_voxels = header.n_channels * int(np.prod(header.grid))
    if n_voxels > MAX_VOXELS:
        raise InputError(f"the image has {n_voxels} voxels; at most {MAX_VOXELS} are taken, cut the cell out")
    return header


def _check_is_one(cell: ndarray) -> None:
    pieces, _ = ndimage.label(cell)
    sizes = np.sort(np.bincount(pieces.ravel())[1:])[::-1]
    n_cells = int((sizes >= LARGE * sizes[0]).sum()) if len(sizes) else 0
    if n_cells > 1:
        raise InputError(f"the cell mask is in {n_cells} large pieces, as of {n_cells} cells; cut one cell out")


def _spacing(text: str | None, stated: tuple[float, float, float] | None) -> tuple[float, float, float]:
    if text is None:
        if stated is None or not all(np.isfinite(stated)):
            raise InputError("the file does not say its voxel size; give voxel_um as z,y,x")
        return stated
    try:
        z, y, x = map(float, text.split(","))
    except ValueError:
        raise InputError(f"voxel_um {text!r} is not z,y,x; give three positive numbers in um") from None
    if not all(0 < size < MAX_VOXEL_UM for size in (z, y, x)):
        raise InputError(f"voxel_um {text!r}: give three positive numbers in um, below {MAX_VOXEL_UM}")
    return z, y, x
