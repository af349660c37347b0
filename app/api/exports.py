"""What the page has put together for somebody to take home: see `app.bulk`."""

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from app import bulk
from app.resolve import NotInAtlas
from app.volumes import VolumeService


def add_routes(router: APIRouter, _services: dict[str, VolumeService]) -> None:
    """Every route of this module."""

    @router.get("/exports/{order_id}.zip", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
    def export(order_id: str) -> Response:
        """A zip that is ready. Its id is all that one needs to fetch it, and it is kept for a day."""
        folder = bulk.path_of(bulk.export_folder(), order_id)
        if folder is None or not (folder / bulk.ZIP).exists():
            raise NotInAtlas(
                "order_id", f"there is no export {order_id!r}; it is not ready, was cancelled, or is over a day old"
            )
        headers = {"Cache-Control": "private, no-cache"}
        return FileResponse(folder / bulk.ZIP, media_type="application/zip", filename="volumes.zip", headers=headers)
