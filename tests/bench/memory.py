"""How much memory decoding takes: each case in a process of its own, which imports this module."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch

from model.cells import STRUCTURE
from model.config import preset
from model.decode import FastDecoder
from model.networks import build


def decoders():
    """A paper-sized Dec_rs, 11 rows of what it decodes (one shape, 11 classes), and its fast decoders."""
    config, _ = preset("paper")
    torch.manual_seed(0)
    network = build("Dec_rs", config).eval()
    z_r, z_s = torch.randn(2, 1, config.n_latent).expand(-1, 11, -1)
    return network, torch.cat([torch.eye(11), z_r, z_s], 1), [FastDecoder(network), FastDecoder(network, torch.float32)]


def peak_mib(case: str) -> float:
    """Run one case of `decode` in this process, which does nothing else, and say how much it grew."""
    torch.set_num_threads(2)
    network, z, (decoder, _) = decoders()
    if case != "plain":
        del network
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest so far
    before = _status_mib("VmRSS")
    with torch.inference_mode():
        match case:
            case "plain":
                network.body(z[:1])
            case "full":
                decoder(z[:1])
            case "planes":
                decoder.planes(z[:1], tuple(n // 2 for n in decoder.grid))
            case "batch11":
                decoder(z, [STRUCTURE])
    return _status_mib("VmHWM") - before


def _status_mib(key: str) -> float:
    """A line of this process's memory, as Linux has it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) / 1024


def in_a_process(function: Callable, *arguments):
    """What `function` returns in a fresh process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()
