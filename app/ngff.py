"""A volume as OME-Zarr (NGFF), 0.4 and 0.5 under one address: a reader finds the files of the version it knows.

A reader that knows both but is to take one finds each alone below `0.4/` and `0.5/`.

Zarr 2 keeps `.zgroup`, `.zattrs`, `0/.zarray` and chunks `0/C/0/0/0`; Zarr 3 `zarr.json`, `0/zarr.json` and chunks
`0/c/C/0/0/0`. No file of one is a file of the other. A chunk is a channel. There is one resolution: a whole volume is what
others have as one tile.
"""

import numcodecs
import zarr
from numpy import ndarray
from zarr.storage import MemoryStore

from app.colours import colours
from app.export import channel_names, description, facts, title
from app.provenance import Provenance

VERSIONS = {"0.4": 2, "0.5": 3}  # of NGFF -> of Zarr


def ome_zarr(volume: ndarray, provenance: Provenance) -> dict[str, bytes]:
    """Path below the root -> content, of (C, Z, Y, X) uint8."""
    files: dict[str, bytes] = {}
    for version, zarr_format in VERSIONS.items():
        store = MemoryStore()
        root = zarr.create_group(store, zarr_format=zarr_format, attributes=attributes(provenance, version))
        compressor = zarr.codecs.GzipCodec(level=1) if zarr_format == 3 else numcodecs.GZip(1)
        names = {"dimension_names": list("czyx")} if zarr_format == 3 else {}
        array = root.create_array(
            "0",
            shape=volume.shape,
            dtype=volume.dtype,
            chunks=(1, *volume.shape[1:]),
            compressors=compressor,
            chunk_key_encoding={"name": "default" if zarr_format == 3 else "v2", "separator": "/"},
            **names,
        )
        array[:] = volume
        for key, value in store._store_dict.items():
            files[key] = files[f"{version}/{key}"] = value.to_bytes()
    return files


def attributes(provenance: Provenance, version: str) -> dict:
    """The metadata of a multiscale image, and below `integrated-cell` where it came from."""
    scale = [1.0, *[provenance.voxel_um] * 3]
    multiscale = {
        "name": title(provenance),
        "axes": [{"name": "c", "type": "channel"}] + [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"],
        "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}],
        "metadata": {"description": description(provenance)},
    }
    channels = [
        {
            "label": name,
            "color": "{:02X}{:02X}{:02X}".format(*colour),
            "active": True,
            "window": {"min": 0, "max": 255, "start": 0, "end": 255},
        }
        for name, colour in zip(channel_names(provenance), colours(len(provenance.channels)), strict=True)
    ]
    rendering = {"channels": channels, "rdefs": {"model": "color"}}
    own = {"integrated-cell": facts(provenance)}
    if version == "0.4":
        return {"multiscales": [{"version": version} | multiscale], "omero": {"version": version} | rendering} | own
    return {"ome": {"version": version, "multiscales": [multiscale], "omero": rendering}} | own
