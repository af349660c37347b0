"""The bytes of which the page draws the maps of very many cells (`app.crowd`)."""

from functools import lru_cache
from typing import Literal

from fastapi import APIRouter, Response

from app import colouring, crowd
from app.api.shared import choose
from app.resolve import NotInAtlas
from app.volumes import VolumeService

BYTES = {200: {"content": {"application/octet-stream": {}}}}
KEPT = {"Cache-Control": "public, max-age=86400"}
N_KEPT = 16  # answers kept; at a million cells the largest has 4 MB


def add_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    """Every route of this module."""

    @lru_cache(maxsize=N_KEPT)
    def made(atlas_id: str, what: str, name: str = "") -> bytes:
        return getattr(crowd, what)(services[atlas_id].atlas, *filter(None, [name])).tobytes()

    def answer(atlas_id: str, *what: str) -> Response:
        choose(services, atlas_id)
        return Response(made(atlas_id, *what), media_type="application/octet-stream", headers=KEPT)

    @router.get("/crowd/{atlas_id}/places/{name}.bin", response_class=Response, responses=BYTES)
    def places(atlas_id: str, name: Literal["z_r", "z_s"]) -> Response:
        """Where every cell is on a map: (2, N) little-endian uint16, x and y over the map's extent."""
        return answer(atlas_id, "places", name)

    @router.get("/crowd/{atlas_id}/colours/{colour}.bin", response_class=Response, responses=BYTES)
    def shades(atlas_id: str, colour: str) -> Response:
        """Every cell's colour: (N,) uint8, an index into the palette that the figure names."""
        if colour not in colouring.names(choose(services, atlas_id).atlas):
            raise NotInAtlas("colour", f"there is no colouring {colour!r}; give a column of the cell table or variation:GENE")
        return answer(atlas_id, "shades", colour)

    @router.get("/crowd/{atlas_id}/cells.bin", response_class=Response, responses=BYTES)
    def cells(atlas_id: str) -> Response:
        """Every cell's structure, stage and flags: (3, N) uint8."""
        return answer(atlas_id, "facts")

    @router.get("/crowd/{atlas_id}/names.txt", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def names(atlas_id: str) -> Response:
        """Every cell's name, a line each."""
        return Response(crowd.names(choose(services, atlas_id).atlas), media_type="text/plain", headers=KEPT)
