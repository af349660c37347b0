"""Volumes of one atlas by recipe: what is known of them, their bytes, their planes. Decoded once, then kept."""

import hashlib
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from isal import igzip
from numpy import ndarray

from app import decoding, resolve
from app.cache import VolumeCache
from app.decoding import SERVED, Decoder
from app.flights import Flights, Work
from app.recipe import DEVIATION_SCALE, IMAGE_SCALE, OBSERVED, Own, Recipe
from app.resolve import NotInAtlas
from model.aae import IntegratedCell, to_images
from model.atlas import Atlas
from model.cells import REFERENCE
from model.decode import Box, FastCell, best_device, best_dtype, plane_boxes

BRING_AGAIN = "bring the file along again to see it, or show=predicted, which needs none"
FORMAT = "2"  # part of every key and ETag: count it up when the same recipe comes to mean other bytes
GZIP_LEVEL = 1
# What a person waits for goes before what is fetched ahead or takes seconds.
PLANES, VOLUME, DEVIATION = range(3)


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
    cache : where decoded volumes are kept, compressed.
    flights : who decodes; all services of a server share one.
    """

    def __init__(self, atlas: Atlas, decoder: Decoder | None, cache: VolumeCache, flights: Flights):
        self.atlas, self._given_decoder, self._cache, self._flights = atlas, decoder, cache, flights

    def settle(self, recipe: Recipe) -> Recipe:
        """The recipe checked against the atlas; see `app.resolve.settle`. No image of anybody's own cell is kept here."""
        settled = resolve.settle(self.atlas, recipe)
        if settled.show == OBSERVED and isinstance(settled.shape, Own):
            raise NotInAtlas("shape", f"the image of your own cell {settled.shape.name} is kept by no server: {BRING_AGAIN}")
        return settled

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

    def etag(self, recipe: Recipe, kind: str) -> str:
        """A strong ETag, quoted, of a settled recipe served as `kind`. It needs no decoding: the recipe decides the bytes."""
        return f'"{hashlib.sha256(f"{self._key(recipe)} {kind}".encode()).hexdigest()[:32]}"'

    def volume(self, recipe: Recipe) -> ndarray:
        """(C, Z, Y, X) uint8 of a settled recipe.

        Raises
        ------
        Busy
            where too much is waiting to be decoded.
        """
        if recipe.show == OBSERVED:
            return self.atlas.observed(resolve.row_of(self.atlas, recipe.shape.cell_id))[SERVED]
        zipped = self.kept(recipe)
        if zipped is None:
            with self.asked(recipe) as future:
                zipped = future.result()
        return self.unzip(recipe, zipped)

    def unzip(self, recipe: Recipe, zipped: bytes) -> ndarray:
        """(C, Z, Y, X) uint8 from what `kept` and `asked` give."""
        return np.frombuffer(igzip.decompress(zipped), np.uint8).reshape(self.header(recipe).shape)

    def kept(self, recipe: Recipe) -> bytes | None:
        """The volume of a settled recipe as gzip, where that is known without decoding."""
        if recipe.show == OBSERVED:
            return _zip(self.volume(recipe))
        return self._cache.get(self._key(recipe))

    @contextmanager
    def asked(self, recipe: Recipe) -> Iterator[Future[bytes]]:
        """The volume of a settled recipe that is not kept, as gzip, once it is decoded. See `Flights.asked`."""
        if recipe.value is not None:
            work = Work(self._fly_deviation, recipe, recipe, DEVIATION, decoding.n_images(recipe))
        else:
            work = Work(self._fly_volumes, recipe, (self.atlas.atlas_id, "volume"), VOLUME, decoding.n_images(recipe))
        with self._flights.asked(self._key(recipe), work) as future:
            yield future

    @contextmanager
    def asked_planes(self, recipe: Recipe, voxel: tuple[int, int, int]) -> Iterator[Future[list[ndarray]]]:
        """The planes of a settled recipe through `voxel` (z, y, x), once they are decoded.

        (C, Y, X) at z, (C, Z, X) at y, (C, Z, Y) at x. A volume that is kept is not decoded again.
        """
        kept = recipe.value is not None or self.kept(recipe) is not None
        if kept:
            future: Future[list[ndarray]] = Future()
            future.set_result(planes_of(self.volume(recipe), voxel))
            yield future
            return
        kind = (self.atlas.atlas_id, voxel)
        work = Work(self._fly_planes, (recipe, voxel), kind, PLANES, decoding.n_images(recipe))
        with self._flights.asked((self._key(recipe), voxel), work) as future:
            yield future

    def encode(self, volume: ndarray, with_structure: bool) -> dict[str, ndarray | None]:
        """z_r (n,), and with a structure z_s (n,), y (K,) and z_r_hat (n,), of x_rs (3, Z, Y, X) uint8 on the model's grid.

        Raises
        ------
        Busy
            where too much is waiting to be decoded.
        """
        own = object()  # shared with nobody
        with self._flights.asked(own, Work(self._fly_encoding, (volume, with_structure), own, VOLUME)) as future:
            return future.result()

    def _fly_encoding(self, asked: list[tuple[ndarray, bool]], _pause: Callable[[], None]) -> list[dict]:
        ((volume, with_structure),) = asked
        x_rs = to_images(volume[None])
        if not with_structure:
            return [{"z_r": self._model.encode_r(x_rs[:, REFERENCE])[0].numpy()} | dict.fromkeys(("z_s", "y", "z_r_hat"))]
        latents = self._model.encode(x_rs)
        return [{name: z[0].numpy() for name, z in latents._asdict().items()}]

    def _key(self, recipe: Recipe) -> str:
        return f"{FORMAT} {self._precision} {recipe}"

    @cached_property
    def _precision(self) -> str:
        """Part of what decides a volume's last bits."""
        return f"{best_device()} {best_dtype(best_device())}"

    def _fly_volumes(self, recipes: list[Recipe], _pause: Callable[[], None]) -> list[bytes]:
        zipped: dict[Recipe, bytes | None] = {recipe: self.kept(recipe) for recipe in recipes}  # it may have come meanwhile
        missing = [recipe for recipe in recipes if zipped[recipe] is None]
        whole: list[Box] = [tuple(map(range, self.atlas.config.grid))]
        if missing:
            for recipe, (volume,) in zip(missing, decoding.decode(self.atlas, self._decoder, missing, whole), strict=True):
                zipped[recipe] = self._keep(recipe, volume)
        return list(zipped.values())

    def _fly_deviation(self, recipes: list[Recipe], pause: Callable[[], None]) -> list[bytes]:
        (recipe,) = recipes
        return [self.kept(recipe) or self._keep(recipe, decoding.decode_deviation(self.atlas, self._decoder, recipe, pause))]

    def _fly_planes(self, asked: list[tuple[Recipe, tuple[int, int, int]]], _pause: Callable[[], None]) -> list[Hashable]:
        recipes, voxel = [recipe for recipe, _ in asked], asked[0][1]
        boxes = plane_boxes(self.atlas.config.grid, voxel)
        decoded = decoding.decode(self.atlas, self._decoder, recipes, boxes)
        return [[plane.squeeze(axis + 1) for axis, plane in enumerate(planes)] for planes in decoded]

    def _keep(self, recipe: Recipe, volume: ndarray) -> bytes:
        zipped = _zip(volume)
        self._cache.set(self._key(recipe), zipped)
        return zipped

    @cached_property
    def _decoder(self) -> Decoder:
        return self._given_decoder or FastCell.from_weights(self.atlas.config, self._weights(), device=best_device())

    @cached_property
    def _model(self) -> IntegratedCell:
        """For its encoders, which few ask for."""
        return IntegratedCell.from_weights(self.atlas.config, self._weights())

    def _weights(self) -> dict[str, dict[str, torch.Tensor]]:
        return {
            network: {name: torch.as_tensor(array) for name, array in parameters.items()}
            for network, parameters in self.atlas.weights().items()
        }


def planes_of(volume: ndarray, voxel: tuple[int, int, int]) -> list[ndarray]:
    """(C, Y, X), (C, Z, X) and (C, Z, Y) through `voxel` (z, y, x) of a volume (C, Z, Y, X)."""
    return [volume.take(at, axis + 1) for axis, at in enumerate(voxel)]


def _zip(volume: ndarray) -> bytes:
    """gzip: 1.2 ms for 2.4 MB with the instructions that isal uses, 16 ms with zlib's fastest level."""
    return igzip.compress(np.ascontiguousarray(volume), GZIP_LEVEL, mtime=0)
