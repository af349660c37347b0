"""`make bench`: ratios of two ways of doing the same, timed in turn in one run, as a table and in bench.json."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch

from model.cells import STRUCTURE
from model.config import preset
from model.decode import FastDecoder
from model.networks import build
from model.training import Phase
from precompute.variation import draws, localisations, variation_score
from tests.bench.memory import decoders, in_a_process, peak_mib

N_ROUNDS = 5


def ratio(new: Callable[[], object], old: Callable[[], object], n_rounds: int = N_ROUNDS) -> float:
    """Median time of `new` over median time of `old`, taken alternately after one warm-up of each."""
    times: dict[Callable, list[float]] = {new: [], old: []}
    for round_ in range(n_rounds + 1):
        for way, taken in times.items():
            start = time.perf_counter()
            way()
            if round_ > 0:
                taken.append(time.perf_counter() - start)
    return median(times[new]) / median(times[old])


def decode() -> dict[str, float]:
    """`paper` preset, random weights: `FastDecoder` over the plain network in float32, both with as many threads.

    `full`: Dec_rs, one volume. `planes`: the three through a crosshair, over one volume. `batch11`: the structure channel of 11
    classes in one shape, over 11 single decodes. The same with `_float32` behind: what a processor without bfloat16 has of it.
    """
    network, z, fast = decoders()
    voxel, structure = tuple(n // 2 for n in fast[0].grid), [STRUCTURE]

    def plain(rows: int = 1) -> None:
        with torch.inference_mode():
            for one in z[:rows].split(1):
                network.body(one)

    results = {}
    for decoder, name in zip(fast, ("", "_float32"), strict=True):
        results["full" + name] = ratio(lambda d=decoder: d(z[:1]), plain)
        results["planes" + name] = ratio(lambda d=decoder: d.planes(z[:1], voxel), plain)
        results["batch11" + name] = ratio(lambda d=decoder: d(z, structure), lambda: plain(11))
    return results


def decode_peak_mib() -> dict[str, float]:
    """Memory at its highest, beyond the weights, for each case of `decode` and for the plain network."""
    return {case: in_a_process(peak_mib, case) for case in ("plain", "full", "planes", "batch11")}


def training() -> dict[str, float]:
    """`step_without_DecD`: one step of phase r with gamma_Dec = 0, over one at the paper's 1e-5; demo preset, 16 cells."""
    config, train_config = preset("demo")
    x = torch.rand(16, 2, *config.grid).to(memory_format=torch.channels_last_3d)
    y = torch.zeros(16, dtype=torch.long)
    phases = [Phase("r", config, replace(train_config, gamma_Dec=gamma), torch.device("cpu")) for gamma in (0.0, 1e-5)]
    return {"step_without_DecD": ratio(*(lambda phase=phase: phase.step(x, y) for phase in phases))}


def variation() -> dict[str, float]:
    """Algorithm 4 of one shape and structure; demo preset, random weights.

    `over_decodes`: with n = 1000, over decoding its images alone, both from the same runs. `over_literal`: with n = 100, over
    Algorithm 4 word for word, which decodes a draw at a time and correlates a pair at a time.
    """
    config, _ = preset("demo")
    torch.manual_seed(0)
    decode = FastDecoder(build("Dec_rs", config).eval())
    y, z_r = torch.eye(config.n_structures)[0], torch.randn(config.n_latent)

    def decoded(n: int, batch_size: int = 32):
        return localisations(decode, y, z_r, torch.from_numpy(draws(n, config.n_latent, 0)), batch_size)

    def literal(n: int):
        images = decoded(n, batch_size=1)
        rho = np.eye(n)
        for i in range(n):
            for j in range(i + 1, n):
                rho[i, j] = rho[j, i] = np.corrcoef(images[i], images[j])[0, 1]
        return -np.linalg.slogdet(rho)[1] / n

    decoding, scoring = [], []
    for _ in range(3):
        start = time.perf_counter()
        images = decoded(1000)
        decoding.append(time.perf_counter() - start)
        variation_score(images)
        scoring.append(time.perf_counter() - start - decoding[-1])
    return {
        "over_decodes": 1 + median(scoring) / median(decoding),
        "over_literal": ratio(lambda: variation_score(decoded(100)), lambda: literal(100), n_rounds=1),
    }


BENCHMARKS = {"decode": decode, "decode_peak_mib": decode_peak_mib, "training": training, "variation": variation}


def main() -> None:
    """Run all, print the table, write bench.json into the folder it is run from."""
    torch.set_num_threads(2)
    results = {}
    for name, benchmark in BENCHMARKS.items():
        results[name] = {case: round(value, 3) for case, value in benchmark().items()}
        for case, value in results[name].items():
            print(f"{name + ' ' + case:<32}{value:.3f}", flush=True)
    Path("bench.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
