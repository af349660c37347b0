"""Real cells: a manifest (CSV or Parquet, one row a cell) and its image files -> cells.h5.

The public layouts of 2017, 2019 and 2023 are recognised by their columns. For any other manifest, columns and channels are
guessed by their usual names; the guesses are printed, and --column and --channel overrule them. The whole manifest and the
header of every file are checked before the first cell is processed. Ctrl-C and the same command again goes on.
"""

import argparse
import hashlib
import json
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from model.cells import TEST_FRACTION, Cells, CellsWriter, split_of
from model.channels import IMAGE_ROLES, MASK_ROLES, ROLES
from model.errors import InputError
from model.images import read_image
from model.preprocess import Prepared, Preprocessing, preprocess
from model.vocabulary import NOT_ANNOTATED, in_paper_order
from precompute.contact_sheet import contact_sheet
from precompute.layouts import Source
from precompute.manifest import SCALES, join_mitosis, locate, map_columns, raise_first, read_sources, read_table, recognise
from precompute.team import stop_requests

HELP = "real cells: manifest + image files -> cells.h5"
STEPS = {
    "register_masks": "masks that sit a few z slices off their image are moved back",
    "subtract_background": "the most populous intensity is subtracted",
    "align": "the major axis of the cell is turned along x",
    "flip": "x and y are mirrored by the skew of the cell mask",
    "mask_outside": "what is outside the cell mask is zeroed",
}
N_SHEET = 200  # cells on a contact sheet at most
N_NAMED = 100  # cropped cells named on the terminal at most


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--manifest", type=Path, required=True, metavar="FILE", help="CSV or Parquet, one row a cell")
    add("--out", type=Path, required=True, metavar="CELLS.H5", help="where the cells go")
    add("--title", help="what the data set is called (default: the name of the manifest)")
    add("--column", type=_pair, action="append", default=[], metavar="ROLE=NAME", help="which column plays a role; repeatable")
    roles = ", ".join(ROLES)
    add("--channel", type=_pair, action="append", default=[], metavar="ROLE=NAME-OR-INDEX", help=f"the same for {roles}")
    add("--mitosis", type=Path, metavar="FILE", help="table with MitosisLabel, joined to the 2017 layout")
    add("--scale", choices=SCALES, help="the ordered scale of stages (default: the layout's)")
    add("--voxel-um", type=_three, metavar="Z,Y,X", help="voxel size of every file, um; overrules manifest and metadata")
    add("--axes", help="order of the axes in every file, such as ZCYX; overrules what the files say")
    add("--test-fraction", type=float, default=TEST_FRACTION, help="share of cells held out (default %(default)s)")
    add("--oversize", choices=("crop", "refuse"), default="crop", help="what happens to a cell that does not fit")
    for step, what in STEPS.items():
        add(f"--no-{step.replace('_', '-')}", dest=step, action="store_false", help=f"leave out: {what}")
    add("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    add("--contact-sheet", dest="sheet", type=Path, metavar="FILE.png", help=f"also draw the cells, {N_SHEET} at most")


def _pair(text: str) -> tuple[str, str]:
    role, found, name = text.partition("=")
    if not (role and found and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not ROLE=NAME")
    return role, name


def _three(text: str) -> tuple[float, float, float]:
    try:
        z, y, x = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not three numbers z,y,x") from None
    return z, y, x


def run(
    *,
    manifest: Path,
    out: Path,
    title: str | None = None,
    column: Iterable[tuple[str, str]] = (),
    channel: Iterable[tuple[str, str]] = (),
    mitosis: Path | None = None,
    scale: str | None = None,
    voxel_um: tuple[float, float, float] | None = None,
    axes: str | None = None,
    test_fraction: float = TEST_FRACTION,
    workers: int = 1,
    sheet: Path | None = None,
    **preprocessing,
) -> None:
    """Write the cells of `manifest` to `out`. `preprocessing` are fields of `Preprocessing`; the rest as on the command line.

    Raises
    ------
    InputError
        before anything is written for a fault in the manifest or a header; afterwards for one that only the voxels show
        (a channel with nothing in it), and then nothing stays behind.
    """
    options = Preprocessing(**preprocessing)
    for path in (out, sheet):
        if path and not path.parent.is_dir():
            raise InputError(f"{path}: the folder {path.parent} does not exist; make it first")
    unknown = {role for role, _ in channel} - set(ROLES)
    if unknown:
        raise InputError(f"--channel {unknown.pop()}: no such role; choose from {', '.join(ROLES)}")
    table = read_table(manifest)
    if mitosis:
        table = join_mitosis(table, mitosis)
    layout = recognise(table)
    columns = map_columns(layout, list(table.columns), dict(column))
    stages = SCALES[scale] if scale else layout.stages
    print(f"{manifest}: {len(table)} cells; read as {layout.name}")
    print("columns   " + ", ".join(f"{role} = {name}" for role, name in columns.items()))
    try:
        rows = read_sources(table, layout, columns, stages)
    except InputError as error:
        raise InputError(f"{manifest}: {error}") from None
    look = partial(_attempt, partial(locate, folder=manifest.parent, channels=dict(channel), voxel_um=voxel_um, axes=axes))
    found = list(tqdm(in_order(look, rows, workers), "checking files", len(rows), unit="cell"))
    raise_first([str(error) for error in found if isinstance(error, InputError)])
    print(f"channels  {', '.join(f'{role} = {k}' for role, k in found[0].channels.items())}   (first cell)")
    print("voxel     {} x {} x {} um (z, y, x), first cell".format(*found[0].voxel_um))
    _write(found, out, options, test_fraction, workers, stages=stages, title=title or manifest.stem)
    _report(out, sheet)


def _write(found: list[Source], out: Path, options: Preprocessing, test_fraction: float, workers: int, **attrs) -> None:
    structures = {source.structure.gene: source.structure for source in found}
    sizes = [os.path.getsize(path) for source in found for path in (source.image, source.masks)]
    made_from = json.dumps([[asdict(source) for source in found], sizes, test_fraction])
    with (
        CellsWriter(
            out,
            structures=[structures[gene] for gene in in_paper_order(structures)],
            preprocessing=asdict(options),
            made_from=hashlib.sha256(made_from.encode()).hexdigest(),
            grid=options.grid,
            voxel_um=options.voxel_um,
            **attrs,
        ) as writer,
        stop_requests() as stop,
    ):  # between two cells: a Ctrl-C that falls inside a callback is lost otherwise
        todo = found[writer.n_done :]
        prepare = partial(_attempt, partial(prepare_cell, options=options))
        bar = tqdm(in_order(prepare, todo, workers), "cells", len(found), initial=writer.n_done, unit="cell")
        for source, prepared in zip(todo, bar, strict=True):
            if isinstance(prepared, InputError):
                raise prepared
            writer.append(prepared.volume, _row(source, prepared, test_fraction))
            if stop:
                raise KeyboardInterrupt


def prepare_cell(source: Source, options: Preprocessing) -> Prepared:
    """Read the files of one cell and preprocess it. A mask is what exceeds half of the channel's maximum."""
    image = read_image(Path(source.image), source.axes)
    masks = image if source.masks == source.image else read_image(Path(source.masks), source.axes)
    cell, dna = (masks[source.channels[role]] for role in MASK_ROLES)
    try:
        return preprocess(
            image[[source.channels[role] for role in IMAGE_ROLES]],
            cell > cell.max() / 2,
            dna > dna.max() / 2,
            source.voxel_um,
            options,
        )
    except InputError as error:
        raise InputError(f"{source.image}: {error}") from None


def _row(source: Source, prepared: Prepared, test_fraction: float) -> dict:
    """The row of the cell table: model.cells.COLUMNS, and how the cell was turned."""
    return {
        "cell_id": source.cell_id,
        "structure": source.structure.gene,
        "stage": source.stage,
        "split": split_of(source.cell_id, test_fraction),
        "source": "real",
        "cell_volume_um3": prepared.cell_volume_um3,
        "dna_volume_um3": prepared.dna_volume_um3,
        "height_um": prepared.height_um,
        "cropped": prepared.cropped,
        "lost_fraction": prepared.lost_fraction,
        "angle_deg": prepared.angle_deg,
        "flipped_y": prepared.flipped_y,
        "flipped_x": prepared.flipped_x,
        "mask_shift": prepared.mask_shift,
    }


def _attempt(function: Callable, item):
    """function(item), or the InputError it raised: so that one bad cell does not stop the others from being checked."""
    try:
        return function(item)
    except InputError as error:
        return error


def in_order(function: Callable, items: list, n_workers: int) -> Iterator:
    """function(item) for each item, in order, by processes; never more than a few results ahead of the one asked for."""
    if n_workers <= 1 or len(items) <= 1:
        yield from map(function, items)
        return
    # Ctrl-C reaches the whole process group: the workers leave it to the parent, which stops asking.
    with ProcessPoolExecutor(n_workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        waiting: deque = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 2 * n_workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _report(path: Path, sheet: Path | None) -> None:
    """Print what is in the file: counts, moved masks, cropped cells; and draw the contact sheet."""
    with Cells(path) as cells:
        table = cells.table
        names = {s.gene: f"{s.gene} ({s.structure})" for s in cells.structures}
        counts = pd.crosstab(table["structure"].map(names), table["stage"], margins=True, margins_name="all")
        order = [s for s in (*cells.stages, NOT_ANNOTATED, "all") if s in counts.columns]
        print(counts.reindex(index=[*names.values(), "all"], columns=order).to_string())
        print("split     " + ", ".join(f"{n} {split}" for split, n in table["split"].value_counts().items()))
        moved = table["mask_shift"][table["mask_shift"] != 0]
        if len(moved):
            print(f"masks     moved along z onto the cell in {len(moved)} cells, by {moved.min()} to {moved.max()} slices")
        lost = table[table["cropped"]]
        print(f"cropped   {len(lost)} cells" + (", with the share of the cell that is lost" if len(lost) else ""))
        for row in lost.head(N_NAMED).itertuples():
            print(f"          {row.cell_id} {row.lost_fraction:.2%}")
        if len(lost) > N_NAMED:
            print(f"          and {len(lost) - N_NAMED} more: see cells/cropped and cells/lost_fraction in the file")
        if sheet:
            chosen = range(0, len(cells), -(-len(cells) // N_SHEET))
            contact_sheet(((cells.volume(k), table["cell_id"][k]) for k in chosen), sheet)
            print(f"sheet     {sheet}")
    print(f"wrote     {path}, {len(table)} cells, {path.stat().st_size / 1e6:.1f} MB")
