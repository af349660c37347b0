"""Work that takes long, in parts that are kept: a report that is stopped goes on after the last part that was finished."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy import ndarray
from tqdm import tqdm

from model.atlas import fingerprint
from model.hdf5 import replacing

VERSION = 1  # raised when what a part computes changes
Arrays = dict[str, ndarray]


class Part(NamedTuple):
    """`compute(advance)` gives arrays by name, and calls advance(n) for every n images through the model, `cost` in all."""

    name: str
    cost: int
    options: tuple  # JSON-able: what the arrays depend on beside the inputs
    compute: Callable[[Callable[[int], object]], Arrays]


def run_parts(parts: list[Part], folder: Path, inputs: str, what: str) -> dict[str, Arrays]:
    """The arrays of each part by its name, those kept in `folder` from the same `inputs` and options read, the others made."""
    results = {}
    with tqdm(total=sum(part.cost for part in parts), desc=what, unit="image", mininterval=1, smoothing=0.1) as bar:
        for part in parts:
            made_from = fingerprint(VERSION, inputs, part.name, part.options)
            path = folder / f"{part.name}.npz"
            kept = _read(path, made_from)
            if kept is not None:
                results[part.name] = kept
                bar.initial += part.cost  # not work done now: it must not count for the rate
                bar.update(part.cost)
                continue
            bar.set_postfix_str(part.name, refresh=False)
            results[part.name] = part.compute(bar.update)
            with replacing(path) as partial, partial.open("wb") as file:
                np.savez_compressed(file, made_from=made_from, **results[part.name])
    return results


def _read(path: Path, made_from: str) -> Arrays | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if str(arrays["made_from"]) != made_from:
                return None
            return {name: arrays[name] for name in arrays.files if name != "made_from"}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):  # none, or not whole
        return None
