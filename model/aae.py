"""The trained model as the rest of the code calls it: encode, reconstruct, predict (Algorithm 3), sample."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from model.cells import REFERENCE as REFERENCE_CHANNELS
from model.config import ModelConfig
from model.networks import build

INFERENCE_NETWORKS = ("Enc_r", "Dec_r", "Enc_rs", "Dec_rs")


class Latents(NamedTuple):
    """What both encoders say of a batch of cells."""

    z_r: Tensor  # (B, n) Enc_r(x_r)
    z_s: Tensor  # (B, n) Enc_rs(x_rs)
    y: Tensor  # (B, K) probabilities p(y | x)
    z_r_hat: Tensor  # (B, n) Enc_rs's estimate of z_r


class IntegratedCell:
    """The four networks of inference, in eval mode and without gradients.

    B cells, K structures, n = n_latent, (Z, Y, X) the model's grid. Images are float32 in [0, 1]; channels of x_r are
    membrane, DNA; of x_rs membrane, structure, DNA.
    """

    def __init__(self, config: ModelConfig, networks: dict[str, nn.Module], device: str = "cpu"):
        self.config, self.device = config, torch.device(device)
        self.networks = {
            symbol: networks[symbol]
            .to(self.device, torch.float32, memory_format=torch.channels_last_3d)  # the processor convolves faster so
            .eval()
            .requires_grad_(False)
            for symbol in INFERENCE_NETWORKS
        }

    @classmethod
    def from_weights(cls, config: ModelConfig, weights: dict[str, dict[str, Tensor]], device: str = "cpu") -> "IntegratedCell":
        """Build from `weights[symbol][parameter]`, of any floating type."""
        networks = {}
        for symbol in INFERENCE_NETWORKS:
            with torch.device("meta"):
                network = build(symbol, config)
            network.load_state_dict(weights[symbol], assign=True)
            networks[symbol] = network
        return cls(config, networks, device)

    def __getattr__(self, symbol: str) -> nn.Module:
        try:
            return self.__dict__["networks"][symbol]
        except KeyError:
            raise AttributeError(symbol) from None

    @torch.inference_mode()
    def encode_r(self, x_r: Tensor) -> Tensor:
        """z_r (B, n) of reference images (B, 2, Z, Y, X): all that is needed where no structure was imaged."""
        return self.Enc_r(x_r.to(self.device))

    @torch.inference_mode()
    def encode(self, x_rs: Tensor) -> Latents:
        """All latents of cells (B, 3, Z, Y, X)."""
        x_rs = x_rs.to(self.device)
        encoding = self.Enc_rs(x_rs)
        z_r = self.Enc_r(x_rs[:, REFERENCE_CHANNELS])
        return Latents(z_r, encoding.z_s, encoding.y_logits.softmax(1), encoding.z_r)

    @torch.inference_mode()
    def decode_r(self, z_r: Tensor) -> Tensor:
        """Membrane and DNA (B, 2, Z, Y, X) of shapes z_r (B, n) (eq. 2)."""
        return self.Dec_r(z_r.to(self.device))

    @torch.inference_mode()
    def decode_rs(self, y: Tensor, z_r: Tensor, z_s: Tensor) -> Tensor:
        """x_rs (B, 3, Z, Y, X) of y (B, K) probabilities, z_r (B, n), z_s (B, n) (eq. 12)."""
        return self.Dec_rs(y.to(self.device), z_r.to(self.device), z_s.to(self.device))

    def reconstruct(self, x_rs: Tensor) -> Tensor:
        """Encode and decode: Dec_rs of what Enc_rs itself believes, y_hat, z_r_hat and z_s (eq. 12)."""
        latents = self.encode(x_rs)
        return self.decode_rs(latents.y, latents.z_r_hat, latents.z_s)

    def predict(self, z_r: Tensor, y: Tensor, z_s: Tensor | None = None) -> Tensor:
        """Algorithm 3: structure class y (B,) in shape z_r (B, n); z_s defaults to 0, the most probable localisation."""
        return self.decode_rs(self.one_hot(y), z_r, torch.zeros_like(z_r) if z_s is None else z_s)

    def sample(self, y: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Cells of classes y (B,) whose z_r and z_s are drawn from the prior N(0, I)."""
        z_r, z_s = torch.randn(2, len(y), self.config.n_latent, generator=generator)
        return self.predict(z_r, y, z_s)

    def one_hot(self, y: Tensor) -> Tensor:
        """(B,) int -> (B, K) float, certain of its class."""
        return nn.functional.one_hot(y.long(), self.config.n_structures).float()


def to_images(volumes: np.ndarray) -> Tensor:
    """uint8 (B, C, Z, Y, X) in 0..255 -> float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(volumes)).float().div_(255)


def to_volumes(images: Tensor) -> np.ndarray:
    """float (B, C, Z, Y, X) in [0, 1] -> uint8 in 0..255, rounded."""
    return images.clamp(0, 1).mul(255).round().to(torch.uint8).cpu().numpy()
