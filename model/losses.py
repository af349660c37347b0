"""The losses, one pure function per equation. All are MEANS (over voxels, dimensions, cells): the gammas need that.

B cells, K classes, n latent dimensions. The reference model is the conditional one with a single class: its discriminators
have one logit where the others have K + 1, and every observed cell has label 0. "Generated" is label 1, or K.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def reconstruction(x_hat: Tensor, x: Tensor, weight: Tensor | None = None) -> Tensor:
    """Eq. 3, 4 and 13: binary cross-entropy H(x_hat, x), mean over every voxel. Both (B, C, Z, Y, X) in [0, 1].

    `weight` (C,) of the channels, with mean 1; not in the paper.
    """
    return F.binary_cross_entropy(x_hat, x, None if weight is None else weight[:, None, None, None])


def shape_estimate(z_r_hat: Tensor, z_r: Tensor) -> Tensor:
    """Eq. 8: mean squared error of Enc_rs's z_r_hat against Enc_r's z_r, both (B, n)."""
    return F.mse_loss(z_r_hat, z_r)


def structure_class(y_logits: Tensor, y: Tensor) -> Tensor:
    """Eq. 9 and 10: -LogSoftMax(y_logits, y). Logits (B, K), classes (B,)."""
    return F.cross_entropy(y_logits, y)


UNKNOWN_STAGE = -1


def stage(logits: Tensor, label: Tensor) -> Tensor:
    """Cross-entropy of stages read from z_r, logits (B, n_stages), over cells whose label (B,) is known; not in the paper.

    Labels are smoothed: once a stage can be read there is nothing more to gain by moving its cells away from the others.
    """
    if (label == UNKNOWN_STAGE).all():
        return logits.sum() * 0
    return F.cross_entropy(logits, label, ignore_index=UNKNOWN_STAGE, label_smoothing=0.1)


def judged_as(logits: Tensor, label: Tensor) -> Tensor:
    """The term H(v_hat, v) of eq. 5, 6, 11 and 14: cross-entropy of a discriminator's logits (B, 1 or K + 1) to labels (B,)."""
    if logits.shape[1] == 1:
        return F.binary_cross_entropy_with_logits(logits[:, 0], label.to(logits.dtype))
    return F.cross_entropy(logits, label)


def generated(logits: Tensor) -> Tensor:
    """The label "generated" for each row of a discriminator's logits: 1 where there is one logit, else K, the last."""
    return torch.full(logits.shape[:1], max(1, logits.shape[1] - 1), device=logits.device)


def encoding_discriminator(logits_gen: Tensor, logits_obs: Tensor, y: Tensor) -> Tensor:
    """Eq. 5 and 11: EncD tells prior samples ("generated") from encoded cells (observed, or their class y)."""
    return (judged_as(logits_gen, generated(logits_gen)) + judged_as(logits_obs, y)) / 2


def decoding_discriminator(logits_obs: Tensor, logits_rec: Tensor, logits_gen: Tensor, y: Tensor) -> Tensor:
    """Eq. 6 and 14: DecD tells images of cells from reconstructed and from generated ones, which share half the weight."""
    fake = (judged_as(logits_rec, generated(logits_rec)) + judged_as(logits_gen, generated(logits_gen))) / 2
    return (judged_as(logits_obs, y) + fake) / 2


def encoder_adversary(logits_obs: Tensor) -> Tensor:
    """Algorithms 1 and 2, L_EncD for Enc: encoded cells should be judged as prior samples."""
    return judged_as(logits_obs, generated(logits_obs))


def decoder_adversary(logits_rec: Tensor, y: Tensor, logits_gen: Tensor, y_gen: Tensor) -> Tensor:
    """Algorithms 1 and 2, L_DecD for Dec: reconstructed and generated images should be judged as observed (of their class)."""
    return (judged_as(logits_rec, y) + judged_as(logits_gen, y_gen)) / 2


def correlation(z: Tensor) -> Tensor:
    """Mean squared correlation between two dimensions of z (B, n), over that of independent ones; not in the paper.

    A prior N(0, I) has none. Independent dimensions measure 1 / (B - 1) in B cells, which is taken off: 0 in expectation.
    """
    n_cells, n = z.shape
    z = (z - z.mean(0)) / (z.std(0, correction=0) + 1e-6)
    squared = (z.T @ z / n_cells).square()
    return (squared.sum() - squared.diagonal().sum()) / (n * (n - 1)) - 1 / (n_cells - 1)


def contrast(x_hat: Tensor, x: Tensor, offset: tuple[int, int, int] = (0, 0, 0)) -> Tensor:
    """How far local contrasts differ, relative to those of x, mean over cells and channels; not in the paper.

    Cross-entropy alone is least for the mean of all images that could be meant, which is blurred; this asks for the contrast
    of one of them. Contrast is the standard deviation within 8 x 8 x 8 voxels of what halving twice takes away: detail of 4
    to 8 voxels a period, the band that `sharpness` measures. `offset` (z, y, x) in 0..7 moves the windows.
    """
    ours, theirs = (_contrast(image[(..., *(slice(o, None) for o in offset))]) for image in (x_hat, x))
    return ((ours - theirs).abs().sum(1) / (theirs.sum(1) + 1e-3 * theirs.shape[1])).mean()


def _contrast(x: Tensor) -> Tensor:
    """(B * C, windows) from (B, C, Z, Y, X)."""
    half = F.avg_pool3d(x.flatten(0, 1).unsqueeze(1), 2)
    quarter = F.avg_pool3d(half, 2)
    detail = F.avg_pool3d(half.square(), 4) - F.avg_pool3d(quarter.square(), 2)
    return (detail.clamp(min=0) + 1e-6).sqrt().flatten(1)
