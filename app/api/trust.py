"""How far to trust what is decoded where no cell is."""

from functools import lru_cache
from typing import Literal

from fastapi import APIRouter, Response

from app import trust
from app.api.models import Trust
from app.api.shared import choose
from app.recipe import parse
from app.volumes import VolumeService


def add_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    """Every route of this module."""

    @router.get("/trust/{recipe:path}")
    def round_trip(recipe: str) -> Trust:
        """Decode a recipe with a place on a map and encode the image: where it lands, beside where it was asked for."""
        asked = parse(recipe)
        service = choose(services, asked.atlas)
        trip = trust.round_trip(service, service.settle(asked))
        cell_id = str(service.atlas.cells["cell_id"].iloc[trip.nearest])
        return Trust(
            map=trip.name,
            start=list(trip.start),
            end=list(trip.end),
            length=trip.length,
            nearest_cell=cell_id,
            words=trip.words,
        )

    @lru_cache(maxsize=2 * max(len(services), 1))
    def drawn(atlas_id: str, name: str) -> bytes:
        return trust.shading(services[atlas_id].atlas.projection(name))

    @router.get("/support/{atlas_id}/{name}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
    def support(atlas_id: str, name: Literal["z_r", "z_s"]) -> Response:
        """A map's extent, shaded where no cell supports what would be decoded there."""
        choose(services, atlas_id)
        png = drawn(atlas_id, name)
        return Response(png, media_type="image/png", headers={"Cache-Control": "public, max-age=86400"})
