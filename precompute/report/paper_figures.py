"""Sections on the paper's figures: S1 to S9 and 3."""

import numpy as np
import pandas as pd
from scipy.stats import kstwo

from precompute.report import charts, correlation, curves, latent_space, paper, sheets, variability
from precompute.report.content import Content
from precompute.report.measure import variation_settings
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
            x, y = curves.smoothed(some["step"].to_numpy(), some[name].to_numpy())
            if len(x):
                series.append((split, x, y))
        panels.append(
            {"title": f"{phase}: {name}", "x_label": "step", "y_label": curves.LOSSES.get(name, name), "series": series}
        )
    content.svg(
        "S3_training", "Fig. S3: losses against training step, blue solid train, orange dashed test.", charts.lines(panels)
    )
    content.table("S3_convergence", "Where training ended.", curves.convergence(frame, seed=source.options.seed))
    return content


def latents(measured: Measured) -> tuple[Content, pd.DataFrame]:
    """Fig. S4."""
    source, rows, views = measured.source, [], {}
    content = Content("S4", "Latent dimensions against the prior N(0, I) (Fig. S4)")
    content.text = [
        "Every cell's z as the atlas holds it. KS: greatest distance of a dimension's distribution from the normal one; n "
        "rejected: dimensions with p < 0.05 after Bonferroni. With many cells the smallest difference is found: look at the "
        f"distance. In brackets: 95 % of 200 bootstrap draws over cells, seed {source.options.seed} (a KS distance drawn so "
        "comes out too great). A prior's own mean norm is about the root of the number of dimensions. The paper shows Fig. "
        "S4 and gives no number."
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
    caption = f"Fig. S4: quantiles of every dimension against those of the prior, and KS distances; n = {n_cells} cells of both splits."
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
        "brackets: 95 % of 1,000 (W1: 200) bootstrap draws over cells, not pairs. Few cells make W1 greater; below 10 cells "
        "it says little.",
        "The paper gives Fig. S6 without numbers: lamin B1 and fibrillarin correlate most, desmoplakin, ST6GAL1 and ZO-1 "
        "least; generated cells are distributed like encode-decoded test cells.",
    ]
    panels = {name: {gene: correlation.pairs(rho) for gene, rho in kind.items()} for name, kind in kinds.items()}
    caption = "Fig. S6: distributions of pairwise correlation by structure, dots are medians (panels as named)."
    content.svg("S6_correlations", caption, charts.violins(panels, source.genes, "Pearson r"))
    table = correlation.table(source.genes, kinds, reference, seed=source.options.seed)
    content.table("S6_correlations", "Mean pairwise correlation, and distance to the data.", table)
    long = [
        pd.DataFrame({"kind": k, "gene": g, "r": v.astype(np.float32)})
        for k, groups in panels.items()
        for g, v in groups.items()
    ]
    content.table(
        "S6_pairs", "Every pair.", pd.concat(long) if long else pd.DataFrame({"kind": [], "gene": [], "r": []}), shown=False
    )
    return content, table


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
        f"brackets: 95 % of bootstrap draws over cells (2,000; delta 500; seed {seed}). paper sign: what the paper says of "
        "that structure.",
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
        content.table(f"S7_{split}", f"Mitosis against interphase, {split} split.", table)
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
    table = variability.enrichment(score, ~source.interphase[rows], source.genes, seed=seed)
    content.table(
        "S8_enrichment",
        f"Mitotic share of cells with the most and the least variation, {len(rows)} cells of both splits.",
        table,
    )
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
