"""What a view is as a script, and what a walk is as a film."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app import export, movie, resolve
from app.api.shared import choose
from app.api.volumes import CLIENT_GONE, is_fresh, read_voxel, unless_gone
from app.provenance import provenance
from app.recipe import Recipe, RecipeError, parse
from app.resolve import NotInAtlas
from app.script import python_script
from app.volumes import VolumeService
from app.words import describe, structure_words

FILMS: dict[str, tuple[str, str]] = {  # extension -> what it is, its media type
    ".mp4": ("an MP4 film", "video/mp4"),
    ".gif": ("an animated GIF", "image/gif"),
    ".png.zip": ("numbered PNGs in a zip", "application/zip"),
    ".ome.tif": ("an OME-TIFF time series of whole volumes, axes TCZYX", "image/tiff"),
}
FORMAT = "1"  # part of every ETag: count it up when films come to look otherwise


def add_routes(router: APIRouter, services: dict[str, VolumeService], atlas_paths: dict[str, str]) -> None:
    """Every route of this module; `atlas_paths`, by atlas id, is where a script looks for the file."""

    def find(text: str) -> tuple[VolumeService, Recipe]:
        asked = parse(text)
        service = choose(services, asked.atlas)
        return service, service.settle(asked)

    @router.get("/scripts/{recipe:path}.py", response_class=Response, responses={200: {"content": {"text/x-python": {}}}})
    def script(recipe: str) -> Response:
        """A Python script that makes the same voxels again, without a server, and writes them as an OME-TIFF."""
        service, settled = find(recipe)
        name = export.file_name(settled, resolve.structures_of(service.atlas, settled), "")
        sha256 = hashlib.sha256(service.volume(settled).tobytes()).hexdigest()
        text = python_script(provenance(service, settled), name, atlas_paths[service.atlas.atlas_id], sha256)
        headers = _headers(f"{name}.py") | {"X-Recipe": str(settled)}
        return Response(text, media_type="text/x-python", headers=headers)

    def add_film(extension: str, what: str, media_type: str) -> None:
        @router.get(
            f"/walks/{{recipe:path}}{extension}",
            response_class=Response,
            responses={200: {"content": {media_type: {}}}},
            name=f"walk{extension}",
            description=f"The walk of a recipe's path, from its first stop to its last, as {what}.",
        )
        async def film(
            recipe: str,
            request: Request,
            n: Annotated[int, Query(ge=2, le=movie.MAX_FRAMES, description="frames, evenly along all segments")] = 57,
            fps: Annotated[int, Query(ge=1, le=50, description="frames a second, of a film")] = 10,
            voxel: Annotated[
                str | None, Query(description="x,y,z of the voxel the planes meet in; default: the middle")
            ] = None,
        ) -> Response:
            service, settled = await run_in_threadpool(find, recipe)
            recipes = [service.settle(one) for one in movie.frames_of(settled, n)]
            at = read_voxel(voxel, service.atlas.config.grid)
            name = export.file_name(settled, resolve.structures_of(service.atlas, settled), "").rpartition("_")[0]
            headers = _headers(f"walk_{name}{extension}") | {"X-Recipe": str(recipes[0])}
            headers["ETag"] = service.etag(recipes[0], f"walk {FORMAT} {extension} {n} {fps} {at}")
            if is_fresh(request, headers):
                return Response(status_code=304, headers=headers)
            make = _series if extension == ".ome.tif" else partial(_pictures, extension=extension, fps=fps, at=at)
            body = await make(request, service, recipes)
            if body is None:
                return Response(status_code=CLIENT_GONE)
            return Response(body, media_type=media_type, headers=headers)

    for extension, (what, media_type) in FILMS.items():
        add_film(extension, what, media_type)

    @router.get("/walks/{name:path}", include_in_schema=False)
    def unknown_extension(name: str) -> None:
        known = ", ".join(f"{extension} ({what})" for extension, (what, _) in FILMS.items())
        raise NotInAtlas("path", f"{name!r} does not end in a format that walks are served in; use {known}")


def _headers(name: str) -> dict[str, str]:
    return {"Cache-Control": "no-cache", "Content-Disposition": f'attachment; filename="{name}"'}


async def _series(request: Request, service: VolumeService, recipes: list[Recipe]) -> bytes | None:
    shape = service.header(recipes[0]).shape
    n_bytes = len(recipes) * shape[0] * shape[1] * shape[2] * shape[3]
    if n_bytes > movie.MAX_SERIES_BYTES:
        most = movie.MAX_SERIES_BYTES * len(recipes) // n_bytes
        raise RecipeError("n", f"{len(recipes)} volumes of {shape} are too much for one file; ask for at most {most}")
    zipped = []
    for one in recipes:
        volume = await run_in_threadpool(service.kept, one) or await unless_gone(request, service.asked(one))
        if volume is None:
            return None
        zipped.append(volume)
    volumes = (service.unzip(one, volume) for one, volume in zip(recipes, zipped, strict=True))
    return await run_in_threadpool(movie.time_series, volumes, recipes, provenance(service, recipes[0]))


async def _pictures(
    request: Request, service: VolumeService, recipes: list[Recipe], extension: str, fps: int, at: tuple[int, int, int]
) -> bytes | None:
    n_stops, frames = len(recipes[0].shape.stops), []
    names = ["membrane", "DNA", *(structure_words(service.atlas, gene) for gene in recipes[0].structures)]
    for one in recipes:
        planes = await unless_gone(request, service.asked_planes(one, at))
        if planes is None:
            return None
        place = describe(service.atlas, one).detail.partition(" · ")[0]
        words = movie.FrameWords(place, names, one.shape.t / (n_stops - 1), n_stops)
        frames.append(await run_in_threadpool(movie.frame, planes, provenance(service, one), words))
    about = provenance(service, recipes[0])
    comment = f"{about.origin}. A walk of {len(frames)} frames from {about.recipe} Atlas: {about.atlas.title}."
    makers: dict[str, Callable[[], bytes]] = {
        ".mp4": partial(movie.mp4, frames, fps, comment),
        ".gif": partial(movie.gif, frames, fps, comment),
        ".png.zip": partial(movie.png_zip, frames, recipes, comment),
    }
    return await run_in_threadpool(makers[extension])
