"""A volume as a file that other tools open, with channel names, colours, voxel size, and where it came from."""

import io
import re
import uuid
from typing import Any

import nibabel as nib
import numpy as np
import tifffile
from isal import igzip
from numpy import ndarray

from app.colours import colours
from app.provenance import Provenance
from app.recipe import Cell, Draw, Own, Path, Position, Recipe

_NAMESPACE = uuid.UUID("a3f1c8f2-52a5-5b8c-9f0e-5d9d3f3f7c11")


def ome_tiff(volume: ndarray, provenance: Provenance) -> bytes:
    """(C, Z, Y, X) uint8 as an OME-TIFF, axes CZYX, zlib. The same volume and provenance give the same bytes.

    What it is stands in the image's description, for people, and in a map annotation, for programs.
    """
    metadata = {"axes": "CZYX"} | ome_metadata(provenance)
    file = io.BytesIO()
    with tifffile.TiffWriter(file, ome=True) as tiff:
        tiff.write(volume, photometric="minisblack", compression="zlib", metadata=metadata)
    return file.getvalue()


def ome_metadata(provenance: Provenance) -> dict[str, Any]:
    """What an OME-TIFF says of a volume, but for its axes."""
    size = {f"PhysicalSize{axis}": provenance.voxel_um for axis in "XYZ"}
    unit = {f"PhysicalSize{axis}Unit": "µm" for axis in "XYZ"}
    rgba = [_signed_rgba(colour) for colour in colours(len(provenance.channels))]
    return (
        size
        | unit
        | {
            "Name": title(provenance),
            "UUID": f"urn:uuid:{uuid.uuid5(_NAMESPACE, provenance.etag)}",
            "Description": description(provenance),
            "Channel": {"Name": channel_names(provenance), "Color": rgba},
            "MapAnnotation": {"Namespace": "integrated-cell/provenance"} | facts(provenance),
        }
    )


def imagej_tiff(volume: ndarray, provenance: Provenance) -> bytes:
    """(C, Z, Y, X) uint8 as an ImageJ hyperstack, a composite in its colours. Image > Show Info says what it is."""
    ramp = np.arange(256, dtype=np.uint8)
    luts = [np.stack([ramp * (part / 255) for part in colour]).astype(np.uint8) for colour in colours(len(volume))]
    metadata = {
        "axes": "ZCYX",
        "mode": "composite",
        "unit": "um",
        "spacing": provenance.voxel_um,
        "min": 0.0,
        "max": 255.0,
        "LUTs": luts,
        "Labels": channel_names(provenance) * volume.shape[1],
        "Info": "\n".join([description(provenance), *(f"{key} = {value}" for key, value in facts(provenance).items())]),
    }
    file = io.BytesIO()
    per_um = 1 / provenance.voxel_um
    with tifffile.TiffWriter(file, imagej=True) as tiff:
        tiff.write(np.ascontiguousarray(volume.swapaxes(0, 1)), resolution=(per_um, per_um), metadata=metadata)
    return file.getvalue()


def nifti(volume: ndarray, provenance: Provenance) -> bytes:
    """(C, Z, Y, X) uint8 as NIfTI-1, gzipped: (X, Y, Z, C), channels where a NIfTI has time. What it is stands in a comment.

    The affine is in um. Its y runs against the image's, as NIfTI's grows upwards: tools show it as the page does.
    """
    um = provenance.voxel_um
    affine = np.array([[um, 0, 0, 0], [0, -um, 0, um * (volume.shape[2] - 1)], [0, 0, um, 0], [0, 0, 0, 1]])
    image = nib.Nifti1Image(volume.transpose(3, 2, 1, 0), affine)
    image.header.set_xyzt_units("micron")
    image.header["descrip"] = f"{provenance.kind.lower()}: {', '.join(channel_names(provenance))}".encode()[:79]
    image.header["cal_max"] = 255
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", provenance.model_dump_json().encode()))
    return igzip.compress(image.to_bytes(), 1, mtime=0)


def title(provenance: Provenance) -> str:
    """A few words: `predicted TOMM20`."""
    return f"{provenance.kind.lower()} {', '.join(provenance.channels[2:])}"


def description(provenance: Provenance) -> str:
    """One paragraph for people."""
    return f"{provenance.origin}. {provenance.words} Recipe: {provenance.recipe} Atlas: {provenance.atlas.title}."


def facts(provenance: Provenance) -> dict[str, str | bool]:
    """What programs look for."""
    return {
        "recipe": provenance.recipe,
        "origin": provenance.origin,
        "words": provenance.words,
        "atlas_id": provenance.atlas.atlas_id,
        "atlas_title": provenance.atlas.title,
        "simulated": provenance.atlas.simulated,
        "nearest_cell": provenance.nearest_cell.cell_id,
        "full_scale": ",".join(f"{value:g}" for value in provenance.full_scale),
    }


def file_name(recipe: Recipe, genes: tuple[str, ...], extension: str) -> str:
    """A name that says what is inside: `TOMM20_predicted_sim1_000042.ome.tif`. Letters, digits and `_.-` only."""
    structures = "-".join(genes) if len(genes) <= 3 else f"{len(genes)}_structures"
    match recipe.shape:
        case Cell(cell_id):
            shape = cell_id
        case Path(kind, stops, t):
            shape = f"{kind}_{stops[0]}-{stops[-1]}_{t:g}"
        case Position(x, y):
            shape = f"map_{x:g}_{y:g}"
        case Draw(seed):
            shape = f"prior_{seed}"
        case Own(name):
            shape = f"own_{name}"
        case _:
            shape = "z_r"
    show = f"{recipe.show}_sd" if recipe.value else recipe.show
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{structures}_{show}_{shape}")[:150] + extension


def channel_names(provenance: Provenance) -> list[str]:
    """Channel names; a channel that is a standard deviation says so."""
    scales = zip(provenance.channels, provenance.full_scale, strict=True)
    return [name if scale == 1 else f"{name} standard deviation (255 = {scale:g})" for name, scale in scales]


def _signed_rgba(colour: tuple[int, int, int]) -> int:
    """OME's colour: red, green, blue, alpha in one signed 32-bit number."""
    return int.from_bytes(bytes([*colour, 255]), "big", signed=True)
