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
