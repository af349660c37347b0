"""Sections beyond the paper: probes, support, calibration, errors by stage, smoothness of the walk, precision and recall."""

import numpy as np
import pandas as pd

from model.latent import PATHS
from precompute.report import charts, classes, coverage, latent_space, probes, stages, walks
from precompute.report.content import Content
from precompute.report.measured import Measured
from precompute.report.paper_figures import NO_TRAIN_IMAGES
from precompute.report.source import SPLITS

NOT_IN_PAPER = "The paper has no such figure."
PCA = ("bce_x_r", "r_x_r", "bce_x_s", "r_x_s")


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
    unread = table.loc[table["balanced_accuracy"].isna(), ["read", "from"]].agg(" from ".join, axis=1).tolist()
    if unread:
        content.missing.append(f"Not read, for want of two classes with cells in both splits: {', '.join(unread)}.")
    labels = [f"{row['read']} from {row['from']}" for row in rows]
    chance = table["chance"].to_numpy()
    series = {"test cells": columns(table, "balanced_accuracy"), "chance": (chance, chance, chance)}
    content.svg(
        "probes", "Balanced accuracy on test cells.", charts.intervals(labels, series, "balanced accuracy", limits=(0, 1))
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
            known["factor"].tolist(), series, "R2 on test cells", lines={"the mean": 0}, limits=(-0.5, 1.02)
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
    content.svg("support", "Share of cells nearer than a distance.", charts.lines([panel], columns=2, height=3.4))
    return content


def calibrated(measured: Measured) -> Content:
    """Calibration of p(y | x)."""
    source, seed = measured.source, measured.source.options.seed
    content, rows, series = Content("calibration", "Calibration: does p(y|x) mean what it says"), [], []
    content.text = [
        "p(y|x) by Enc_rs of the observed cell. Confidence is its greatest value. calibration error: mean over cells of the "
        f"distance of accuracy and confidence in {classes.N_BINS} bins of equal width; overconfidence: mean confidence less "
        "accuracy; Brier: sum over classes; log loss in nat. In brackets: 95 % of 300 (bins: 1,000) bootstrap draws over "
        f"cells, seed {seed}. {NOT_IN_PAPER}"
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
        "calibration", "Accuracy against confidence; dotted: as it should be.", charts.lines([panel], columns=2, height=3.4)
    )
    return content


def by_stage(measured: Measured) -> tuple[Content, dict[str, pd.DataFrame]]:
    """Reconstruction error per stage."""
    source, seed, tables = measured.source, measured.source.options.seed, {}
    content = Content("errors", "Reconstruction error, stage by stage")
    content.text = [
        "Against the observed cell, on the model's grid: binary cross-entropy (bce, nat/voxel; its floor is the entropy of "
        "the data) and Pearson r over voxels of Dec_r(Enc_r(x_r)) (membrane, DNA), of the structure channel of "
        "Dec_rs(Enc_rs(x_rs)) (x_s), and of Algorithm 3 from shape alone (x_s predicted). Training cells: at most "
        f"{source.options.n_per_class} a structure, seed {seed}. In brackets: 95 % of 1,000 bootstrap draws over cells. "
        f"{NOT_IN_PAPER}"
    ]
    chart = {}
    for split in SPLITS:
        again = measured.reconstructed(split)
        if not again or not again["has_image"].any():
            content.missing.append(NO_TRAIN_IMAGES if split == "train" else "No test cell's image is at hand.")
            continue
        without = int((~again["has_image"]).sum())
        if without:
            content.missing.append(f"{without} of {len(again['rows'])} {split} cells have no image at hand and do not count.")
        table = stages.errors(again, source.stage[again["rows"]], list(source.atlas.stages), seed=seed)
        empty = table.loc[table["n"] == 0, "stage"].tolist()
        if empty:
            content.missing.append(f"{split}: no cell with an image in {', '.join(empty)}.")
        content.table(f"errors_{split}", f"Mean over cells, {split} split; all: annotated or not.", table)
        tables[split] = table
        for name in ("r_membrane", "r_DNA", "r_x_s"):
            chart.setdefault(split, {})[name] = columns(table, name)
    for split, series in chart.items():
        labels = [f"{stage} (n = {n})" for stage, n in zip(tables[split]["stage"], tables[split]["n"], strict=True)]
        content.svg(
            f"errors_{split}", f"Pearson r by stage, {split} split.", charts.intervals(labels, series, "Pearson r of voxels")
        )
    metrics = source.atlas.metrics
    if "pca_bce_x_r" in metrics:
        rows = [
            {"images by": kind} | {name: metrics[f"{prefix}{name}"] for name in PCA}
            for kind, prefix in (("the model", ""), ("PCA", "pca_"), ("mean image", "mean_"))
        ]
        what = f"On all {metrics['n_test']} test cells, stored in the atlas when it was made (evaluation). PCA and mean image of structure "
        what += f"and stage were fitted to {metrics['baselines']['n_fitted']} {metrics['baselines']['fitted_to']}; no intervals were stored."
        content.table("errors_baselines", what, pd.DataFrame(rows))
    return content, tables


def smooth_walk(measured: Measured) -> Content:
    """Voxel change and re-encoding error along the walk."""
    content = Content("walk", "Smoothness of the walk through the stages")
    source, found = (
        measured.source,
        [measured.parts[f"walk_{i}"] for i in range(measured.source.options.n_walks) if f"walk_{i}" in measured.parts],
    )
    if not found:
        content.missing.append("Fewer than two stages have a medoid: there is no walk.")
        return content
    names = source.atlas.medoids["stage"].tolist()
    content.text = [
        f"Dec_r along three paths in z_r: radial (the paper's), slerp, linear; {walks.STEPS} places a segment. One walk goes "
        f"by the medoids, {len(found) - 1} by cells of the same stages chosen by chance (seed {source.options.seed}). "
        "change: mean absolute difference of membrane and DNA between a place and the next, of 1; total: its sum; "
        "unevenness: greatest over mean. error: |Enc_r(Dec_r(z)) - z|, at cells and between them: where it is great the "
        f"decoder shows what the encoder does not see. In brackets: 95 % of 1,000 bootstrap draws over walks. {NOT_IN_PAPER}"
    ]
    content.table("walk", "Means over walks.", walks.smoothness(found, seed=source.options.seed))
    t = found[0]["t"]
    ticks = (range(len(names)), names)
    panels = []
    for name, title, label in (
        ("change", "change a step", "mean |difference| of voxels"),
        ("error", "encoded again", "|Enc_r(Dec_r(z)) - z|"),
        ("norm", "norm of z_r", "|z_r|"),
    ):
        x = (t[1:] + t[:-1]) / 2 if name == "change" else t
        series = [(kind, x, np.mean([walk[name][i] for walk in found], axis=0)) for i, kind in enumerate(PATHS)]
        panels.append(
            {"title": title, "x_label": "place on the walk (stage)", "y_label": label, "series": series, "ticks": ticks}
        )
    content.svg("walk", f"Mean over {len(found)} walks.", charts.lines(panels, height=3.4))
    long = [
        pd.DataFrame(
            {
                "walk": w,
                "path": kind,
                "t": t,
                "error": walk["error"][i],
                "norm": walk["norm"][i],
                "change_to_next": np.append(walk["change"][i], np.nan),
            }
        )
        for w, walk in enumerate(found)
        for i, kind in enumerate(PATHS)
    ]
    content.table("walk_places", "Every place of every walk.", pd.concat(long), shown=False)
    return content


def covered(measured: Measured) -> tuple[Content, pd.DataFrame]:
    """Precision and recall of generated cells."""
    source, seed, rows = measured.source, measured.source.options.seed, []
    content = Content("coverage", "Precision and recall of generated cells")
    generated = measured.generated()
    content.text = [
        "precision: share of generated cells in the manifold of the data; recall: share of the data in that of the generated "
        f"cells; a manifold is the union of balls out to the {coverage.NEIGHBOURS}rd neighbour (Kynkaanniemi et al. 2019). "
        "As many generated cells as cells of each structure. Spaces: the latents z_r and z_s by the encoders, which saw the "
        f"same training; and at most {coverage.N_COMPONENTS} principal components of the images (all channels, averaged to 8 "
        "x 12 x 16), which the model had no part in. In brackets: 95 % of 1,000 bootstrap draws over the cells that are "
        f"asked, seed {seed}. Both depend on the number of cells: compare rows of one split. {NOT_IN_PAPER}"
    ]
    for split in SPLITS:
        again = measured.reconstructed(split)
        if not again:
            content.missing.append(f"No {split} cells.")
            continue
        match = _matched(source.y[again["rows"]], generated["y"])
        z = np.concatenate([source.atlas.latent(name)[again["rows"]] for name in ("z_r", "z_s")], axis=1)
        z_generated = np.concatenate([generated["z_r"], generated["z_s"]], axis=1)[match]
        spaces = {"latents": (z, z_generated)}
        seen = np.isfinite(again["coarse"]).all(axis=1)
        if seen.sum() > coverage.NEIGHBOURS:
            match = _matched(source.y[again["rows"][seen]], generated["y"])
            spaces["images"] = tuple(coverage.components(again["coarse"][seen], generated["coarse"][match], seed=seed))
        else:
            content.missing.append(
                f"{split}, images: " + (NO_TRAIN_IMAGES if split == "train" else "no test cell's image is at hand.")
            )
        for space, (data, made) in spaces.items():
            rows.append({"split": split, "space": space} | coverage.precision_recall(data, made, seed=seed))
    table = pd.DataFrame(rows)
    if len(rows):
        content.table("coverage", "Precision and recall.", table)
        labels = [f"{row['split']}, {row['space']} (n = {row['n_data']})" for row in rows]
        series = {name: columns(table, name) for name in ("precision", "recall")}
        content.svg(
            "coverage",
            "Precision and recall of generated cells.",
            charts.intervals(labels, series, "share of cells", limits=(-0.02, 1.02)),
        )
    return content, table


def _matched(y: np.ndarray, y_generated: np.ndarray) -> np.ndarray:
    """Rows of generated cells, for each class as many as there are cells of it (at most as many as were generated)."""
    return np.concatenate([np.flatnonzero(y_generated == k)[: (y == k).sum()] for k in np.unique(y)])
