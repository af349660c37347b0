"""Run the model over held-out cells: everything that an evaluation is computed from, one row a cell."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy
from tqdm import tqdm

from model.aae import IntegratedCell, to_images
from model.cells import REFERENCE, STRUCTURE, Cells
from precompute.embed import batches


@dataclass(frozen=True)
class HeldOut:
    """Per cell, N of them, K structures: latents, class probabilities, and how near the decoded images come."""

    z_r: ndarray  # (N, n)
    z_s: ndarray  # (N, n)
    p_data: ndarray  # (N, K) p(y | x_rs)
    p_reconstructed: ndarray  # (N, K) of Dec_rs(Enc_rs(x_rs))
    p_generated: ndarray  # (N, K) of cells from the prior, generated with the classes of these
    bce_x_r: ndarray  # (N,) of Dec_r(Enc_r(x_r))
    r_x_r: ndarray  # (N, 2) membrane, DNA
    bce_x_s: ndarray  # (N,) of the structure channel of Dec_rs(Enc_rs(x_rs))
    r_x_s: ndarray  # (N,)
    bce_x_s_predicted: ndarray  # (N,) of Algorithm 3: z_r from Enc_r, the true class, z_s = 0
    r_x_s_predicted: ndarray  # (N,)
    sharpness_x_r: ndarray  # (N, 2), and below (N, 1): power in the band of fine detail, decoded over observed
    sharpness_x_s: ndarray
    sharpness_high_x_r: ndarray  # the same in the band above, much of which is noise in the observed
    sharpness_high_x_s: ndarray
    checkerboard: ndarray  # (N, 3) membrane, DNA, structure: peaks where up-sampling leaves them


def measure(model: IntegratedCell, cells: Cells, rows: ndarray, y: ndarray, *, seed: int = 0, batch_size: int = 32) -> HeldOut:
    """Run `rows` (N,) of `cells`, whose classes are y (N,) in the model's order, through the model."""
    parts: dict[str, list[Tensor]] = {field.name: [] for field in fields(HeldOut)}
    y = torch.from_numpy(y)
    for at, volumes in batches(cells, rows, model.config.grid, batch_size, "evaluate"):
        for name, values in _compare(model, to_images(volumes).to(model.device), y[at]).items():
            parts[name].append(values.cpu())
    # Drawn at once, so that the batch size makes no difference.
    draws = np.random.default_rng(seed).standard_normal((2, len(rows), model.config.n_latent), np.float32)
    with tqdm(total=len(rows), desc="generate", unit="cell", mininterval=1) as bar:
        for z_r, z_s, classes in zip(*(part.split(batch_size) for part in (*torch.from_numpy(draws), y)), strict=True):
            parts["p_generated"].append(model.encode(model.predict(z_r, classes, z_s)).y.cpu())
            bar.update(len(classes))
    return HeldOut(**{name: torch.cat(values).numpy() for name, values in parts.items()})


def _compare(model: IntegratedCell, x_rs: Tensor, y: Tensor) -> dict[str, Tensor]:
    x_r, x_s = x_rs[:, REFERENCE], x_rs[:, [STRUCTURE]]
    latents = model.encode(x_rs)
    x_r_hat = model.decode_r(latents.z_r)
    x_rs_hat = model.decode_rs(latents.y, latents.z_r_hat, latents.z_s)
    x_s_hat, x_s_predicted = x_rs_hat[:, [STRUCTURE]], model.predict(latents.z_r, y)[:, [STRUCTURE]]
    return {
        "z_r": latents.z_r,
        "z_s": latents.z_s,
        "p_data": latents.y,
        "p_reconstructed": model.encode(x_rs_hat).y,
        "bce_x_r": bce(x_r, x_r_hat),
        "r_x_r": pearson(x_r, x_r_hat),
        "bce_x_s": bce(x_s, x_s_hat),
        "r_x_s": pearson(x_s, x_s_hat)[:, 0],
        "bce_x_s_predicted": bce(x_s, x_s_predicted),
        "r_x_s_predicted": pearson(x_s, x_s_predicted)[:, 0],
        "sharpness_x_r": sharpness(x_r, x_r_hat),
        "sharpness_x_s": sharpness(x_s, x_s_hat),
        "sharpness_high_x_r": sharpness(x_r, x_r_hat, 0.25, 0.5),
        "sharpness_high_x_s": sharpness(x_s, x_s_hat, 0.25, 0.5),
        "checkerboard": torch.cat([checkerboard(x_r_hat), checkerboard(x_s_hat)], 1),
    }


def bce(x: Tensor, x_hat: Tensor) -> Tensor:
    """(B,) mean binary cross-entropy, nat a voxel, of x_hat (B, C, Z, Y, X) against x, both in [0, 1]."""
    return binary_cross_entropy(x_hat, x, reduction="none").flatten(1).mean(1, dtype=torch.float64)


def pearson(x: Tensor, x_hat: Tensor) -> Tensor:
    """(B, C) Pearson correlation over the voxels of x and x_hat (B, C, Z, Y, X), float64; 0 where either has no contrast."""
    x, x_hat = (a.flatten(2).double() for a in (x, x_hat))
    x, x_hat = (a - a.mean(2, keepdim=True) for a in (x, x_hat))
    norm = x.norm(dim=2) * x_hat.norm(dim=2)
    return torch.where(norm > 0, (x * x_hat).sum(2) / norm, 0)


def sharpness(x: Tensor, x_hat: Tensor, low: float = 0.125, high: float = 0.25) -> Tensor:
    """(B, C) spectral power of x_hat over that of x, both (B, C, Z, Y, X), between `low` and `high` cycles per voxel.

    Frequencies are lengths of the wave vector. 1: as much detail as the cell itself has, in place or not; nan where x has none.
    """
    z, y, x_ = (torch.fft.fftfreq(n, device=x.device) for n in x.shape[2:])
    length = (z[:, None, None].square() + y[:, None].square() + x_.square()).sqrt()
    band = (length >= low) & (length <= high)
    ours, theirs = (torch.fft.fftn(image, dim=(2, 3, 4)).abs().square()[..., band].sum(2) for image in (x_hat, x))
    return torch.where(theirs > 0, ours / theirs, torch.nan)


def checkerboard(x_hat: Tensor) -> Tensor:
    """(B, C) the highest peak that up-sampling by halves left in x_hat (B, C, Z, Y, X); 1 where there is none.

    Power, summed over planes of frequency, at 1/4 and 1/2 cycle per voxel along each axis, over that of the planes beside.
    """
    power = torch.fft.fftn(x_hat, dim=(2, 3, 4)).abs().square()
    peaks = []
    for axis in (2, 3, 4):
        planes = power.sum([a for a in (2, 3, 4) if a != axis])  # (B, C, n)
        for k in (planes.shape[2] // 4, planes.shape[2] // 2):
            peaks.append(planes[..., k] / ((planes[..., k - 1] + planes[..., k + 1]) / 2))
    return torch.stack(peaks).amax(0)
