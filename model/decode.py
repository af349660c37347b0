"""Exact fast decoding: whole volumes, boxes of voxels, planes and batches, on a processor or a GPU.

The networks stay as plain as the paper has them (`model.networks`); here the same function is computed another way:

- BatchNorm in eval mode is a scale and a shift: both go into the layer before it.
- Where a transposed convolution has few voxels and huge weights, it is one matrix product, whose columns are the taps of the
  kernel, and a sum of each tap into the voxels it reaches. Taps that reach none are left out.
- Where its kernel is a smaller one spread over 2x2x2 voxels, it is the smaller one, and then sums of voxels side by side.
- The last one has so few channels that a processor's vectors would run almost empty: voxels that differ in the parity of an
  axis alone are computed as channels of one convolution, and put in their places afterwards.
- Of a box of voxels, only what it depends on is computed: a stage's outputs a..b need its inputs (a - 1) // 2 .. (b + 1) // 2.

B cells, C channels, (Z, Y, X) the grid.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.config import ModelConfig
from model.networks import DecoderBody, SmoothConvTranspose3d, build

Box = tuple[range, range, range]  # voxels along z, y, x

FEW_VOXELS = (
    64  # up to here a matrix product beats the convolution: on two cores 5.6 for 94 ms, 8.9 for 49 ms, then 9.5 for 7.9
)
LANES = 16  # channels that a processor computes at once, wanted or not
SHARED = 0.4  # of a stage's voxels: where boxes together need more, the stage is computed whole, once for all


def best_device() -> str:
    """A CUDA device where there is one, else the processor."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def best_dtype(device: str | torch.device = "cpu") -> torch.dtype:
    """bfloat16 where the device computes in it, else float32."""
    if torch.device(device).type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if torch.cpu.get_capabilities().get("avx512_bf16", False) else torch.float32


class FastDecoder:
    """Dec_r or Dec_rs for inference: the same images as the network in eval mode, sooner.

    In float32 images agree to 1e-5, in bfloat16 to 1/255 (tests/test_decode.py).

    Parameters
    ----------
    Dec : a Dec_r or Dec_rs of `model.networks`; it is not changed, and not needed afterwards.
    dtype : torch.float32 or torch.bfloat16, in which products are computed; default `best_dtype`.
    """

    def __init__(self, Dec: nn.Module, dtype: torch.dtype | None = None, device: str | torch.device = "cpu"):
        self.dtype, self.device = dtype or best_dtype(device), torch.device(device)
        body: DecoderBody = Dec.body
        n_stages = len(body.stages) // 3
        norms, slopes, ups = (body.stages[kind::3] for kind in range(3))
        with torch.no_grad():
            scale, shift = _affine(norms[0])
            # Rows in the order (Z, Y, X, C), so that what follows finds channels last.
            weight = body.linear.weight.unflatten(0, body.shape) * scale[:, None, None, None, None]
            bias = body.linear.bias.unflatten(0, body.shape) * scale[:, None, None, None] + shift[:, None, None, None]
            self._linear = tuple(t.movedim(0, 3).flatten(0, 3).to(self.device, torch.float32) for t in (weight, bias))
            self._first = (*body.shape[1:], body.shape[0])  # (Z, Y, X, C) of what the linear layer gives
            self._slopes = [float(slope.weight) for slope in slopes]
            self._stages: list[_Stage] = []
            size = tuple(body.shape[1:])
            for i, up in enumerate(ups):
                scale, shift = _affine(norms[i + 1]) if i + 1 < n_stages else (torch.ones(()), torch.zeros(()))
                is_smooth = isinstance(up, SmoothConvTranspose3d)
                out = tuple(2 * n + odd for n, odd in zip(size, up.output_padding, strict=True))
                if math.prod(size) <= FEW_VOXELS:
                    kind = _Taps
                elif i + 1 == n_stages:
                    kind = _Merged
                else:
                    kind = _Spread if is_smooth and not any(up.output_padding) else _Plain
                kernel = up.core() if kind is _Spread else up.spread() if is_smooth else up.weight
                weight, bias = kernel * scale.view(-1, 1, 1, 1), up.bias * scale + shift
                self._stages.append(kind(size, out, weight, bias, self.dtype, self.device))
                size = out
        self.grid, self.n_channels = size, ups[-1].out_channels

    @classmethod
    def from_weights(
        cls,
        symbol: str,
        config: ModelConfig,
        weights: dict[str, Tensor],
        dtype: torch.dtype | None = None,
        device: str | torch.device = "cpu",
    ) -> "FastDecoder":
        """Of `weights[parameter]`, of any floating type; `symbol` is "Dec_r" or "Dec_rs"."""
        with torch.device("meta"):
            network = build(symbol, config)
        weights = {name: t.float() if t.is_floating_point() else t for name, t in weights.items()}
        network.load_state_dict(weights, assign=True)
        return cls(network.eval(), dtype, device)

    @torch.inference_mode()
    def __call__(self, z: Tensor, channels: Sequence[int] | None = None, box: Box | None = None) -> Tensor:
        """Images (B, C, Z, Y, X) in [0, 1], float32, of z (B, n_in): of some channels, or of a box of voxels, where asked."""
        return self.boxes(z, [box or self._whole], channels)[0]

    @torch.inference_mode()
    def planes(self, z: Tensor, voxel: tuple[int, int, int], channels: Sequence[int] | None = None) -> list[Tensor]:
        """The planes through `voxel` (z, y, x): (B, C, 1, Y, X), (B, C, Z, 1, X) and (B, C, Z, Y, 1)."""
        return self.boxes(z, plane_boxes(self.grid, voxel), channels)

    @torch.inference_mode()
    def boxes(self, z: Tensor, boxes: list[Box], channels: Sequence[int] | None = None) -> list[Tensor]:
        """Images of several boxes of the same cells, sharing what they have in common."""
        needs = [boxes]  # before each stage, what its boxes need of it; after the last, what is asked for
        for stage in reversed(self._stages):
            needs.insert(0, [stage.needed(box) for box in needs[0]])
        channels = tuple(range(self.n_channels) if channels is None else channels)
        z = z.to(self.device, torch.float32)
        # One row at a time: a product of several rounds otherwise than of one.
        h = torch.cat([F.linear(row, *self._linear) for row in z.split(1)]).unflatten(1, self._first)
        return self._go_on(0, h, tuple(map(range, self._first[:3])), needs, channels)

    def _go_on(self, i: int, h: Tensor, have: Box, needs: list[list[Box]], channels: tuple[int, ...]) -> list[Tensor]:
        """From h (B, z, y, x, C), the voxels `have` before stage i, to the images of all boxes.

        Cells share only products of bfloat16: their weights are worth it, and a row has the same bits in any company.
        """
        if i == len(self._stages):
            return [torch.sigmoid(_crop(h, have, box).float()).movedim(4, 1).contiguous() for box in needs[i]]
        stage, wanted = self._stages[i], needs[i + 1]
        if len(h) > 1 and not (isinstance(stage, _Taps) and self.dtype == torch.bfloat16):
            # One at a time from here on: a cell's voxels stay in the processor's cache, and memory does not grow.
            each = [self._go_on(i, one, have, needs, channels) for one in h.split(1)]
            return [torch.cat(parts) for parts in zip(*each, strict=True)]
        h = F.leaky_relu(h, self._slopes[i]).to(self.dtype)
        whole = tuple(map(range, stage.size_out))
        if len(wanted) == 1 or sum(map(_volume, wanted)) > SHARED * _volume(whole):
            want = wanted[0] if len(wanted) == 1 else whole
            return self._go_on(i + 1, stage(_crop(h, have, stage.needed(want)), want, channels), want, needs, channels)
        images = []
        for k, want in enumerate(wanted):
            need = stage.needed(want)
            alone = [of[k : k + 1] for of in needs]
            images += self._go_on(i + 1, stage(_crop(h, have, need), want, channels), want, alone, channels)
        return images

    @property
    def _whole(self) -> Box:
        return tuple(map(range, self.grid))


@dataclass
class _Stage:
    """A transposed convolution, 4x4x4, stride 2, from voxels `size` to `size_out`: each 2n, or 2n + 1."""

    size: tuple[int, int, int]
    size_out: tuple[int, int, int]
    weight: Tensor  # (C_in, C_out, 4, 4, 4), or 3, 3, 3 where it is spread
    bias: Tensor  # (C_out,)
    dtype: torch.dtype
    device: torch.device

    def __post_init__(self):
        self.weight, self.bias = self.prepare(self.weight, self.bias)

    def needed(self, box: Box) -> Box:
        """The inputs that a box of outputs depends on: 2i takes taps 1, 3 of i, i - 1; 2i + 1 takes 2, 0 of i, i + 1."""
        return tuple(range(max(0, (r.start - 1) // 2), min(n, r.stop // 2 + 1)) for r, n in zip(box, self.size, strict=True))


class _Taps(_Stage):
    """As one matrix product whose columns are taps, each then added where it belongs. Whole volumes only are worth it."""

    def prepare(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        reaching = [
            [k for k in range(4) if any(0 <= 2 * i + k - 1 < out for i in range(n))]
            for n, out in zip(self.size, self.size_out, strict=True)
        ]
        self.taps = list(itertools.product(*reaching))
        columns = torch.stack([weight[(..., *tap)] for tap in self.taps], 1).flatten(1)  # (C_in, taps * C_out)
        return columns.to(self.device, self.dtype), bias.to(self.device, torch.float32)

    def __call__(self, h: Tensor, want: Box, _channels: tuple[int, ...]) -> Tensor:
        """(B, z, y, x, C_in) of `needed(want)` -> (B, *want, C_out) float32."""
        n_cells, *size, n_in = h.shape
        products = (h.reshape(-1, n_in) @ self.weight).view(n_cells, *size, len(self.taps), -1)
        # Index p stands for output 2 * start + p - 1 of each axis; a voxel more at either end takes what reaches outside.
        total = self.bias.expand(n_cells, *(2 * n + 2 for n in size), -1).clone()
        for i, (a, b, c) in enumerate(self.taps):
            z, y, x = size
            total[:, a : a + 2 * z : 2, b : b + 2 * y : 2, c : c + 2 * x : 2] += products[..., i, :]
        start = [r.start for r in self.needed(want)]
        inside = [slice(r.start - 2 * s + 1, r.stop - 2 * s + 1) for r, s in zip(want, start, strict=True)]
        return total[(slice(None), *inside)]


class _Plain(_Stage):
    """As the library's own transposed convolution: as fast as a processor goes where voxels and channels are many."""

    def prepare(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        return weight.to(self.device, self.dtype, memory_format=torch.channels_last_3d), bias.to(self.device, self.dtype)

    def __call__(self, h: Tensor, want: Box, _channels: tuple[int, ...]) -> Tensor:
        """(B, z, y, x, C_in) of `needed(want)` -> (B, *want, C_out)."""
        need = self.needed(want)
        more = [int(r.stop > 2 * n.stop) for r, n in zip(want, need, strict=True)]
        h = self.convolve(h.movedim(4, 1), more).movedim(1, 4)
        return _crop(h, tuple(range(2 * n.start, 2 * n.stop + m) for n, m in zip(need, more, strict=True)), want)

    def convolve(self, h: Tensor, more: list[int]) -> Tensor:
        """(B, C_in, z, y, x) -> (B, C_out, 2z + more, ...)."""
        return F.conv_transpose3d(h, self.weight, self.bias, 2, 1, more)


class _Spread(_Plain):
    """Of a 3x3x3 kernel spread over 2x2x2 voxels: that kernel's own, at 27 taps for 64, and the sum of each voxel and the next.

    From n voxels to 2n alone.
    """

    def prepare(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        return super().prepare(weight, bias / 8)  # each voxel is the sum of eight

    def convolve(self, h: Tensor, more: list[int]) -> Tensor:
        size = h.shape[2:]
        # Asked for as many outputs as a 4x4x4 kernel has, the library is slower than with one: ten times where they are odd.
        h = F.conv_transpose3d(F.pad(h, (1, 0) * 3), self.weight, self.bias, 2, 1, 1)
        for axis, n in zip((2, 3, 4), size, strict=True):
            h = h.narrow(axis, 1, 2 * n) + h.narrow(axis, 2, 2 * n)
        return h


class _Merged(_Stage):
    """With the parities of some axes as channels, so that the few channels of an image fill the processor's vectors."""

    def prepare(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        self.kernels: dict[tuple[int, ...], tuple[tuple[int, ...], Tensor, Tensor]] = {}
        return weight, bias

    def __call__(self, h: Tensor, want: Box, channels: tuple[int, ...]) -> Tensor:
        """(B, z, y, x, C_in) of `needed(want)` -> (B, *want, channels)."""
        if channels not in self.kernels:
            self.kernels[channels] = self._kernel(channels)
        axes, weight, bias = self.kernels[channels]
        need = self.needed(want)
        stride = [1 if axis in axes else 2 for axis in range(3)]
        more = [int(r.stop > 2 * n.stop) for r, n in zip(want, need, strict=True)]
        h = F.conv_transpose3d(h.movedim(4, 1), weight, bias, stride, 1, more)
        for axis in reversed(axes):  # the parity of the last axis is the innermost part of the channels
            h = h.unflatten(1, (-1, 2)).movedim(2, axis + 3).flatten(axis + 2, axis + 3)
        have = tuple(range(2 * n.start, 2 * n.stop + m) for n, m in zip(need, more, strict=True))
        return _crop(h.movedim(1, 4), have, want)

    def _kernel(self, channels: tuple[int, ...]) -> tuple[tuple[int, ...], Tensor, Tensor]:
        """The axes that are merged, weight and bias for these channels."""
        even = [axis for axis in range(3) if self.size_out[axis] == 2 * self.size[axis]]
        choices = [axes for n in range(4) for axes in itertools.combinations(even, n)]
        # A merged axis has half the positions, at three taps for two.
        axes = min(choices, key=lambda axes: 0.75 ** len(axes) * math.ceil(len(channels) * 2 ** len(axes) / LANES))
        weight, bias = self.weight[:, list(channels)].unsqueeze(2), self.bias[list(channels)]
        for axis in axes:
            w0, w1, w2, w3 = weight.unbind(axis + 3)
            none = torch.zeros_like(w0)
            parities = torch.stack([torch.stack(taps, axis + 3) for taps in ((none, w1, w3), (w0, w2, none))], 2)
            # (C_in, C, 2, merged so far, ...) -> (C_in, C, merged so far * 2, ...)
            weight = parities.movedim(2, 3).flatten(2, 3)
        bias = bias.repeat_interleave(weight.shape[2])
        weight = weight.flatten(1, 2).to(self.device, self.dtype, memory_format=torch.channels_last_3d)
        return axes, weight, bias.to(self.device, self.dtype)


def plane_boxes(grid: tuple[int, int, int], voxel: tuple[int, int, int]) -> list[Box]:
    """The planes through `voxel` (z, y, x) of `grid` voxels (Z, Y, X): at its z, at its y, at its x."""
    assert all(0 <= at < n for at, n in zip(voxel, grid, strict=True)), f"voxel {voxel} is outside of {grid}"
    whole = tuple(map(range, grid))
    return [(*whole[:axis], range(at, at + 1), *whole[axis + 1 :]) for axis, at in enumerate(voxel)]


def _affine(norm: nn.BatchNorm3d) -> tuple[Tensor, Tensor]:
    """What BatchNorm does in eval mode: scale and shift of each channel."""
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return scale, norm.bias - norm.running_mean * scale


def _crop(h: Tensor, have: Box, want: Box) -> Tensor:
    """The voxels `want` of h (B, z, y, x, C), which has the voxels `have`."""
    if have == want:
        return h
    return h[(slice(None), *(slice(w.start - r.start, w.stop - r.start) for r, w in zip(have, want, strict=True)))]


def _volume(box: Box) -> int:
    return math.prod(map(len, box))


class FastCell:
    """Both decoders of one model, as the explorer asks for them. n latents, K structures."""

    def __init__(self, Dec_r: FastDecoder, Dec_rs: FastDecoder):
        self.Dec_r, self.Dec_rs = Dec_r, Dec_rs

    @classmethod
    def from_weights(
        cls,
        config: ModelConfig,
        weights: dict[str, dict[str, Tensor]],
        dtype: torch.dtype | None = None,
        device: str | torch.device = "cpu",
    ) -> "FastCell":
        """Of `weights[symbol][parameter]`; only those of Dec_r and Dec_rs are looked at."""
        return cls(*(FastDecoder.from_weights(s, config, weights[s], dtype, device) for s in ("Dec_r", "Dec_rs")))

    def decode_r(self, z_r: Tensor, boxes: list[Box]) -> list[Tensor]:
        """Membrane and DNA (B, 2, *box) in [0, 1], for each box, of shapes z_r (B, n) (eq. 2)."""
        return self.Dec_r.boxes(z_r, boxes)

    def decode_rs(self, y: Tensor, z_r: Tensor, z_s: Tensor, boxes: list[Box], channels: Sequence[int]) -> list[Tensor]:
        """Channels of x_rs (B, channels, *box) in [0, 1], for each box, of y (B, K), z_r (B, n), z_s (B, n) (eq. 12)."""
        return self.Dec_rs.boxes(torch.cat([y, z_r, z_s], 1), boxes, channels)
