"""The eight networks, plain. Each `forward` reads as a table of shapes; `ModelConfig`'s defaults give the paper's counts.

B cells, C channels, K structure classes, n = n_latent, (Z, Y, X) the grid, W = widths[-1], V voxels of the last stage.
Encoders return logits and latents, discriminators return logits: probabilities are made once, where they are needed.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.config import ModelConfig

N_REFERENCE, N_ALL = 2, 3  # channels of x_r (membrane, DNA) and of x_rs (membrane, structure, DNA)


class Encoding(NamedTuple):
    """What Enc_rs says of a cell (eq. 7)."""

    y_logits: Tensor  # (B, K)
    z_r: Tensor  # (B, n), the estimate z_r_hat
    z_s: Tensor  # (B, n)


class EncoderBody(nn.Module):
    """Stages of [4x4x4 convolution, stride 2; BatchNorm; PReLU], flattened."""

    def __init__(self, n_channels: int, config: ModelConfig):
        super().__init__()
        stages, n_in = [], n_channels
        for n_out in config.widths:
            stages += [nn.Conv3d(n_in, n_out, 4, 2, 1), nn.BatchNorm3d(n_out), nn.PReLU()]
            n_in = n_out
        self.stages = nn.Sequential(*stages)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, Z, Y, X)
        return self.stages(x).flatten(1)  # (B, W * V)


class SmoothConvTranspose3d(nn.ConvTranspose3d):
    """A 4x4x4 transposed convolution, stride 2, whose kernel is a 3x3x3 one spread over 2x2x2 voxels.

    Every output voxel then gets the same sum of weights, whichever of its input's eight children it is: the plain kernel has
    eight sums, and where they differ it leaves a checkerboard.
    """

    def __init__(self, n_in: int, n_out: int, *_, output_padding: tuple[int, int, int]):
        super().__init__(n_in, n_out, 3, 2, 1, output_padding=output_padding)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.conv_transpose3d(x, self.spread(), self.bias, 2, 1, self.output_padding)

    def core(self) -> Tensor:
        """The 3x3x3 kernel (n_in, n_out, 3, 3, 3)."""
        return self.weight * 0.5**1.5  # keeps the variance of the weights

    def spread(self) -> Tensor:
        """The 4x4x4 kernel (n_in, n_out, 4, 4, 4)."""
        weight = self.core()
        for before, after in (((0, 1), (1, 0)), ((0, 0, 0, 1), (0, 0, 1, 0)), ((0, 0, 0, 0, 0, 1), (0, 0, 0, 0, 1, 0))):
            weight = nn.functional.pad(weight, before) + nn.functional.pad(weight, after)
        return weight


class DecoderBody(nn.Module):
    """The encoder in reverse: linear; BatchNorm, PReLU; transposed convolutions, BatchNorm and PReLU between; sigmoid."""

    def __init__(self, n_in: int, n_channels: int, config: ModelConfig):
        super().__init__()
        sizes, widths = config.sizes[::-1], config.widths[::-1]
        self.shape = (widths[0], *sizes[0])
        self.linear = nn.Linear(n_in, n_flat(config))
        upsample = SmoothConvTranspose3d if config.smooth_upsampling else nn.ConvTranspose3d
        stages = []
        for i, n_out in enumerate([*widths[1:], n_channels]):
            stages += [nn.BatchNorm3d(widths[i]), nn.PReLU()]
            # 2n, or 2n + 1 where the encoder halved an odd size (3 -> 1 on the paper's Y axis).
            odd = tuple(big - 2 * small for small, big in zip(sizes[i], sizes[i + 1], strict=True))
            stages.append(upsample(widths[i], n_out, 4, 2, 1, output_padding=odd))
        self.stages = nn.Sequential(*stages)

    def forward(self, z: Tensor) -> Tensor:  # (B, n_in)
        h = self.linear(z).unflatten(1, self.shape)  # (B, W, *sizes[-1])
        return torch.sigmoid(self.stages(h).float())  # (B, C, Z, Y, X) in [0, 1]


class LatentNorm(nn.Module):
    """Each latent dimension to mean 0 and variance 1, then, by running statistics, within each class.

    What a linear map of z says of the class is a difference of class means: here there is none left. The batch's own mean and
    variance come first, with their gradient, so that no encoder gains by larger numbers; the class's follow as constants.
    """

    def __init__(self, n_classes: int, n_latent: int, memory: int = 200):
        super().__init__()
        self.memory = memory  # cells of a class that its running statistics look back on
        self.batch = nn.BatchNorm1d(n_latent, affine=False)
        self.register_buffer("mean", torch.zeros(n_classes, n_latent))
        self.register_buffer("var", torch.ones(n_classes, n_latent))

    def forward(self, h: Tensor, y: Tensor) -> Tensor:  # (B, n), (B, K) probabilities
        h, y = self.batch(h), y.detach()
        z = (h - y @ self.mean) * (y @ self.var + 1e-5).rsqrt()  # (B, n)
        if self.training:
            self._update(h.detach(), y)
        return z

    @torch.no_grad()
    def _update(self, h: Tensor, y: Tensor) -> None:
        n = y.sum(0).unsqueeze(1)  # (K, 1) cells of each class in the batch
        share = 1 - (1 - 1 / self.memory) ** n
        mean = y.T @ h / n.clamp(min=1e-6)
        var = y.T @ (h - y @ self.mean).square() / n.clamp(min=1e-6)
        self.mean.lerp_(mean, share)
        self.var.lerp_(var, share)

    @torch.no_grad()
    def fit(self, h: Tensor, y: Tensor) -> None:
        """Set all statistics to exactly those of h (N, n), y (N, K): how the encoder's training cells end up in eval mode."""
        self.batch.running_mean.copy_(h.mean(0))
        self.batch.running_var.copy_(h.var(0))
        h = (h - h.mean(0)) * (h.var(0) + self.batch.eps).rsqrt()
        n = y.sum(0).unsqueeze(1).clamp(min=1e-6)
        self.mean.copy_(y.T @ h / n)
        self.var.copy_(y.T @ (h - y @ self.mean).square() / n)


class Enc_r(nn.Module):
    """Table S1: x_r -> z_r (eq. 1)."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.body = EncoderBody(N_REFERENCE, config)
        self.z_r = nn.Linear(n_flat(config), config.n_latent)
        self.norm = LatentNorm(1, config.n_latent) if config.latent_norm else None
        self.stage = nn.Linear(config.n_latent, config.n_stages) if config.n_stages else None  # z_r -> logits

    def forward(self, x_r: Tensor) -> Tensor:  # (B, 2, Z, Y, X)
        h = self.z_r(self.body(x_r)).float()
        return h if self.norm is None else self.norm(h, h.new_ones(len(h), 1))  # (B, n)


class Dec_r(nn.Module):
    """Table S2: z_r -> x_r (eq. 2)."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.body = DecoderBody(config.n_latent, N_REFERENCE, config)

    def forward(self, z_r: Tensor) -> Tensor:  # (B, n)
        return self.body(z_r)  # (B, 2, Z, Y, X)


class Enc_rs(nn.Module):
    """Table S5: x_rs -> y_logits, z_r_hat, z_s (eq. 7), three heads on one body."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.body = EncoderBody(N_ALL, config)
        self.y = nn.Linear(n_flat(config), config.n_structures)
        self.z_r = nn.Linear(n_flat(config), config.n_latent)
        self.z_s = nn.Linear(n_flat(config), config.n_latent)
        self.norm = LatentNorm(config.n_structures, config.n_latent) if config.latent_norm else None

    def forward(self, x_rs: Tensor) -> Encoding:  # (B, 3, Z, Y, X)
        h = self.body(x_rs)  # (B, W * V)
        y_logits, z_r, z_s = self.y(h).float(), self.z_r(h).float(), self.z_s(h).float()
        return Encoding(y_logits, z_r, z_s if self.norm is None else self.norm(z_s, y_logits.softmax(1)))


class Dec_rs(nn.Module):
    """Table S6: y, z_r, z_s -> x_rs (eq. 12)."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.body = DecoderBody(config.n_structures + 2 * config.n_latent, N_ALL, config)

    def forward(self, y: Tensor, z_r: Tensor, z_s: Tensor) -> Tensor:  # (B, K) probabilities, (B, n), (B, n)
        return self.body(torch.cat([y, z_r, z_s], 1))  # (B, 3, Z, Y, X)


class EncodingDiscriminator(nn.Module):
    """Tables S3 and S7: EncD_r with one logit, EncD_s with K + 1 (the last is "generated"). No BatchNorm on the first layer."""

    def __init__(self, n_logits: int, config: ModelConfig):
        super().__init__()
        layers, n_in = [], config.n_latent
        for i, n_out in enumerate(config.EncD_widths):
            layers.append(nn.Linear(n_in, n_out))
            if i > 0:
                layers.append(nn.BatchNorm1d(n_out))
            layers.append(nn.LeakyReLU(0.2))
            n_in = n_out
        self.layers = nn.Sequential(*layers, nn.Linear(n_in, n_logits))

    def forward(self, z: Tensor) -> Tensor:  # (B, n)
        return self.layers(z).float()  # (B, n_logits)


class DecodingDiscriminator(nn.Module):
    """Tables S4 and S8: DecD_r with one logit, DecD_rs with K + 1. White noise on the input; no BatchNorm at first."""

    def __init__(self, n_channels: int, n_logits: int, config: ModelConfig):
        super().__init__()
        self.noise = config.DecD_noise
        stages, n_in = [], n_channels
        for i, n_out in enumerate(config.widths):
            stages.append(nn.Conv3d(n_in, n_out, 4, 2, 1))
            if i > 0:
                stages.append(nn.BatchNorm3d(n_out))
            stages.append(nn.LeakyReLU(0.2))
            n_in = n_out
        self.stages = nn.Sequential(*stages)
        self.logits = nn.Linear(n_flat(config), n_logits)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, Z, Y, X)
        h = self.stages(x + self.noise * torch.randn_like(x))  # (B, W, *sizes[-1])
        return self.logits(h.flatten(1)).float()  # (B, n_logits)


def n_flat(config: ModelConfig) -> int:
    """Length of the flattened last stage, W * V (2048 in the paper)."""
    z, y, x = config.sizes[-1]
    return config.widths[-1] * z * y * x


# Every network by its symbol, and which phase of training makes it.
REFERENCE = ("Enc_r", "Dec_r", "EncD_r", "DecD_r")
CONDITIONAL = ("Enc_rs", "Dec_rs", "EncD_s", "DecD_rs")


def build(symbol: str, config: ModelConfig) -> nn.Module:
    """A freshly initialised network by its symbol: weights N(0, 0.02) in convolutions, N(1, 0.02) in BatchNorm."""
    k = config.n_structures
    network = {
        "Enc_r": lambda: Enc_r(config),
        "Dec_r": lambda: Dec_r(config),
        "EncD_r": lambda: EncodingDiscriminator(1, config),
        "DecD_r": lambda: DecodingDiscriminator(N_REFERENCE, 1, config),
        "Enc_rs": lambda: Enc_rs(config),
        "Dec_rs": lambda: Dec_rs(config),
        "EncD_s": lambda: EncodingDiscriminator(k + 1, config),
        "DecD_rs": lambda: DecodingDiscriminator(N_ALL, k + 1, config),
    }[symbol]()
    # On the meta device there is nothing to draw, and drawing there would import torch's compiler, which takes seconds.
    return network if next(network.parameters()).is_meta else network.apply(_initialise)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm3d) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
