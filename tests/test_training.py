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


def test_Enc_rs_sees_a_blurred_cell_and_Dec_rs_has_to_return_the_sharp_one(monkeypatch):
    phase = make("rs", blur=1.0)
    seen = []
    phase.Enc.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    targets = []
    monkeypatch.setattr(losses, "reconstruction", lambda x_hat, x, weight: targets.append(x) or x_hat.mean())
    step(phase)
    x = torch.rand(6, 3, *MODEL.grid, generator=torch.Generator().manual_seed(1))
    assert torch.equal(targets[0], x)
    detail = [losses._contrast(image).mean().item() for image in (seen[0], x)]
    assert detail[0] < 0.9 * detail[1]


def test_Dec_rs_is_given_what_a_prediction_gives_it():
    """Class and z_r of a share `p_given` of cells are the true ones; z_s, for all, with noise."""
    phase = make("rs", p_given=1.0, z_noise=0.3)
    given, encoded = [], []
    phase.Dec.register_forward_pre_hook(lambda _, arguments: given.append(arguments))
    phase.Enc.register_forward_hook(lambda *found: encoded.append(found[-1]))
    step(phase)
    y, z_r, z_s = given[0]
    assert torch.equal(y.argmax(1), torch.arange(6) % K)
    assert y.sum() == 6
    generator = torch.Generator().manual_seed(1)
    torch.rand(6, 3, *MODEL.grid, generator=generator)
    assert torch.equal(z_r, torch.randn(6, MODEL.n_latent, generator=generator))
    assert (z_s - encoded[0].z_s).std().item() == pytest.approx(0.3, rel=0.2)


@pytest.mark.parametrize(("field", "head"), [("gamma_y", "y"), ("gamma_z_r", "z_r")])
def test_a_heads_own_loss_can_be_weighed(field, head):
    """Enc_rs's bias of that head moves with the weight; the decoder, which the loss does not reach, does not."""
    one, other = make("rs"), make("rs", **{field: 0.0})
    step(one)
    step(other)
    assert not torch.equal(getattr(one.Enc, head).bias, getattr(other.Enc, head).bias)
    assert equal(weights(one.Dec), weights(other.Dec))


@pytest.mark.parametrize("name", ["r", "rs"])
def test_what_is_not_the_papers_is_logged_only_where_it_is_asked_for(name):
    more = {"L_correlation", "L_contrast"}
    assert not more & set(step(make(name)))
    assert more <= set(step(make(name, gamma_correlation=0.1, gamma_contrast=0.1)))


@pytest.mark.parametrize("field", ["gamma_correlation", "gamma_contrast"])
def test_each_of_its_losses_goes_where_it_belongs(field):
    """Correlation is of z: it changes Enc alone. Contrast is of x_hat: it changes Enc and Dec."""
    without, phase = make("r"), make("r", **{field: 10.0})
    step(without)
    step(phase)
    assert not equal(weights(without.Enc), weights(phase.Enc))
    assert equal(weights(without.Dec), weights(phase.Dec)) == (field == "gamma_correlation")


def test_the_stage_is_learned_by_the_reference_encoder_alone():
    def stepped(gamma):
        torch.manual_seed(0)
        phase = Phase("r", dataclasses.replace(MODEL, n_stages=8), dataclasses.replace(TRAIN, gamma_stage=gamma), CPU)
        torch.manual_seed(1)
        return phase, phase.step(torch.rand(6, 2, *MODEL.grid), torch.zeros(6, dtype=torch.long), None, torch.arange(6))

    (without, _), (phase, values) = stepped(1e-9), stepped(1.0)
    assert values["L_stage"] == pytest.approx(2.08, abs=0.5)  # log 8: it knows nothing yet
    assert not equal(weights(without.Enc), weights(phase.Enc))
    assert equal(weights(without.Dec), weights(phase.Dec))


@pytest.mark.parametrize("name", ["r", "rs"])
def test_refining_changes_Dec_alone(name):
    phase = make(name, gamma_contrast=0.1)
    phase.refine()
    before = {symbol: weights(network) for symbol, network in phase.networks.items()}
    statistics = [b.clone() for b in phase.Enc.buffers()]
    assert set(step(phase)) == {"L_x", "L_contrast"}
    for symbol, network in phase.networks.items():
        assert equal(before[symbol], weights(network)) == (symbol != phase.symbols[1])
    assert equal(statistics, list(phase.Enc.buffers()))
    phase.held_out(*(torch.rand(3, 2 if name == "r" else 3, *MODEL.grid), torch.arange(3), torch.randn(3, MODEL.n_latent)))
    assert not phase.Enc.training
    assert phase.Dec.training


@pytest.mark.parametrize("name", ["r", "rs"])
def test_DecD_may_judge_while_Dec_is_refined(name):
    phase = make(name, gamma_Dec_refined=0.1)
    phase.refine()
    before = {symbol: weights(network) for symbol, network in phase.networks.items()}
    assert set(step(phase)) == {"L_x", "L_DecD", "L_Dec_adversary"}
    changed = {symbol for symbol, network in phase.networks.items() if not equal(before[symbol], weights(network))}
    assert changed == {phase.symbols[1], phase.symbols[3]}


def test_going_back_part_of_the_way():
    phase = make("r", refined_share_r=0.25)
    before = {name: t.clone() for name, t in phase.Dec.state_dict().items()}
    phase.refine()
    step(phase)
    after = {name: t.clone() for name, t in phase.Dec.state_dict().items()}
    phase.go_back(before)
    for name, now in phase.Dec.state_dict().items():
        if now.is_floating_point():
            torch.testing.assert_close(now, 0.75 * before[name] + 0.25 * after[name])


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
