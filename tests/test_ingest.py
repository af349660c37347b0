"""`ingest`: the public layouts, what is guessed and overruled, stopping and going on, and every kind of bad input."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile

from model.cells import Cells, split_of
from model.channels import match_roles
from model.errors import InputError
from model.images import read_header, read_image
from model.vocabulary import NOT_ANNOTATED, PAPER_STAGES, RELEASE_2023_STAGES
from precompute.__main__ import main
from precompute.layouts import stage_of

REAL = Path(__file__).parents[1] / "../shared/data/hipsc_mitosis/manifest.csv"
VOXEL_UM = (0.5, 0.4, 0.4)
NAMES = ("membrane", "DNA", "structure", "SEG_membrane", "SEG_DNA")


def draw(order=("membrane", "DNA", "structure", "cell_mask", "dna_mask"), seed=0):
    """A small cell as (C, Z, Y, X) uint8, channels in `order`; other names in it are noise."""
    z, y, x = np.ogrid[-8:9, -20:21, -25:26]
    radius = np.sqrt((z / 7) ** 2 + (y / 14) ** 2 + ((x - 0.01 * x**2) / 20) ** 2)
    cell, dna = radius < 1, np.sqrt(z**2 + y**2 + (x + 4) ** 2) < 5
    channels = {
        "membrane": 10 + 200 * (cell & (radius > 0.8)),
        "DNA": 20 + 150 * dna,
        "structure": 5 + 100 * (cell & (z > 2)),
        "cell_mask": 255 * cell,
        "dna_mask": 255 * dna,
    }
    noise = np.random.default_rng(seed).integers(0, 255, cell.shape)
    return np.stack([channels.get(name, noise) for name in order]).astype(np.uint8)


def write_ome(path, array, names=NAMES, voxel_um=VOXEL_UM):
    """An OME-TIFF; `voxel_um` None leaves the size out."""
    metadata = {"axes": "CZYX"}
    if names:
        metadata["Channel"] = {"Name": list(names)}
    for axis, size in zip("ZYX", voxel_um or (), strict=False):
        metadata |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": "µm"}
    tifffile.imwrite(path, array, photometric="minisblack", metadata=metadata)


def plain(folder, **changes):
    """A manifest of three cells with all five channels in one OME-TIFF each; `changes` replace columns. Its path."""
    for k in range(3):
        write_ome(folder / f"cell{k}.ome.tif", draw(seed=k))
    table = {
        "cell_id": ["a", "b", "c"],
        "gene": ["TOMM20", "CENT2", "MYO99"],
        "protein": ["Tom20", "centrin-2", "myosin 99"],
        "stage": ["metaphase", "", "interphase"],
        "ome_tiff": [f"cell{k}.ome.tif" for k in range(3)],
    }
    pd.DataFrame(table | changes).to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


def ingest(manifest, out, *more):
    return main(["ingest", "--manifest", str(manifest), "--out", str(out), "--workers", "1", *more])


def read(out):
    with Cells(out) as cells:
        return cells, np.stack([cells.volume(k) for k in range(len(cells))])


def test_named_columns_and_channels_are_guessed_and_printed(tmp_path, capsys):
    assert ingest(plain(tmp_path), tmp_path / "cells.h5", "--contact-sheet", str(tmp_path / "sheet.png")) == 0
    cells, volumes = read(tmp_path / "cells.h5")
    printed = capsys.readouterr().out
    assert "gene = gene" in printed
    assert "DNA = 1" in printed
    assert "0.5 x 0.4 x 0.4 um" in printed
    assert [s.gene for s in cells.structures] == ["TOMM20", "CETN2", "MYO99"]
    assert cells.structures[0].structure == "mitochondria"
    assert cells.structures[2].protein == "myosin 99"
    assert cells.table["stage"].tolist() == ["metaphase", NOT_ANNOTATED, "interphase"]
    assert cells.table["split"].tolist() == [split_of(name) for name in "abc"]
    assert set(cells.table["source"]) == {"real"}
    assert cells.table["dna_volume_um3"][0] == pytest.approx(np.count_nonzero(draw()[4]) * 0.5 * 0.4 * 0.4)
    assert cells.preprocessing["align"] is True
    membrane, structure, dna = volumes[0] > 128
    assert (membrane.sum(), structure.sum(), dna.sum()) == tuple(
        sorted((membrane.sum(), structure.sum(), dna.sum()), reverse=True)
    )
    assert np.nonzero(structure)[0].min() > 31  # the structure was drawn in the upper part only
    assert not list(tmp_path.glob("*.partial"))


def test_parquet_and_options_are_recorded(tmp_path):
    pd.read_csv(plain(tmp_path)).to_parquet(tmp_path / "manifest.parquet")
    options = ("--no-align", "--no-flip", "--test-fraction", "1", "--title", "mine", "--voxel-um", "0.3,0.3,0.3")
    assert ingest(tmp_path / "manifest.parquet", tmp_path / "cells.h5", *options) == 0
    cells, _ = read(tmp_path / "cells.h5")
    assert (cells.preprocessing["align"], cells.preprocessing["flip"], cells.title) == (False, False, "mine")
    assert set(cells.table["split"]) == {"test"}
    assert cells.table["dna_volume_um3"][0] == pytest.approx(np.count_nonzero(draw()[4]) * 0.3**3)


def test_columns_and_channels_are_mapped_by_options(tmp_path):
    """Files without channel names, columns with names of their own, masks in a second file: the same volumes come out."""
    ingest(plain(tmp_path), tmp_path / "expected.h5")
    array = draw()
    write_ome(tmp_path / "image.ome.tif", array[[2, 0, 1]], names=())
    write_ome(tmp_path / "mask.ome.tif", array[[4, 3]], names=())
    row = {"naam": ["a"], "gen": ["TOMM20"], "fase": ["metaphase"], "beeld": ["image.ome.tif"], "masker": ["mask.ome.tif"]}
    pd.DataFrame(row).to_csv(tmp_path / "other.csv", index=False)
    columns = ("cell_id=naam", "gene=gen", "stage=fase", "image=beeld", "masks=masker")
    channels = ("structure=0", "membrane=1", "DNA=2", "dna_mask=0", "cell_mask=1")
    options = [part for c in columns for part in ("--column", c)] + [part for c in channels for part in ("--channel", c)]
    assert ingest(tmp_path / "other.csv", tmp_path / "cells.h5", *options) == 0
    np.testing.assert_array_equal(read(tmp_path / "cells.h5")[1][0], read(tmp_path / "expected.h5")[1][0])


def layout_2017(folder):
    """The paper's own: HDF5 with axes C, Y, X, Z, and annotations in a second table."""
    order = ("cell_mask", "dna_mask", "DNA", "membrane", "structure", "trans")
    for k in range(2):
        (folder / "run" / f"cell{k}").mkdir(parents=True)
        with h5py.File(folder / "run" / f"cell{k}" / "image.h5", "w") as file:
            file["image"] = draw(order).transpose(0, 2, 3, 1)
    keys = {"inputFolder": ["/far/away/35000"] * 2, "inputFilename": ["field 1.czi"] * 2, "outputThisCellIndex": [1, 2]}
    table = keys | {
        "structureProteinName": ["Alpha actinin", "Tom20"],
        "save_h5_reg_path": [f"/far/away/run/cell{k}/image.h5" for k in range(2)],
    }
    pd.DataFrame(table).to_csv(folder / "run" / "data_jobs_out.csv", index=False)
    labels = {key: values[1:] for key, values in keys.items()} | {"MitosisLabel": [5]}
    pd.DataFrame(labels).to_csv(folder / "mitosis.csv", index=False)
    return folder / "run" / "data_jobs_out.csv", ["--mitosis", str(folder / "mitosis.csv")], (0.317,) * 3


def layout_2019(folder):
    """The 2019 release: channels by number, in any order, paths of another machine."""
    order = ("DNA", "trans", "dna_mask", "cell_mask", "membrane", "structure")
    for k in range(2):
        write_ome(folder / f"reg{k}.tiff", draw(order), names=(), voxel_um=None)
    numbers = {"ch_dna": 0, "ch_trans": 1, "ch_seg_nuc": 2, "ch_seg_cell": 3, "ch_memb": 4, "ch_struct": 5}
    rows = [
        {"CellId": 100 + k, "ProteinId/Name": protein, "StructureId/Name": "x", "save_reg_path": f"/far/away/reg{k}.tiff"}
        | numbers
        for k, protein in enumerate(["Alpha-actinin-1", "Tom20"])
    ]
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)
    return folder / "metadata.csv", ["--voxel-um", ",".join(map(str, VOXEL_UM))], VOXEL_UM


def layout_2023(folder):
    """The 2023 set: two files a cell, the channels named in each row and in another order in each."""
    rows = []
    for k, (gene, stage) in enumerate([("ACTN1", "M0"), ("TOMM20", "M4M5")]):
        raw, seg = (
            [("dna_dye", "membrane", "gfp"), ("structure", "dna", "membrane")][k],
            ("dna_segmentation", "membrane_segmentation"),
        )
        roles = {"dna_dye": "DNA", "dna": "DNA", "gfp": "structure"}
        write_ome(folder / f"raw{k}.ome.tiff", draw([roles.get(n, n) for n in raw]).astype(np.uint16) * 7, names=())
        write_ome(folder / f"seg{k}.ome.tiff", draw(("dna_mask", "cell_mask")), names=())
        names = str({"crop_raw": list(raw), "crop_seg": list(seg)})
        row = {"CellId": 7 + k, "structure_name": gene, "crop_raw": f"raw{k}.ome.tiff", "crop_seg": f"seg{k}.ome.tiff"}
        rows.append(row | {"name_dict": names, "scale_micron": "[0.3, 0.3, 0.3]", "cell_stage": stage})
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)
    return folder / "metadata.csv", [], (0.3,) * 3


@pytest.mark.parametrize("layout", [layout_2017, layout_2019, layout_2023])
def test_public_layouts(layout, tmp_path):
    """Each comes out as the same cell would from a plain manifest at that voxel size."""
    plain(tmp_path)
    manifest, options, voxel_um = layout(tmp_path)
    assert ingest(manifest, tmp_path / "cells.h5", *options) == 0
    assert ingest(tmp_path / "manifest.csv", tmp_path / "plain.h5", "--voxel-um", ",".join(map(str, voxel_um))) == 0
    cells, volumes = read(tmp_path / "cells.h5")
    np.testing.assert_array_equal(volumes[0], read(tmp_path / "plain.h5")[1][0])
    np.testing.assert_array_equal(volumes[1], volumes[0])
    assert [s.gene for s in cells.structures] == ["ACTN1", "TOMM20"]
    if layout is layout_2017:
        assert cells.table["cell_id"].tolist() == ["35000_field-1_1", "35000_field-1_2"]
        assert cells.table["stage"].tolist() == [NOT_ANNOTATED, "metaphase"]
    if layout is layout_2019:
        assert cells.table["cell_id"].tolist() == ["100", "101"]
    if layout is layout_2023:
        assert cells.stages == RELEASE_2023_STAGES
        assert cells.table["stage"].tolist() == ["M0", "M4M5"]


@pytest.mark.parametrize(
    ("value", "stage"),
    [(0, "interphase"), ("7.0", "telophase-cytokinesis"), (np.nan, NOT_ANNOTATED), (" prophase ", "prophase")],
)
def test_stage_of_a_name_a_position_or_nothing(value, stage):
    assert stage_of(value, PAPER_STAGES) == stage


@pytest.mark.parametrize("value", [8, -1, 2.5, "M3"])
def test_stage_off_the_scale(value):
    with pytest.raises(InputError, match="unknown stage"):
        stage_of(value, PAPER_STAGES)


def test_channel_names_of_both_public_spellings():
    assert match_roles(["dna_dye", "membrane", "gfp"]) == {"DNA": 0, "membrane": 1, "structure": 2}
    assert match_roles(["dna_seg", "cell_seg", "gfp_seg"]) == {"dna_mask": 0, "cell_mask": 1}
    assert match_roles(NAMES) == {"membrane": 0, "DNA": 1, "structure": 2, "cell_mask": 3, "dna_mask": 4}


@pytest.mark.parametrize("axes", ["CZYX", "ZCYX", "TCZYX"])
def test_axes_of_the_file_are_honoured(axes, tmp_path):
    array = draw()
    stored = array.transpose(1, 0, 2, 3) if axes == "ZCYX" else array[None] if axes == "TCZYX" else array
    tifffile.imwrite(tmp_path / "a.ome.tif", stored, photometric="minisblack", metadata={"axes": axes})
    assert read_header(tmp_path / "a.ome.tif").grid == array.shape[1:]
    np.testing.assert_array_equal(read_image(tmp_path / "a.ome.tif"), array)


def test_nanometres_are_converted(tmp_path):
    metadata = {"axes": "CZYX"} | {f"PhysicalSize{a}": 290.0 for a in "ZYX"} | {f"PhysicalSize{a}Unit": "nm" for a in "ZYX"}
    tifffile.imwrite(tmp_path / "a.ome.tif", draw(), photometric="minisblack", metadata=metadata)
    assert read_header(tmp_path / "a.ome.tif").voxel_um == pytest.approx((0.29,) * 3)


def missing_file(folder):
    return plain(folder, ome_tiff=["cell0.ome.tif", "nowhere.ome.tif", "cell2.ome.tif"])


def truncated_tiff(folder, keep=0.6):
    manifest = plain(folder)
    whole = (folder / "cell1.ome.tif").read_bytes()
    (folder / "cell1.ome.tif").write_bytes(whole[: int(keep * len(whole))])
    return manifest


def zero_channel(folder):
    manifest = plain(folder)
    array = draw()
    array[2] = 0
    write_ome(folder / "cell2.ome.tif", array)
    return manifest


def wrong_channel_count(folder):
    manifest = plain(folder)
    write_ome(folder / "cell1.ome.tif", draw()[:3], names=NAMES[:3])
    return manifest


def rewritten(folder, **ome):
    manifest = plain(folder)
    write_ome(folder / "cell1.ome.tif", draw(), **ome)
    return manifest


def not_a_table(folder):
    (folder / "manifest.csv").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    return folder / "manifest.csv"


def without_column(manifest, column):
    pd.read_csv(manifest).drop(columns=column).to_csv(manifest, index=False)
    return manifest


BAD_INPUT = {
    "missing manifest": (lambda f: f / "none.csv", "none.csv: no such file"),
    "not a table": (not_a_table, "manifest.csv: .*(table|column)"),
    "missing file": (missing_file, r"nowhere\.ome\.tif: no such file; correct the manifest"),
    "truncated TIFF": (truncated_tiff, r"cell1\.ome\.tif: .*truncated.*; copy it again"),
    "TIFF without its end": (lambda f: truncated_tiff(f, 0.999), r"cell1\.ome\.tif: .*; copy it again"),
    "empty TIFF": (lambda f: truncated_tiff(f, 0), r"cell1\.ome\.tif: .*; copy it again"),
    "wrong channel count": (
        wrong_channel_count,
        r"cell1\.ome\.tif: which channel is cell_mask.*3 channels.*--channel cell_mask=",
    ),
    "all-zero channel": (zero_channel, r"cell2\.ome\.tif: the structure channel has nothing above 0"),
    "NaN voxel size in the manifest": (
        lambda f: plain(f, voxel_um=[0.3, np.nan, 0.3]),
        r"manifest\.csv: row 2 \(b\): voxel size \[nan.*--voxel-um",
    ),
    "NaN voxel size in the file": (
        lambda f: rewritten(f, voxel_um=(0.3, np.nan, 0.3)),
        r"cell1\.ome\.tif: voxel size .*--voxel-um",
    ),
    "no voxel size": (lambda f: rewritten(f, voxel_um=None), r"cell1\.ome\.tif: no voxel size .*--voxel-um z,y,x"),
    "duplicate ids": (
        lambda f: plain(f, cell_id=["a", "b", "a"]),
        "manifest.csv: cell_id 'a' is there 2 times; make every name unique",
    ),
    "unknown stage": (
        lambda f: plain(f, stage=["metaphase", "lunch", ""]),
        r"row 2 \(b\): stage: unknown stage 'lunch'; the scale is",
    ),
    "no gene column": (
        lambda f: without_column(plain(f), "gene"),
        "--column gene=NAME",
    ),
    "empty gene": (lambda f: plain(f, gene=["TOMM20", "", "FBL"]), r"row 2 \(b\): column gene is empty"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_exit_code_2_and_nothing_written(case, tmp_path, capsys):
    make, message = BAD_INPUT[case]
    (tmp_path / "out").mkdir()
    assert ingest(make(tmp_path), tmp_path / "out" / "cells.h5") == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "cell/s]" not in line and line.strip()]
    assert len(lines) == 1
    assert lines[0].startswith("precompute ingest: ")
    assert re.search(message, lines[0]), lines[0]
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--column", "colour=gene"], "no such role"),
        (["--column", "gene=colour"], "no such column"),
        (["--channel", "nucleus=1"], "no such role"),
        (["--channel", "DNA=9"], "channel 9 for DNA, but it has 5 channels"),
        (["--channel", "DNA=colour"], "no channel 'colour' for DNA"),
        (["--axes", "CYX"], "--axes such as CZYX"),
        (["--mitosis", "labels.csv"], "labels.csv: no such file"),
        (["--contact-sheet", "nowhere/sheet.png"], "the folder nowhere does not exist"),
    ],
)
def test_options_that_fit_nothing(options, message, tmp_path, capsys):
    assert ingest(plain(tmp_path), tmp_path / "cells.h5", *options) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("cells.h5*"))


def test_all_problems_are_counted(tmp_path, capsys):
    assert ingest(plain(tmp_path, stage=["lunch", "tea", ""]), tmp_path / "cells.h5") == 2
    assert "(and 1 more problems)" in capsys.readouterr().err


@pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd"])
def test_compressed_images_are_read(tmp_path, compression):
    array = draw()
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack", compression=compression, metadata={"axes": "CZYX"})
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), array)


def interrupted(process: subprocess.Popen) -> bytes:
    """What `process` says when it is asked to stop, again where the first Ctrl-C was not heard."""
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=3)[1]
        except subprocess.TimeoutExpired:
            pass
    return process.communicate(timeout=60)[1]


def test_ctrl_c_and_again_goes_on(tmp_path):
    """Stopped in the middle with worker processes running, the same command completes, with the same cells as one run."""
    plain(tmp_path)
    table = pd.concat([pd.read_csv(tmp_path / "manifest.csv")] * 120, ignore_index=True)
    table["cell_id"] = [f"cell {k}" for k in range(len(table))]
    table.to_csv(tmp_path / "many.csv", index=False)
    out, partial = tmp_path / "cells.h5", tmp_path / "cells.h5.partial"
    command = [
        sys.executable,
        "-m",
        "precompute",
        "ingest",
        "--manifest",
        str(tmp_path / "many.csv"),
        "--out",
        str(out),
        "--workers",
        "2",
    ]
    # Whoever runs the tests in the background of a shell has Ctrl-C ignored, and so would have what they start.
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    errors = b""
    while not re.search(rb"\rcells:[^\r]* [1-9]\d*/360", errors):  # the bar of progress: the first cells are done
        said = os.read(process.stderr.fileno(), 4096)
        assert said, errors
        errors += said
    errors += interrupted(process)
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    with h5py.File(partial) as file:
        done = json.loads(file["rows"].asstr()[-1])[0]["cell_id"]
        n_done = len(file["rows"])
    assert 0 < n_done < len(table)
    assert done == f"cell {n_done - 1}"
    again = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert f"{n_done}/360" in again.stderr
    cells, volumes = read(out)
    assert cells.table["cell_id"].tolist() == table["cell_id"].tolist()
    assert (volumes == volumes[0]).all()


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_file(), reason=f"the real cells are not at {REAL}: nothing of them is tested")
def test_one_real_cell_with_its_mask_moved_back(tmp_path):
    """ACTN1_M4: metaphase plate inside the cell, masks found seven slices off and moved, cropped and named."""
    table = pd.read_csv(REAL)
    table = table[table["cell_id"] == "ACTN1_M4"]
    table["ome_tiff"] = [str((REAL.parent / path).resolve()) for path in table["ome_tiff"]]
    table.to_csv(tmp_path / "one.csv", index=False)
    assert ingest(tmp_path / "one.csv", tmp_path / "cells.h5") == 0
    cells, volumes = read(tmp_path / "cells.h5")
    row = cells.table.iloc[0]
    assert (row["structure"], row["stage"], row["mask_shift"], bool(row["cropped"])) == ("ACTN1", "prometaphase 2", 7, True)
    assert 2000 < row["cell_volume_um3"] < 6000
    assert row["dna_volume_um3"] / row["cell_volume_um3"] < 0.2
    membrane, _, dna = (channel > 0 for channel in volumes[0])
    assert np.ptp(np.nonzero(dna & membrane)[0]) * 0.317 == pytest.approx(row["height_um"], abs=1)
