"""A cell that somebody brings along: looked at, placed among those of an atlas, and made recipes."""

import base64
import math
from pathlib import PurePath
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Form, UploadFile
from isal import igzip
from numpy import ndarray

from app.api.models import Encoded, InspectedChannel, InspectedFile, ObservedVolume
from app.api.shared import choose, neighbour
from app.decoding import SERVED
from app.recipe import MAX_NAME, OBSERVED, PREDICTED, RECONSTRUCTED, Literal, Own, Recipe
from app.resolve import structures_of
from app.upload import Channels, Placed, inspect, on_grid, place, read
from app.volumes import VolumeService
from model.atlas import Atlas

DIGITS = 5  # of a latent in a recipe, significant: fewer than a voxel of 8 bits can tell


def add_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    """Every route of this module."""

    @router.post("/inspect")
    def look(image: UploadFile) -> InspectedFile:
        """What a TIFF holds: its channels with a small picture of each, what they are by their names, its voxel size.

        Nothing of it is kept.
        """
        found = inspect(image.file, image.filename or "image")
        names = found.header.channel_names or ("",) * found.header.n_channels
        roles = {index: role.lower() for role, index in found.roles.items()}
        return InspectedFile(
            axes=found.header.axes,
            grid=found.header.grid,
            voxel_um=None if found.header.voxel_um is None else [_known(size) for size in found.header.voxel_um],
            channels=[
                InspectedChannel(name=name, role=roles.get(k), picture=png)
                for k, (name, png) in enumerate(zip(names, found.pictures, strict=True))
            ],
        )

    @router.post("/encode")
    def encode(
        image: UploadFile,
        membrane: Annotated[int, Form(ge=0, description="its channel, from 0")],
        dna: Annotated[int, Form(ge=0, description="its channel, from 0")],
        structure: Annotated[int | None, Form(ge=0, description="the tagged structure's channel, where there is one")] = None,
        cell_mask: Annotated[int | None, Form(ge=0, description="channel of the filled cell, > 127")] = None,
        dna_mask: Annotated[int | None, Form(ge=0, description="channel of the DNA's mask, > 127")] = None,
        voxel_um: Annotated[str | None, Form(description="z,y,x; default: what the file says")] = None,
        atlas: Annotated[str | None, Form(description="atlas id; default: the first atlas")] = None,
        observed: Annotated[bool, Form(description="also give the image as the model takes it")] = False,
    ) -> Encoded:
        """Preprocess a TIFF as the atlas's cells were, encode it, and say where it lies. Nothing of it is kept.

        Without masks the cell is found in the image: see `model.segment`.
        """
        service = choose(services, atlas)
        channels = Channels(membrane, dna, structure, cell_mask, dna_mask)
        prepared, masks = read(image.file, image.filename or "image", channels, voxel_um, service.atlas)
        volume = on_grid(prepared, service.atlas)
        placed = place(service, volume, with_structure=structure is not None)
        own = own_of(image.filename or "image", placed)
        genes = [s.gene for s in service.atlas.structures]
        return Encoded(
            atlas_id=service.atlas.atlas_id,
            z_r=placed.z_r.tolist(),
            z_s=None if placed.z_s is None else placed.z_s.tolist(),
            p_structure=None if placed.y is None else dict(zip(genes, placed.y.tolist(), strict=True)),
            cell_volume_um3=prepared.cell_volume_um3,
            dna_volume_um3=prepared.dna_volume_um3,
            height_um=prepared.height_um,
            cropped=prepared.cropped,
            masks=masks,
            stage=placed.stage,
            neighbours=[neighbour(service.atlas, near) for near in placed.neighbours],
            z_r_map=placed.z_r_map,
            z_s_map=placed.z_s_map,
            recipes={name: str(recipe) for name, recipe in recipes_of(service.atlas, own).items()},
            observed=observed_of(service.atlas, own, volume) if observed else None,
        )


def own_of(file_name: str, placed: Placed) -> Own:
    """A cell brought along as a recipe names it: by its file, with its latents to `DIGITS` digits."""
    name = (PurePath(file_name).name.partition(".")[0] or "image")[:MAX_NAME]
    latents = (placed.z_r, placed.z_r_hat, placed.z_s)
    return Own(name, *map(_short, latents), () if placed.y is None else tuple(round(float(p), DIGITS) for p in placed.y))


def recipes_of(atlas: Atlas, own: Own) -> dict[str, Recipe]:
    """`all`: every structure predicted; where one was imaged, `own`: it alone with its own z_s, and `reconstructed`."""
    genes = tuple(s.gene for s in atlas.structures)
    recipes = {"all": Recipe(PREDICTED, own, genes, atlas=atlas.atlas_id)}
    if own.z_s:
        reconstructed = Recipe(RECONSTRUCTED, own, atlas=atlas.atlas_id)
        alone = Recipe(PREDICTED, own, structures_of(atlas, reconstructed), Literal(own.z_s), atlas=atlas.atlas_id)
        recipes |= {"own": alone, "reconstructed": reconstructed}
    return recipes


def observed_of(atlas: Atlas, own: Own, volume: ndarray) -> ObservedVolume:
    """x_rs (3, Z, Y, X) uint8 for the page that brought it, in the order of a served volume; a structure only where one was."""
    recipe = Recipe(OBSERVED, own, atlas=atlas.atlas_id)
    channels = ["membrane", "DNA", *structures_of(atlas, recipe)]
    served = np.ascontiguousarray(volume[SERVED[: len(channels)]])
    packed = base64.b64encode(igzip.compress(served, 1, mtime=0)).decode()
    return ObservedVolume(recipe=str(recipe), shape=served.shape, channels=channels, voxel_um=atlas.voxel_um, gzip=packed)


def _short(z: ndarray | None) -> tuple[float, ...]:
    return () if z is None else tuple(float(f"{v:.{DIGITS}g}") for v in z)


def _known(size: float) -> float | None:
    return float(size) if math.isfinite(size) and size > 0 else None
