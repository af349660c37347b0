"""A decoder with a known answer: closed-form volumes in which every flip, swap and shift of axes or channels shows."""

import numpy as np
import torch
from torch import Tensor

from model.decode import Box

# Rise of each channel from 0 to 1 along z, y, x: no two alike, in no two channels alike.
SLOPES = {"membrane": (0.10, 0.20, 0.30), "DNA": (0.30, 0.10, 0.20), "structure": (0.20, 0.30, 0.10)}
# The first corner (z, y, x) of each channel's bright block, as a fraction of the grid: off centre on every axis.
CORNERS = {"membrane": (0.125, 0.25, 0.625), "DNA": (0.625, 0.125, 0.25), "structure": (0.0, 0.625, 0.125)}
BLOCK = 0.125  # its side, as a fraction of the grid


class StubDecoder:
    """What `model.decode.FastCell` offers the app, in closed form.

    A channel is a ramp times a gain, with a block of ones. z_r[0] sets the gain of membrane and DNA; z_s[0] that of the
    structure, whose block starts at the z slice of its class. `decode_rs` gives membrane and DNA at half their gain, so that a
    prediction which took them from there is found out. `calls` lists (name, batch size, number of boxes) of every call.
    """

    def __init__(self, grid: tuple[int, int, int] = (16, 24, 32)):
        self.grid = tuple(grid)
        self.calls: list[tuple[str, int, int]] = []

    def decode_r(self, z_r: Tensor, boxes: list[Box]) -> list[Tensor]:
        """(B, n) -> (B, 2, *box): membrane, DNA."""
        self.calls.append(("decode_r", len(z_r), len(boxes)))
        cells = [[self.channel("membrane", gain(z)), self.channel("DNA", gain(z))] for z in z_r.double().numpy()]
        return cut(np.array(cells, np.float32), boxes)

    def decode_rs(self, y: Tensor, z_r: Tensor, z_s: Tensor, boxes: list[Box], channels: list[int]) -> list[Tensor]:
        """(B, K), (B, n), (B, n) -> (B, channels, *box) of membrane, structure, DNA."""
        self.calls.append(("decode_rs", len(y), len(boxes)))
        cells = []
        for y_one, z_r_one, z_s_one in zip(y.numpy(), z_r.double().numpy(), z_s.double().numpy(), strict=True):
            structure = self.channel("structure", gain(z_s_one), k=int(y_one.argmax()))
            half = gain(z_r_one) / 2
            cells.append([self.channel("membrane", half), structure, self.channel("DNA", half)])
        return cut(np.array(cells, np.float32)[:, list(channels)], boxes)

    def channel(self, name: str, gain: float, k: int = 0) -> np.ndarray:
        """One channel (Z, Y, X) in [0, 1]; `k` moves a structure's block along z."""
        axes = np.meshgrid(*(np.arange(n) / n for n in self.grid), indexing="ij")
        volume = gain * sum(slope * axis for slope, axis in zip(SLOPES[name], axes, strict=True))
        start = [round(corner * n) for corner, n in zip(CORNERS[name], self.grid, strict=True)]
        start[0] = (start[0] + k) % self.grid[0]
        z, y, x = (slice(at, at + max(1, round(BLOCK * n))) for at, n in zip(start, self.grid, strict=True))
        volume[z, y, x] = 1.0
        return volume


def cut(images: np.ndarray, boxes: list[Box]) -> list[Tensor]:
    """The boxes of images (B, C, Z, Y, X)."""
    return [torch.from_numpy(images[(..., *(slice(r.start, r.stop) for r in box))]) for box in boxes]


def gain(z: np.ndarray) -> float:
    """0.2 to 1.0, rising with the first latent dimension."""
    return float(0.6 + 0.4 * np.tanh(z[0] / 2))
