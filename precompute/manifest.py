"""From a manifest and the files it names to cells with nothing left open: what `ingest` checks before it writes."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from model.channels import IMAGE_ROLES, MASK_ROLES, match_roles
from model.errors import InputError
from model.images import Header, read_header
from model.vocabulary import PAPER_STAGES, RELEASE_2023_STAGES
from precompute.layouts import LAYOUTS, Layout, Source

SCALES = {"paper": PAPER_STAGES, "2023": RELEASE_2023_STAGES}
MITOSIS_KEYS = ["inputFolder", "inputFilename", "outputThisCellIndex"]


def read_table(path: Path) -> pd.DataFrame:
    """A CSV or Parquet file as a table of at least one row."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    try:
        table = pd.read_parquet(path) if path.suffix in (".parquet", ".pq") else pd.read_csv(path, low_memory=False)
    except (ValueError, OSError) as error:  # pandas' and pyarrow's own errors are ValueErrors
        what = " ".join(str(error).split())
        raise InputError(f"{path}: not a table ({what}); give a CSV with a header line, or a .parquet file") from None
    if table.empty:
        raise InputError(f"{path}: no cell in it; give a table with one row a cell")
    return table


def join_mitosis(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The table with the column MitosisLabel of a second one, joined on folder, file and cell index (the 2017 layout)."""
    labels = read_table(path)
    for name, frame in (("the manifest", table), (str(path), labels)):
        missing = [key for key in MITOSIS_KEYS if key not in frame.columns]
        if missing:
            raise InputError(f"{path}: joined on {', '.join(MITOSIS_KEYS)}, but {name} has no {missing[0]}; add the column")
    if "MitosisLabel" not in labels.columns:
        raise InputError(f"{path}: no column MitosisLabel; give the table of annotations")
    if labels.duplicated(MITOSIS_KEYS).any():
        raise InputError(f"{path}: {labels.duplicated(MITOSIS_KEYS).sum()} cells are annotated twice; keep one row a cell")
    labels = labels[[*MITOSIS_KEYS, "MitosisLabel"]]
    return table.drop(columns="MitosisLabel", errors="ignore").merge(labels, on=MITOSIS_KEYS, how="left")


def recognise(table: pd.DataFrame) -> Layout:
    """The first layout of which the table has all the marks; the last has none."""
    return next(layout for layout in LAYOUTS if layout.marks <= set(table.columns))


def map_columns(layout: Layout, names: list[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """role -> column: as `chosen` by the user, else the first of the layout's usual names that is there.

    Raises
    ------
    InputError
        for a role or a column that does not exist, or a required role without a column.
    """
    for role, name in chosen.items():
        if role not in layout.columns and role != "cell_id":
            raise InputError(f"--column {role}={name}: no such role; choose from {', '.join(layout.columns)}")
        if name not in names:
            raise InputError(f"--column {role}={name}: no such column; the manifest has {', '.join(names)}")
    guessed = {role: next((n for n in usual if n in names), None) for role, usual in layout.columns.items()}
    columns = {role: name for role, name in guessed.items() if name} | dict(chosen)
    for role in layout.required:
        if role not in columns:
            raise InputError(f"no column found for {role!r} among {', '.join(names)}; give --column {role}=NAME")
    return columns


def read_sources(table: pd.DataFrame, layout: Layout, columns: Mapping[str, str], stages: tuple[str, ...]) -> list[Source]:
    """Every row as a `Source`; all rows are read before the first problem is reported, with the number of others."""
    sources, problems = [], []
    for number, row in enumerate(table.to_dict("records"), start=1):
        try:
            sources.append(layout.read(row, columns, stages))
        except InputError as error:
            name = row.get(columns.get("cell_id"))
            problems.append(f"row {number}{'' if name is None else f' ({name})'}: {error}")
    twice = [f"cell_id {name!r} is there {n} times; make every name unique" for name, n in _repeated(sources)]
    raise_first(problems + twice)
    return sources


def _repeated(sources: list[Source]) -> list[tuple[str, int]]:
    return [(name, n) for name, n in Counter(source.cell_id for source in sources).items() if n > 1]


def raise_first(problems: list[str]) -> None:
    """One InputError for a list of problems: the first, and how many more there are."""
    if problems:
        more = f" (and {len(problems) - 1} more problems)" if len(problems) > 1 else ""
        raise InputError(problems[0] + more)


def find_file(name: str, folder: Path) -> str:
    """The file that a manifest in `folder` means by `name`.

    Public manifests keep the absolute paths of the machine that made them. Tried in this order: the path itself, relative to
    the manifest, then its last two parts and its last part beside the manifest. The first of them is named if none exists.
    """
    path = Path(name)
    tries = [folder / path, folder / Path(*path.parts[-2:]), folder / path.name]
    return str(next((p for p in tries if p.is_file()), tries[0]))


def locate(source: Source, folder: Path, channels: Mapping[str, int | str], voxel_um, axes: str | None) -> Source:
    """The source with files found and every channel an index, the voxel size known and the headers checked.

    `channels`, `voxel_um` and `axes` are the user's and overrule the manifest and the files.

    Raises
    ------
    InputError
        naming the file, for anything that would fail later: see `read_header`, and channels, grids or sizes that are missing.
    """
    image, masks = find_file(source.image, folder), find_file(source.masks, folder)
    headers = {path: read_header(Path(path), axes or source.axes) for path in {image, masks}}
    chosen = dict(source.channels) | dict(channels)
    found = {}
    for roles, path in ((IMAGE_ROLES, image), (MASK_ROLES, masks)):
        by_name = match_roles(headers[path].channel_names, roles)
        for role in roles:
            found[role] = _channel(role, chosen.get(role, by_name.get(role)), headers[path], path)
    if headers[image].grid != headers[masks].grid:
        raise InputError(
            f"{masks}: masks of {headers[masks].grid} for an image of {headers[image].grid}; give both on one grid"
        )
    voxel_um = voxel_um or source.voxel_um or headers[image].voxel_um
    if voxel_um is None:
        raise InputError(f"{image}: no voxel size in the manifest or in the file; give --voxel-um z,y,x")
    if not all(math.isfinite(v) and v > 0 for v in voxel_um):
        raise InputError(f"{image}: voxel size {voxel_um} (z, y, x) in its metadata; give --voxel-um z,y,x")
    return replace(source, image=image, masks=masks, channels=found, voxel_um=voxel_um, axes=axes or source.axes)


def _channel(role: str, chosen: int | str | None, header: Header, path: str) -> int:
    """The index of the channel that plays `role` in a file."""
    names = header.channel_names
    there = f"{header.n_channels} channels" + (f" ({', '.join(names)})" if names else "")
    if chosen is None:
        masks = " (a mask in a file of its own: --column masks=COLUMN)" if role in MASK_ROLES else ""
        raise InputError(f"{path}: which channel is {role}? It has {there}; give --channel {role}=NAME-OR-INDEX{masks}")
    if isinstance(chosen, str) and not chosen.isdigit():
        if chosen not in names:
            raise InputError(f"{path}: no channel {chosen!r} for {role}, it has {there}; give --channel {role}=NAME-OR-INDEX")
        return names.index(chosen)
    if not 0 <= int(chosen) < header.n_channels:
        raise InputError(f"{path}: channel {chosen} for {role}, but it has {there}; give --channel {role}=NAME-OR-INDEX")
    return int(chosen)
