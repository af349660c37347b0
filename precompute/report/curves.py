"""Fig. S3: what training logged, and whether it had come to rest."""

import numpy as np
import pandas as pd
from numpy import ndarray

from precompute.report.intervals import interval_of_mean

LOSSES = {
    "L_x": "reconstruction (nat/voxel)",
    "L_y": "class (nat)",
    "L_z_r": "z_r_hat against z_r (squared)",
    "L_EncD": "discriminator EncD (nat)",
    "L_Enc_adversary": "Enc against EncD (nat)",
    "L_DecD": "discriminator DecD (nat)",
    "L_Dec_adversary": "Dec against DecD (nat)",
    "accuracy": "class accuracy",
}


def logged(curves: pd.DataFrame) -> list[tuple[str, str]]:
    """(phase, column) of everything that was logged in it, in the order of LOSSES, then others by name."""
    names = [name for name in (*LOSSES, *sorted(set(curves) - set(LOSSES))) if name in curves]
    skip = ("phase", "epoch", "step", "split", "time")
    return [
        (phase, name)
        for phase in ("r", "rs")
        for name in names
        if name not in skip and curves.loc[curves["phase"] == phase, name].notna().any()
    ]


def time_of(curves: pd.DataFrame) -> ndarray:
    """(rows,) when each row was logged, in epochs since the phase began: step counts within an epoch."""
    n_steps = curves.groupby(["phase", "epoch"])["step"].transform("max") + 1
    return (curves["epoch"] + (curves["step"] + 1) / n_steps).to_numpy(np.float64)


def smoothed(time: ndarray, values: ndarray, n_points: int = 200) -> tuple[ndarray, ndarray]:
    """Medians of at most n_points portions of equal length, in order of time."""
    order = np.argsort(time, kind="stable")
    known = order[np.isfinite(values[order])]
    portions = [part for part in np.array_split(known, min(n_points, max(len(known), 1))) if len(part)]
    return np.array([time[part].mean() for part in portions]), np.array([np.median(values[part]) for part in portions])


def falls_far(series: list[tuple[str, ndarray, ndarray]]) -> bool:
    """Whether values above 0 span so much that their end would not be seen but on a logarithmic scale."""
    values = np.concatenate([y for _, _, y in series])
    return bool(values.min() > 0 and values.max() > 3 * values.min())


def convergence(curves: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """A row a phase, loss and split: n_epochs; n values in the last epoch, their mean with its interval over steps; and change.

    change: the last epoch's mean over that of the epoch in the middle, less 1: near 0 is at rest.
    """
    rows = []
    for phase, name in logged(curves):
        for split in ("train", "test"):
            some = curves[(curves["phase"] == phase) & (curves["split"] == split) & curves[name].notna()]
            if some.empty:
                continue
            last, middle = some["epoch"].max(), np.sort(some["epoch"].unique())[(some["epoch"].nunique() - 1) // 2]
            ended, halfway = some.loc[some["epoch"] == last, name], some.loc[some["epoch"] == middle, name]
            mean, low, high = interval_of_mean(ended.to_numpy(), seed=seed)
            change = mean / halfway.mean() - 1 if last > middle and halfway.mean() != 0 else np.nan
            row = {"phase": phase, "logged": name, "split": split, "n_epochs": some["epoch"].nunique(), "n": len(ended)}
            rows.append(row | {"last": mean, "last_low": low, "last_high": high, "change": change})
    return pd.DataFrame(rows)
