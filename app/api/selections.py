"""What stands for a selection of cells: its mean and its medoid, as recipes of the same structures."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app import selection
from app.api.shared import choose
from app.recipe import PREDICTED, Cell, Recipe, RecipeError
from app.volumes import VolumeService


class Selected(BaseModel):
    """Some cells of an atlas, and the structures to predict in what stands for them."""

    atlas: str | None = Field(None, description="atlas id; default: the first atlas")
    bits: str = Field(description="a bit a cell, base64: cell i is bit i % 8, from the lowest, of byte i / 8")
    structures: list[str] = Field(min_length=1, description="gene symbols")


class Summary(BaseModel):
    """Two predictions: of the mean z_r of the cells, and of the cell that is the most central in z_r."""

    n_cells: int
    mean: str
    medoid: str
    medoid_cell: str


def add_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    """Every route of this module."""

    @router.post("/selections")
    def summarise(selected: Selected) -> Summary:
        """The mean cell of a selection and its medoid, as recipes."""
        service = choose(services, selected.atlas)
        rows = selection.rows_of(selected.bits, len(service.atlas.cells))
        if not len(rows):
            raise RecipeError("bits", "no cell is selected; set the bit of one at least")
        medoid = str(service.atlas.cells["cell_id"].iloc[selection.medoid_row(service.atlas, rows)])
        central = service.settle(Recipe(PREDICTED, Cell(medoid), tuple(selected.structures)))
        mean = service.settle(selection.mean_cell(service.atlas, rows, central))
        return Summary(n_cells=len(rows), mean=str(mean), medoid=str(central), medoid_cell=medoid)
