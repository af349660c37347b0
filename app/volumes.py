"""From a recipe to the volume it means: find its latents, decode once, keep the bytes.

Every served volume is (C, Z, Y, X) uint8 with channels membrane, DNA, then the structures in the order asked for. In an
observed or reconstructed cell all three come from x_rs. In a prediction membrane and DNA are Dec_r(z_r) and each structure is
its channel of Dec_rs(y, z_r, z_s) (Algorithm 3), so the cell stays put while structures are exchanged.
"""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from app import resolve
from app.cache import VolumeCache
from app.recipe import OBSERVED, RECONSTRUCTED, Recipe
from model.aae import IntegratedCell, to_volumes
from model.atlas import Atlas
from model.cells import DNA, MEMBRANE, STRUCTURE

FORMAT = "1"  # part of every key and ETag: count it up when the same recipe comes to mean other bytes
SERVED = [MEMBRANE, DNA, STRUCTURE]  # channels of x_rs in the order they are served
MAX_BATCH = 8  # cells decoded at once: bounds memory
# A standard deviation of values in [0, 1] is at most 0.5, so 255 stands for 0.5 there and for 1 in an image.
IMAGE_SCALE, DEVIATION_SCALE = 1.0, 0.5


class Decoder(Protocol):
    """What decodes; `model.aae.IntegratedCell` does."""

    def decode_r(self, z_r: Tensor) -> Tensor:
        """(B, n) -> (B, 2, Z, Y, X) in [0, 1]: membrane, DNA."""

    def decode_rs(self, y: Tensor, z_r: Tensor, z_s: Tensor) -> Tensor:
        """(B, K), (B, n), (B, n) -> (B, 3, Z, Y, X) in [0, 1]: membrane, structure, DNA."""


@dataclass(frozen=True)
class Header:
    """What is known of a volume before it is decoded."""

    recipe: Recipe  # settled
    shape: tuple[int, int, int, int]  # (C, Z, Y, X)
    channels: tuple[str, ...]  # membrane, DNA, gene symbols
    full_scale: tuple[float, ...]  # per channel, the value that 255 stands for
    voxel_um: float


class VolumeService:
    """Volumes of one atlas. Safe to call from many threads: one of its own decodes, and each recipe once.

    Parameters
    ----------
    atlas : where cells, latents and observed volumes come from.
    decoder : default: the atlas's own model, loaded when it is first needed.
    cache : where decoded bytes are kept.
    """

    def __init__(self, atlas: Atlas, decoder: Decoder | None, cache: VolumeCache):
        self.atlas, self._given_decoder, self._cache = atlas, decoder, cache
        # One thread, always the same: PyTorch keeps a team of workers for every thread that calls it.
        self._thread = ThreadPoolExecutor(1, f"decode-{atlas.atlas_id}")
        self._flights: dict[str, Future[bytes]] = {}
        self._lock = threading.Lock()

    def settle(self, recipe: Recipe) -> Recipe:
        """The recipe checked against the atlas; see `app.resolve.settle`."""
        return resolve.settle(self.atlas, recipe)

    def header(self, recipe: Recipe) -> Header:
        """Shape, channels and scale of a settled recipe's volume."""
        genes = resolve.structures_of(self.atlas, recipe)
        scale = IMAGE_SCALE if recipe.value is None else DEVIATION_SCALE
        return Header(
            recipe,
            (2 + len(genes), *self.atlas.config.grid),
            ("membrane", "DNA", *genes),
            (IMAGE_SCALE, IMAGE_SCALE, *[scale] * len(genes)),
            self.atlas.voxel_um,
        )

    def volume(self, recipe: Recipe) -> ndarray:
        """(C, Z, Y, X) uint8 of a settled recipe."""
        if recipe.show == OBSERVED:
            return self.atlas.observed(resolve.row_of(self.atlas, recipe.shape.cell_id))[SERVED]
        return np.frombuffer(self._decoded_once(recipe), np.uint8).reshape(self.header(recipe).shape)

    def etag(self, recipe: Recipe, kind: str) -> str:
        """A strong ETag, quoted, of a settled recipe served as `kind`. It needs no decoding: the recipe decides the bytes."""
        return f'"{hashlib.sha256(f"{FORMAT} {recipe} {kind}".encode()).hexdigest()[:32]}"'

    def _decoded_once(self, recipe: Recipe) -> bytes:
        """Bytes from the cache, or decoded for the first who asks while the others wait for the same."""
        key = f"{FORMAT} {recipe}"
        data = self._cache.get(key)
        if data is not None:
            return data
        with self._lock:
            if key not in self._flights:
                self._flights[key] = self._thread.submit(self._decode_and_keep, key, recipe)
            flight = self._flights[key]
        return flight.result()

    def _decode_and_keep(self, key: str, recipe: Recipe) -> bytes:
        try:
            data = self._cache.get(key)  # it may have come between being missed and being asked for
            if data is None:
                data = self.decode(recipe).tobytes()
                self._cache.set(key, data)
            return data
        finally:
            with self._lock:
                del self._flights[key]

    def decode(self, recipe: Recipe) -> ndarray:
        """(C, Z, Y, X) uint8 of a settled recipe that is reconstructed or predicted. For one thread at a time."""
        return to_volumes(self._reconstructed(recipe) if recipe.show == RECONSTRUCTED else self._predicted(recipe))

    @cached_property
    def _decoder(self) -> Decoder:
        if self._given_decoder is not None:
            return self._given_decoder
        weights = {
            network: {name: torch.as_tensor(array) for name, array in parameters.items()}
            for network, parameters in self.atlas.weights().items()
        }
        return IntegratedCell.from_weights(self.atlas.config, weights)

    def _reconstructed(self, recipe: Recipe) -> Tensor:
        """Dec_rs of what Enc_rs said of the cell (eq. 12)."""
        row = resolve.row_of(self.atlas, recipe.shape.cell_id)
        y, z_r_hat, z_s = (torch.from_numpy(self.atlas.latent(name)[[row]]) for name in ("y", "z_r_hat", "z_s"))
        return self._decoder.decode_rs(y, z_r_hat, z_s)[0, SERVED]

    def _predicted(self, recipe: Recipe) -> Tensor:
        """Algorithm 3, a structure a channel."""
        genes = [s.gene for s in self.atlas.structures]
        y = torch.eye(len(genes))[[genes.index(gene) for gene in recipe.structures]]
        z_r = _to_tensor(resolve.z_r(self.atlas, recipe.shape)[None])
        x_r = self._decoder.decode_r(z_r)[0]
        if recipe.value is None:
            z_s = _to_tensor(resolve.z_s(self.atlas, recipe.z_s)[None])
            x_s = torch.cat(list(self._structure_channels(y, z_r, z_s.expand(len(y), -1))))
        else:
            z_s = _to_tensor(resolve.z_s_samples(self.atlas, recipe.value.n_samples, recipe.value.seed))
            each = [deviation(self._structure_channels(one.expand(len(z_s), -1), z_r, z_s)) for one in y]
            x_s = torch.stack(each) / DEVIATION_SCALE
        return torch.cat([x_r, x_s.to(x_r)])

    def _structure_channels(self, y: Tensor, z_r: Tensor, z_s: Tensor) -> Iterator[Tensor]:
        """x_s (b, Z, Y, X) of y (B, K), z_r (1, n), z_s (B, n), at most MAX_BATCH at once."""
        for y_batch, z_s_batch in zip(y.split(MAX_BATCH), z_s.split(MAX_BATCH), strict=True):
            yield self._decoder.decode_rs(y_batch, z_r.expand(len(y_batch), -1), z_s_batch)[:, STRUCTURE]


def deviation(batches: Iterator[Tensor]) -> Tensor:
    """Standard deviation (sum of squares over N, not N - 1) along the first axis of all batches (b, ...), in float64: (...)."""
    n, total, squares = 0, 0.0, 0.0
    for batch in batches:
        batch = batch.double()
        n, total, squares = n + len(batch), total + batch.sum(0), squares + batch.square().sum(0)
    return (squares / n - (total / n).square()).clamp(min=0).sqrt()


def _to_tensor(z: ndarray) -> Tensor:
    return torch.from_numpy(z.astype(np.float32))
