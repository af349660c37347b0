"""The words of the field: the tagged structures and the stages of the cell cycle, in the order of the paper."""

from typing import NamedTuple

from model.errors import InputError


class Structure(NamedTuple):
    """A tagged structure, named by gene symbol with the protein and the structure it marks."""

    gene: str
    protein: str
    structure: str


# The order of the paper's Tables S9 to S11: a class index y is a position in this list.
PAPER_STRUCTURES = (
    Structure("ACTN1", "alpha-actinin-1", "actin bundles"),
    Structure("TUBA1B", "alpha-tubulin", "microtubules"),
    Structure("ACTB", "beta-actin", "actin filaments"),
    Structure("DSP", "desmoplakin", "desmosomes"),
    Structure("FBL", "fibrillarin", "nucleoli"),
    Structure("LMNB1", "lamin B1", "nuclear envelope"),
    Structure("MYH10", "myosin IIB", "actomyosin bundles"),
    Structure("ST6GAL1", "sialyltransferase 1", "Golgi"),
    Structure("SEC61B", "Sec61 beta", "endoplasmic reticulum"),
    Structure("TOMM20", "Tom20", "mitochondria"),
    Structure("TJP1", "ZO-1", "tight junctions"),
)

# Tagged in the public releases, but not in the paper.
OTHER_STRUCTURES = (
    Structure("CETN2", "centrin-2", "centrioles"),
    Structure("LAMP1", "LAMP-1", "lysosomes"),
    Structure("SLC25A17", "PMP34", "peroxisomes"),
)

GENE_ALIASES = {"CENT2": "CETN2", "PMP34": "SLC25A17", "TOM20": "TOMM20"}

# The paper's ordered scale. A cell without annotation has the stage NOT_ANNOTATED, which is on no scale.
PAPER_STAGES = (
    "interphase",
    "prophase",
    "prophase 2",
    "prometaphase 1",
    "prometaphase 2",
    "metaphase",
    "anaphase",
    "telophase-cytokinesis",
)
# The 2023 public set's scale. It cannot be split into the paper's eight, so it stands on its own.
RELEASE_2023_STAGES = ("M0", "M1M2", "M3", "M4M5", "M6M7_complete", "M6M7_single")
NOT_ANNOTATED = "not annotated"

_KNOWN = {s.gene: s for s in PAPER_STRUCTURES + OTHER_STRUCTURES}


def canonical_gene(name: str) -> str:
    """The gene symbol this project uses for `name`: known aliases and case are resolved, others stay as they are."""
    upper = name.strip().upper()
    upper = GENE_ALIASES.get(upper, upper)
    return upper if upper in _KNOWN else name.strip()


def describe(gene: str, protein: str = "", structure: str = "") -> Structure:
    """The structure for a gene symbol; unknown genes keep whatever words the caller has for them."""
    gene = canonical_gene(gene)
    return _KNOWN.get(gene) or Structure(gene, protein or gene, structure or "unknown structure")


def in_paper_order(genes) -> list[str]:
    """Distinct gene symbols, the paper's first in the paper's order, then the others by name."""
    order = {s.gene: i for i, s in enumerate(PAPER_STRUCTURES + OTHER_STRUCTURES)}
    return sorted(set(genes), key=lambda gene: (order.get(gene, len(order)), gene))


def check_stage(stage: str, stages: tuple[str, ...], where: str) -> str:
    """`stage` if it is on the scale or not annotated.

    Raises
    ------
    InputError
        naming `where`, the stage and the scale.
    """
    if stage == NOT_ANNOTATED or stage in stages:
        return stage
    raise InputError(f"{where}: unknown stage {stage!r}; the scale is {', '.join(stages)} (leave it empty if not annotated)")
