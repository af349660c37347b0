"""The walk through the stages (Fig. S9): how evenly it goes, and whether a decoded stop is encoded where it was decoded "
"from."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from numpy import ndarray

from model.latent import PATHS, walk
from precompute.report.intervals import interval_of_mean
from precompute.report.parts import Arrays, Part
from precompute.report.source import Source

STEPS = 4  # places a segment


def stops_of(source: Source) -> ndarray:
    """(W, S) rows: the medoids of the stages that have cells, in order, then other cells of the same stages by chance."""
    medoids = source.atlas.medoids
    if medoids is None or len(medoids) < 2:
        return np.empty((0, 0), int)
    rng, walks = np.random.default_rng(source.options.seed), [medoids["cell"].to_numpy()]
    for _ in range(source.options.n_walks - 1):
        walks.append(np.array([rng.choice(np.flatnonzero(source.stage == stage)) for stage in medoids["stage"]]))
    return np.stack(walks)


def parts_of(source: Source) -> list[Part]:
    """walk_W: one part a walk, with the three kinds of path."""
    stops = stops_of(source)
    n_places = STEPS * (stops.shape[1] - 1) + 1 if len(stops) else 0
    return [
        Part(
            f"walk_{i}",
            2 * len(PATHS) * n_places,
            (rows.tolist(), STEPS),
            lambda advance, rows=rows: measured(source, rows, advance),
        )
        for i, rows in enumerate(stops)
    ]


@torch.inference_mode()
def measured(source: Source, rows: ndarray, advance: Callable[[int], object]) -> Arrays:
    """For each kind of path, T = STEPS (S - 1) + 1 places: change (3, T - 1), error (3, T), norm (3, T).

    change: mean absolute difference of membrane and DNA between a place and the next, of 1; error: |Enc_r(Dec_r(z)) - z|.
    """
    stops = source.atlas.latent("z_r")[rows]
    t = np.linspace(0, len(stops) - 1, STEPS * (len(stops) - 1) + 1)
    results: dict[str, list[ndarray]] = {"change": [], "error": [], "norm": []}
    for kind in PATHS:
        z = torch.from_numpy(walk(stops, t, kind).astype(np.float32))
        changes, errors, last = [], [], None
        for some in z.split(source.options.batch_size):
            images = source.model.decode_r(some)
            errors.append((source.model.encode_r(images).cpu() - some).norm(dim=1))
            images = images.cpu()
            sequence = images if last is None else torch.cat([last, images])
            changes.append(sequence.diff(dim=0).abs().flatten(1).mean(1))
            last = images[-1:]
            advance(2 * len(some))
        for name, value in (("change", torch.cat(changes)), ("error", torch.cat(errors)), ("norm", z.norm(dim=1))):
            results[name].append(value.numpy())
    return {"t": t} | {name: np.stack(values) for name, values in results.items()}


def smoothness(walks: list[Arrays], *, seed: int = 0) -> pd.DataFrame:
    """A row a kind of path: means over walks with their intervals.

    total_change: sum of the changes; unevenness: greatest change over the mean one, 1 where every step changes as much;
    error at the stops and between them; least_norm: of z along the path.
    """
    rows = []
    for i, kind in enumerate(PATHS):
        at_stop = np.arange(walks[0]["error"].shape[1]) % STEPS == 0
        figures = {
            "total_change": [w["change"][i].sum() for w in walks],
            "unevenness": [w["change"][i].max() / w["change"][i].mean() for w in walks],
            "error_at_stops": [w["error"][i][at_stop].mean() for w in walks],
            "error_between": [w["error"][i][~at_stop].mean() for w in walks],
            "least_norm": [w["norm"][i].min() for w in walks],
        }
        row = {"path": kind, "n_walks": len(walks)}
        for name, values in figures.items():
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), interval_of_mean(values, seed=seed), strict=True))
        rows.append(row)
    return pd.DataFrame(rows)
