"""Sections on the paper's figures: S1 to S6, 3 and S9."""

import numpy as np
import pandas as pd
from scipy.stats import kstwo

from precompute.report import charts, correlation, curves, latent_space, paper, sheets
from precompute.report.content import Content
from precompute.report.measured import Measured
from precompute.report.source import SPLITS

COLOURS = "Maximum over z; membrane magenta, structure yellow, DNA cyan"
NO_TRAIN_IMAGES = "Training split left out: images of training cells are in a cells.h5 alone, and none was given (--cells)."


def reconstructions(measured: Measured) -> Content:
    """Figs. S1 and S2."""
    source, content = measured.source, Content("S1", "Input over reconstruction (Figs. S1 and S2)")
    content.text = [
        "Rows: the observed cell, and below it what the model decodes from its own encoding, in the same shades. Reference "
        "model: Dec_r(Enc_r(x_r)); conditional model: Dec_rs(Enc_rs(x_rs)). Cells chosen by chance, one of every structure "
        f"first, seed {source.options.seed}. The paper shows cells of its own here and gives no number; errors are measured "
        "below, by stage."
    ]
    for split in SPLITS:
        arrays = measured.parts.get(f"sheet_reconstruction_{split}")
        if arrays is None:
            content.missing.append(NO_TRAIN_IMAGES if split == "train" else "No test cell's image is at hand.")
            continue
        rows = sheets.shown_cells(source, split)
        labels = [f"{source.genes[source.y[row]]}\n{source.stage[row]}" for row in rows]
        for figure, name, what in (("S1", "reference", "Reference"), ("S2", "conditional", "Conditional")):
            png = sheets.sheet(
                arrays[name], ["input", "reconstruction"], labels, source.atlas.voxel_um, source.atlas.config.grid[2]
            )
            caption = (
                f"Fig. {figure}: {what} model, {split} split, n = {len(rows)} cells (columns: structure, stage). {COLOURS}."
            )
            content.png(f"{figure}_{split}", caption, png)
    return content


def training(measured: Measured) -> Content:
    """Fig. S3."""
    source, content = measured.source, Content("S3", "Training curves of both phases (Fig. S3)")
    if "curves" not in source.atlas.file or not len(source.atlas.file["curves/step"]):
        content.missing.append("The atlas holds no training curves.")
        return content
    frame = pd.DataFrame(
        {
            name: values.asstr()[:] if values.dtype.kind == "O" else values[:]
            for name, values in source.atlas.file["curves"].items()
        }
    )
    frame["time"] = curves.time_of(frame)
    epochs = {phase: int(some["epoch"].nunique()) for phase, some in frame.groupby("phase")}
    content.text = [
        "What training logged: train, a value a step (a line of medians over portions of steps); test, a value an epoch. "
        "Phase r is the reference model, rs the conditional one. Epochs: "
        + ", ".join(f"{phase} {n} (paper {paper.EPOCHS.get(phase, 0)})" for phase, n in sorted(epochs.items()))
        + ". In the table: the last epoch's mean with the 95 % interval of 1,000 bootstrap draws over its steps, and its "
        "change since the middle epoch: near 0 has come to rest. A step in a curve may be a change of settings between "
        "stretches."
    ]
    panels = []
    for phase, name in curves.logged(frame):
        series = []
        for split in ("train", "test"):
            some = frame[(frame["phase"] == phase) & (frame["split"] == split)]
            x, y = curves.smoothed(some["time"].to_numpy(), some[name].to_numpy())
            if len(x):
                series.append((split, x, y))
        panels.append(
            {
                "title": f"{phase}: {name}",
                "x_label": "epoch",
                "y_label": curves.LOSSES.get(name, name),
                "series": series,
                "log": curves.falls_far(series),
            }
        )
    content.svg("S3_training", "Fig. S3: losses against epochs, blue solid train, orange dashed test.", charts.lines(panels))
    content.table("S3_convergence", "Where training ended.", curves.convergence(frame, seed=source.options.seed))
    return content


def latents(measured: Measured) -> tuple[Content, pd.DataFrame]:
    """Fig. S4."""
    source, rows, views = measured.source, [], {}
    content = Content("S4", "Latent dimensions against the prior N(0, I) (Fig. S4)")
    content.text = [
        "Every cell's z as the atlas holds it. KS: greatest distance of a dimension's distribution from the normal one; n "
        "rejected: dimensions with p < 0.05 after Bonferroni. With many cells the smallest difference is found: look at the "
        f"distance. In brackets: 1.96 sd of 200 bootstrap draws over cells to both sides, "
        f"seed {source.options.seed}. A prior's own mean norm is about the root of the number of dimensions. The paper shows "
        "Fig. S4 and gives no number."
    ]
    for name in ("z_r", "z_s"):
        for split in SPLITS:
            z = source.atlas.latent(name)[source.rows(split)]
            if len(z) > 1:
                rows.append({"latent": name, "split": split} | latent_space.against_prior(z, seed=source.options.seed))
        z = source.atlas.latent(name)
        views[name] = (*latent_space.quantiles(z), latent_space.ks(z))
    n_cells, n_latent = z.shape
    critical = float(kstwo.isf(0.05 / n_latent, n_cells))
    caption = (
        "Fig. S4: quantiles of every dimension against those of the prior, and KS distances; "
        f"n = {n_cells} cells of both splits."
    )
    content.svg("S4_latents", caption, charts.quantile_view(views, critical))
    table = pd.DataFrame(rows)
    content.table("S4_latents", "z against N(0, I).", table)
    dimensions = pd.DataFrame({"dimension": range(n_latent)} | {f"ks_{name}": view[2] for name, view in views.items()})
    content.table("S4_dimensions", "KS distance of each dimension.", dimensions, shown=False)
    return content, table


def localisations(measured: Measured) -> Content:
    """Figs. 3 and S5."""
    source, content = measured.source, Content("S5", "Most probable localisation of every structure (Figs. 3 and S5)")
    arrays = measured.parts.get("sheet_localisation")
    if arrays is None:
        content.missing.append("The atlas holds no medoids, so no cells are chosen.")
        return content
    rows = sheets.localised_cells(source)
    labels = [f"{source.stage[row]}\npredicted".replace("telophase-", "") for row in rows] + ["observed\n(another cell)"]
    content.text = [
        "Algorithm 3: Dec_rs(y, z_r, z_s = 0) with z_r of the cell by Enc_r, for medoids spread over the stages; membrane "
        "and DNA by Dec_r(z_r). Last column: an observed cell with that structure, a test cell where there is one; black "
        "where no image of one is at hand. Nothing is random. The paper shows the same and gives no number."
    ]
    for name, what in (("tiles", "Fig. 3: all channels"), ("structure_only", "Fig. S5: the structure alone")):
        png = sheets.sheet(arrays[name], source.genes, labels, source.atlas.voxel_um, source.atlas.config.grid[2])
        content.png(f"S5_{name}", f"{what}. Rows structures, columns cells. {COLOURS}; one scale of shades a row.", png)
    if not any(cell is not None for cell in sheets.example_cells(source)):
        content.missing.append("No observed volume is at hand: the last column is black.")
    return content


def correlations(measured: Measured) -> tuple[Content, pd.DataFrame]:
    """Fig. S6."""
    source, content = measured.source, Content("S6", "Likeness of structure channels, cell to cell (Fig. S6)")
    with_images = source.cells is not None
    kinds = {
        "data, train": measured.rho("reconstructed_train", "rho_data"),
        "data, test": measured.rho("reconstructed_test", "rho_data"),
        "generated": measured.rho("generated"),
        "encode-decode, train": measured.rho("reconstructed_train"),
        "encode-decode, test": measured.rho("reconstructed_test"),
    }
    reference = "data, train" if with_images else "data, test"
    if not with_images:
        del kinds["data, train"]
        content.missing.append(f"{NO_TRAIN_IMAGES} Fig. S6a is of test cells instead, and distances are to them.")
    n = source.options.n_per_class
    content.text = [
        "Pearson correlation over all voxels of the structure channels of two cells of one structure, every pair. Training "
        f"cells: at most {n} a structure; generated: {n} a structure (paper: {paper.N_GENERATED}); seed "
        f"{source.options.seed}. W1: Wasserstein distance between the pairs' distribution and that of '{reference}'. In "
        "brackets: 95 % of 1,000 bootstrap draws over cells, not pairs (W1: 1.96 sd of 200 to both sides). Few "
        "cells make W1 greater; below 10 cells it says little.",
        "The paper gives Fig. S6 without numbers: lamin B1 and fibrillarin correlate most, desmoplakin, ST6GAL1 and ZO-1 "
        "least; generated cells are distributed like encode-decoded test cells.",
    ]
    panels = {name: {gene: correlation.pairs(rho) for gene, rho in kind.items()} for name, kind in kinds.items()}
    caption = "Fig. S6: distributions of pairwise correlation by structure, dots are medians (panels as named)."
    content.svg("S6_correlations", caption, charts.violins(panels, source.genes, "Pearson r"))
    table = correlation.table(source.genes, kinds, reference, seed=source.options.seed)
    content.table("S6_by_structure", "Mean pairwise correlation, and distance to the data.", correlation.side_by_side(table))
    content.table("S6_correlations", "The same, a row a structure and kind.", table, shown=False)
    long = [
        pd.DataFrame({"kind": k, "gene": g, "r": v.astype(np.float32)})
        for k, groups in panels.items()
        for g, v in groups.items()
    ]
    content.table(
        "S6_pairs", "Every pair.", pd.concat(long) if long else pd.DataFrame({"kind": [], "gene": [], "r": []}), shown=False
    )
    return content, table


def mitosis(measured: Measured) -> Content:
    """Fig. S9."""
    source, content = measured.source, Content("S9_walk", "Walk through the stages, every structure (Fig. S9)")
    arrays, labels = measured.parts.get("sheet_walk"), sheets.walk_places(source)[1]
    if arrays is None:
        content.missing.append("Fewer than two stages have a medoid: there is no walk.")
        return content
    absent = [stage for stage in source.atlas.stages if stage not in set(source.atlas.medoids["stage"])]
    if absent:
        content.missing.append(
            f"No cell in {', '.join(absent)}: the walk goes from {source.atlas.medoids['stage'].iloc[0]} on without."
        )
    content.text = [
        "z_r along the radial path (linear in hyperspherical coordinates) through the medoids of the stages that have cells; "
        "the structure at z_s = 0. The paper walks from interphase through metaphase, and gives no number: how even the walk "
        "is, is measured below."
    ]
    png = sheets.sheet(arrays["tiles"], source.genes, labels, source.atlas.voxel_um, source.atlas.config.grid[2])
    content.png(
        "S9_walk", f"Fig. S9: rows structures, columns places on the walk, named where they are a medoid. {COLOURS}.", png
    )
    return content
