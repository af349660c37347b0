"""Sections on the paper's tables: S9, S10 and S11."""

import numpy as np
import pandas as pd

from precompute.report import charts, classes, paper
from precompute.report.content import Content
from precompute.report.measured import Measured
from precompute.report.source import SPLITS
from precompute.scores import inception_ceiling

KINDS = ("data", "reconstructed", "generated")


def table_S9(measured: Measured) -> Content:
    """Cells per structure and split."""
    source = measured.source
    content = Content("S9", "Cells, by structure and split (Table S9)")
    content.text = ["Counted in the atlas's cell table; nothing is random. real: of the total, the cells that were imaged."]
    counts = classes.cells_by_split(source.atlas.cells, source.genes)
    theirs = paper.TABLE_S9.reindex(counts["gene"])
    theirs.loc[classes.ALL] = paper.TABLE_S9.sum()
    counts[["paper_train", "paper_test"]] = theirs.astype("Int64").to_numpy(dtype=object, na_value=None)
    content.table("S9_cells", "Cells of each structure.", counts)
    stages = classes.stages_by_split(source.atlas.cells, list(source.atlas.stages))
    stages["paper_total"] = [paper.STAGE_COUNTS.get(stage) for stage in stages["stage"]]
    content.table("S9_stages", "Annotated cells of each stage.", stages)
    empty = stages.loc[stages["total"] == 0, "stage"].tolist()
    if empty:
        content.missing.append(f"No cell of this atlas is in {', '.join(empty)}: every figure by stage is without it.")
    none = counts.loc[(counts["test"] == 0) & (counts["gene"] != classes.ALL), "gene"].tolist()
    if none:
        content.missing.append(f"No held-out cell of {', '.join(none)}: figures on the test split say nothing of it.")
    return content


def inception(measured: Measured) -> tuple[Content, dict[str, pd.DataFrame]]:
    """Table S10 of both splits."""
    source, generated = measured.source, measured.generated()
    options, y, p = source.options, source.y, source.atlas.latent("y")
    content = Content("S10", "Inception scores (Table S10)")
    content.text = [
        "exp of the mean KL(p(y|x) || p(y)), p(y|x) by Enc_rs, p(y) their mean over the split (eq. 19); of a class the mean "
        "over its cells. Beside each its ceiling: 1 / frequency of a class, exp(entropy of the frequencies) for all.",
        f"data: every cell of the split. reconstructed: Dec_rs(Enc_rs(x)), every test cell, and of the training split at most "
        f"{options.n_per_class} a structure. generated: {options.n_per_class} cells a structure with z_r and z_s from the "
        f"prior. Classes count by their frequency in the split, whatever the number decoded. Seed {options.seed}. In "
        "brackets: 95 % of 500 bootstrap draws over cells, within each class.",
    ]
    tables, chart = {}, {}
    for split in SPLITS:
        rows = source.rows(split)
        again = measured.reconstructed(split)
        if not len(rows):
            content.missing.append(f"No {split} cells: no scores of that split.")
            continue
        frequency = np.bincount(y[rows], minlength=source.n) / len(rows)
        kinds = {
            "data": (p[rows], y[rows]),
            "reconstructed": (again["p"], y[again["rows"]]),
            "generated": (generated["p"], generated["y"]),
        }
        table = classes.inception_table(source.genes, kinds, frequency, seed=options.seed)
        for kind in KINDS:
            theirs = paper.TABLE_S10[kind][split].reindex(table["gene"]).to_numpy()
            table.insert(table.columns.get_loc(f"{kind}_high") + 1, f"paper_{kind}", theirs)
        counts = paper.TABLE_S9[split].to_numpy()
        theirs = pd.Series(classes.ceilings(counts / counts.sum()), index=[*paper.GENES, classes.ALL])
        table.insert(2, "paper_ceiling", theirs.reindex(table["gene"]).to_numpy())
        content.table(f"S10_{split}", f"Inception scores, {split} split; all: every class together.", table)
        last, paper_ceiling = table.iloc[-1], inception_ceiling(np.repeat(np.arange(len(counts)), counts))
        chart[f"{split}, this atlas"] = (
            np.array([[last[k], last[f"{k}_low"], last[f"{k}_high"]] for k in KINDS]).T / last["ceiling"]
        )
        chart[f"{split}, paper"] = np.array([[last[f"paper_{k}"] / paper_ceiling] * 3 for k in KINDS]).T
        tables[split] = table
    if chart:
        caption = "Inception score of all classes over its ceiling; bars are 95 % intervals (the paper gives none)."
        content.svg("S10_inception", caption, charts.intervals(list(KINDS), chart, "inception score / ceiling", "kind of cell"))
    return content, tables


def confusion(measured: Measured) -> tuple[Content, pd.DataFrame | None]:
    """Table S11, on held-out cells."""
    source = measured.source
    content, rows = Content("S11", "Predicted structures of held-out cells (Table S11)"), source.rows("test")
    if not len(rows):
        content.missing.append("No test cells: nothing to classify.")
        return content, None
    matrix, per_class, overall = classes.confusion_table(
        source.genes, source.y[rows], source.atlas.latent("y")[rows], seed=source.options.seed
    )
    accuracy, recall = classes.accuracy_and_recall(paper.TABLE_S11)
    overall["paper_value"], overall["paper_n"] = [accuracy, recall], paper.TABLE_S11.sum()
    content.text = [
        f"The class with the greatest p(y|x) by Enc_rs, n = {len(rows)} test cells, none of them seen in training. Macro "
        "recall is over the classes that have test cells. In brackets: 95 % of 1,000 bootstrap draws over cells, within each "
        "class. The paper's two figures are computed by the same code from its Table S11 as printed."
    ]
    per_class["paper_n"] = paper.TABLE_S9["test"].reindex(source.genes).astype("Int64").to_numpy(dtype=object, na_value=None)
    theirs = pd.Series(paper.TABLE_S11.diagonal() / paper.TABLE_S11.sum(axis=1), index=paper.GENES)
    per_class["paper_recall"] = theirs.reindex(source.genes).to_numpy()
    content.table("S11_overall", "Accuracy and macro recall, test split.", overall)
    content.table("S11_classes", "Recall and precision of each structure, test split.", per_class)
    table = pd.DataFrame(matrix, columns=source.genes)
    table.insert(0, "true", source.genes)
    content.table("S11_confusion", "Counts: rows true, columns predicted.", table, shown=False)
    matrices = {"this atlas": (source.genes, matrix), "paper, Table S11": (paper.GENES, paper.TABLE_S11)}
    content.svg("S11_confusion", "Counts of cells; colour is the share of the row.", charts.confusions(matrices))
    return content, overall
