"""What both HDF5 contracts share: a table as columns, a schema check, a content hash, and files that appear whole."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from model.errors import InputError

STRINGS = h5py.string_dtype("utf-8")
PACKED = {"compression": "gzip", "compression_opts": 4, "shuffle": True}  # lossless; for arrays, not for scalars


def write_table(group: h5py.Group, table: pd.DataFrame) -> None:
    """Write a table into `group`, one (n_rows,) dataset a column; strings as UTF-8, booleans and numbers as they are."""
    group.attrs["columns"] = json.dumps(list(table.columns))
    for name in table.columns:
        values = table[name].to_numpy()
        if values.dtype.kind in "OUT":
            group.create_dataset(name, data=[str(v) for v in values], dtype=STRINGS)
        else:
            group.create_dataset(name, data=values, **PACKED)


def read_table(group: h5py.Group) -> pd.DataFrame:
    """Read what `write_table` wrote, columns in their order."""
    return pd.DataFrame(
        {
            name: group[name].asstr()[:] if h5py.check_string_dtype(group[name].dtype) else group[name][:]
            for name in json.loads(group.attrs["columns"])
        }
    )


def open_checked(path: str | Path, schema: str, version: int) -> h5py.File:
    """Open an HDF5 file for reading and check that it is `schema` at `version`.

    Raises
    ------
    InputError
        for a missing file, one that is not HDF5 (or is truncated), another schema, or another version.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: not a complete HDF5 file ({error}); make it again or copy it again") from None
    found, found_version = file.attrs.get("schema"), file.attrs.get("schema_version")
    if found != schema:
        file.close()
        raise InputError(f"{path}: expected schema {schema!r}, got {found!r}; give a file of the right kind")
    if found_version != version:
        file.close()
        raise InputError(
            f"{path}: schema version {found_version}, this program reads version {version}; "
            "make the file again with this version of the project"
        )
    return file


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block ends well, remove it when it fails."""
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; make it first")
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def content_hash(file: h5py.Group, skip: tuple[str, ...] = ()) -> str:
    """SHA-256 over name, shape, type and bytes of every dataset below `file`; how it was compressed does not matter."""
    digest = hashlib.sha256()

    def visit(group: h5py.Group) -> None:
        for name in sorted(group):
            item = group[name]
            if item.name.lstrip("/") in skip:
                continue
            if isinstance(item, h5py.Group):
                visit(item)
                continue
            digest.update(f"{item.name} {item.shape} {item.dtype}".encode())
            if h5py.check_string_dtype(item.dtype):
                digest.update("\0".join(np.atleast_1d(item.asstr()[()]).ravel()).encode())
            elif item.chunks:
                for chunk in item.iter_chunks():
                    digest.update(np.ascontiguousarray(item[chunk]).tobytes())
            else:
                digest.update(np.ascontiguousarray(item[()]).tobytes())

    visit(file)
    return digest.hexdigest()
