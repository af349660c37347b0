"""One contract for all eight networks: shapes, finite values, gradients everywhere, save and load; and the paper's counts."""

import pytest
import torch

from model.checkpoint import read_tensors, write_tensors
from model.config import ModelConfig, preset
from model.networks import CONDITIONAL, REFERENCE, Encoding, build

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
    torch.manual_seed(0)
    _, inputs, shapes = CONTRACT[symbol]
    network = build(symbol, TINY)
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
    other = build(symbol, TINY)
    other.load_state_dict(read_tensors(tmp_path / "n.safetensors")[0])
    for network_ in (network, other):
        network_.eval()
    torch.manual_seed(2)  # DecD's noise
    expected = network(*arguments)
    torch.manual_seed(2)
    torch.testing.assert_close(other(*arguments), expected, rtol=0, atol=0)


def test_initialisation():
    """Convolutions N(0, 0.02), BatchNorm weights N(1, 0.02) with zero bias."""
    torch.manual_seed(0)
    stages = build("Enc_r", ModelConfig(widths=(64, 128), grid=(16, 24, 32))).body.stages
    assert stages[3].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert stages[4].weight.mean().item() == pytest.approx(1.0, abs=0.01)
    assert stages[4].bias.abs().max() == 0
