"""The tables of an atlas as JSON: cells, structures, stages, medoids, neighbours, paths, small pictures."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath

from app import resolve, sheets
from app.api.models import (
    CellDetail,
    CellSummary,
    Health,
    MedoidSummary,
    Neighbour,
    ParsedRecipe,
    StageSummary,
    Step,
    StructureSummary,
)
from app.api.shared import AtlasQuery, choose, neighbour, records
from app.provenance import AtlasSummary
from app.recipe import MAX_STOPS, OBSERVED, PREDICTED, Cell, Path, Recipe, RecipeError, parse, url_path
from app.resolve import NotInAtlas
from app.volumes import VolumeService
from model.atlas import Atlas
from model.errors import InputError

MAX_STEPS = 1000
NO_PICTURES = "this atlas has no pictures; `precompute pictures` adds them"


def add_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    """Every route of this module."""

    def find(atlas_id: str | None) -> Atlas:
        return choose(services, atlas_id).atlas

    @router.get("/health")
    def health() -> Health:
        """Whether the server is up."""
        return Health(status="ok", atlases=list(services))

    @router.get("/atlases")
    def atlases() -> list[AtlasSummary]:
        """What is served; the first is the default."""
        return [AtlasSummary.of(service.atlas) for service in services.values()]

    @router.get("/cells")
    def cells(atlas_id: AtlasQuery = None) -> list[CellSummary]:
        """Every cell, in the order of the atlas."""
        return records(find(atlas_id))

    @router.get("/cells/{cell_id:path}")
    def cell(cell_id: str, atlas_id: AtlasQuery = None) -> CellDetail:
        """One cell."""
        atlas = find(atlas_id)
        row = resolve.row_of(atlas, cell_id, "cell_id")
        shows = [OBSERVED, "reconstructed"] if row in atlas.observed_cells else ["reconstructed"]
        recipes = {show: Recipe(show, Cell(cell_id), atlas=atlas.atlas_id) for show in shows}
        return CellDetail(
            cell=records(atlas, slice(row, row + 1))[0],
            atlas_id=atlas.atlas_id,
            z_r_map=atlas.projection("z_r")[row].tolist(),
            z_s_map=atlas.projection("z_s")[row].tolist(),
            p_structure={s.gene: float(p) for s, p in zip(atlas.structures, atlas.latent("y")[row], strict=True)},
            volumes={show: f"/api/volumes/{url_path(recipe)}.bin" for show, recipe in recipes.items()},
        )

    @router.get("/structures")
    def structures(atlas_id: AtlasQuery = None) -> list[StructureSummary]:
        """The structures, in the order of y."""
        atlas = find(atlas_id)
        n_cells = atlas.cells["structure"].value_counts()
        return [StructureSummary(**s._asdict(), n_cells=int(n_cells.get(s.gene, 0))) for s in atlas.structures]

    @router.get("/stages")
    def stages(atlas_id: AtlasQuery = None) -> list[StageSummary]:
        """The stages in order, and how many cells are of each."""
        atlas = find(atlas_id)
        n_cells = atlas.cells["stage"].value_counts()
        return [StageSummary(stage=stage, n_cells=int(n_cells.get(stage, 0))) for stage in atlas.stages]

    @router.get("/medoids")
    def medoids(atlas_id: AtlasQuery = None) -> list[MedoidSummary]:
        """The medoid of each stage that has cells; empty where the atlas has none."""
        atlas = find(atlas_id)
        rows = [] if atlas.medoids is None else atlas.medoids.to_dict("records")
        return [MedoidSummary(**row, cell_id=atlas.cells["cell_id"].iloc[row["cell"]]) for row in rows]

    @router.get("/recipes/{recipe:path}")
    def parsed_recipe(recipe: str) -> ParsedRecipe:
        """The recipe checked, in its canonical form, with the atlas it is for."""
        asked = parse(recipe)
        settled = choose(services, asked.atlas).settle(asked)
        fields = dict(field.split("=", 1) for field in str(settled).split(";"))
        return ParsedRecipe(canonical=str(settled), url=f"/api/volumes/{url_path(settled)}.bin", fields=fields)

    @router.get("/neighbours/{recipe:path}")
    def neighbours(recipe: str, n: Annotated[int, Query(ge=1, le=100)] = 8) -> list[Neighbour]:
        """The `n` cells whose z_r is nearest to that of a recipe's shape; a cell itself comes first."""
        asked = parse(recipe)
        atlas = choose(services, asked.atlas).atlas
        settled = resolve.settle(atlas, asked)
        return [neighbour(atlas, near) for near in resolve.nearest_cells(atlas, resolve.z_r(atlas, settled.shape), n)]

    @router.get("/paths")
    def path(
        stops: Annotated[str, Query(description="cell ids, joined by commas")],
        structures: Annotated[str, Query(description="gene symbols, joined by commas")],
        kind: str = "radial",
        n: Annotated[int, Query(ge=2, le=MAX_STEPS, description="points, evenly along all segments")] = 20,
        atlas_id: AtlasQuery = None,
    ) -> list[Step]:
        """A walk between cells: recipes, ready to be decoded, and the nearest cell at each."""
        atlas = find(atlas_id)
        ids, genes = tuple(stops.split(",")), tuple(structures.split(","))
        if len(ids) > MAX_STOPS:
            raise RecipeError("shape", f"a path has {len(ids)} stops; give 2 to {MAX_STOPS}")
        steps = []
        for t in np.linspace(0, len(ids) - 1, n):
            try:
                shape = Path(kind, ids, float(t))
            except InputError as error:
                raise RecipeError("shape", str(error)) from None
            recipe = resolve.settle(atlas, Recipe(PREDICTED, shape, genes))
            (nearest,) = resolve.nearest_cells(atlas, resolve.z_r(atlas, recipe.shape), 1)
            near = neighbour(atlas, nearest)
            url = f"/api/volumes/{url_path(recipe)}.bin"
            steps.append(Step(t=float(t), recipe=str(recipe), url=url, nearest_cell=near.cell_id, distance=near.distance))
        return steps

    @router.get(
        "/sprites/{atlas_id}/{cell_id:path}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}}
    )
    def sprite(atlas_id: str, cell_id: str) -> Response:
        """The small picture of a cell."""
        atlas = find(atlas_id)
        row = resolve.row_of(atlas, cell_id, "cell_id")
        if atlas.pictures is None:
            raise NotInAtlas("atlas", NO_PICTURES)
        return _png(atlas.pictures[row])

    @router.get("/sheets/{atlas_id}/{number}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
    def sheet(
        atlas_id: str, number: Annotated[int, InPath(ge=0, description="256 cells a sheet, in the order of the atlas")]
    ) -> Response:
        """The small pictures of 256 cells, 16 a row."""
        atlas = find(atlas_id)
        if atlas.pictures is None:
            raise NotInAtlas("atlas", NO_PICTURES)
        try:
            return _png(sheets.sheet(atlas.pictures, number))
        except ValueError as error:
            raise NotInAtlas("number", str(error)) from None


def _png(image: np.ndarray) -> Response:
    return Response(sheets.png(image), media_type="image/png", headers={"Cache-Control": "public, max-age=86400"})
