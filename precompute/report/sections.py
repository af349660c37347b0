"""The whole report from what was measured: the figures at a glance, then the paper's, then those beyond it."""

import pandas as pd
from tqdm import tqdm

from precompute.report import beyond_images, beyond_latents, paper_figures, paper_tables, paper_variation
from precompute.report.content import Content
from precompute.report.measured import Measured
from precompute.report.source import SPLITS

ENDS = ("", "_low", "_high")
SECTIONS = {
    "cells": paper_tables.table_S9,
    "scores": paper_tables.inception,
    "overall": paper_tables.confusion,
    "reconstructions": paper_figures.reconstructions,
    "training": paper_figures.training,
    "latents": paper_figures.latents,
    "localisations": paper_figures.localisations,
    "correlations": paper_figures.correlations,
    "variation": paper_variation.variation,
    "mitosis": paper_figures.mitosis,
    "read": beyond_latents.linear_reading,
    "support": beyond_latents.supported,
    "calibration": beyond_latents.calibrated,
    "by_stage": beyond_images.by_stage,
    "walk": beyond_images.smooth_walk,
    "covered": beyond_images.covered,
}
LEAST = 10  # cells of a structure whose distribution is compared


def contents(measured: Measured) -> list[Content]:
    """Every section, in order. Some give, beside their content, the tables that the glance takes its figures from."""
    results = {}
    for name, section in tqdm(SECTIONS.items(), desc="report", unit="section", mininterval=1):
        results[name] = section(measured)
    with_tables = {name: result for name, result in results.items() if isinstance(result, tuple)}
    glance = at_a_glance(**{name: tables for name, (_, tables) in with_tables.items()})
    return [glance, *(result[0] if name in with_tables else result for name, result in results.items())]


def at_a_glance(*, scores, overall, latents, correlations, variation, read, by_stage, covered) -> Content:
    """What decides first whether to trust the atlas, beside the paper; each number is explained in the section it is from."""
    rows = []

    def add(figure: str, section: str, split: str, n, values, paper=None) -> None:
        value = dict(zip((f"value{end}" for end in ENDS), values, strict=True))
        rows.append({"figure": figure} | value | {"paper": paper, "split": split, "n": n, "section": section})

    if overall is not None:
        for row in overall.to_dict("records"):
            add(row["figure"].replace("_", " "), "S11", "test", row["n"], ends(row, "value"), row["paper_value"])
    for split in [split for split in reversed(SPLITS) if split in scores]:
        last = scores[split].iloc[-1]
        for kind in paper_tables.KINDS:
            share, theirs = (
                [value / last["ceiling"] for value in ends(last, kind)],
                last[f"paper_{kind}"] / last["paper_ceiling"],
            )
            add(f"inception score over its ceiling, {kind}", "S10", split, last[f"n_{kind}"], share, theirs)
    for row in latents[latents["split"] == latents["split"].iloc[-1]].to_dict("records"):
        add(f"mean KS distance of {row['latent']} to the prior", "S4", row["split"], row["n"], ends(row, "ks_mean"))
    for kind, some in correlations.dropna(subset="W1").groupby("kind", sort=False):
        enough = some[some["n"] >= LEAST]
        if len(enough):
            figure = f"W1 of pairwise correlations to the data, median over {len(enough)} structures"
            add(figure, "S6", kind, int(enough["n"].sum()), [enough["W1"].median(), None, None])
    for split, table in variation.items():
        known = table[table["paper_sign"].notna() & table["difference"].notna()]
        clear = known[(known["difference_low"] > 0) | (known["difference_high"] < 0)]
        for figure, sign in (("as", 1), ("against", -1)):
            n_structures = int((clear["difference"] * clear["paper_sign"] * sign > 0).sum())
            figure = (
                f"structures whose variation changes in mitosis {figure} the paper says, interval clear of 0, of {len(known)}"
            )
            n_cells = int(table[["n_interphase", "n_mitosis"]].sum(axis=1).max())
            if len(known):
                add(figure, "S7", split, n_cells, [n_structures, None, None], len(known) if sign > 0 else 0)
    for row in read.dropna(subset="balanced_accuracy").to_dict("records"):
        figure = f"{row['read']} read from {row['from']}, balanced accuracy (chance {row['chance']:.2g})"
        add(figure, "probes", "test", row["n_test"], ends(row, "balanced_accuracy"))
    for split, table in by_stage.items():
        last = table.iloc[-1]
        for name, what in (("r_membrane", "membrane"), ("r_DNA", "DNA"), ("r_x_s", "the structure")):
            add(f"Pearson r of {what}, reconstructed", "errors", split, last["n"], ends(last, name))
    for row in covered.to_dict("records"):
        for name in ("precision", "recall"):
            add(f"{name} of generated cells, {row['space']}", "coverage", row["split"], row["n_data"], ends(row, name))
    content = Content("glance", "At a glance")
    content.text = [
        "In brackets 95 % intervals of a bootstrap over cells; where all cells agree it has no width, which says nothing of "
        "other cells: look at n. How each number was computed is said in its section."
    ]
    content.table("glance", "The main figures beside the paper's.", pd.DataFrame(rows, dtype=object))
    return content


def ends(row, name: str) -> list[float]:
    """Value, low and high of a figure in a row of a table."""
    return [row[f"{name}{end}"] for end in ENDS]
