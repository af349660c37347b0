"""The simulator: deterministic, of the right size, and each structure where a biologist expects it."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from model.cells import DNA, MEMBRANE, STRUCTURE, Cells
from model.hdf5 import content_hash
from model.vocabulary import PAPER_STAGES, PAPER_STRUCTURES
from precompute.__main__ import main
from precompute.simulate import job
from precompute.simulate.cell import simulate_cell
from precompute.simulate.coupling import agreement, coupling
from precompute.simulate.coupling import markdown as coupling_table
from precompute.simulate.factors import ANAPHASE, GENES, INTERPHASE, METAPHASE, PROPHASE_2, STAGE_WEIGHTS, TELOPHASE, draw
from precompute.simulate.lattice import Lattice
from precompute.simulate.medians import compare, markdown
from precompute.simulate.scene import Scene
from precompute.simulate.structures import STRUCTURES

# Medians of the real cells, um^3, interphase from the literature on these lines: cell, DNA.
TARGETS = {
    "interphase": (2200, 850),
    "prophase": (2880, 926),
    "prophase 2": (2450, 529),
    "prometaphase 1": (2800, 330),
    "prometaphase 2": (3000, 305),
    "metaphase": (2600, 246),
    "anaphase": (2780, 264),
    "telophase-cytokinesis": (2980, 355),
}


def scene_of(gene: str, stage: int, seed: int) -> Scene:
    """A scene without its image, from its own random streams."""
    shape, tagged, optics = np.random.default_rng(seed).spawn(3)
    return Scene.build(draw(GENES.index(gene), stage, shape, tagged, optics), shape)


def hash_of(path) -> str:
    with h5py.File(path) as file:
        return content_hash(file)


@pytest.fixture(scope="module")
def four_cells(tmp_path_factory):
    """A data set of four cells made by one process."""
    path = tmp_path_factory.mktemp("simulated") / "cells.h5"
    job.run(4, seed=3, out=path, workers=1)
    return path


def test_cells_file_holds_known_factors_and_the_table(four_cells):
    with Cells(four_cells) as cells:
        assert list(cells.table["cell_id"]) == [f"sim3_{i:06d}" for i in range(4)]
        assert list(cells.table["structure"]) == list(GENES[:4])
        assert set(cells.table["source"]) == {"simulated"}
        assert np.array_equal(cells.factors["structure"], np.arange(4))
        assert np.isfinite(cells.factors["cell_volume_um3"]).all()
        # Desmosomes are a factor of DSP, the fourth, and of no other.
        assert np.isnan(cells.factors["n_desmosomes"][:3]).all()
        assert cells.factors["n_desmosomes"][3] >= 8
        assert all(cells.volume(i).max(axis=(1, 2, 3)).min() == 255 for i in range(4))


def test_file_does_not_depend_on_the_number_of_processes(four_cells, tmp_path):
    path = tmp_path / "two.h5"
    job.run(4, seed=3, out=path, workers=2)
    assert hash_of(path) == hash_of(four_cells)


def test_stopped_run_goes_on_to_the_same_file(four_cells, tmp_path, monkeypatch):
    path, made = tmp_path / "cells.h5", []

    def stopping(*arguments):
        made.append(arguments[-1])
        if len(made) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    original = job.make_row
    monkeypatch.setattr(job, "make_row", stopping)
    with pytest.raises(KeyboardInterrupt):
        job.run(4, seed=3, out=path, workers=1)
    assert not path.exists()
    job.run(4, seed=3, out=path, workers=1)
    assert made == [0, 1, 2, 2, 3]
    assert hash_of(path) == hash_of(four_cells)


def test_cell_depends_on_seed_and_index():
    first, same, other = simulate_cell(1, 5), simulate_cell(1, 5), simulate_cell(2, 5)
    assert np.array_equal(first.image, same.image)
    assert first.factors != other.factors


def test_what_is_tagged_changes_nothing_in_the_reference_channels():
    cells = [simulate_cell(1, 5, stage=METAPHASE, structure=k, structure_seed=s) for k, s in ((1, None), (1, 7), (8, None))]
    for channel, alike in ((MEMBRANE, True), (DNA, True), (STRUCTURE, False)):
        for other in cells[1:]:
            assert np.array_equal(cells[0].image[channel], other.image[channel]) == alike


def test_outside_the_cell_every_channel_is_constant():
    cell = simulate_cell(1, 9)
    assert all(len(np.unique(channel[~cell.cell_mask])) == 1 for channel in cell.image)


@pytest.mark.parametrize("stage", range(len(PAPER_STAGES)), ids=PAPER_STAGES)
def test_volumes_are_those_of_real_cells(stage):
    scenes = [scene_of("TJP1", stage, 100 + i) for i in range(11)]
    voxel = scenes[0].lattice.voxel_um3
    cell = np.median([np.count_nonzero(s.cell < 0) * voxel for s in scenes])
    dna = np.median([np.count_nonzero(s.nucleus.mask) * voxel for s in scenes])
    assert np.array([cell, dna]) == pytest.approx(TARGETS[PAPER_STAGES[stage]], rel=0.2)


@pytest.mark.parametrize("stage", range(len(PAPER_STAGES)), ids=PAPER_STAGES)
def test_every_structure_shows_at_every_stage(stage):
    scene = scene_of("ACTN1", stage, 5)
    cell = scene.cell < 0
    for k, (gene, structure) in enumerate(STRUCTURES.items()):
        tagged = replace(scene, factors=replace(scene.factors, structure=k))
        bound, free = structure(tagged, np.random.default_rng(k))
        assert bound.shape == free.shape == cell.shape, gene
        assert np.isfinite(bound).all(), gene
        assert bound[cell].max() > 10 * max(bound[cell].mean() / 100, 1e-6), gene
        assert bound[scene.cell > 1.5].sum() <= 0.01 * bound.sum(), gene
        assert 0 <= free.min() <= free.max() <= 2, gene


def test_lamin_is_on_the_rim_until_the_envelope_breaks_down():
    def on_the_surface(stage):
        scene = scene_of("LMNB1", stage, 8)
        bound, _ = STRUCTURES["LMNB1"](scene, np.random.default_rng(0))
        return bound[np.abs(scene.nucleus.envelope) < 0.6].sum() / bound.sum()

    assert on_the_surface(INTERPHASE) > 0.7
    assert on_the_surface(PROPHASE_2) > 0.7
    assert on_the_surface(METAPHASE) < 0.3
    assert on_the_surface(TELOPHASE) > on_the_surface(METAPHASE) + 0.2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spindle_is_square_to_the_plate(seed):
    scene = scene_of("TUBA1B", METAPHASE, seed)
    bound, _ = STRUCTURES["TUBA1B"](scene, np.random.default_rng(0))

    def axes(weight):
        points = np.stack(np.broadcast_arrays(*scene.lattice.coordinates))[:, weight > 0].T
        return np.linalg.eigh(np.cov(points.T, aweights=weight[weight > 0]))[1]

    plate_normal = axes(scene.nucleus.mask.astype(float))[:, 0]
    spindle = axes(np.where(bound > 0.2 * bound.max(), bound, 0))[:, -1]
    assert abs(plate_normal @ spindle) > np.cos(np.deg2rad(15))


def test_nucleoli_are_dark_in_the_dna_and_bright_in_fibrillarin():
    scene = scene_of("FBL", INTERPHASE, 4)
    bound, _ = STRUCTURES["FBL"](scene, np.random.default_rng(0))
    nucleoli = scene.nucleus.nucleoli < -0.3
    elsewhere = (scene.nucleus.envelope < -1) & (scene.nucleus.nucleoli > 1)
    assert bound[nucleoli].mean() > 10 * bound[elsewhere].mean()
    assert scene.nucleus.density[nucleoli].mean() < 0.6 * scene.nucleus.density[elsewhere].mean()


def test_myosin_gathers_in_the_furrow():
    scene = scene_of("MYH10", ANAPHASE, 2)
    bound, _ = STRUCTURES["MYH10"](scene, np.random.default_rng(0))
    x = np.broadcast_to(scene.lattice.coordinates[2], bound.shape)
    surface = np.abs(scene.cell) < 0.6
    assert bound[surface & (np.abs(x) < 1)].mean() > 3 * bound[surface & (np.abs(x) > 4)].mean()


def test_telophase_is_one_cell_with_two_nuclei():
    scene = scene_of("TJP1", TELOPHASE, 6)
    assert ndimage.label(scene.cell < 0)[1] == 1
    labels, n = ndimage.label(ndimage.binary_opening(scene.nucleus.mask))
    assert np.sort(np.bincount(labels.ravel())[1:])[-2:].min() > 0.25 * scene.nucleus.mask.sum()
    assert n >= 2


def test_a_16_bit_camera_sees_the_same_cell_in_finer_steps():
    coarse, fine = (simulate_cell(5, 0, bits=bits).image for bits in (8, 16))
    assert (coarse.dtype, fine.dtype) == (np.uint8, np.uint16)
    assert np.abs(fine / 257 - coarse).max() <= 0.5
    assert len(np.unique(fine)) > 20 * len(np.unique(coarse))


def test_test_fraction(tmp_path):
    for share, n_test in ((0.0, 0), (0.99, 2)):
        out = tmp_path / f"{share}.h5"
        assert main(["simulate", "--n-cells", "2", "--test-fraction", str(share), "--workers", "1", "--out", str(out)]) == 0
        with Cells(out) as cells:
            assert (cells.table["split"] == "test").sum() == n_test


def test_agreement_is_a_rank_correlation():
    table = pd.DataFrame({"difference": [0.1, 0.2, 0.4], "difference learned": [-3, 0, 9]})
    assert agreement(table)[0] == pytest.approx(1)
    assert coupling_table(table.assign(gene=["A", "B", "C"])[["gene", "difference"]]).splitlines()[2:] == [
        "| A | 0.10 |",
        "| B | 0.20 |",
        "| C | 0.40 |",
    ]


def test_coupling_tells_bound_structures_from_scattered_ones():
    lamin, desmosomes = (coupling(GENES.index(gene), INTERPHASE, n_cells=1, n_draws=2) for gene in ("LMNB1", "DSP"))
    assert lamin > 0.85
    assert desmosomes < 0.3


def test_stage_weights_are_the_papers_and_half_interphase():
    assert sum(STAGE_WEIGHTS["paper"]) == 7592
    balanced = np.array(STAGE_WEIGHTS["balanced"])
    assert balanced[0] / balanced.sum() == 0.5
    assert len(set(balanced[1:])) == 1


def test_splat_keeps_the_weight_and_noise_has_unit_variance():
    lattice = Lattice((30, 40, 50), (0.0, -6.0, -7.5), yaw=0.4)
    rng = np.random.default_rng(0)
    points = rng.uniform((1, -2, -2), (7, 2, 2), (500, 3))
    weights = rng.uniform(size=500)
    assert lattice.splat(points, weights).sum() == pytest.approx(weights.sum(), rel=1e-5)
    assert np.sqrt((lattice.noise(rng, 0.6) ** 2).mean()) == pytest.approx(1, rel=0.05)
    z, y, x = lattice.coordinates
    at = np.rint(lattice.index_of(np.array([[z[3, 0, 0], y[0, 20, 30], x[0, 20, 30]]]))).ravel()
    assert tuple(at) == (3, 20, 30)


def test_medians_table_compares_by_stage():
    def cells(scale):
        return pd.DataFrame(
            {
                "stage": ["metaphase", "metaphase", "interphase"],
                "cell_volume_um3": [scale * 10.0, scale * 30.0, 1.0],
                "dna_volume_um3": [scale, scale, 1.0],
                "height_um": [2.0, 2.0, 1.0],
            }
        )

    comparison = compare(cells(2.0), cells(1.0).query("stage == 'metaphase'"))
    assert list(comparison.index) == ["metaphase"]
    assert comparison.loc["metaphase", ("cell_volume_um3", "ratio")] == 2
    assert "| metaphase | 40.0 | 20.0 | 2.00 |" in markdown(comparison)


@pytest.mark.parametrize(
    "options",
    [
        ["--n-cells", "0"],
        ["--seed", "-1"],
        ["--workers", "0"],
        ["--out", "/nowhere/at/all/cells.h5"],
        ["--contact-sheet", "/nowhere/at/all/sheet.png"],
    ],
    ids=" ".join,
)
def test_bad_options_are_one_line_and_exit_code_2(options, tmp_path, capsys):
    command = ["simulate", "--out", str(tmp_path / "cells.h5"), *options]
    assert main(command) == 2
    message = capsys.readouterr().err.strip()
    assert len(message.splitlines()) == 1
    assert options[-1] in message or "/nowhere/at/all" in message
    assert not list(tmp_path.iterdir())


def test_contact_sheet_shows_every_structure_and_stage(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(job, "write_contact_sheet", lambda cells, path, n_columns: asked.extend([*cells, n_columns]))
    monkeypatch.setattr(job, "_tile", lambda seed, index: (seed, index))
    job.draw_contact_sheet(5, tmp_path / "sheet.png", workers=1)
    assert asked == [(5, i) for i in range(len(PAPER_STRUCTURES) * len(PAPER_STAGES))] + [len(PAPER_STAGES)]


def test_preprocessing_of_simulated_cells_is_recorded(four_cells):
    with h5py.File(four_cells) as file:
        recorded = json.loads(file.attrs["preprocessing"])
    assert recorded["align"] is True
    assert recorded["register_masks"] is False
