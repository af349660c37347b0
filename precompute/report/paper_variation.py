"""The section on Figs. S7 and S8: variation in interphase and in mitosis."""

import numpy as np
import pandas as pd

from precompute.report import charts, paper, sheets, variability
from precompute.report.content import Content
from precompute.report.measure import variation_settings
from precompute.report.measured import Measured
from precompute.report.paper_figures import COLOURS
from precompute.report.source import SPLITS, Source


def variation(measured: Measured) -> tuple[Content, dict[str, pd.DataFrame]]:
    """Figs. S7 and S8."""
    source, seed = measured.source, measured.source.options.seed
    n, draw_seed = variation_settings(source)
    content, panels, tables = Content("S7", "Variation in interphase and in mitosis (Figs. S7 and S8)"), {}, {}
    content.text = [
        f"Algorithm 4: {n} draws of z_s (seed {draw_seed}) a cell and structure, score = -log|rho| / n. SMALLER means MORE "
        f"variation; scores of different n must not be compared (paper: n = {paper.VARIATION_N}, 3.6 to 6.4). Annotated "
        "cells alone. Mitosis is every stage but interphase; difference and Cliff's delta are mitosis against interphase, so "
        "below 0 is MORE variation in mitosis; p by a two-sided Mann-Whitney U test, q after Benjamini and Hochberg. In "
        f"brackets: 95 % of bootstrap draws over cells (2,000; delta 500; seed {seed}).",
        "Fig. S8: cells in the order of the score of each structure, and the mitotic share of the quarter with the most and "
        "with the least variation; Fisher's exact test. Cells whose score could not be computed (singular) are left out.",
    ]
    for split in SPLITS:
        rows, score = measured.variation(split)
        if not len(rows):
            content.missing.append(f"No annotated {split} cells with a score.")
            continue
        first = source.interphase[rows]
        if first.all() or not first.any():
            content.missing.append(
                f"{split}: no cell in {'mitosis' if first.all() else source.atlas.stages[0]}, so there is nothing to "
                "compare, no test and no effect size."
            )
        table = variability.compared(score, first, source.genes, seed=seed)
        words = table.assign(paper_variation_in_mitosis=table["paper_sign"].map({-1: "more", 1: "less"}).fillna("not said"))
        caption = f"Mitosis against interphase, {split} split, n = {n} draws."
        content.table(f"S7_{split}", caption, words.drop(columns="paper_sign"))
        tables[split] = table
        groups = {
            name: [score[at, k][np.isfinite(score[at, k])] for k in range(source.n)]
            for name, at in (("interphase", first), ("mitosis", ~first))
        }
        panels[f"{split} split"] = groups
        cells = pd.DataFrame(score, columns=source.genes)
        cells.insert(0, "cell_id", source.atlas.cells["cell_id"].to_numpy()[rows])
        cells.insert(1, "stage", source.stage[rows])
        content.table(f"S7_scores_{split}", "Score of every cell and structure.", cells, shown=False)
    if panels:
        label = f"-log|rho| / n, n = {n}\n(small = much variation)"
        content.svg(
            "S7_variation", "Fig. S7: score of each cell, by structure and stage.", charts.boxes(panels, source.genes, label)
        )
    _extremes(measured, content, seed)
    return content, tables


def _extremes(measured: Measured, content: Content, seed: int) -> None:
    source, (rows, score) = measured.source, scored(measured)
    if not len(rows):
        return
    if not source.interphase[rows].any() or source.interphase[rows].all():
        content.missing.append("Fig. S8: all scored cells are in mitosis, or none: there is no enrichment to measure.")
    else:
        _enrichment(content, source, rows, score, seed)
    arrays = measured.parts.get("sheet_variation")
    if arrays is None:
        return
    n = arrays["tiles"].shape[1] // 2
    labels = [f"{i + 1}. most" for i in range(n)] + [f"{i + 1}. least" for i in range(n)]
    png = sheets.sheet(arrays["tiles"], source.genes, labels, source.atlas.voxel_um, source.atlas.config.grid[2])
    caption = (
        "Fig. S8: for each structure (rows) the shapes with the most variation, and with the least, with its most probable"
    )
    content.png(
        "S8_extremes", f"{caption} localisation. {COLOURS}; shapes decoded from z_r. Stages of these cells: S8_cells.csv.", png
    )
    chosen = extreme_rows(measured)
    records = [
        {"gene": gene, "rank": label, "cell_id": source.atlas.cells["cell_id"][row], "stage": source.stage[row]}
        for gene, some in zip(source.genes, chosen, strict=True)
        for label, row in zip(labels, some, strict=True)
        if row >= 0
    ]
    content.table("S8_cells", "Cells of Fig. S8.", pd.DataFrame(records), shown=False)


def _enrichment(content: Content, source: Source, rows: np.ndarray, score: np.ndarray, seed: int) -> None:
    table = variability.enrichment(score, ~source.interphase[rows], source.genes, seed=seed)
    caption = f"Mitotic share of cells with the most and the least variation, {len(rows)} cells of both splits."
    content.table("S8_enrichment", caption, table)


def scored(measured: Measured) -> tuple[np.ndarray, np.ndarray]:
    """Rows and scores of both splits."""
    both = [measured.variation(split) for split in SPLITS]
    return np.concatenate([rows for rows, _ in both]), np.concatenate([score for _, score in both])


def extreme_rows(measured: Measured) -> np.ndarray:
    """(K, 2 N_EXTREME) rows of Fig. S8: most variation first, then least; -1 where there are not so many cells."""
    rows, score = scored(measured)
    n = min(sheets.N_EXTREME, len(rows) // 2)
    chosen = np.full((measured.source.n, 2 * n), -1)
    for k in range(measured.source.n):
        most, least = variability.extremes(score, k, n)
        chosen[k, : len(most)], chosen[k, n : n + len(least)] = rows[most], rows[least]
    return chosen
