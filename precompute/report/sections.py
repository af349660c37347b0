"""The whole report from what was measured: the figures at a glance, then the paper's, then those beyond it."""

import pandas as pd
from tqdm import tqdm

from precompute.report import beyond, paper_figures, paper_tables
from precompute.report.content import Content
from precompute.report.measured import Measured
from precompute.report.source import SPLITS

FIGURE = ("value", "value_low", "value_high")


def contents(measured: Measured) -> list[Content]:
    """Every section, in order."""
    with tqdm(total=16, desc="report", unit="section", mininterval=1) as bar:

        def done(result):
            bar.update()
            return result

        S9, (S10, scores) = done(paper_tables.table_S9(measured)), done(paper_tables.inception(measured))
        S11, overall = done(paper_tables.confusion(measured))
        figures = [done(section(measured)) for section in (paper_figures.reconstructions, paper_figures.training)]
        S4, latents = done(paper_figures.latents(measured))
        S5, (S6, correlations) = done(paper_figures.localisations(measured)), done(paper_figures.correlations(measured))
        (S7, variation), walk = done(paper_figures.variation(measured)), done(paper_figures.mitosis(measured))
        (probes, read), (errors, by_stage) = done(beyond.linear_reading(measured)), done(beyond.by_stage(measured))
        others = [done(section(measured)) for section in (beyond.supported, beyond.calibrated, beyond.smooth_walk)]
        coverage, covered = done(beyond.covered(measured))
    glance = at_a_glance(scores, overall, latents, correlations, variation, read, by_stage, covered)
    return [glance, S9, S10, S11, *figures, S4, S5, S6, S7, walk, probes, *others[:2], errors, others[2], coverage]


def at_a_glance(scores, overall, latents, correlations, variation, read, by_stage, covered) -> Content:
    """What decides first whether to trust the atlas, beside the paper; each number is explained in the section it is from."""
    rows = []

    def add(figure: str, section: str, split: str, n, values, paper=None) -> None:
        rows.append(
            {"figure": figure}
            | dict(zip(FIGURE, values, strict=True))
            | {"paper": paper, "split": split, "n": n, "section": section}
        )

    if overall is not None:
        for row in overall.to_dict("records"):
            add(row["figure"].replace("_", " "), "S11", "test", row["n"], [row[name] for name in FIGURE], row["paper_value"])
    for split in [split for split in reversed(SPLITS) if split in scores]:
        last = scores[split].iloc[-1]
        for kind in paper_tables.KINDS:
            share = [last[f"{kind}{end}"] / last["ceiling"] for end in ("", "_low", "_high")]
            add(
                f"inception score over its ceiling, {kind}",
                "S10",
                split,
                last[f"n_{kind}"],
                share,
                last[f"paper_{kind}"] / last["paper_ceiling"],
            )
    for row in latents[latents["split"] == latents["split"].iloc[-1]].to_dict("records"):
        add(
            f"mean KS distance of {row['latent']} to the prior",
            "S4",
            row["split"],
            row["n"],
            [row[f"ks_mean{e}"] for e in ("", "_low", "_high")],
        )
    kinds = correlations.dropna(subset="W1").groupby("kind", sort=False)
    for kind, some in kinds:
        enough = some[some["n"] >= 10]
        if len(enough):
            add(
                f"W1 of pairwise correlations to the data, {kind}, median over {len(enough)} structures",
                "S6",
                kind,
                int(enough["n"].sum()),
                [enough["W1"].median(), None, None],
            )
    for split, table in variation.items():
        known = table[table["paper_sign"].notna() & table["difference"].notna()]
        if len(known):
            clear = known[(known["difference_low"] > 0) | (known["difference_high"] < 0)]
            agrees = int((clear["difference"] * clear["paper_sign"] > 0).sum())
            add(
                f"structures with the paper's change in mitosis, interval clear of 0, of {len(known)}",
                "S7",
                split,
                int(known[["n_interphase", "n_mitosis"]].sum(axis=1).max()),
                [agrees, None, None],
                len(known),
            )
    for row in read.dropna(subset="balanced_accuracy").to_dict("records"):
        add(
            f"{row['read']} read from {row['from']}, chance {row['chance']:.2g}",
            "probes",
            "test",
            row["n_test"],
            [row[f"balanced_accuracy{e}"] for e in ("", "_low", "_high")],
        )
    for split, table in by_stage.items():
        last = table.iloc[-1]
        for name in ("r_membrane", "r_DNA", "r_x_s"):
            add(
                f"Pearson {name.replace('_', ' of ', 1)} reconstructed",
                "errors",
                split,
                last["n"],
                [last[f"{name}{e}"] for e in ("", "_low", "_high")],
            )
    for row in covered.to_dict("records"):
        for name in ("precision", "recall"):
            add(
                f"{name} of generated cells, {row['space']}",
                "coverage",
                row["split"],
                row["n_data"],
                [row[f"{name}{e}"] for e in ("", "_low", "_high")],
            )
    content = Content("glance", "At a glance")
    content.text = [
        "In brackets 95 % intervals of a bootstrap over cells. How each number was computed is said in its section."
    ]
    content.table("glance", "The main figures beside the paper's.", pd.DataFrame(rows))
    return content
