"""Sections beyond the paper on decoded cells: errors by stage, smoothness of the walk, precision and recall."""

import numpy as np
import pandas as pd

from model.latent import PATHS
from precompute.report import charts, coverage, stages, walks
from precompute.report.beyond_latents import NOT_IN_PAPER, columns
from precompute.report.content import Content
from precompute.report.measured import Measured
from precompute.report.paper_figures import NO_TRAIN_IMAGES
from precompute.report.source import SPLITS

PCA = ("bce_x_r", "r_x_r", "bce_x_s", "r_x_s")


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
            f"errors_{split}",
            f"Pearson r by stage, {split} split.",
            charts.intervals(labels, series, "Pearson r of voxels", "stage"),
        )
    metrics = source.atlas.metrics
    if "pca_bce_x_r" in metrics:
        rows = [
            {"images by": kind} | {name: metrics[f"{prefix}{name}"] for name in PCA}
            for kind, prefix in (("the model", ""), ("PCA", "pca_"), ("mean image", "mean_"))
        ]
        fitted = metrics["baselines"]
        what = (
            f"On all {metrics['n_test']} test cells, stored in the atlas when it was made (evaluation). PCA and mean image of "
            f"structure and stage were fitted to {fitted['n_fitted']} {fitted['fitted_to']}; no intervals were stored."
        )
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
    seed, rows = measured.source.options.seed, []
    content = Content("coverage", "Precision and recall of generated cells")
    generated = measured.generated()
    content.text = [
        "precision: share of generated cells in the manifold of the data; recall: share of the data in that of the generated "
        f"cells; a manifold is the union of balls out to the {coverage.NEIGHBOURS}rd neighbour (Kynkäänniemi et al. 2019). "
        "As many generated cells as cells of each structure. Spaces: the latents z_r and z_s by the encoders, which saw the "
        f"same training; and at most {coverage.N_COMPONENTS} principal components of the images (all channels, averaged to 8 "
        "x 12 x 16), which the model had no part in. In brackets: 95 % of 1,000 bootstrap draws over the cells that are "
        f"asked, seed {seed}. Both depend on the number of cells: compare rows of one split. precision of other split: the "
        "share of observed cells of the other split in the same manifold, which is what a perfect model would reach. "
        f"{NOT_IN_PAPER}"
    ]
    for split in SPLITS:
        other = "train" if split == "test" else "test"
        for space in ("latents", "images"):
            (data, y), (others, _) = (_features(measured, some, space) for some in (split, other))
            if len(data) <= coverage.NEIGHBOURS:
                why = NO_TRAIN_IMAGES if space == "images" and split == "train" else f"{len(data)} cells are too few."
                content.missing.append(f"{split}, {space}: {why}")
                continue
            made = np.concatenate([generated["z_r"], generated["z_s"]], axis=1) if space == "latents" else generated["coarse"]
            made = made[_matched(y, generated["y"])]
            if space == "images":
                data, made, others = coverage.components(data, made, others, seed=seed)
            row = {"split": split, "space": space} | coverage.precision_recall(data, made, seed=seed)
            rows.append(row | coverage.share_inside("precision_of_other_split", others, data, seed=seed))
    table = pd.DataFrame(rows)
    if len(rows):
        content.table("coverage", "Precision and recall.", table)
        labels = [f"{row['split']}, {row['space']} (n = {row['n_data']})" for row in rows]
        names = {"precision": "precision", "recall": "recall", "precision_of_other_split": "precision of observed cells"}
        series = {words: columns(table, name) for name, words in names.items()}
        content.svg(
            "coverage",
            "Precision and recall of generated cells.",
            charts.intervals(labels, series, "share of cells", "split, space", limits=(-0.02, 1.02)),
        )
    return content, table


def _features(measured: Measured, split: str, space: str) -> tuple[np.ndarray, np.ndarray]:
    """Features and classes of the decoded cells of a split, those with an image alone where the space is that of images."""
    again, source = measured.reconstructed(split), measured.source
    if not again:
        return np.empty((0, 0)), np.empty(0, int)
    if space == "latents":
        z = [source.atlas.latent(name)[again["rows"]] for name in ("z_r", "z_s")]
        return np.concatenate(z, axis=1), source.y[again["rows"]]
    seen = again["has_image"]
    return again["coarse"][seen], source.y[again["rows"][seen]]


def _matched(y: np.ndarray, y_generated: np.ndarray) -> np.ndarray:
    """Rows of generated cells, for each class as many as there are cells of it (at most as many as were generated)."""
    return np.concatenate([np.flatnonzero(y_generated == k)[: (y == k).sum()] for k in np.unique(y)])
