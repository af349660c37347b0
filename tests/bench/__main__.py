"""`make bench`: ratios of two ways of doing the same, timed in turn in one run, as a table and in bench.json."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch

from model.aae import IntegratedCell
from model.config import preset
from model.networks import build
from model.training import Phase

N_ROUNDS = 5


def ratio(new: Callable[[], object], old: Callable[[], object]) -> float:
    """Median time of `new` over median time of `old`, taken alternately after one warm-up of each."""
    times: dict[Callable, list[float]] = {new: [], old: []}
    for round_ in range(N_ROUNDS + 1):
        for way, taken in times.items():
            start = time.perf_counter()
            way()
            if round_ > 0:
                taken.append(time.perf_counter() - start)
    return median(times[new]) / median(times[old])


def decode() -> dict[str, float]:
    """`batch11`: 11 structures of one shape decoded as one batch, over 11 single decodes; demo preset, random weights."""
    config, _ = preset("demo")
    torch.manual_seed(0)
    model = IntegratedCell(config, {symbol: build(symbol, config) for symbol in ("Enc_r", "Dec_r", "Enc_rs", "Dec_rs")})
    z_r, y = torch.randn(1, config.n_latent), torch.arange(config.n_structures)
    return {
        "batch11": ratio(
            lambda: model.predict(z_r.expand(len(y), -1), y),
            lambda: [model.predict(z_r, y[k : k + 1]) for k in range(len(y))],
        )
    }


def training() -> dict[str, float]:
    """`step_without_DecD`: one step of phase r with gamma_Dec = 0, over one at the paper's 1e-5; demo preset, 16 cells."""
    config, train_config = preset("demo")
    x = torch.rand(16, 2, *config.grid).to(memory_format=torch.channels_last_3d)
    y = torch.zeros(16, dtype=torch.long)
    phases = [Phase("r", config, replace(train_config, gamma_Dec=gamma), torch.device("cpu")) for gamma in (0.0, 1e-5)]
    return {"step_without_DecD": ratio(*(lambda phase=phase: phase.step(x, y) for phase in phases))}


BENCHMARKS = {"decode": decode, "training": training}


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
