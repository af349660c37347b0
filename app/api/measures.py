"""What is measured in a volume, and the latents it is decoded from: what the page draws below a walk."""

from functools import lru_cache

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from app import resolve
from app.api.shared import choose
from app.api.volumes import CLIENT_GONE, IMMUTABLE, REVALIDATE, is_fresh, unless_gone
from app.recipe import Recipe, RecipeError, parse
from app.volumes import VolumeService
from model.measure import Measures, measure

FORMAT = "1"  # part of every ETag: count it up when the same volume comes to measure otherwise
KEPT = 8192  # measures: a walk of eight stops has 57


class Measured(BaseModel):
    """Measures of a volume; see `model.measure` for what is measured how."""

    recipe: str
    cell_volume_um3: float
    dna_volume_um3: float
    brightness: dict[str, float]  # by gene: mean within the cell, from 0 to 1


class Latents(BaseModel):
    """Where in the latent space a volume is; of a cell that is observed or reconstructed, what it was encoded as."""

    recipe: str
    z_r: list[float]
    z_s: list[float]


def add_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    """Every route of this module."""

    def find(text: str) -> tuple[VolumeService, Recipe, dict[str, str]]:
        asked = parse(text)
        service = choose(services, asked.atlas)
        return service, service.settle(asked), {"Cache-Control": IMMUTABLE if asked.atlas else REVALIDATE}

    @lru_cache(KEPT)
    def measured(service: VolumeService, settled: Recipe) -> Measures:
        return measure(service.volume(settled), service.atlas.voxel_um)

    @router.get("/measures/{recipe:path}", response_model=Measured)
    async def measures(recipe: str, request: Request, response: Response) -> Measured | Response:
        """Volume of the cell and of its DNA, and mean brightness of each structure, measured in the volume of a recipe.

        The volume waits its turn among all others. Who hangs up is waited for no longer.
        """
        service, settled, headers = await run_in_threadpool(find, recipe)
        if settled.value is not None:
            raise RecipeError("value", "measures are of images; leave value out")
        headers["ETag"] = service.etag(settled, f"measures {FORMAT}")
        if is_fresh(request, headers):
            return Response(status_code=304, headers=headers)
        is_kept = await run_in_threadpool(service.kept, settled) is not None
        if not is_kept and await unless_gone(request, service.asked(settled)) is None:
            return Response(status_code=CLIENT_GONE)
        found = await run_in_threadpool(measured, service, settled)
        response.headers.update(headers)
        return Measured(
            recipe=str(settled),
            cell_volume_um3=found.cell_volume_um3,
            dna_volume_um3=found.dna_volume_um3,
            brightness=dict(zip(resolve.structures_of(service.atlas, settled), found.brightness, strict=True)),
        )

    @router.get("/latents/{recipe:path}")
    def latents(recipe: str, response: Response) -> Latents:
        """z_r and z_s of a recipe."""
        service, settled, headers = find(recipe)
        response.headers.update(headers)
        z_r, z_s = resolve.latents(service.atlas, settled)
        return Latents(recipe=str(settled), z_r=z_r.tolist(), z_s=z_s.tolist())
