"""What several groups of routes need."""

from typing import Annotated, Any

from fastapi import Query

from app.api.models import Neighbour
from app.resolve import Nearest, NotInAtlas
from app.volumes import VolumeService
from model.atlas import Atlas

AtlasQuery = Annotated[str | None, Query(alias="atlas", description="atlas id; default: the first atlas")]


def choose(services: dict[str, VolumeService], atlas_id: str | None) -> VolumeService:
    """The service of an atlas, or of the first where none is named; NotInAtlas where there is none such."""
    if atlas_id is None:
        return next(iter(services.values()))
    if atlas_id not in services:
        raise NotInAtlas("atlas", f"atlas {atlas_id!r} is not served here; /api/atlases lists those that are")
    return services[atlas_id]


def records(atlas: Atlas, rows: slice = slice(None)) -> list[dict[str, Any]]:
    """Rows of the cell table, as JSON can have them."""
    table = atlas.cells.iloc[rows].astype(object)
    return table.where(table.notna(), None).to_dict("records")  # JSON has no NaN


def neighbour(atlas: Atlas, near: Nearest) -> Neighbour:
    """A cell in the words of the API."""
    cell = atlas.cells.iloc[near.row]
    columns = {name: str(cell[name]) for name in ("cell_id", "structure", "stage", "source")}
    return Neighbour(**columns, distance=near.distance)
