"""An uploaded image: read, cut out, preprocessed as the atlas's cells were, encoded and placed among them."""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy import ndarray

from app import resolve
from app.resolve import Nearest
from app.volumes import VolumeService
from model.atlas import Atlas
from model.cells import VOXEL_UM, block_mean
from model.errors import InputError
from model.images import read_header, read_image
from model.preprocess import Prepared, Preprocessing, preprocess
from model.segment import segment

MAX_BYTES = 512 * 2**20
MAX_VOXELS = 2**27  # over all channels, as they are in memory
MAX_VOXEL_UM = 10.0
N_NEIGHBOURS = 8


@dataclass(frozen=True)
class Channels:
    """Which channel of an image is what, from 0; None where there is none."""

    membrane: int
    dna: int
    structure: int | None = None
    cell_mask: int | None = None
    dna_mask: int | None = None


@dataclass(frozen=True)
class Placed:
    """What the model says of a cell. z_s and y only where a structure was imaged."""

    z_r: ndarray  # (n,)
    z_s: ndarray | None  # (n,)
    y: ndarray | None  # (K,) probabilities
    neighbours: list[Nearest]  # nearest first
    stage: str
    z_r_map: tuple[float, float]


def read(file: BinaryIO, name: str, channels: Channels, voxel_um: str | None, atlas: Atlas) -> tuple[Prepared, str]:
    """The cell in an uploaded TIFF as the model takes it, and whether its masks were "given" or "found".

    Raises
    ------
    InputError
        for a file that is too large, cannot be read or says no voxel size, for channels that are not there, or for an image
        in which no cell is found.
    """
    with tempfile.TemporaryDirectory(prefix="integrated-cell-upload-") as folder:
        path = Path(folder) / f"upload{''.join(Path(name).suffixes)[-12:]}"
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        try:
            if path.stat().st_size > MAX_BYTES:
                raise InputError(f"the file has {path.stat().st_size} bytes; at most {MAX_BYTES} are taken, cut the cell out")
            header = read_header(path)
            n_voxels = header.n_channels * int(np.prod(header.grid))
            if n_voxels > MAX_VOXELS:
                raise InputError(f"the image has {n_voxels} voxels; at most {MAX_VOXELS} are taken, cut the cell out")
            for what, channel in vars(channels).items():
                if channel is not None and channel >= header.n_channels:
                    raise InputError(f"{what} is channel {channel}, but the image has {header.n_channels}; count from 0")
            spacing = _spacing(voxel_um, header.voxel_um)
            image = read_image(path)
        except InputError as error:
            raise InputError(str(error).replace(str(path), name)) from None
    structure = channels.dna if channels.structure is None else channels.structure  # a placeholder: nobody encodes it
    dyes = image[[channels.membrane, structure, channels.dna]]
    if channels.cell_mask is not None and channels.dna_mask is not None:
        masks, (cell, dna) = "given", (image[channel] > 127 for channel in (channels.cell_mask, channels.dna_mask))
    else:
        masks, (cell, dna) = "found", segment(dyes, 0, 2, spacing)
    factor = max(1, round(atlas.voxel_um / VOXEL_UM))
    options = Preprocessing(voxel_um=atlas.voxel_um / factor, grid=tuple(factor * n for n in atlas.config.grid))
    return preprocess(dyes, cell, dna, spacing, options), masks


def place(service: VolumeService, volume: ndarray, *, with_structure: bool) -> Placed:
    """Encode x_rs (3, Z, Y, X) uint8 and find its neighbours in z_r."""
    atlas = service.atlas
    latents = service.encode(block_mean(volume, atlas.config.grid), with_structure)
    near = resolve.nearest_cells(atlas, latents["z_r"].astype(np.float64), N_NEIGHBOURS)
    rows = [n.row for n in near]
    weight = 1 / np.maximum([n.distance for n in near], 1e-6)
    return Placed(
        **latents,
        neighbours=near,
        stage=Counter(atlas.cells["stage"].iloc[rows]).most_common(1)[0][0],
        z_r_map=tuple(np.average(atlas.projection("z_r")[rows], axis=0, weights=weight).tolist()),
    )


def _spacing(text: str | None, stated: tuple[float, float, float] | None) -> tuple[float, float, float]:
    if text is None:
        if stated is None:
            raise InputError("the file does not say its voxel size; give voxel_um as z,y,x")
        return stated
    try:
        z, y, x = map(float, text.split(","))
    except ValueError:
        raise InputError(f"voxel_um {text!r} is not z,y,x; give three positive numbers in um") from None
    if not all(0 < size < MAX_VOXEL_UM for size in (z, y, x)):
        raise InputError(f"voxel_um {text!r}: give three positive numbers in um, below {MAX_VOXEL_UM}")
    return z, y, x
