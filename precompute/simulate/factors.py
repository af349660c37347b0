"""Every known factor that makes a simulated cell, and how it is drawn.

The real cells give the medians: 84 in mitosis, cell and DNA volume and height by stage. What the factors leave out (the exact
outline, the place of each fibre and spot, photon noise) comes from the cell's random streams.
"""

import math
from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np

from model.vocabulary import PAPER_STAGES, PAPER_STRUCTURES

INTERPHASE, PROPHASE, PROPHASE_2, PROMETAPHASE_1, PROMETAPHASE_2, METAPHASE, ANAPHASE, TELOPHASE = range(len(PAPER_STAGES))
GENES = tuple(s.gene for s in PAPER_STRUCTURES)
# Annotated cells by stage in the paper.
PAPER_COUNTS = (6994, 46, 30, 46, 98, 53, 71, 254)
STAGE_WEIGHTS = {"paper": PAPER_COUNTS, "balanced": (7, 1, 1, 1, 1, 1, 1, 1)}


class StageMedians(NamedTuple):
    """Medians of one stage: volumes um^3, height um, long side over short side, sharpness of the outline's corners."""

    cell_um3: float
    nucleus_um3: float
    dna_um3: float
    height_um: float
    elongation: float
    sharpness: float


STAGE_MEDIANS = (
    StageMedians(2150, 830, 830, 9.2, 1.45, 9.0),
    StageMedians(2840, 914, 914, 9.1, 1.45, 7.0),
    StageMedians(2500, 860, 529, 9.0, 1.50, 6.0),
    StageMedians(2800, 800, 327, 10.4, 1.35, 4.5),
    StageMedians(3050, 800, 300, 10.7, 1.32, 4.0),
    StageMedians(2600, 0, 250, 10.0, 1.22, 3.2),
    StageMedians(2700, 0, 264, 9.8, 1.10, 2.8),
    StageMedians(3000, 0, 355, 11.0, 1.00, 2.6),
)


def _factor(unit: str, meaning: str, genes: tuple[str, ...] = GENES):
    return field(metadata={"unit": unit, "meaning": meaning, "genes": genes})


@dataclass(frozen=True)
class Factors:
    """The known factors of one cell: those of x_r, those that only the tagged structure shows, the microscope's."""

    structure: int = _factor("", "class, an index into the paper's structures")
    stage: int = _factor("", "stage, an index into the paper's stages")
    progress: float = _factor("0..1", "how far through its stage the cell is")
    cell_volume_um3: float = _factor("um^3", "volume of the cell")
    nucleus_volume_um3: float = _factor("um^3", "volume inside the nuclear envelope; of the chromosomes once it is gone")
    dna_volume_um3: float = _factor("um^3", "volume of the DNA mask")
    height_um: float = _factor("um", "height of the cell")
    elongation: float = _factor("", "long side of the outline over the short one")
    n_sides: int = _factor("", "sides of the outline seen from above: the cell's neighbours")
    sharpness: float = _factor("", "exponent of the outline's corners: 2 round, 10 polygonal")
    roughness: float = _factor("", "sd of the log radius of the surface, broad waves")
    raggedness: float = _factor("", "sd of the log radius of the outline, each harmonic")
    lean: float = _factor("", "slant of the sides to one side")
    tail: float = _factor("", "mean length of the tails at the corners, log of the radius")
    yaw_deg: float = _factor("degrees", "how the cell lies in the dish")
    nucleus_x: float = _factor("", "nuclear offset along the long axis, in radii of the cell")
    nucleus_y: float = _factor("", "nuclear offset along the short axis, in radii of the cell")
    nucleus_angle_deg: float = _factor("degrees", "long axis of the nucleus against the cell's")
    nucleus_elongation: float = _factor("", "long axis of the nucleus over the short one, in plane")
    nucleus_roughness: float = _factor("", "sd of the log radius of the nucleus")
    n_nucleoli: int = _factor("", "nucleoli")
    spindle_angle_deg: float = _factor("degrees", "spindle axis against the cell's long axis, in plane")
    spindle_tilt_deg: float = _factor("degrees", "spindle axis out of the plane")
    plate_curvature: float = _factor("1/um", "bow of the plate or of the separating masses")
    furrow: float = _factor("0..1", "depth of the cleavage furrow")
    n_vesicles: int = _factor("", "bright membrane vesicles")
    haze: float = _factor("", "unbound tagged protein, in units of the structure's brightness")
    patchiness: float = _factor(
        "", "sd of the log brightness along a cortex, belt or network", ("ACTN1", "ACTB", "MYH10", "TJP1", "SEC61B", "LMNB1")
    )
    n_bundles: int = _factor("", "actin or myosin bundles", ("ACTN1", "ACTB", "MYH10"))
    bundle_angle_deg: float = _factor("degrees", "direction of the bundles against the long axis", ("ACTN1", "ACTB", "MYH10"))
    n_microtubules: int = _factor("", "microtubules drawn", ("TUBA1B",))
    spindle_length_um: float = _factor("um", "pole to pole", ("TUBA1B",))
    centrosome_angle_deg: float = _factor(
        "degrees", "centrosomes and Golgi against the wider side of the nucleus, around it", ("TUBA1B", "ST6GAL1")
    )
    golgi_spread: float = _factor("0..1", "from a compact ribbon to one round the nucleus", ("ST6GAL1",))
    n_golgi: int = _factor("", "Golgi stacks or fragments", ("ST6GAL1",))
    mitochondria_angle_deg: float = _factor("degrees", "side of the nucleus where mitochondria crowd", ("TOMM20",))
    mitochondria_polarity: float = _factor("", "how strongly they crowd there", ("TOMM20",))
    n_mitochondria: int = _factor("", "mitochondria", ("TOMM20",))
    belt_radius: float = _factor("0..1", "radius of the apical belt over the outline's", ("TJP1", "ACTN1", "MYH10"))
    n_desmosomes: int = _factor("", "desmosomes", ("DSP",))
    psf_xy_um: float = _factor("um", "width of the point spread in plane, sd")
    psf_z_um: float = _factor("um", "width of the point spread along z, sd")
    photons: float = _factor("", "photons in the brightest voxels")
    background: float = _factor("grey values", "camera offset")
    dna_haze: float = _factor("", "DNA dye outside the DNA")
    membrane_haze: float = _factor("", "membrane dye inside the cell")

    def known(self) -> dict[str, float]:
        """Name -> value, NaN for the factors that this cell's structure does not show."""
        gene = GENES[self.structure]
        return {f.name: float(getattr(self, f.name)) if gene in f.metadata["genes"] else math.nan for f in fields(self)}


# Unbound protein against the brightest structure, up to prophase and from prometaphase on: after the real cells' medians.
HAZE = {
    "ACTN1": (0.15, 0.13),
    "TUBA1B": (0.11, 0.09),
    "ACTB": (0.20, 0.20),
    "DSP": (0.14, 0.08),
    "FBL": (0.04, 0.24),
    "LMNB1": (0.13, 0.20),
    "MYH10": (0.10, 0.08),
    "ST6GAL1": (0.19, 1.8),
    "SEC61B": (0.18, 0.20),
    "TOMM20": (0.18, 0.20),
    "TJP1": (0.12, 0.12),
}


def draw(
    structure: int, stage: int, shape: np.random.Generator, tagged: np.random.Generator, optics: np.random.Generator
) -> Factors:
    """Draw a cell's factors: `shape` draws those of x_r, `tagged` the structure's, `optics` the microscope's."""
    m = STAGE_MEDIANS[stage]
    mitotic, divided = stage >= PROMETAPHASE_1, stage >= ANAPHASE

    def near(rng, median, cv):
        return float(median * np.exp(cv * np.clip(rng.standard_normal(), -2.5, 2.5)))

    progress = float(shape.uniform())
    size = near(shape, 1.0, 0.14)  # large cells have large nuclei
    dna = near(shape, m.dna_um3, 0.10) * size**0.5
    tilt_sd = {PROMETAPHASE_1: 35, PROMETAPHASE_2: 20, ANAPHASE: 6, TELOPHASE: 4}.get(stage, 10)
    angle_sd = {ANAPHASE: 7, TELOPHASE: 5, METAPHASE: 14, PROMETAPHASE_2: 22}.get(stage, 35)
    gene = GENES[structure]
    return Factors(
        structure=structure,
        stage=stage,
        progress=progress,
        cell_volume_um3=near(shape, m.cell_um3, 0.12) * size,
        nucleus_volume_um3=max(near(shape, m.nucleus_um3, 0.06) * size, dna),
        dna_volume_um3=dna,
        height_um=near(shape, m.height_um, 0.13),
        elongation=1 + (m.elongation - 1) * near(shape, 1.0, 0.5),
        n_sides=int(shape.integers(5, 8)),
        sharpness=near(shape, m.sharpness, 0.15),
        roughness=near(shape, 0.05 if mitotic else 0.09, 0.3),
        raggedness=near(shape, 0.015 if mitotic else 0.022, 0.4),
        lean=float(abs(0.12 * shape.standard_normal())),
        tail=near(
            shape, {INTERPHASE: 0.05, PROPHASE: 0.08, PROPHASE_2: 0.08}.get(stage, 0.05 if stage < METAPHASE else 0.03), 0.5
        ),
        yaw_deg=float(shape.uniform(-25, 25)),
        nucleus_x=float(0.12 * shape.standard_normal()),
        nucleus_y=float(0.08 * shape.standard_normal()),
        nucleus_angle_deg=float(15 * shape.standard_normal()),
        nucleus_elongation=near(shape, 1.22, 0.10),
        nucleus_roughness=near(shape, 0.05, 0.4),
        n_nucleoli=int(shape.integers(1, 6)),
        spindle_angle_deg=float(angle_sd * np.clip(shape.standard_normal(), -2, 2)),
        spindle_tilt_deg=float(tilt_sd * np.clip(shape.standard_normal(), -2, 2)),
        plate_curvature=float((0.035 if divided else 0.0) + 0.012 * shape.standard_normal()),
        furrow=float({ANAPHASE: 0.15 + 0.45 * progress, TELOPHASE: 0.8 + 0.2 * progress}.get(stage, 0.0)),
        n_vesicles=int(shape.negative_binomial(4, 0.12)),
        haze=near(tagged, HAZE[gene][int(mitotic)], 0.25),
        patchiness=near(tagged, 0.45, 0.25),
        n_bundles=int(tagged.integers(3, 9)),
        bundle_angle_deg=float(tagged.uniform(-90, 90)),
        n_microtubules=int(near(tagged, 260 if mitotic else 200, 0.2)),
        spindle_length_um=near(tagged, {PROMETAPHASE_1: 8.5, PROMETAPHASE_2: 10.5}.get(stage, 12.5), 0.05),
        centrosome_angle_deg=float(35 * tagged.standard_normal()),
        golgi_spread=float(tagged.beta(2, 4)),
        n_golgi=int(near(tagged, 32 if not mitotic else 45, 0.3)),
        mitochondria_angle_deg=float(tagged.uniform(-180, 180)),
        mitochondria_polarity=float(tagged.gamma(2.0, 0.3)),
        n_mitochondria=int(near(tagged, 420 if mitotic else 260, 0.2)),
        belt_radius=float((0.68 if mitotic else 0.74) + 0.015 * np.clip(tagged.standard_normal(), -2, 2)),
        n_desmosomes=int(tagged.integers(8, 45)),
        psf_xy_um=near(optics, 0.17, 0.08),
        psf_z_um=near(optics, 0.65, 0.10),
        photons=near(optics, 220, 0.35),
        background=float(optics.integers(12, 60)),
        dna_haze=near(optics, 0.25, 0.35),
        membrane_haze=near(optics, 0.10, 0.3),
    )
