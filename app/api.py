"""The HTTP API: volumes by recipe, and the atlas's tables as JSON. Every 4xx is `{"error": {"key", "message"}}`."""

import gzip
import io
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from PIL import Image
from pydantic import BaseModel, ConfigDict

from app import resolve
from app.export import file_name, ome_tiff
from app.provenance import AtlasSummary, Provenance, provenance
from app.recipe import OBSERVED, Cell, Recipe, RecipeError, parse, url_path
from app.resolve import NotInAtlas
from app.volumes import VolumeService
from model.atlas import Atlas
from model.errors import InputError

DESCRIPTION = "Volumes by recipe, as raw bytes or as files, and the tables of the atlases behind them."
EXTENSIONS = {".bin": "raw uint8, C-order (C, Z, Y, X)", ".ome.tif": "OME-TIFF", ".json": "provenance"}
EXPOSED_HEADERS = ["ETag", "Content-Disposition", "X-Shape", "X-Channels", "X-Full-Scale", "X-Voxel-Um", "X-Recipe"]
# A recipe that names its atlas always means the same bytes; one that does not means those of whichever atlas is served first.
IMMUTABLE, REVALIDATE = "public, max-age=31536000, immutable", "no-cache"
# Volumes of 2.4 MB: level 1 takes 34 ms, level 9 ten times as long for 1 % less.
GZIP_LEVEL = 1

AtlasQuery = Annotated[str | None, Query(alias="atlas", description="atlas id; default: the first atlas")]


class ErrorDetail(BaseModel):
    """What was wrong: the part of the request at fault, and one line that says what to do."""

    key: str
    message: str


class ErrorBody(BaseModel):
    """Every 4xx."""

    error: ErrorDetail


class CellSummary(BaseModel):
    """A row of the cell table; columns that the author added come too."""

    model_config = ConfigDict(extra="allow")
    cell_id: str
    structure: str
    stage: str
    split: str
    source: str


class CellDetail(BaseModel):
    """A cell, where it lies, what the classifier says of it, and its volumes."""

    cell: CellSummary
    atlas_id: str
    z_r_map: tuple[float, float]
    z_s_map: tuple[float, float]
    p_structure: dict[str, float]  # p(y | x) by gene
    volumes: dict[str, str]  # "observed" where there is one, "reconstructed"


class StructureSummary(BaseModel):
    """A structure of the atlas, in the order of y."""

    gene: str
    protein: str
    structure: str
    n_cells: int


class StageSummary(BaseModel):
    """A stage, in order."""

    stage: str
    n_cells: int


class MedoidSummary(BaseModel):
    """The most central cell of a stage."""

    stage: str
    cell_id: str
    n_candidates: int
    split: str


class ParsedRecipe(BaseModel):
    """A recipe as it was understood."""

    canonical: str
    url: str
    fields: dict[str, str]


class Health(BaseModel):
    """The server answers, with these atlases."""

    status: str
    atlases: list[str]


def register(server: FastAPI, services: dict[str, VolumeService]) -> None:
    """Add every route below /api, and the answers to bad input, for `services` by atlas id; the first is the default."""
    router = APIRouter(prefix="/api", responses={400: {"model": ErrorBody}, 404: {"model": ErrorBody}})
    _add_volume_routes(router, services)
    _add_table_routes(router, services)

    @router.get("/{path:path}", include_in_schema=False)
    def unknown(path: str) -> None:
        raise NotInAtlas("path", f"there is no /api/{path}; /api/docs lists what there is")

    server.include_router(router)
    server.add_exception_handler(InputError, _answer_bad_input)


def _add_volume_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    def find(text: str) -> tuple[VolumeService, Recipe, dict[str, str]]:
        asked = parse(text)
        service = _choose(services, asked.atlas)
        return service, service.settle(asked), {"Cache-Control": IMMUTABLE if asked.atlas else REVALIDATE}

    @router.get(
        "/volumes/{recipe:path}.bin", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}}
    )
    def raw_volume(recipe: str, request: Request) -> Response:
        """The volume as raw uint8, C-order (C, Z, Y, X); X- headers say what it is."""
        service, settled, headers = find(recipe)
        zipped = "gzip" in request.headers.get("accept-encoding", "")
        headers |= {"ETag": service.etag(settled, "bin.gz" if zipped else "bin"), "Vary": "Accept-Encoding"}
        if _is_fresh(request, headers):
            return Response(status_code=304, headers=headers)
        header, body = service.header(settled), service.volume(settled).tobytes()
        if zipped:
            body = gzip.compress(body, GZIP_LEVEL, mtime=0)
            headers["Content-Encoding"] = "gzip"
        headers |= {
            "X-Shape": ",".join(map(str, header.shape)),
            "X-Channels": ",".join(map(quote, header.channels)),  # a header is ASCII
            "X-Full-Scale": ",".join(f"{value:g}" for value in header.full_scale),
            "X-Voxel-Um": f"{header.voxel_um:g}",
            "X-Recipe": str(settled),
        }
        return Response(body, media_type="application/octet-stream", headers=headers)

    @router.get("/volumes/{recipe:path}.ome.tif", response_class=Response, responses={200: {"content": {"image/tiff": {}}}})
    def ome_tiff_volume(recipe: str, request: Request) -> Response:
        """The volume as an OME-TIFF with channel names, colours, voxel size and provenance."""
        service, settled, headers = find(recipe)
        described = provenance(service, settled)
        headers["ETag"] = service.etag(settled, f"ome.tif {described.model_dump_json()}")
        if _is_fresh(request, headers):
            return Response(status_code=304, headers=headers)
        name = file_name(settled, resolve.structures_of(service.atlas, settled), ".ome.tif")
        headers |= {"Content-Disposition": f'attachment; filename="{name}"', "X-Recipe": str(settled)}
        body = ome_tiff(service.volume(settled), described)
        return Response(body, media_type="image/tiff", headers=headers)

    @router.get("/volumes/{recipe:path}.json")
    def volume_provenance(recipe: str) -> Provenance:
        """What the volume is, without decoding it."""
        service, settled, _ = find(recipe)
        return provenance(service, settled)

    @router.get("/volumes/{name:path}", include_in_schema=False)
    def unknown_extension(name: str) -> None:
        known = ", ".join(f"{extension} ({what})" for extension, what in EXTENSIONS.items())
        raise NotInAtlas("path", f"{name!r} does not end in a format that is served; use {known}")

    @router.get("/recipes/{recipe:path}")
    def parsed_recipe(recipe: str) -> ParsedRecipe:
        """The recipe checked, in its canonical form, with the atlas it is for."""
        _, settled, _ = find(recipe)
        fields = dict(field.split("=", 1) for field in str(settled).split(";"))
        return ParsedRecipe(canonical=str(settled), url=f"/api/volumes/{url_path(settled)}.bin", fields=fields)


def _add_table_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    def find(atlas_id: str | None) -> Atlas:
        return _choose(services, atlas_id).atlas

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
        return _records(find(atlas_id))

    @router.get("/cells/{cell_id:path}")
    def cell(cell_id: str, atlas_id: AtlasQuery = None) -> CellDetail:
        """One cell."""
        atlas = find(atlas_id)
        row = resolve.row_of(atlas, cell_id, "cell_id")
        shows = [OBSERVED, "reconstructed"] if row in atlas.observed_cells else ["reconstructed"]
        recipes = {show: Recipe(show, Cell(cell_id), atlas=atlas.atlas_id) for show in shows}
        return CellDetail(
            cell=_records(atlas, slice(row, row + 1))[0],
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

    @router.get(
        "/sprites/{atlas_id}/{cell_id:path}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}}
    )
    def sprite(atlas_id: str, cell_id: str) -> Response:
        """The small picture of a cell."""
        atlas = find(atlas_id)
        row = resolve.row_of(atlas, cell_id, "cell_id")
        if atlas.pictures is None:
            raise NotInAtlas("atlas", "this atlas has no pictures; `precompute pictures` adds them")
        png = io.BytesIO()
        Image.fromarray(atlas.pictures[row]).save(png, "PNG")
        return Response(png.getvalue(), media_type="image/png", headers={"Cache-Control": "public, max-age=86400"})


def _choose(services: dict[str, VolumeService], atlas_id: str | None) -> VolumeService:
    if atlas_id is None:
        return next(iter(services.values()))
    if atlas_id not in services:
        raise NotInAtlas("atlas", f"atlas {atlas_id!r} is not served here; /api/atlases lists those that are")
    return services[atlas_id]


def _records(atlas: Atlas, rows: slice = slice(None)) -> list[dict[str, Any]]:
    table = atlas.cells.iloc[rows].astype(object)
    return table.where(table.notna(), None).to_dict("records")  # JSON has no NaN


def _is_fresh(request: Request, headers: dict[str, str]) -> bool:
    """Whether the client already has what `headers` would bring."""
    known = request.headers.get("if-none-match", "")
    return headers["ETag"] in (tag.strip().removeprefix("W/") for tag in known.split(","))


async def _answer_bad_input(_request: Request, error: InputError) -> JSONResponse:
    key = error.key if isinstance(error, RecipeError) else "request"
    body = ErrorBody(error=ErrorDetail(key=key, message=str(error)))
    status = 404 if isinstance(error, NotInAtlas) else 400
    return JSONResponse(body.model_dump(), status, {"Cache-Control": REVALIDATE})
