"""From settled recipes to voxels: find their latents, decode them together, put the channels in order.

Every volume is (C, Z, Y, X) uint8 with channels membrane, DNA, then the structures in the order asked for. In an observed or
reconstructed cell all three come from x_rs. In a prediction membrane and DNA are Dec_r(z_r) and each structure is its channel
of Dec_rs(y, z_r, z_s) (Algorithm 3), so the cell stays put while structures are exchanged.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from app import resolve
from app.recipe import DEVIATION_SCALE, RECONSTRUCTED, Own, Recipe
from model.aae import to_volumes
from model.atlas import Atlas
from model.cells import DNA, MEMBRANE, STRUCTURE
from model.decode import Box

SERVED = [MEMBRANE, DNA, STRUCTURE]  # channels of x_rs in the order they are served
PORTION = 8  # samples of z_s decoded at once: bounds memory, and how long what is more urgent waits


class Decoder(Protocol):
    """What decodes; `model.decode.FastCell` does."""

    def decode_r(self, z_r: Tensor, boxes: list[Box]) -> list[Tensor]:
        """(B, n) -> (B, 2, *box) in [0, 1] for each box: membrane, DNA."""

    def decode_rs(self, y: Tensor, z_r: Tensor, z_s: Tensor, boxes: list[Box], channels: Sequence[int]) -> list[Tensor]:
        """(B, K), (B, n), (B, n) -> (B, channels, *box) in [0, 1] for each box, channels of x_rs."""


def n_images(recipe: Recipe) -> int:
    """How many images are decoded for a settled recipe."""
    if recipe.show == RECONSTRUCTED:
        return 1
    return 1 + len(recipe.structures) * (recipe.value.n_samples if recipe.value else 1)


def decode(atlas: Atlas, decoder: Decoder, recipes: list[Recipe], boxes: list[Box]) -> list[list[ndarray]]:
    """uint8 (C, *box) of each recipe and each box. Settled recipes that are reconstructed or predicted, without deviations."""
    latents = [_latents(atlas, recipe) for recipe in recipes]
    own = [i for i, recipe in enumerate(recipes) if recipe.show == RECONSTRUCTED]
    predicted = [i for i, recipe in enumerate(recipes) if recipe.show != RECONSTRUCTED]
    images: dict[int, list[list[Tensor]]] = {i: [[] for _ in boxes] for i in range(len(recipes))}
    if own:
        for b, x_rs in enumerate(decoder.decode_rs(*_stack(latents, own), boxes, SERVED)):
            for i, one in zip(own, x_rs, strict=True):
                images[i][b].append(one)
    if predicted:
        z_r = torch.cat([latents[i][1][:1] for i in predicted])
        for b, x_r in enumerate(decoder.decode_r(z_r, boxes)):
            for i, one in zip(predicted, x_r, strict=True):
                images[i][b].append(one)
        for b, x_s in enumerate(decoder.decode_rs(*_stack(latents, predicted), boxes, [STRUCTURE])):
            for i, some in zip(predicted, x_s.split([len(latents[i][0]) for i in predicted]), strict=True):
                images[i][b].append(some[:, 0])
    return [[to_volumes(torch.cat(parts)) for parts in images[i]] for i in range(len(recipes))]


def decode_deviation(atlas: Atlas, decoder: Decoder, recipe: Recipe, pause: Callable[[], None]) -> ndarray:
    """uint8 (C, Z, Y, X) of a settled recipe for a standard deviation; `pause` is called between portions of samples."""
    whole = [tuple(map(range, atlas.config.grid))]
    y, z_r, _ = _latents(atlas, recipe)
    samples = _to_tensor(resolve.z_s_samples(atlas, recipe.value.n_samples, recipe.value.seed))

    def structure(one: Tensor) -> Iterator[Tensor]:
        for z_s in samples.split(PORTION):
            pause()
            given = one.expand(len(z_s), -1), z_r[:1].expand(len(z_s), -1), z_s
            yield decoder.decode_rs(*given, whole, [STRUCTURE])[0][:, 0]

    x_r = decoder.decode_r(z_r[:1], whole)[0][0]
    x_s = torch.stack([deviation(structure(one)) for one in y]) / DEVIATION_SCALE
    return to_volumes(torch.cat([x_r, x_s.to(x_r)]))


def _latents(atlas: Atlas, recipe: Recipe) -> tuple[Tensor, Tensor, Tensor]:
    """y (S, K), z_r (S, n) and z_s (S, n) that Dec_rs is given for a settled recipe, a row a structure."""
    if recipe.show == RECONSTRUCTED and isinstance(recipe.shape, Own):
        return tuple(_to_tensor(np.array([part])) for part in (recipe.shape.y, recipe.shape.z_r_hat, recipe.shape.z_s))
    if recipe.show == RECONSTRUCTED:  # what Enc_rs said of the cell (eq. 12)
        row = resolve.row_of(atlas, recipe.shape.cell_id)
        return tuple(torch.from_numpy(atlas.latent(name)[[row]]) for name in ("y", "z_r_hat", "z_s"))
    genes = [s.gene for s in atlas.structures]
    y = torch.eye(len(genes))[[genes.index(gene) for gene in recipe.structures]]
    z_r, z_s = resolve.z_r(atlas, recipe.shape), resolve.z_s(atlas, recipe.z_s)
    return y, *(_to_tensor(z[None]).expand(len(y), -1) for z in (z_r, z_s))


def _stack(latents: list[tuple[Tensor, Tensor, Tensor]], which: list[int]) -> Iterator[Tensor]:
    return (torch.cat(parts) for parts in zip(*(latents[i] for i in which), strict=True))


def deviation(batches: Iterator[Tensor]) -> Tensor:
    """Standard deviation (sum of squares over N, not N - 1) along the first axis of all batches (b, ...), in float64: (...)."""
    n, total, squares = 0, 0.0, 0.0
    for batch in batches:
        batch = batch.double()
        n, total, squares = n + len(batch), total + batch.sum(0), squares + batch.square().sum(0)
    return (squares / n - (total / n).square()).clamp(min=0).sqrt()


def _to_tensor(z: ndarray) -> Tensor:
    return torch.from_numpy(z.astype(np.float32))
