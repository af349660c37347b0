"""One contract for all eight networks: shapes, finite values, gradients everywhere, save and load; and the paper's counts."""

import dataclasses

import pytest
import torch

from model.checkpoint import read_tensors, write_tensors
from model.config import ModelConfig, preset
from model.networks import CONDITIONAL, REFERENCE, Encoding, LatentNorm, SmoothConvTranspose3d, build

TINY, _ = preset("tiny")
B, K, N, GRID = 3, TINY.n_structures, TINY.n_latent, TINY.grid

# symbol: (parameters of the paper preset, inputs, shapes of the outputs)
CONTRACT = {
    "Enc_r": (111_952_838, [(B, 2, *GRID)], [(B, N)]),
    "Dec_r": (111_953_736, [(B, N)], [(B, 2, *GRID)]),
    "EncD_r": (1_710_081, [(B, N)], [(B, 1)]),
    "DecD_r": (111_692_481, [(B, 2, *GRID)], [(B, 1)]),
    "Enc_rs": (112_241_745, [(B, 3, *GRID)], [(B, K), (B, N), (B, N)]),
    "Dec_rs": (112_242_505, [(B, K), (B, N), (B, N)], [(B, 3, *GRID)]),
    "EncD_s": (1_715_724, [(B, N)], [(B, K + 1)]),
    "DecD_rs": (111_719_116, [(B, 3, *GRID)], [(B, K + 1)]),
}


def test_contract_covers_all_networks():
    assert tuple(CONTRACT) == REFERENCE + CONDITIONAL


@pytest.mark.parametrize("symbol", CONTRACT)
def test_paper_preset_has_the_papers_parameter_count(symbol):
    with torch.device("meta"):
        network = build(symbol, ModelConfig())
    assert sum(p.numel() for p in network.parameters()) == CONTRACT[symbol][0]


def test_paper_preset_maps_the_papers_grid():
    """The odd halving 3 -> 1 on Y comes back as 3: output_padding on that axis alone."""
    with torch.device("meta"):
        z = build("Enc_r", ModelConfig())(torch.empty(2, 2, 64, 96, 128))
        x_hat = build("Dec_r", ModelConfig())(z)
    assert z.shape == (2, 128)
    assert x_hat.shape == (2, 2, 64, 96, 128)


@pytest.mark.parametrize("symbol", CONTRACT)
def test_contract(symbol, tmp_path):
    check_contract(symbol, TINY, tmp_path)


def check_contract(symbol, config, tmp_path):
    torch.manual_seed(0)
    _, inputs, shapes = CONTRACT[symbol]
    network = build(symbol, config)
    arguments = [torch.rand(shape) for shape in inputs]
    outputs = network(*arguments)
    outputs = outputs if isinstance(outputs, Encoding) else [outputs]
    assert [tuple(o.shape) for o in outputs] == shapes
    assert all(o.isfinite().all() for o in outputs)
    if symbol.startswith("Dec_"):
        assert all((o >= 0).all() and (o <= 1).all() for o in outputs)

    # A weighted sum, so that BatchNorm's zero-sum gradients do not hide a parameter that is cut off.
    sum((o * torch.rand_like(o)).sum() for o in outputs).backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not without

    write_tensors(tmp_path / "n.safetensors", network.state_dict())
    torch.manual_seed(1)
    other = build(symbol, config)
    other.load_state_dict(read_tensors(tmp_path / "n.safetensors")[0])
    for network_ in (network, other):
        network_.eval()
    torch.manual_seed(2)  # DecD's noise
    expected = network(*arguments)
    torch.manual_seed(2)
    torch.testing.assert_close(other(*arguments), expected, rtol=0, atol=0)


NORMED = dataclasses.replace(TINY, latent_norm=True, smooth_upsampling=True)


@pytest.mark.parametrize("symbol", ["Enc_r", "Dec_r", "Enc_rs", "Dec_rs"])
def test_contract_holds_with_all_that_is_not_the_papers(symbol, tmp_path):
    check_contract(symbol, NORMED, tmp_path)


def test_normed_latents_have_no_class_left_in_mean_and_variance():
    """Fitted, every class has mean 0 and variance 1 in every dimension; running statistics come near that."""
    torch.manual_seed(0)
    y = torch.arange(K).repeat(60)
    h = torch.randn(len(y), N) * (1 + y % 3).unsqueeze(1) + 2 * y.unsqueeze(1)
    one_hot = torch.nn.functional.one_hot(y, K).float()
    norm = LatentNorm(K, N)
    for _ in range(60):
        some = torch.randperm(len(y))[:64]
        norm(h[some], one_hot[some])
    for tolerance in (0.5, 0.02):
        z = norm.eval()(h, one_hot)
        for k in range(K):
            assert z[y == k].mean(0).abs().max() < tolerance
            assert (z[y == k].var(0, correction=0) - 1).abs().max() < 2 * tolerance
        norm.fit(h, one_hot)


def test_scaling_what_is_normed_changes_nothing():
    h, y = torch.randn(16, N), torch.ones(16, 1)
    torch.testing.assert_close(LatentNorm(1, N)(h, y), LatentNorm(1, N)(100 * h + 3, y), atol=1e-3, rtol=1e-3)


def test_smooth_upsampling_leaves_no_checkerboard():
    """A constant input comes out constant, away from the border; the plain layer makes eight different values of it."""
    torch.manual_seed(0)
    size = {"output_padding": (0, 1, 0)}
    smooth, plain = SmoothConvTranspose3d(5, 3, **size), torch.nn.ConvTranspose3d(5, 3, 4, 2, 1, **size)
    flat = torch.ones(1, 5, 6, 6, 6)
    assert smooth(flat).shape == plain(flat).shape == (1, 3, 12, 13, 12)
    inner = (slice(None), slice(None), *[slice(2, 10)] * 3)
    assert smooth(flat)[inner].std((2, 3, 4)).max() < 1e-6
    assert plain(flat)[inner].std((2, 3, 4)).min() > 1e-2


def test_initialisation():
    """Convolutions N(0, 0.02), BatchNorm weights N(1, 0.02) with zero bias."""
    torch.manual_seed(0)
    stages = build("Enc_r", ModelConfig(widths=(64, 128), grid=(16, 24, 32))).body.stages
    assert stages[3].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert stages[4].weight.mean().item() == pytest.approx(1.0, abs=0.01)
    assert stages[4].bias.abs().max() == 0
