"""Many volumes in one zip: which cells, an order for them, and the work, which can be done by another process.

::

    choice ──> rows_of ──> entries_of ──> place ──> FOLDER/ID/order.json ──> fill ──> FOLDER/ID/volumes.zip
                                                             └── cancel: the folder goes, and `fill` with it

An order lives as long as its folder: whoever fills it looks before each volume whether it is still there, and can make it at
no point again. Volumes are fetched from the server that placed the order, over HTTP: nothing is decoded here.
"""

import csv
import io
import json
import os
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import numpy as np

from app import selection
from app.cache import default_cache_dir
from app.export import file_name
from app.recipe import OBSERVED, PREDICTED, Cell, Recipe, parse, url_path
from app.resolve import settle, structures_of
from model.atlas import Atlas
from model.errors import InputError

FORMATS = {".ome.tif": "OME-TIFF", ".imagej.tif": "ImageJ hyperstack", ".nii.gz": "NIfTI", ".bin": "Raw uint8"}
MAX_VOLUMES = 5000
KEPT_S = 24 * 3600  # a finished zip, and what an order that nobody fills leaves
COLUMNS = ("cell_id", "structure", "stage", "split", "source")  # of a cell, in the manifest
TIMEOUT_S = 300  # for one volume, which may wait behind others
ORDER, ZIP, PARTIAL = "order.json", "volumes.zip", "volumes.zip.partial"


def export_folder() -> Path:
    """Where orders are kept: the environment's EXPORT_DIR, which servers and workers share, else beside the volume cache."""
    return Path(os.environ.get("EXPORT_DIR") or default_cache_dir() / "exports")


@dataclass(frozen=True)
class Choice:
    """Which cells, as the page asks for them. Empty text, structure or stage leave nothing out."""

    which: str  # "ids", "group" or "selection"
    text: str = ""  # cell ids, between commas or white space
    structure: str = ""
    stage: str = ""
    selection: str | None = None  # bits, as `app.selection` has them


def rows_of(atlas: Atlas, choice: Choice) -> list[int]:
    """Rows of the cell table that a choice means: ids in the order given, once each; all others in the table's.

    Raises
    ------
    InputError
        for an id that is not in the atlas, or a choice that holds no cell.
    """
    if choice.which == "ids":
        ids = dict.fromkeys(part for part in re.split(r"[\s,;]+", choice.text or "") if part)
        unknown = [cell_id for cell_id in ids if cell_id not in atlas.index_of]
        if unknown:
            raise InputError(f"{_listed(unknown)} not in this atlas; give ids as the maps show them")
        rows = [atlas.index_of[cell_id] for cell_id in ids]
        return _some(rows, "no cell id; give some, between commas or on lines of their own")
    if choice.which == "selection":
        selected = selection.rows_of(choice.selection, len(atlas.cells)).tolist()
        return _some(selected, "nothing is selected; draw a lasso on a map, with Shift held down")
    chosen = np.ones(len(atlas.cells), bool)
    for column in ("structure", "stage"):
        if value := getattr(choice, column):
            chosen &= (atlas.cells[column] == value).to_numpy()
    return _some(np.flatnonzero(chosen).tolist(), "no cell has this structure at this stage; choose another")


def _some(rows: list[int], nothing: str) -> list[int]:
    if not rows:
        raise InputError(nothing)
    return rows


def _listed(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
    return f"{shown} {'is' if len(ids) == 1 else 'are'}"


def table_csv(atlas: Atlas, rows: Sequence[int]) -> str:
    """Those rows of the cell table as CSV, with their places on both maps."""
    table = atlas.cells.iloc[list(rows)].copy()
    for name in ("z_r", "z_s"):
        table[f"{name}_map_x"], table[f"{name}_map_y"] = atlas.projection(name)[list(rows)].T
    return table.to_csv(index=False)


@dataclass(frozen=True)
class Entry:
    """One volume of an order, and a row of its manifest."""

    file: str
    recipe: str  # canonical
    cell_id: str
    structure: str
    stage: str
    split: str
    source: str


def entries_of(atlas: Atlas, rows: Sequence[int], show: str, structures: Sequence[str], extension: str) -> list[Entry]:
    """What is to be fetched for these cells. Observed volumes are those that the atlas holds; the others are left out.

    Raises
    ------
    InputError
        where no volume is left, there are too many, or a prediction names no structure.
    """
    if extension not in FORMATS:
        raise InputError(f"format {extension!r} is unknown; choose one of {', '.join(FORMATS)}")
    if show == OBSERVED:
        observed = set(atlas.observed_cells)
        rows = [row for row in rows if row in observed]
        if not rows:
            raise InputError("the atlas holds observed volumes of none of these cells; take reconstructed ones")
    if show == PREDICTED and not structures:
        raise InputError("no structure to predict; choose at least one")
    if len(rows) > MAX_VOLUMES:
        raise InputError(f"{len(rows)} volumes at once; choose at most {MAX_VOLUMES} cells")
    entries = []
    for row in rows:
        cell = atlas.cells.iloc[row]
        genes = tuple(structures) if show == PREDICTED else ()
        recipe = settle(atlas, Recipe(show, Cell(str(cell["cell_id"])), genes))
        # The row comes first: names alone could be cut to the same.
        file = f"{row:06d}_{file_name(recipe, structures_of(atlas, recipe), extension)}"
        entries.append(Entry(file, str(recipe), *(str(cell[column]) for column in COLUMNS)))
    return entries


def place(folder: Path, address: str, entries: Sequence[Entry], extension: str) -> str:
    """Write an order down and return its id; orders that are past their time go.

    Parameters
    ----------
    folder : of all orders; made if need be, for this user only.
    address : of the server that has the volumes, without a slash at its end.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.iterdir():
        with suppress(OSError):
            if old.stat().st_mtime < time.time() - KEPT_S:
                shutil.rmtree(old, ignore_errors=True)
    order_id = secrets.token_hex(16)
    (folder / order_id).mkdir(mode=0o700)
    order = {"address": address, "extension": extension, "entries": [asdict(entry) for entry in entries]}
    (folder / order_id / ORDER).write_text(json.dumps(order))
    return order_id


def path_of(folder: Path, order_id: str) -> Path | None:
    """The folder of an order, None where there is none such."""
    is_id = isinstance(order_id, str) and re.fullmatch("[0-9a-f]{32}", order_id)
    return folder / order_id if is_id and (folder / order_id).is_dir() else None


def cancel(folder: Path, order_id: str) -> None:
    """Take an order back: all there is of it goes, and whoever fills it stops."""
    if path := path_of(folder, order_id):
        shutil.rmtree(path, ignore_errors=True)


class Cancelled(Exception):
    """The order was taken back."""


def fill(folder: Path, order_id: str, tell: Callable[[int, int, float], None]) -> Path:
    """Fetch what was ordered into a zip with a manifest.csv and return its path. What goes wrong leaves nothing behind.

    `tell` is called with (volumes done, volumes in all, seconds left as it looks now).

    Raises
    ------
    Cancelled
        where the order is not there, or goes meanwhile.
    InputError
        where a volume cannot be had; the message says which and why.
    """
    try:
        path = path_of(folder, order_id)
        if path is None:
            raise Cancelled
        order = json.loads((path / ORDER).read_text())
        entries = [Entry(**entry) for entry in order["entries"]]
        begun = time.monotonic()
        with zipfile.ZipFile(path / PARTIAL, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            rows = []
            for done, entry in enumerate(entries):
                if not (path / ORDER).exists():
                    raise Cancelled
                tell(done, len(entries), (time.monotonic() - begun) / done * (len(entries) - done) if done else 0.0)
                url = f"{order['address']}/api/volumes/{url_path(parse(entry.recipe))}"
                archive.writestr(zipfile.ZipInfo(entry.file, time.localtime()[:6]), _fetch(url + order["extension"]))
                rows.append(asdict(entry) | described(json.loads(_fetch(url + ".json"))))
            archive.writestr("manifest.csv", manifest(rows))
            archive.writestr("README.txt", readme(rows))
        (path / PARTIAL).rename(path / ZIP)
    except FileNotFoundError:
        raise Cancelled from None
    except BaseException:
        cancel(folder, order_id)
        raise
    tell(len(entries), len(entries), 0.0)
    return path / ZIP


def described(provenance: dict) -> dict[str, str]:
    """What a manifest says of a volume besides its cell, from the API's answer."""
    return {
        "origin": provenance["origin"],
        "words": provenance["words"],
        "channels": ",".join(provenance["channels"]),
        "shape_czyx": ",".join(map(str, provenance["shape"])),
        "voxel_um": f"{provenance['voxel_um']:g}",
        "atlas_id": provenance["atlas"]["atlas_id"],
        "atlas_title": provenance["atlas"]["title"],
    }


def manifest(rows: Sequence[dict[str, str]]) -> str:
    """CSV with a row a volume."""
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0].keys() if rows else [field.name for field in fields(Entry)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def readme(rows: Sequence[dict[str, str]]) -> str:
    """What the zip holds, for people."""
    n_generated = sum(row["origin"].startswith("GENERATED") for row in rows)
    return (
        f"{len(rows)} volumes. {n_generated} of them were GENERATED by a model, not imaged; manifest.csv says which.\n"
        f"Axes are C, Z, Y, X; channels and voxel size stand in manifest.csv and in the files.\n"
        f"Each recipe fetches the same voxels again: /api/volumes/RECIPE.ome.tif on a server that has the atlas.\n"
    )


def _fetch(url: str) -> bytes:
    """The body of a URL; where the server is busy, when it says to come back."""
    until = time.monotonic() + TIMEOUT_S
    while True:
        try:
            with urlopen(url, timeout=TIMEOUT_S) as answer:
                return answer.read()
        except HTTPError as error:
            with error:
                wait_s = int(error.headers.get("Retry-After", 1))
                if error.code == 503 and time.monotonic() + wait_s < until:
                    time.sleep(wait_s)
                    continue
                raise InputError(
                    f"{url}: the server answered {error.code}; {error.read()[:300].decode(errors='replace')}"
                ) from None
        except (URLError, OSError) as error:
            raise InputError(f"{url}: the server does not answer ({error}); check that it is running, then try again") from None
