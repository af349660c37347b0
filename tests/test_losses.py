"""Each equation against its formula, written out in numpy."""

import numpy as np
import pytest
import torch

from model import losses

RNG = np.random.default_rng(0)
B, K = 5, 3


def tensor(array):
    return torch.from_numpy(array)


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def test_reconstruction_is_mean_binary_cross_entropy():
    x, x_hat = RNG.uniform(0.01, 0.99, (2, B, 2, 2, 3, 4))
    expected = -(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).mean()
    assert losses.reconstruction(tensor(x_hat), tensor(x)).item() == pytest.approx(expected, rel=1e-12)


def test_shape_estimate_is_a_mean():
    z, z_hat = RNG.normal(size=(2, B, 7))
    assert losses.shape_estimate(tensor(z_hat), tensor(z)).item() == pytest.approx(((z - z_hat) ** 2).mean(), rel=1e-12)


def test_structure_class_is_negative_log_softmax():
    logits, y = RNG.normal(size=(B, K)), np.array([0, 1, 2, 1, 0])
    expected = -log_softmax(logits)[np.arange(B), y].mean()
    assert losses.structure_class(tensor(logits), tensor(y)).item() == pytest.approx(expected, rel=1e-12)


def test_stage_is_the_cross_entropy_of_annotated_cells_to_smoothed_labels():
    logits, label = RNG.normal(size=(B, 4)), np.array([3, losses.UNKNOWN_STAGE, 0, losses.UNKNOWN_STAGE, 1])
    known = label >= 0
    smoothed = 0.9 * np.eye(4)[label[known]] + 0.1 / 4
    expected = -(smoothed * log_softmax(logits)[known]).sum(1).mean()
    assert losses.stage(tensor(logits), tensor(label)).item() == pytest.approx(expected, rel=1e-12)
    assert losses.stage(tensor(logits), tensor(np.full(B, losses.UNKNOWN_STAGE))).item() == 0


def test_one_logit_discriminator():
    """Eq. 5: generated has label 1, observed 0."""
    gen, obs = RNG.normal(size=(2, B, 1))
    expected = (np.log1p(np.exp(-gen)).mean() + np.log1p(np.exp(obs)).mean()) / 2
    y = torch.zeros(B, dtype=torch.long)
    assert losses.encoding_discriminator(tensor(gen), tensor(obs), y).item() == pytest.approx(expected, rel=1e-12)
    assert losses.encoder_adversary(tensor(obs)).item() == pytest.approx(np.log1p(np.exp(-obs)).mean(), rel=1e-12)


def test_class_discriminator():
    """Eq. 11 and 14: K + 1 logits, the last is "generated"; reconstructed and generated share half the weight."""
    obs, rec, gen = RNG.normal(size=(3, B, K + 1))
    y, y_gen = np.array([0, 1, 2, 1, 0]), np.array([2, 2, 0, 1, 1])

    def nll(logits, label):
        return -log_softmax(logits)[np.arange(B), label].mean()

    assert losses.encoding_discriminator(tensor(gen), tensor(obs), tensor(y)).item() == pytest.approx(
        (nll(gen, K) + nll(obs, y)) / 2, rel=1e-12
    )
    assert losses.decoding_discriminator(tensor(obs), tensor(rec), tensor(gen), tensor(y)).item() == pytest.approx(
        (nll(obs, y) + (nll(rec, K) + nll(gen, K)) / 2) / 2, rel=1e-12
    )
    assert losses.decoder_adversary(tensor(rec), tensor(y), tensor(gen), tensor(y_gen)).item() == pytest.approx(
        (nll(rec, y) + nll(gen, y_gen)) / 2, rel=1e-12
    )
    assert losses.encoder_adversary(tensor(obs)).item() == pytest.approx(nll(obs, K), rel=1e-12)


def test_weighted_reconstruction_is_a_weighted_mean_over_channels():
    x, x_hat = RNG.uniform(0.01, 0.99, (2, B, 3, 2, 3, 4))
    weight = np.array([0.75, 1.5, 0.75])
    expected = -(weight[:, None, None, None] * (x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat))).mean()
    assert losses.reconstruction(tensor(x_hat), tensor(x), tensor(weight)).item() == pytest.approx(expected, rel=1e-12)


def test_correlation_is_numpys_without_what_chance_gives():
    z = RNG.normal(size=(12, 5))
    z[:, 1] += z[:, 0]
    r = np.corrcoef(z.T)
    expected = (r[~np.eye(5, dtype=bool)] ** 2).mean() - 1 / 11
    assert losses.correlation(tensor(z)).item() == pytest.approx(expected, rel=1e-4)


def test_independent_dimensions_have_no_correlation_to_lose():
    drawn = [losses.correlation(tensor(RNG.normal(size=(16, 8)))).item() for _ in range(300)]
    assert np.mean(drawn) == pytest.approx(0, abs=0.003)


def contrast_of(x, at):
    """sd within the 8 x 8 x 8 voxels that begin at `at`, of x halved once less x halved twice."""
    window = x[tuple(slice(a, a + 8) for a in at)]
    half = window.reshape(4, 2, 4, 2, 4, 2).mean(axis=(1, 3, 5))
    quarter = half.reshape(2, 2, 2, 2, 2, 2).mean(axis=(1, 3, 5))
    detail = half - quarter.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    return np.sqrt((detail**2).mean() + 1e-6)


@pytest.mark.parametrize("offset", [(0, 0, 0), (3, 0, 7)])
def test_contrast_is_that_of_windows(offset):
    x, x_hat = RNG.random((2, 2, 1, 16, 24, 16))
    grid = [range(o, n - 7, 8) for o, n in zip(offset, x.shape[2:], strict=True)]
    windows = [(i, j, k) for i in grid[0] for j in grid[1] for k in grid[2]]
    expected = []
    for cell in range(2):
        ours, theirs = (np.array([contrast_of(image[cell, 0], at) for at in windows]) for image in (x_hat, x))
        expected.append(np.abs(ours - theirs).sum() / (theirs.sum() + 1e-3 * len(theirs)))
    assert losses.contrast(tensor(x_hat), tensor(x), offset).item() == pytest.approx(np.mean(expected), rel=1e-9)


def test_contrast_asks_for_detail_but_not_for_its_place():
    """A shifted image has the contrast of the image, a blurred one has not."""
    x = np.random.default_rng(1).random((1, 1, 32, 32, 32))
    half = tensor(x.reshape(1, 1, 16, 2, 16, 2, 16, 2).mean(axis=(3, 5, 7)).repeat(2, 2).repeat(2, 3).repeat(2, 4))
    blurred = torch.nn.functional.avg_pool3d(half, 5, 1, 2)
    assert losses.contrast(half, half).item() == 0
    assert losses.contrast(half.roll(8, 4), half).item() < 0.5 * losses.contrast(blurred, half).item()
