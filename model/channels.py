"""Which channel of an image is what, by the names that microscopes and pipelines give them."""

import re
from collections.abc import Sequence

IMAGE_ROLES, MASK_ROLES = ("membrane", "structure", "DNA"), ("cell_mask", "dna_mask")
ROLES = IMAGE_ROLES + MASK_ROLES
# Names of channels, in lower case without punctuation. CellMask is a dye of the membrane.
CHANNEL_NAMES = {
    "membrane": ("membrane", "memb", "mem", "cellmask", "cmdrp"),
    "structure": ("structure", "struct", "gfp", "egfp", "megfp"),
    "DNA": ("dna", "dnadye", "nucleus", "nuc", "hoechst", "dapi", "h3342"),
    "cell_mask": ("segmembrane", "segmemb", "segcell", "membranesegmentation", "cellsegmentation", "membraneseg", "cellseg"),
    "dna_mask": ("segdna", "segnuc", "segnucleus", "dnasegmentation", "nucleussegmentation", "dnaseg", "nucseg"),
}


def match_roles(names: Sequence[str], roles: Sequence[str] = ROLES) -> dict[str, int]:
    """role -> index of the first channel with a name usual for it; roles without one are absent."""
    plain = [plain_name(name) for name in names]
    found = {role: next((k for k, name in enumerate(plain) if name in CHANNEL_NAMES[role]), None) for role in roles}
    return {role: index for role, index in found.items() if index is not None}


def plain_name(name: str) -> str:
    """In lower case, letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
