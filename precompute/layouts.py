"""Layouts of manifests: for each kind, how it is recognised and one pure function from a row to a `Source`.

What a row does not say (which channel is which in a file with named channels, the voxel size in OME metadata) stays open
until the files have been seen.
"""

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from model.cells import VOXEL_UM
from model.channels import IMAGE_ROLES, MASK_ROLES, ROLES, match_roles, plain_name
from model.errors import InputError
from model.vocabulary import (
    NOT_ANNOTATED,
    OTHER_STRUCTURES,
    PAPER_STAGES,
    PAPER_STRUCTURES,
    RELEASE_2023_STAGES,
    Structure,
    check_stage,
    describe,
)

Columns = Mapping[str, str]  # role -> name of the column


@dataclass(frozen=True)
class Source:
    """One cell as its manifest describes it.

    Attributes
    ----------
    cell_id : unique name.
    structure : the tagged structure.
    stage : on the layout's scale, or "not annotated".
    image, masks : files of the three channels and of the two masks, as the manifest writes them; often one file.
    channels : role -> index or name within its file; roles that are absent are looked up by the names in the file.
    voxel_um : (z, y, x), or None where the manifest does not say.
    axes : order of the axes in the files, or None where they say it themselves.
    """

    cell_id: str
    structure: Structure
    stage: str
    image: str
    masks: str
    channels: dict[str, int | str] = field(default_factory=dict)
    voxel_um: tuple[float, float, float] | None = None
    axes: str | None = None


@dataclass(frozen=True)
class Layout:
    """How one kind of manifest is recognised and read.

    Attributes
    ----------
    name : what is printed.
    marks : columns that tell this layout from the others.
    columns : role -> names to look for, the best first.
    read : (row, columns, scale) -> Source.
    required : roles without which a row cannot be read.
    stages : the ordered scale of its stages.
    """

    name: str
    marks: frozenset[str]
    columns: dict[str, tuple[str, ...]]
    read: Callable[[Mapping, Columns, tuple[str, ...]], Source]
    required: tuple[str, ...] = ("cell_id", "gene", "image")
    stages: tuple[str, ...] = PAPER_STAGES


def read_named(row: Mapping, columns: Columns, stages: tuple[str, ...]) -> Source:
    """A row of any manifest whose columns we can name: one file a cell, or one of images and one of masks."""
    image = _text(row, columns, "image")
    return Source(
        cell_id=_text(row, columns, "cell_id"),
        structure=structure_of(row, columns),
        stage=stage_of(row.get(columns.get("stage")), stages),
        image=image,
        masks=_text(row, columns, "masks") if "masks" in columns else image,
        voxel_um=_voxel(row, columns),
    )


def read_2017(row: Mapping, columns: Columns, stages: tuple[str, ...]) -> Source:
    """The paper's own files, registered and at 0.317 um: one HDF5 a cell, seg cell, seg nuc, dna, memb, struct, trans.

    Their axes are (C, Y, X, Z), and the voxel size stands in the paper only.
    """
    path = _text(row, columns, "image")
    folder, name, index = (_text(row, columns, role) for role in ("folder", "file", "index"))
    identity = f"{Path(folder).name}_{Path(name).name.split('.')[0]}_{index}"
    return Source(
        cell_id=_text(row, columns, "cell_id") if "cell_id" in columns else re.sub(r"[^\w.-]+", "-", identity).strip("_-"),
        structure=structure_of(row, columns),
        stage=stage_of(row.get(columns.get("stage")), stages),
        image=path,
        masks=path,
        channels={"cell_mask": 0, "dna_mask": 1, "DNA": 2, "membrane": 3, "structure": 4},
        voxel_um=_voxel(row, columns) or (VOXEL_UM,) * 3,
        axes="CYXZ",
    )


def read_2019(row: Mapping, columns: Columns, stages: tuple[str, ...]) -> Source:
    """The 2019 release: one TIFF a cell, its channels numbered in columns ch_*."""
    path = _text(row, columns, "image")
    return Source(
        cell_id=_text(row, columns, "cell_id"),
        structure=structure_of(row, columns),
        stage=stage_of(row.get(columns.get("stage")), stages),
        image=path,
        masks=path,
        channels={role: _index(row, columns[f"ch_{role}"]) for role in ROLES},
        voxel_um=_voxel(row, columns),
    )


def read_2023(row: Mapping, columns: Columns, stages: tuple[str, ...]) -> Source:
    """The 2023 public set: a raw and a segmentation OME-TIFF a cell, their channels named in the row, in no fixed order."""
    names = _literal(row, columns, "channel_names")
    if not isinstance(names, dict) or not {"crop_raw", "crop_seg"} <= set(names):
        raise InputError(f"{columns['channel_names']} {names!r}; it names the channels of crop_raw and of crop_seg")
    return Source(
        cell_id=_text(row, columns, "cell_id"),
        structure=structure_of(row, columns),
        stage=stage_of(row.get(columns.get("stage")), stages),
        image=_text(row, columns, "image"),
        masks=_text(row, columns, "masks"),
        channels=match_roles(names["crop_raw"], IMAGE_ROLES) | match_roles(names["crop_seg"], MASK_ROLES),
        voxel_um=_voxel(row, columns),
    )


def structure_of(row: Mapping, columns: Columns) -> Structure:
    """The tagged structure of a row: by gene symbol, alias or protein name; words of the row for a gene we do not know.

    Raises
    ------
    InputError
        where the row names none.
    """
    name = _text(row, columns, "gene")
    words = {role: str(row[columns[role]]) for role in ("protein", "structure") if role in columns}
    return describe(_GENE_OF_PROTEIN.get(plain_name(name), name), **words)


def stage_of(value, stages: tuple[str, ...]) -> str:
    """A stage from a name on the scale or a position on it (0 is the first); nothing, or NaN, is "not annotated".

    Raises
    ------
    InputError
        for anything else.
    """
    if value is None or value == "" or value != value:
        return NOT_ANNOTATED
    try:
        position = float(value)
    except ValueError:
        return check_stage(str(value).strip(), stages, "stage")
    if position.is_integer() and 0 <= position < len(stages):
        return stages[int(position)]
    return check_stage(str(value), stages, "stage")


def _text(row: Mapping, columns: Columns, role: str) -> str:
    value = row[columns[role]]
    if value is None or value != value or str(value).strip() == "":
        raise InputError(f"column {columns[role]} is empty; fill it in, or leave the row out")
    if isinstance(value, float) and value.is_integer():  # an integer column with a gap elsewhere
        value = int(value)
    return str(value).strip()


def _index(row: Mapping, column: str) -> int:
    try:
        return int(row[column])
    except ValueError:
        raise InputError(f"column {column} is {row[column]!r}; give the number of a channel") from None


def _literal(row: Mapping, columns: Columns, role: str):
    """A column that holds a Python literal as text, as the 2023 set does."""
    value = row[columns[role]]
    try:
        return ast.literal_eval(value) if isinstance(value, str) else value
    except (ValueError, SyntaxError):
        raise InputError(f"column {columns[role]} is {value!r}; give a list, a dict or a number") from None


def _voxel(row: Mapping, columns: Columns) -> tuple[float, float, float] | None:
    """(z, y, x) in um from three columns, or from one with a list or a number; None where there is no such column."""
    names = [columns[role] for role in ("voxel_z_um", "voxel_y_um", "voxel_x_um") if role in columns]
    if len(names) == 3:
        values = [row[name] for name in names]
    elif "voxel_um" in columns:
        names = [columns["voxel_um"]]
        values = _literal(row, columns, "voxel_um")
        values = list(values) if isinstance(values, list | tuple | np.ndarray) else [values] * 3
    else:
        return None
    try:
        voxel_um = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        voxel_um = (math.nan,)
    if len(voxel_um) != 3 or not all(math.isfinite(v) and v > 0 for v in voxel_um):
        raise InputError(
            f"voxel size {values} in {', '.join(names)}; give three positive numbers in um, or use --voxel-um z,y,x"
        )
    return voxel_um


_GENE_OF_PROTEIN = {plain_name(s.protein): s.gene for s in PAPER_STRUCTURES + OTHER_STRUCTURES} | {
    "alphaactinin": "ACTN1",
    "nonmusclemyosiniib": "MYH10",
    "nonmusclemyosinheavychainiib": "MYH10",
    "tightjunctionproteinzo1": "TJP1",
}
_GENE = ("gene", "GeneId/Name", "structure_name", "structureProteinName", "ProteinId/DisplayName", "ProteinId/Name")
_NAMED = {
    "cell_id": ("cell_id", "CellId", "cell", "id"),
    "gene": (*_GENE, "StructureId/Name", "structure"),
    "protein": ("protein", "ProteinId/DisplayName", "ProteinId/Name", "structureProteinName"),
    "structure": ("structure", "StructureId/Name"),
    "stage": ("stage", "cell_stage", "MitosisLabel"),
    "image": ("ome_tiff", "image", "image_path", "file", "path"),
    "masks": ("masks", "mask", "segmentation"),
    "voxel_um": ("voxel_um", "scale_micron"),
    "voxel_z_um": ("voxel_z_um", "voxel_z_um_est"),
    "voxel_y_um": ("voxel_y_um", "voxel_y_um_est"),
    "voxel_x_um": ("voxel_x_um", "voxel_x_um_est"),
}
LAYOUTS = (
    Layout(
        "the paper's files of 2017 (data_jobs_out.csv)",
        frozenset({"save_h5_reg_path", "structureProteinName"}),
        {role: _NAMED[role] for role in _NAMED if role not in ("cell_id", "masks")}
        | {
            "image": ("save_h5_reg_path",),
            "folder": ("inputFolder",),
            "file": ("inputFilename",),
            "index": ("outputThisCellIndex",),
        },
        read_2017,
        required=("gene", "image", "folder", "file", "index"),
    ),
    Layout(
        "the 2019 release (metadata.csv)",
        frozenset({"save_reg_path", "ch_memb", "ch_seg_cell"}),
        _NAMED
        | {"image": ("save_reg_path",), "ch_membrane": ("ch_memb",), "ch_structure": ("ch_struct",), "ch_DNA": ("ch_dna",)}
        | {"ch_cell_mask": ("ch_seg_cell",), "ch_dna_mask": ("ch_seg_nuc",)},
        read_2019,
        required=("cell_id", "gene", "image", *(f"ch_{role}" for role in ROLES)),
    ),
    Layout(
        "the 2023 public set (metadata.csv)",
        frozenset({"crop_raw", "crop_seg", "name_dict"}),
        _NAMED | {"image": ("crop_raw",), "masks": ("crop_seg",), "channel_names": ("name_dict",)},
        read_2023,
        required=("cell_id", "gene", "image", "masks", "channel_names"),
        stages=RELEASE_2023_STAGES,
    ),
    Layout("a manifest with one row a cell", frozenset(), _NAMED, read_named),
)
