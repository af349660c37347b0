"""Image files of one cell, TIFF or HDF5: what their headers say, and their voxels in the order (C, Z, Y, X)."""

import logging
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import h5py
import numpy as np
import tifffile

from model.errors import InputError

HDF5_SUFFIXES = (".h5", ".hdf5")
HDF5_KEY = "image"  # as in the paper's own files
UM_PER_UNIT = {
    "µm": 1.0,
    "μm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "nm": 1e-3,
    "mm": 1e3,
    "cm": 1e4,
    "m": 1e6,
    "Å": 1e-4,
}
READ_ERRORS = (tifffile.TiffFileError, OSError, ValueError, KeyError, IndexError, RuntimeError, struct.error, zlib.error)


@dataclass(frozen=True)
class Header:
    """What a file says about itself before its voxels are read.

    Attributes
    ----------
    n_channels : channels in the file.
    grid : (Z, Y, X).
    axes : the order in the file, one letter an axis.
    channel_names : of OME or ImageJ metadata, else empty.
    voxel_um : (z, y, x) of OME or ImageJ metadata, else None. Not checked: NaN in, NaN out, and where one of them is not said.
    """

    n_channels: int
    grid: tuple[int, int, int]
    axes: str
    channel_names: tuple[str, ...] = ()
    voxel_um: tuple[float, float, float] | None = None


def read_header(path: Path, axes: str | None = None) -> Header:
    """The header of a TIFF, OME-TIFF or HDF5 file; `axes` overrules what the file says or we would guess.

    Raises
    ------
    InputError
        for a file that is missing, truncated, of a kind or compression we cannot read, or of more than one time point.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; correct the manifest, or put the file there")
    with _one_line_errors(path):
        if path.suffix in HDF5_SUFFIXES:
            with h5py.File(path, "r") as file:
                return _header(path, file[HDF5_KEY].shape, axes or "CZYX")
        with tifffile.TiffFile(path) as tif:
            series = tif.series[0]
            pages = list(series.pages)
            end = max((o + n for p in pages if p for o, n in zip(p.dataoffsets, p.databytecounts, strict=True)), default=0)
            if end > path.stat().st_size or any(page is None for page in pages):
                raise ValueError(f"{path.stat().st_size} bytes where at least {end} belong")
            pages[0].asarray()  # a compression we cannot read shows here, not after an hour
            names, voxel_um = _ome(tif.ome_metadata) if tif.is_ome else _imagej(tif) if tif.is_imagej else ((), None)
            return _header(path, series.shape, axes or _labelled(series.axes, series.shape), names, voxel_um)


def read_image(path: Path, axes: str | None = None) -> np.ndarray:
    """All voxels of a file as (C, Z, Y, X), in the file's own type. `axes` as for `read_header`."""
    with _one_line_errors(path):
        if path.suffix in HDF5_SUFFIXES:
            with h5py.File(path, "r") as file:
                array, axes = file[HDF5_KEY][()], axes or "CZYX"
        else:
            with tifffile.TiffFile(path) as tif:
                series = tif.series[0]
                array, axes = series.asarray(), axes or _labelled(series.axes, series.shape)
    missing = [k for k, axis in enumerate("CZYX") if axis not in axes]
    array = array.squeeze(tuple(k for k, axis in enumerate(axes) if axis not in "CZYX"))
    array = array.transpose([axes.replace("T", "").index(axis) for axis in "CZYX" if axis in axes])
    return np.expand_dims(array, missing)


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    """Whatever goes wrong in reading `path` as one InputError. tifffile only logs some of it (a tag beyond the end)."""
    logged: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: logged.append(record.getMessage())
    logger = logging.getLogger("tifffile")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
        if logged:
            raise ValueError(logged[0])
    except READ_ERRORS as error:
        if isinstance(error, InputError) and not logged:
            raise
        what = " ".join(str(logged[0] if logged else error).split()) or type(error).__name__
        raise InputError(
            f"{path}: cannot be read, it may be truncated ({what}); copy it again, or export it again as OME-TIFF"
        ) from None
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _labelled(axes: str, shape: tuple[int, ...]) -> str:
    """The axes that a TIFF states; where it does not, three are ZYX, and of four the shorter of the first two is C."""
    if set(axes) <= set("TCZYX"):
        return axes
    if len(shape) == 3:
        return "ZYX"
    return "CZYX" if shape[0] <= shape[1] else "ZCYX"


def _header(path: Path, shape: tuple[int, ...], axes: str, names=(), voxel_um=None) -> Header:
    sizes = dict(zip(axes, shape, strict=False))
    if len(axes) != len(shape) or not set("ZYX") <= set(axes) <= set("TCZYX") or sizes.get("T", 1) != 1:
        raise InputError(f"{path}: shape {shape} with axes {axes}; give one time point of a 3D image, or --axes such as CZYX")
    return Header(sizes.get("C", 1), tuple(sizes[axis] for axis in "ZYX"), axes, names, voxel_um)


def _ome(xml: str) -> tuple[tuple[str, ...], tuple[float, float, float] | None]:
    """Channel names and voxel size of the first image in OME-XML."""
    pixels = ElementTree.fromstring(xml).find(".//{*}Pixels")
    names = tuple(channel.get("Name", "") for channel in pixels.findall("{*}Channel"))
    sizes = [
        float(pixels.get(f"PhysicalSize{axis}", math.nan))
        * UM_PER_UNIT.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"), math.nan)
        for axis in "ZYX"
    ]
    stated = any(pixels.get(f"PhysicalSize{axis}") is not None for axis in "ZYX")
    return names if any(names) else (), tuple(sizes) if stated else None


def _imagej(tif: tifffile.TiffFile) -> tuple[tuple[str, ...], tuple[float, float, float] | None]:
    """Channel names and voxel size of ImageJ: labels of the first slices, one a channel; y and x as pixels per unit."""
    said, tags = tif.imagej_metadata or {}, tif.pages[0].tags
    n_channels = int(said.get("channels", 1))
    names = tuple(str(label) for label in np.atleast_1d(said.get("Labels", []))[:n_channels])
    um = UM_PER_UNIT.get(str(said.get("unit", "")).replace("\\u00B5", "µ"), math.nan)
    per_unit = [tags[f"{axis}Resolution"].value if f"{axis}Resolution" in tags else (0, 1) for axis in "YX"]
    yx = (b / a if a else math.nan for a, b in per_unit)
    sizes = tuple(um * float(size) for size in (said.get("spacing", math.nan), *yx))
    return names if len(names) == n_channels and any(names) else (), None if all(map(math.isnan, sizes)) else sizes
