"""Sections beyond the paper on latents: linear probes, support, calibration."""

import numpy as np
import pandas as pd

from precompute.report import charts, classes, latent_space, probes
from precompute.report.content import Content
from precompute.report.measured import Measured
from precompute.report.source import SPLITS

NOT_IN_PAPER = "The paper has no such figure."


def columns(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, low, high."""
    return tuple(frame[f"{name}{end}"].to_numpy(np.float64) for end in ("", "_low", "_high"))


def linear_reading(measured: Measured) -> tuple[Content, pd.DataFrame]:
    """Linear probes of class and stage; R2 of simulated factors."""
    source, seed = measured.source, measured.source.options.seed
    content = Content("probes", "What a linear map reads from the latents")
    train, test = source.split == "train", source.split == "test"
    real = source.atlas.is_real
    content.text = [
        "Class and stage: logistic regression (standardised, balanced), fitted to training cells, balanced accuracy on test "
        f"cells; classes with fewer than {probes.LEAST} training cells left out. In brackets: 95 % of 500 bootstrap draws "
        f"over test cells within each class, seed {seed}; chance is 1 / classes. Stage should be read from z_r, and class "
        "from z_s not at all. " + NOT_IN_PAPER
    ]
    rows = []
    for latent in ("z_r", "z_s"):
        z = source.atlas.latent(latent)
        for what, labels, known in (
            ("class", np.array(source.genes)[source.y], True),
            ("stage", source.stage, source.annotated),
        ):
            rows.append({"from": latent, "read": what} | probes.read_class(z, labels, train & known, test & known, seed=seed))
    table = pd.DataFrame(rows)
    content.table("probes", "Linear probes.", table)
    unread = [f"{row['read']} from {row['from']}" for row in rows if np.isnan(row["balanced_accuracy"])]
    if unread:
        content.missing.append(f"Not read, for want of two classes with cells in both splits: {', '.join(unread)}.")
    labels = [f"{row['read']} from {row['from']}" for row in rows]
    chance = table["chance"].to_numpy()
    series = {"test cells": columns(table, "balanced_accuracy"), "chance": (chance, chance, chance)}
    content.svg(
        "probes",
        "Balanced accuracy on test cells.",
        charts.intervals(labels, series, "balanced accuracy", "probe", limits=(0, 1)),
    )
    if source.factors is None:
        content.missing.append("The cells are not simulated: there are no known factors to read.")
        return content, table
    content.text.append(
        "Factors that made each simulated cell: ridge regression (standardised, penalty chosen by leave-one-out within the "
        "training cells), R2 on test cells to which the factor applies; angles as cosine and sine. Intervals: 200 draws. "
        "Below 0 is worse than the mean. A factor of one structure cannot be in z_r but by way of shape."
    )
    z = {name: source.atlas.latent(name) for name in ("z_r", "z_s")}
    frame = probes.read_factors(z, source.factors, train & ~real, test & ~real, seed=seed)
    content.table("factors", "R2 of the factors of simulated cells.", frame)
    known = frame[frame["z_r"].notna()].sort_values("z_r", ascending=False)
    if len(known):
        series = {name: columns(known, name) for name in z}
        chart = charts.intervals(
            known["factor"].tolist(), series, "R2 on test cells", "factor", lines={"the mean": 0}, limits=(-0.5, 1.02)
        )
        content.svg("factors", "How much of each factor a linear map reads; intervals may leave the frame.", chart)
    return content, table


def supported(measured: Measured) -> Content:
    """Distance to the nearest training cell."""
    source, seed = measured.source, measured.source.options.seed
    content = Content("support", "Support: how far from the cells it learned from")
    train = source.atlas.latent("z_r")[source.rows("train")]
    if len(train) < 2:
        content.missing.append("Fewer than two training cells.")
        return content
    prior = np.random.default_rng(seed).standard_normal((1000, train.shape[1]))
    generated = measured.generated()["z_r"]
    distances = {
        "training cells, to another": latent_space.to_nearest(train, train, own=True),
        "test cells": latent_space.to_nearest(source.atlas.latent("z_r")[source.rows("test")], train),
        "z_r from the prior": latent_space.to_nearest(prior, train),
        "generated cells, encoded again": latent_space.to_nearest(generated, train),
    }
    content.text = [
        "Euclidean distance in z_r to the nearest training cell. beyond: share farther away than 95 % of training cells are "
        f"from another. Prior: 1,000 draws; generated cells: all that were decoded, seed {seed}. In brackets: 95 % of 1,000 "
        "bootstrap draws over cells, the training cells as they are. A cell beyond is one the model was not taught. "
        f"{NOT_IN_PAPER}"
    ]
    content.table(
        "support",
        "Distance to the nearest training cell, in z_r (prior sd 1).",
        latent_space.support(distances, "training cells, to another", seed=seed),
    )
    series = [(name, np.sort(d), np.arange(1, len(d) + 1) / len(d)) for name, d in distances.items() if len(d)]
    thin = [(name, x[:: max(1, len(x) // 200)], y[:: max(1, len(y) // 200)]) for name, x, y in series]
    panel = {"title": "", "x_label": "distance to nearest training cell (z_r)", "y_label": "share of cells", "series": thin}
    content.svg("support", "Share of cells nearer than a distance.", charts.lines([panel], columns=1, height=3.4))
    return content


def calibrated(measured: Measured) -> Content:
    """Calibration of p(y | x)."""
    source, seed = measured.source, measured.source.options.seed
    content, rows, series = Content("calibration", "Calibration: does p(y|x) mean what it says"), [], []
    content.text = [
        "p(y|x) by Enc_rs of the observed cell. Confidence is its greatest value. calibration error: mean over cells of the "
        f"distance of accuracy and confidence in {classes.N_BINS} bins of equal width; overconfidence: mean confidence less "
        "accuracy; Brier: sum over classes; log loss in nat. In brackets: 95 % of 300 (bins: 1,000) bootstrap draws over "
        f"cells, of the calibration error 1.96 sd to both sides, seed {seed}. {NOT_IN_PAPER}"
    ]
    for split in SPLITS:
        at = source.rows(split)
        if not len(at):
            content.missing.append(f"No {split} cells.")
            continue
        y, p = source.y[at], source.atlas.latent("y")[at]
        rows.append({"split": split} | classes.calibration(y, p, seed=seed))
        table = classes.reliability(y, p, seed=seed)
        content.table(f"calibration_{split}", f"Bins of confidence, {split} split.", table, shown=split == "test")
        some = table[table["n"] > 0]
        series.append(
            (f"{split}, n = {len(at)}", some["confidence"], some["accuracy"], some["accuracy_low"], some["accuracy_high"])
        )
    content.table("calibration", "Calibration.", pd.DataFrame(rows))
    panel = {"title": "", "x_label": "confidence", "y_label": "accuracy", "series": series, "diagonal": True, "dots": True}
    content.svg(
        "calibration", "Accuracy against confidence; dotted: as it should be.", charts.lines([panel], columns=1, height=3.4)
    )
    return content
