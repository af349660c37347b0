"""The processes that train together, and how they stop: between two steps."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import nn

from model.errors import InputError


class Team:
    """The processes that train together: one, or as many as torchrun started. Gradients are averaged over all."""

    def __init__(self, device: torch.device, rank: int = 0, size: int = 1):
        self.device, self.rank, self.size, self.first = device, rank, size, rank == 0

    @classmethod
    def join(cls, device: str | None) -> "Team":
        """This process's place, from the environment that torchrun sets."""
        kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
        if kind.startswith("cuda") and not torch.cuda.is_available():
            raise InputError(f"--device {device}: there is no CUDA device here; leave the option out")
        size = int(os.environ.get("WORLD_SIZE", 1))
        if size == 1:
            return cls(torch.device(kind))
        if kind == "cuda":
            kind = f"cuda:{os.environ['LOCAL_RANK']}"
            torch.cuda.set_device(kind)
        dist.init_process_group("nccl" if kind.startswith("cuda") else "gloo")
        return cls(torch.device(kind), dist.get_rank(), size)

    def average(self, network: nn.Module) -> None:
        """Replace each gradient of `network` by its mean over the team."""
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])  # one message, not one a parameter
        dist.all_reduce(flat)
        flat /= self.size
        for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def any(self, flag: bool) -> bool:
        """Whether `flag` is set in any process."""
        if self.size == 1:
            return flag
        total = torch.tensor(float(flag), device=self.device)
        dist.all_reduce(total)
        return bool(total > 0)

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            dist.barrier()

    def leave(self) -> None:
        """Close the process group."""
        if self.size > 1:
            dist.destroy_process_group()


@contextmanager
def stop_requests() -> Iterator[list]:
    """A list that fills when Ctrl-C or SIGTERM asks to stop, so that a step is never cut in two; the second asks at once."""
    asked: list[int] = []

    def ask(number, frame):
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    old = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
