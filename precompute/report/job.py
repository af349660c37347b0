"""The paper's tables and figures for an atlas, each beside the paper's own number, and what the paper has not.

One self-contained page, and its numbers as CSV in a folder beside it. Stopped by Ctrl-C or a kill, the same command goes on
after the parts that were finished, which are kept in another folder beside it, and used again while their inputs are the same.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from model.atlas import editing, fingerprint, is_current, replace_group
from model.errors import InputError
from model.hdf5 import replacing
from model.report import Report, to_json, to_page
from precompute.embed import add_compute
from precompute.report import measure, paper_variation, sheets, walks
from precompute.report.content import Content
from precompute.report.measured import Measured
from precompute.report.parts import run_parts
from precompute.report.sections import contents
from precompute.report.source import Options, Source

HELP = "the paper's tables and figures for an atlas, as a page and CSVs"
INDEX = "index.csv"
MOST_STORED = 3_000_000  # bytes of JSON that may go into an atlas


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute report`."""
    parser.add_argument("--atlas", type=Path, required=True, metavar="FILE", help="an atlas.h5")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.html", help="the page; CSVs go to FILE_data/, parts to FILE_parts/"
    )
    parser.add_argument(
        "--cells", type=Path, metavar="FILE", help="the cells.h5 that it was made from, for images of training cells"
    )
    parser.add_argument(
        "--into-atlas", action="store_true", help="also put the report into the atlas, for the explorer's /model"
    )
    default = Options()
    parser.add_argument(
        "--n-per-class",
        type=int,
        default=default.n_per_class,
        metavar="N",
        help=f"cells decoded and generated a structure (default: {default.n_per_class})",
    )
    parser.add_argument(
        "--n-variation",
        type=int,
        default=default.n_variation,
        metavar="N",
        help=f"training cells for Algorithm 4 (default: {default.n_variation})",
    )
    parser.add_argument(
        "--n-walks",
        type=int,
        default=default.n_walks,
        metavar="N",
        help=f"walks through the stages (default: {default.n_walks})",
    )
    parser.add_argument("--seed", type=int, default=0, help="of whatever is chosen by chance (default: 0)")
    add_compute(parser)


def run(*, atlas: Path, out: Path, cells: Path | None, into_atlas: bool, device: str | None, **given: int) -> None:
    """`precompute report`."""
    start, options = time.perf_counter(), Options(**given)
    check(options, out)
    source = Source.open(atlas, cells, device, options)
    try:
        parts = out.with_name(f"{out.stem}_parts")
        parts.mkdir(exist_ok=True)
        results = run_parts([*measure.parts_of(source), *walks.parts_of(source)], parts, source.made_from, "measure")
        measured = Measured(source, results)
        extremes = paper_variation.extreme_rows(measured)
        results |= run_parts(sheets.parts_of(source, extremes), parts, source.made_from, "draw")
        every = contents(measured)
        report = Report(f"The model of {source.atlas.title}", facts(source), [content.section() for content in every])
    finally:
        source.close()
    write_tables(out.with_name(f"{out.stem}_data"), every)
    with replacing(out) as partial:
        partial.write_text(to_page(report), encoding="utf-8")
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {len(every)} sections, {time.perf_counter() - start:.0f} s")
    if into_atlas:
        store(atlas, report)


def check(options: Options, out: Path) -> None:
    """InputError for options that nothing can be measured with."""
    if not out.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist; make it first")
    if out.suffix not in (".html", ".htm"):
        raise InputError(f"--out {out}: the report is a page; give a name that ends in .html")
    if options.n_per_class < 2 or options.n_variation < 0 or options.n_walks < 1 or options.batch_size < 1:
        raise InputError(
            f"n_per_class {options.n_per_class}, n_variation {options.n_variation}, n_walks {options.n_walks}, batch_size "
            f"{options.batch_size}: give at least 2 cells a structure, 0 variations, 1 walk, 1 cell at a time"
        )


def facts(source: Source) -> list[list[str]]:
    """What the whole report rests on."""
    atlas, options = source.atlas, source.options
    counts = {split: len(source.rows(split)) for split in ("train", "test")}
    what = "simulated and real" if atlas.has_both else "simulated" if atlas.simulated else "real"
    images = int(source.has_image(np.arange(len(source.y))).sum())
    return [
        ["atlas", f"{atlas.atlas_id}, {what} cells"],
        [
            "cells",
            f"{counts['train']} train, {counts['test']} test, {len(source.genes)} structures, {len(atlas.stages)} stages on "
            "the scale",
        ],
        [
            "grid",
            f"{' x '.join(map(str, atlas.config.grid))} voxels (Z x Y x X) of {atlas.voxel_um:g} um; {atlas.config.n_latent} "
            "latents",
        ],
        [
            "images at hand",
            f"{images} cells, "
            + ("from the cells given" if source.cells is not None else "those in the atlas; no cells.h5 was given (--cells)"),
        ],
        [
            "measured with",
            f"seed {options.seed}, n_per_class {options.n_per_class}, n_variation {options.n_variation}, n_walks "
            f"{options.n_walks}",
        ],
        [
            "the paper",
            "Johnson, Donovan-Maiye and Maleckar, arXiv 1705.00092: 21,967 real cells, 64 x 96 x 128 voxels of 0.317 um, 128 "
            "latents",
        ],
    ]


def write_tables(folder: Path, every: list[Content]) -> None:
    """NAME.csv of each table, and index.csv: what is in which. CSVs that an earlier report left are replaced or removed."""
    folder.mkdir(exist_ok=True)
    index = folder / INDEX
    old = set()
    if index.exists():
        with index.open(newline="", encoding="utf-8") as file:
            old = {row["file"] for row in csv.DictReader(file)}
    new = []
    for content in every:
        for name, caption, numbers, _ in content.tables:
            with replacing(folder / f"{name}.csv") as partial:
                numbers.to_csv(partial, index=False)
            new.append([f"{name}.csv", content.title, caption, len(numbers)])
    with replacing(index) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file", "section", "caption", "rows"], *new])
    for name in old - {row[0] for row in new}:
        (folder / Path(name).name).unlink(missing_ok=True)


def store(path: Path, report: Report) -> None:
    """Put the report into the atlas `path`, group `report`. InputError where it is too large to be mailed with it."""
    text = to_json(report).encode()
    if len(text) > MOST_STORED:
        raise InputError(
            f"{path}: the report is {len(text) / 1e6:.1f} MB, at most {MOST_STORED / 1e6:g} go into an atlas; leave out "
            "--into-atlas"
        )
    made_from = fingerprint(text.decode())
    with editing(path) as file:
        if is_current(file, "report", made_from):
            print(f"{path}: report unchanged, kept")
            return
        with replace_group(file, "report", made_from) as group:
            group.create_dataset(
                "json", data=np.frombuffer(text, np.uint8), compression="gzip", compression_opts=9, chunks=(len(text),)
            )
    print(f"{path}: report stored, {len(text) / 1e6:.1f} MB")
