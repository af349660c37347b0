"""Everything the explorer needs in one file: embed, projection, medoids, evaluate, pictures, observed, variation.

A stage whose inputs and options have not changed since it was last made is kept. Stopped by Ctrl-C or a kill, or failed
half-way, the same command goes on with the stage that was not finished; FILE itself changes only when all of them are.
"""

import argparse
import time
from functools import partial
from pathlib import Path

from model.atlas import editing
from model.cells import Cells
from model.checkpoint import load_run
from precompute import embed, projection, variation
from precompute.evaluate import evaluate
from precompute.medoids import find_medoids
from precompute.observed import add_options as add_observed
from precompute.observed import include, wanted
from precompute.pictures import add_images_of, draw

HELP = "cells.h5 and a trained run -> atlas.h5, all that the explorer needs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `precompute atlas`."""
    embed.add_inputs(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the atlas.h5 to make or to bring up to date")
    projection.add_options(parser)
    parser.add_argument("--n", type=int, default=100, help="variation: draws of z_s a cell and structure (default: 100)")
    variation.add_options(parser)
    add_observed(parser)
    add_images_of(parser)


def run(
    *,
    cells: Path,
    folder: Path,
    out: Path,
    title: str | None,
    seed: int,
    batch_size: int,
    device: str | None,
    n_neighbors: int,
    min_dist: float,
    n: int,
    n_cells: int | None,
    observed: str,
    images_of: str,
) -> None:
    """`precompute atlas`."""
    compute = {"seed": seed, "batch_size": batch_size, "device": embed.found(device)}
    projection.check_options(n_neighbors, min_dist)
    variation.check_n(n)
    with Cells(cells) as given:
        wanted(given, observed, images_of)
        trained = load_run(folder)
        embed.check(given, trained)
        with editing(out, create=True) as file:
            stages = {
                "embed": partial(embed.embed, file, given, trained, title=title, **compute),
                "projection": partial(projection.project, file, n_neighbors=n_neighbors, min_dist=min_dist, seed=seed),
                "medoids": partial(find_medoids, file),
                "evaluate": partial(evaluate, file, given, **compute),
                "pictures": partial(draw, file, given, images_of=images_of),
                "observed": partial(include, file, given, observed=observed, images_of=images_of),
                # By far the longest comes last: whoever stops it has all else.
                "variation": partial(variation.vary, file, n=n, n_cells=n_cells, **compute),
            }
            if not (given.table["split"] == "test").any():
                del stages["evaluate"]
                print("evaluate    skipped: none of the cells is held out (split 'test')")
            for name, stage in stages.items():
                start = time.perf_counter()
                changed = stage()
                print(f"{name:<12}{f'{time.perf_counter() - start:.1f} s' if changed else 'unchanged, kept'}", flush=True)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {len(given)} cells")
