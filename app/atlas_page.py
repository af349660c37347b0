"""The page "Atlas", /atlas: what an atlas was made from, what its file holds, whose images those are, and how to make one."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import pandas as pd
from fastapi import FastAPI
from starlette.responses import HTMLResponse

from app.model_page import HEADERS, address
from app.words import stage_words
from model.atlas import Atlas
from model.config import TrainConfig
from model.report import Report, Section, Table, Theme, to_page

ROOT = Path(__file__).parent.parent
MIB = 2**20
# Group of the file -> what it is for, and the command that adds it where it is not there; none for what is always there.
GROUPS = {
    "cells": ("the table of cells", ""),
    "structures": ("the classes", ""),
    "stages": ("the ordered scale", ""),
    "latent": ("z_r, z_s and p(y | x) of every cell", ""),
    "projection": ("both maps", ""),
    "model": ("the networks that encode and decode", ""),
    "factors": ("what each simulated cell was made with", ""),
    "medoids": ("the walk through the stages", "python -m precompute medoids --atlas {atlas}"),
    "observed": ("images as they were observed", "python -m precompute observed --atlas {atlas} --cells cells.h5"),
    "pictures": ("a small picture of every cell", "python -m precompute pictures --atlas {atlas} --cells cells.h5"),
    "variation": ("how much each structure varies", "python -m precompute variation --atlas {atlas}"),
    "evaluation": ("how good the model is on unseen cells", "python -m precompute evaluate --atlas {atlas} --cells cells.h5"),
    "curves": ("what training logged", ""),
    "report": ("the page Model", "python -m precompute report --atlas {atlas} --cells cells.h5 --out report.html --into-atlas"),
}
STEPS = {
    "Cells that were imaged, from OME-TIFFs and a table": "python -m precompute ingest --manifest manifest.csv --out real.h5",
    "Cells that are simulated": "python -m precompute simulate --n-cells 4000 --seed 1 --out simulated.h5",
    "Both in one file": "python -m precompute merge simulated.h5 real.h5 --out cells.h5",
    "Learning; stopped, it goes on where it was": "python -m precompute train --cells cells.h5 --out runs/a --preset demo",
    "The atlas": "python -m precompute atlas --cells cells.h5 --run runs/a --out {atlas}",
    "The page Model": GROUPS["report"][1],
    "The explorer": "python -m app {atlas}",
}
SPLITS = {"train": "learned from", "test": "kept apart"}


def register(server: FastAPI, by_id: dict[str, Atlas]) -> None:
    """Add the route /atlas?atlas=ID; the first of the atlases where no ID is given."""

    @server.get("/atlas", response_class=HTMLResponse, include_in_schema=False)
    def page(atlas: str = next(iter(by_id)), theme: Theme = "light") -> HTMLResponse:
        status, html = atlas_page(by_id, atlas, theme)
        return HTMLResponse(html, status, HEADERS)


def atlas_page(by_id: dict[str, Atlas], atlas_id: str, theme: Theme = "light") -> tuple[int, str]:
    """HTTP status and page: what is known of an atlas, or 404 where there is none such."""
    others = [(address("atlas", other, theme), f"Atlas {atlas.title}") for other, atlas in by_id.items() if other != atlas_id]
    if atlas_id not in by_id:
        nothing = Section("notice", "Not there", [f"There is no atlas {atlas_id}; choose one of those above."], [], [], [])
        return 404, to_page(Report("No such atlas", [], [nothing]), [("/", "Explorer"), *others], theme)
    links = [(f"/?atlas={atlas_id}", "Explorer"), (address("model", atlas_id, theme), "Model"), *others]
    return 200, to_page(describe(by_id[atlas_id]), links, theme)


def describe(atlas: Atlas) -> Report:
    """All that is known of an atlas, as text and tables."""
    return Report(atlas.title, _facts(atlas), [_cells(atlas), _model(atlas), _file(atlas), _rights(), _making(atlas)])


def _facts(atlas: Atlas) -> list[list[str]]:
    attrs, sides = atlas.file.attrs, atlas.config.grid[::-1]
    sources = atlas.cells["source"].value_counts()
    voxels, um = (" × ".join(map(str, side)) for side in (sides, [f"{n * atlas.voxel_um:.1f}" for n in sides]))
    mib = f"{atlas.path.stat().st_size / MIB:.0f} MiB"
    return [
        ["Cells", f"{len(atlas.cells):,}: " + ", ".join(f"{n:,} {source}" for source, n in sources.items())],
        ["Structures", f"{len(atlas.structures)}: " + ", ".join(s.gene for s in atlas.structures)],
        ["Grid", f"{voxels} voxels (x, y, z) of {atlas.voxel_um:g} µm: {um} µm"],
        ["Atlas id", f"{atlas.atlas_id}, a hash of all that decides a decoded volume; part of every link"],
        ["Hash of the cells", str(attrs.get("cells_sha", "not said"))],
        ["Hash of the run", str(atlas.file["model"].attrs.get("run_sha", "not said"))],
        ["Seed", str(attrs.get("seed", "not said"))],
        ["File", f"{atlas.path.name}, {mib}, schema {attrs['schema']}, version {attrs['schema_version']}"],
    ]


def _cells(atlas: Atlas) -> Section:
    cells = atlas.cells
    stages = [stage for stage in dict.fromkeys([*atlas.stages, *cells["stage"]]) if (cells["stage"] == stage).any()]
    by_source = cells.groupby(["source", "split"]).size().unstack(fill_value=0)
    by_stage = cells.groupby(["structure", "stage"]).size().unstack(fill_value=0)
    by_stage = by_stage.reindex(index=[s.gene for s in atlas.structures], columns=stages, fill_value=0)
    words = [f"{s.protein}, {s.structure}" for s in atlas.structures]
    none = [gene for gene, row in by_stage.iterrows() if not row.sum()]
    sources = Table(
        "",
        "Cells by source and split.",
        ["source", *(SPLITS.get(split, split) for split in by_source.columns), "all"],
        [[source, *map(_count, row), _count(row.sum())] for source, row in by_source.iterrows()],
    )
    structures = Table(
        "",
        "Cells by structure and stage.",
        ["structure", "what it is", *map(stage_words, stages), "all"],
        [
            *(
                [gene, what, *map(_count, by_stage.loc[gene]), _count(by_stage.loc[gene].sum())]
                for gene, what in _with(by_stage, words)
            ),
            ["all", "", *map(_count, by_stage.sum()), _count(len(cells))],
        ],
    )
    text = [
        "Cells that were kept apart were never learned from: the model is measured on them.",
        "Simulated cells were drawn by the simulator; nobody imaged them." if atlas.simulated else "All cells were imaged.",
    ]
    missing = [f"No cell has {', '.join(none)}: what is predicted of it is learned from nothing."] if none else []
    return Section("cells", "The cells", text, [sources, structures], [], missing)


def _model(atlas: Atlas) -> Section:
    config, train = atlas.config, atlas.train_config
    widths = ", ".join(map(str, config.widths))
    text = [
        "A conditional adversarial autoencoder. "
        f"z_r, {config.n_latent} numbers, says what shape a cell and its nucleus have; z_s, as many, what that shape leaves "
        f"unexplained of the structure; y which of {config.n_structures} structures it is. "
        f"Each network halves the grid {len(config.widths)} times, through {widths} channels.",
        f"It learned {train.get('n_epochs_r', '?')} epochs in the reference phase and {train.get('n_epochs_rs', '?')} in the "
        f"conditional one, from batches of {train.get('batch_size', '?')} cells, at a learning rate of {train.get('lr', '?')}.",
    ]
    usual = TrainConfig()
    settings = [[name, _value(value), _other(getattr(usual, name, None), value)] for name, value in train.items()]
    tables = [
        Table("", "The model, every setting.", ["setting", "value"], [[k, _value(v)] for k, v in vars(config).items()]),
        Table(
            "",
            "Its training, every setting, and what is usual where that is another.",
            ["setting", "value", "usual"],
            settings,
        ),
    ]
    return Section("model", "The model and its training", text, tables, [], [])


def _file(atlas: Atlas) -> Section:
    there = [[name, words, _size(atlas.file[name]), _made(atlas.file[name])] for name, (words, _) in _split(atlas, True)]
    missing = [
        f"No {name}: {words}. "
        + (f"To add it: {command.format(atlas=atlas.path.name)}" if command else "It comes with what the atlas is made from.")
        for name, (words, command) in _split(atlas, False)
    ]
    n_observed, n_real = len(atlas.observed_cells), int(atlas.is_real[atlas.observed_cells].sum())
    text = [f"It holds observed images of {n_observed:,} of {len(atlas.cells):,} cells; {n_real:,} of those are real cells."]
    columns = ["part", "what it is for", "MiB", "fingerprint"]
    table = Table("", "A part is made again only where its fingerprint, of all it is made from, has changed.", columns, there)
    return Section("file", "What the file holds", text, [table], [], missing)


def _rights() -> Section:
    licence = (ROOT / "LICENSE").read_text().strip().splitlines()[0]
    text = [f"The program is under the {licence}.", *_paragraphs((ROOT / "NOTICE").read_text())[1:]]
    return Section("rights", "Licence and notice", text, [], [], [])


def _making(atlas: Atlas) -> Section:
    steps = [[step, command.format(atlas=atlas.path.name)] for step, command in STEPS.items()]
    text = ["With real cells alone, or simulated ones alone, leave out the merge. Every job can be stopped and started again."]
    table = Table("", "One after the other.", ["step", "command"], steps)
    return Section("making", "How to make such a file", text, [table], [], [])


def _with(by_stage: pd.DataFrame, words: list[str]) -> list[tuple[str, str]]:
    return [(gene, what) for gene, what in zip(by_stage.index, words, strict=True) if by_stage.loc[gene].sum()]


def _split(atlas: Atlas, are_there: bool) -> list[tuple[str, tuple[str, str]]]:
    """The parts that the file holds, or those that it does not."""
    return [(name, about) for name, about in GROUPS.items() if (name in atlas.file) == are_there]


def _other(usual: object, value: object) -> str:
    return "" if _value(usual) == _value(value) or usual is None else _value(usual)


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.strip().split("\n\n")]


def _count(n: int) -> str:
    return f"{n:,}" if n else "·"


def _value(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_value, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _size(group: h5py.Group) -> str:
    sizes: list[int] = []
    group.visititems(lambda _, item: sizes.append(item.id.get_storage_size()) if isinstance(item, h5py.Dataset) else None)
    return f"{sum(sizes) / MIB:.1f}"


def _made(group: h5py.Group) -> str:
    return str(group.attrs.get("made_from", ""))
