"""The parts that were measured, put together: what the sections compute from."""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from precompute.report.measure import variation_rows
from precompute.report.parts import Arrays
from precompute.report.source import Source


@dataclass
class Measured:
    """A source, and the arrays of its parts by name."""

    source: Source
    parts: dict[str, Arrays]

    def reconstructed(self, split: str) -> Arrays:
        """All decoded cells of a split, in one array a name (the correlations apart); none: an empty dict."""
        found = [self.parts[name] for g in self.source.genes if (name := f"reconstructed_{split}_{g}") in self.parts]
        names = [name for name in found[0] if not name.startswith("rho")] if found else []
        return {name: np.concatenate([part[name] for part in found]) for name in names}

    def generated(self) -> Arrays:
        """All generated cells, in one array a name, and y, their classes."""
        found = [self.parts[f"generated_{gene}"] for gene in self.source.genes]
        names = [name for name in found[0] if name != "rho"]
        return {name: np.concatenate([part[name] for part in found]) for name in names} | {
            "y": np.repeat(np.arange(len(found)), [len(part["p"]) for part in found])
        }

    def rho(self, prefix: str, name: str = "rho") -> dict[str, ndarray]:
        """Correlations of structure channels by gene, of the parts PREFIX_GENE that have any."""
        found = {gene: self.parts.get(f"{prefix}_{gene}") for gene in self.source.genes}
        return {gene: part[name] for gene, part in found.items() if part is not None and len(part[name])}

    def variation(self, split: str) -> tuple[ndarray, ndarray]:
        """Rows (V,) and scores (V, K) of annotated cells: the atlas's own and, of the training split, those scored here."""
        source, rows, scores = self.source, [], []
        if "variation" in source.atlas.file:
            group = source.atlas.file["variation"]
            rows, scores = group["cell"][:].tolist(), list(group["score"][:])
        new = [row for row in variation_rows(source) if row not in rows]
        rows, scores = rows + new, scores + [self.parts[f"variation_{row}"]["score"] for row in new]
        at = np.array(rows, int)
        keep = (source.split[at] == split) & source.annotated[at]
        return at[keep], np.array(scores, np.float64).reshape(len(at), source.n)[keep]
