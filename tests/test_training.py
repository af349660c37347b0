"""Gradient routing: who may learn from whom, which learning rate is whose."""

import dataclasses

import pytest
import torch

from model import losses
from model.config import preset
from model.training import Phase

MODEL, TRAIN = preset("tiny")
K = MODEL.n_structures
CPU = torch.device("cpu")


def make(name, **changes):
    torch.manual_seed(0)
    return Phase(name, MODEL, dataclasses.replace(TRAIN, **changes), CPU)


def step(phase, seed=1):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(6, 2 if phase.name == "r" else 3, *MODEL.grid, generator=generator)
    y = torch.arange(6) % K
    z_r = torch.randn(6, MODEL.n_latent, generator=generator) if phase.name == "rs" else None
    torch.manual_seed(seed)
    return phase.step(x, y, z_r)


def weights(network):
    return [p.detach().clone() for p in network.parameters()]


def equal(a, b):
    return all(torch.equal(p, q) for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize("name", ["r", "rs"])
def test_DecD_changes_Dec_but_never_Enc(name):
    """Two steps that differ only in gamma_Dec leave the same Enc and another Dec."""
    weak, strong = make(name, gamma_Dec=1e-5), make(name, gamma_Dec=10.0)
    step(weak)
    step(strong)
    assert equal(weights(weak.Enc), weights(strong.Enc))
    assert not equal(weights(weak.Dec), weights(strong.Dec))


@pytest.mark.parametrize("name", ["r", "rs"])
def test_EncD_changes_Enc_but_never_Dec(name):
    weak, strong = make(name, gamma_Enc=1e-4), make(name, gamma_Enc=10.0)
    step(weak)
    step(strong)
    assert not equal(weights(weak.Enc), weights(strong.Enc))
    assert equal(weights(weak.Dec), weights(strong.Dec))


@pytest.mark.parametrize("name", ["r", "rs"])
def test_gamma_Dec_zero_leaves_DecD_out(name):
    phase = make(name, gamma_Dec=0)
    before = weights(phase.DecD)
    values = step(phase)
    assert equal(before, weights(phase.DecD))
    assert "L_DecD" not in values


@pytest.mark.parametrize("name", ["r", "rs"])
def test_discriminators_never_learn_from_fooling_themselves(name):
    """EncD's step equals one made by hand from eq. 5 or 11 alone."""
    phase, by_hand = make(name), make(name)
    step(phase)
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(6, 2 if name == "r" else 3, *MODEL.grid, generator=generator)
    torch.manual_seed(1)
    z = by_hand.Enc(x) if name == "r" else by_hand.Enc(x).z_s
    y = torch.arange(6) % K if name == "rs" else torch.zeros(6, dtype=torch.long)
    loss = losses.encoding_discriminator(by_hand.EncD(torch.randn_like(z)), by_hand.EncD(z.detach()), y)
    loss.backward(inputs=list(by_hand.EncD.parameters()))
    by_hand.adam[by_hand.symbols[2]].step()
    for p, q in zip(weights(phase.EncD), weights(by_hand.EncD), strict=True):
        torch.testing.assert_close(p, q)


@pytest.mark.parametrize("name", ["r", "rs"])
def test_only_EncD_has_the_large_learning_rate(name):
    rates = {symbol: adam.param_groups[0]["lr"] for symbol, adam in make(name).adam.items()}
    assert {symbol for symbol, lr in rates.items() if lr == 1e-2} == {"EncD_r" if name == "r" else "EncD_s"}
    assert set(rates.values()) == {1e-2, TRAIN.lr}


def test_gradients_flow_through_predicted_y_and_z_r_hat():
    """The reconstruction alone trains all three heads of Enc_rs."""
    phase = make("rs")
    y_logits, z_r_hat, z_s = phase.Enc(torch.rand(4, 3, *MODEL.grid))
    losses.reconstruction(phase.Dec(y_logits.softmax(1), z_r_hat, z_s), torch.rand(4, 3, *MODEL.grid)).backward()
    for head in (phase.Enc.y, phase.Enc.z_r, phase.Enc.z_s):
        assert head.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ["r", "rs"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_reconstruction_improves(name, precision):
    phase = make(name, precision=precision, gamma_Dec=1e-5, lr=2e-3)
    first = step(phase)["L_x"]
    for _ in range(20):
        last = step(phase)["L_x"]
    assert last < first - 0.01


def test_cosine_schedule_scales_every_rate():
    phase = make("r", lr_schedule="cosine")
    for fraction, scale in [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)]:
        phase.set_progress(fraction)
        rates = {symbol: adam.param_groups[0]["lr"] for symbol, adam in phase.adam.items()}
        assert rates == pytest.approx(
            {"Enc_r": TRAIN.lr * scale, "Dec_r": TRAIN.lr * scale, "EncD_r": 1e-2 * scale, "DecD_r": TRAIN.lr * scale}
        )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_step_on_gpu_agrees_with_cpu():
    values = {}
    for device in ("cpu", "cuda"):
        torch.manual_seed(0)
        phase = Phase("r", MODEL, TRAIN, CPU)
        for network in phase.networks.values():
            network.to(device)
        x = torch.rand(6, 2, *MODEL.grid, generator=torch.Generator().manual_seed(1)).to(device)
        values[device] = phase.step(x, torch.zeros(6, dtype=torch.long, device=device))["L_x"]
    assert values["cuda"] == pytest.approx(values["cpu"], rel=1e-4)
