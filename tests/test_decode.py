"""model.decode: the same images as the plain networks, whole, in boxes, in planes, in batches and in either precision."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.config import ModelConfig
from model.decode import FastDecoder, best_dtype
from model.networks import build

EXACT, HALF = 1e-5, 1 / 255
CONFIGS = {
    "odd sizes": ModelConfig(grid=(9, 14, 19), widths=(8, 16, 24), n_latent=6, n_structures=4, EncD_widths=(8, 8, 8)),
    "smooth": ModelConfig(grid=(16, 24, 32), widths=(8, 16), n_latent=6, n_structures=4, smooth_upsampling=True),
    "as the paper": ModelConfig(grid=(16, 24, 32), widths=(8, 16, 32, 64), n_latent=6, n_structures=4),
}


def trained(symbol: str, config: ModelConfig):
    """A network whose BatchNorms and PReLUs have seen data: nothing is left at its default, and outputs span 0 to 1."""
    torch.manual_seed(1)
    network = build(symbol, config).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
            module.bias.data.normal_(0, 0.5)
        elif isinstance(module, torch.nn.PReLU):
            module.weight.data.uniform_(-0.2, 0.6)
        elif isinstance(module, torch.nn.ConvTranspose3d):
            module.weight.data *= 2 * (64 / module.in_channels) ** 0.5
    return network.requires_grad_(False)


CASES = [(symbol, name) for symbol in ("Dec_r", "Dec_rs") for name in CONFIGS]
NETWORKS = {case: trained(case[0], CONFIGS[case[1]]) for case in CASES}
DECODERS = {(*case, dtype): FastDecoder(NETWORKS[case], dtype) for case in CASES for dtype in (torch.float32, torch.bfloat16)}


def latents(case, n_cells=2, seed=0):
    n_in = NETWORKS[case].body.linear.in_features
    return torch.randn(n_cells, n_in, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("case", CASES, ids=" ".join)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, EXACT), (torch.bfloat16, HALF)])
def test_whole_volumes_are_the_networks(case, dtype, tolerance):
    z = latents(case, 3)
    plain = NETWORKS[case].body(z)
    assert plain.std() > 0.03  # there is something to get wrong
    fast = DECODERS[(*case, dtype)](z)
    assert fast.shape == plain.shape
    assert fast.dtype == torch.float32
    assert (fast - plain).abs().max() <= tolerance


@st.composite
def boxes(draw):
    """A case and up to three boxes in its grid; edges and single voxels are likely."""
    case = draw(st.sampled_from(CASES))
    ranges = []
    for _ in range(3 * draw(st.integers(1, 3))):
        n = CONFIGS[case[1]].grid[len(ranges) % 3]
        start = draw(st.integers(0, n - 1))
        ranges.append(range(start, draw(st.integers(start + 1, n))))
    return case, [tuple(ranges[i : i + 3]) for i in range(0, len(ranges), 3)]


@settings(max_examples=150, deadline=None)
@given(boxes(), st.integers(0, 2**31), st.sampled_from([(torch.float32, EXACT), (torch.bfloat16, HALF)]))
def test_boxes_are_parts_of_the_whole(case_and_boxes, seed, precision):
    (case, wanted), (dtype, tolerance) = case_and_boxes, precision
    z = latents(case, 2, seed)
    plain = NETWORKS[case].body(z)
    for box, fast in zip(wanted, DECODERS[(*case, dtype)].boxes(z, wanted), strict=True):
        part = plain[(..., *(slice(r.start, r.stop) for r in box))]
        assert fast.shape == part.shape
        assert (fast - part).abs().max() <= tolerance


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CASES), st.data())
def test_planes_are_those_through_the_voxel(case, data):
    voxel = tuple(data.draw(st.integers(0, n - 1)) for n in CONFIGS[case[1]].grid)
    z = latents(case)
    whole = NETWORKS[case].body(z)
    planes = DECODERS[(*case, torch.float32)].planes(z, voxel)
    for axis, (at, plane) in enumerate(zip(voxel, planes, strict=True)):
        torch.testing.assert_close(plane, whole.narrow(axis + 2, at, 1), atol=EXACT, rtol=0)


def test_channels_can_be_asked_for_alone_and_in_any_order():
    case = ("Dec_rs", "as the paper")
    decoder, z = DECODERS[(*case, torch.float32)], latents(("Dec_rs", "as the paper"))
    whole = NETWORKS[case].body(z)
    for channels in ([1], [2, 0], [0, 1, 2]):
        torch.testing.assert_close(decoder(z, channels), whole[:, channels], atol=EXACT, rtol=0)


@pytest.mark.parametrize("case", CASES, ids=" ".join)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_cell_is_the_same_in_any_company(case, dtype):
    """What is served must not depend, by a single bit, on what else was asked for at the same time."""
    decoder, z = DECODERS[(*case, dtype)], latents(case, 5)
    alone = torch.cat([decoder(one) for one in z.split(1)])
    torch.testing.assert_close(decoder(z), alone, rtol=0, atol=0)


def test_the_network_is_left_as_it_was():
    network = trained("Dec_r", CONFIGS["smooth"])
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    FastDecoder(network)(torch.randn(1, 6))
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_from_weights_of_half_precision():
    network = trained("Dec_rs", CONFIGS["smooth"])
    half = {name: t.half() if t.is_floating_point() else t for name, t in network.state_dict().items()}
    network.load_state_dict(half)
    z = latents(("Dec_rs", "smooth"))
    fast = FastDecoder.from_weights("Dec_rs", CONFIGS["smooth"], half, torch.float32)
    torch.testing.assert_close(fast(z), network.body(z), atol=EXACT, rtol=0)


def test_without_bfloat16_float32_is_used(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert best_dtype() == torch.float32
    assert FastDecoder(NETWORKS[CASES[0]]).dtype == torch.float32


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu():
    case = ("Dec_rs", "as the paper")
    decoder = FastDecoder(NETWORKS[case], device="cuda")
    error = (decoder(latents(case)).cpu() - NETWORKS[case].body(latents(case))).abs().max()
    assert error <= HALF


def test_inputs_needed_by_outputs_are_found_by_looking():
    """`needed` against the definition: which inputs change a box of outputs."""
    decoder = DECODERS[("Dec_r", "odd sizes", torch.float32)]
    for stage in decoder._stages:
        n, out = stage.size[0], stage.size_out[0]
        reach = np.zeros((n, out), bool)
        for i in range(n):
            reach[i, [o for o in range(2 * i - 1, 2 * i + 3) if 0 <= o < out]] = True
        for start in range(out):
            for stop in range(start + 1, out + 1):
                depends = np.flatnonzero(reach[:, start:stop].any(1))
                need = stage.needed((range(start, stop), range(1), range(1)))[0]
                assert (need.start, need.stop) == (depends[0], depends[-1] + 1)
