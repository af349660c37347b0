"""A cell that somebody brings along: placed among those of an atlas, and made a recipe."""

from typing import Annotated

from fastapi import APIRouter, Form, UploadFile

from app.api.models import Encoded
from app.api.shared import choose, neighbour
from app.recipe import PREDICTED, Literal, Recipe
from app.upload import Channels, place, read
from app.volumes import VolumeService


def add_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    """Every route of this module."""

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
    ) -> Encoded:
        """Preprocess a TIFF as the atlas's cells were, encode it, and say where it lies. Nothing of it is kept.

        Without masks the cell is found in the image: see `model.segment`.
        """
        service = choose(services, atlas)
        channels = Channels(membrane, dna, structure, cell_mask, dna_mask)
        prepared, masks = read(image.file, image.filename or "image", channels, voxel_um, service.atlas)
        placed = place(service, prepared.volume, with_structure=structure is not None)
        genes = [s.gene for s in service.atlas.structures]
        z_r, z_s = Literal(tuple(placed.z_r)), None if placed.z_s is None else Literal(tuple(placed.z_s))
        recipes = {"all": Recipe(PREDICTED, z_r, tuple(genes), atlas=service.atlas.atlas_id)}
        if placed.y is not None:
            own = genes[int(placed.y.argmax())]
            recipes["own"] = Recipe(PREDICTED, z_r, (own,), z_s, atlas=service.atlas.atlas_id)
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
            recipes={name: str(recipe) for name, recipe in recipes.items()},
        )
