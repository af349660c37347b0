"""Volumes by recipe, as raw bytes for a page and as files for other tools."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from isal import igzip
from starlette.concurrency import run_in_threadpool

from app import export, resolve
from app.api.shared import choose
from app.ngff import ome_zarr
from app.provenance import Provenance, provenance
from app.recipe import Recipe, RecipeError, parse
from app.resolve import NotInAtlas
from app.volumes import Header, VolumeService

EXPOSED_HEADERS = [
    *("ETag", "Content-Disposition", "Retry-After"),
    *("X-Shape", "X-Channels", "X-Full-Scale", "X-Voxel-Um", "X-Recipe", "X-Voxel"),
]
# A recipe that names its atlas always means the same bytes; one that does not means those of whichever atlas is served first.
IMMUTABLE, REVALIDATE = "public, max-age=31536000, immutable", "no-cache"
CLIENT_GONE = 499  # nobody reads it
FILES: dict[str, tuple[str, str, Callable]] = {  # extension -> what it is, its media type, what makes it
    ".ome.tif": ("OME-TIFF", "image/tiff", export.ome_tiff),
    ".imagej.tif": ("ImageJ hyperstack", "image/tiff", export.imagej_tiff),
    ".nii.gz": ("NIfTI-1, channels as the fourth axis", "application/gzip", export.nifti),
}
EXTENSIONS = {
    ".bin": "raw uint8, C-order (C, Z, Y, X)",
    **{extension: what for extension, (what, _, _) in FILES.items()},
    ".ome.zarr": "OME-Zarr 0.4 and 0.5, a folder",
    ".json": "provenance",
}
ZARRS_KEPT = 16  # a reader asks for one file after the other


def add_routes(router: APIRouter, services: dict[str, VolumeService]) -> None:
    """Every route of this module."""

    def find(text: str) -> tuple[VolumeService, Recipe, dict[str, str]]:
        asked = parse(text)
        service = choose(services, asked.atlas)
        return service, service.settle(asked), {"Cache-Control": IMMUTABLE if asked.atlas else REVALIDATE}

    @router.get(
        "/volumes/{recipe:path}.bin", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}}
    )
    async def raw_volume(recipe: str, request: Request) -> Response:
        """The volume as raw uint8, C-order (C, Z, Y, X); X- headers say what it is."""
        service, settled, headers = await run_in_threadpool(find, recipe)
        zips = "gzip" in request.headers.get("accept-encoding", "")
        headers |= {"ETag": service.etag(settled, "bin.gz" if zips else "bin"), "Vary": "Accept-Encoding"}
        if is_fresh(request, headers):
            return Response(status_code=304, headers=headers)
        body = await run_in_threadpool(service.kept, settled)
        if body is None:
            body = await unless_gone(request, service.asked(settled))
        if body is None:
            return Response(status_code=CLIENT_GONE)
        if zips:
            headers["Content-Encoding"] = "gzip"
        else:
            body = await run_in_threadpool(igzip.decompress, body)
        name = export.file_name(settled, resolve.structures_of(service.atlas, settled), ".bin")
        headers |= describing(service.header(settled)) | {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(body, media_type="application/octet-stream", headers=headers)

    @router.get(
        "/planes/{recipe:path}.bin", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}}
    )
    async def raw_planes(
        recipe: str,
        request: Request,
        voxel: Annotated[str | None, Query(description="x,y,z of the voxel they meet in; default: the middle")] = None,
    ) -> Response:
        """Three planes, sooner than the whole: (C, Y, X) at z, (C, Z, X) at y, (C, Z, Y) at x, one after the other.

        X-Shape is the whole volume's.
        """
        service, settled, headers = await run_in_threadpool(find, recipe)
        at = read_voxel(voxel, service.atlas.config.grid)
        headers["ETag"] = service.etag(settled, f"planes {at}")
        if is_fresh(request, headers):
            return Response(status_code=304, headers=headers)
        planes = await unless_gone(request, service.asked_planes(settled, at))
        if planes is None:
            return Response(status_code=CLIENT_GONE)
        headers |= describing(service.header(settled)) | {"X-Voxel": ",".join(map(str, reversed(at)))}
        return Response(b"".join(plane.tobytes() for plane in planes), media_type="application/octet-stream", headers=headers)

    def add_file(extension: str, what: str, media_type: str, make: Callable) -> None:
        @router.get(
            f"/volumes/{{recipe:path}}{extension}",
            response_class=Response,
            responses={200: {"content": {media_type: {}}}},
            name=f"volume{extension}",
            description=f"The volume as a file: {what}, with channel names, colours, voxel size and provenance.",
        )
        def volume_file(recipe: str, request: Request) -> Response:
            service, settled, headers = find(recipe)
            described = provenance(service, settled)
            headers["ETag"] = service.etag(settled, f"{extension} {described.model_dump_json()}")
            if is_fresh(request, headers):
                return Response(status_code=304, headers=headers)
            name = export.file_name(settled, resolve.structures_of(service.atlas, settled), extension)
            headers |= {"Content-Disposition": f'attachment; filename="{name}"', "X-Recipe": str(settled)}
            return Response(make(service.volume(settled), described), media_type=media_type, headers=headers)

    for extension, (what, media_type, make) in FILES.items():
        add_file(extension, what, media_type, make)

    @lru_cache(ZARRS_KEPT)
    def zarr_files(service: VolumeService, settled: Recipe) -> dict[str, bytes]:
        return ome_zarr(service.volume(settled), provenance(service, settled))

    @router.get(
        "/volumes/{recipe:path}.ome.zarr/{file:path}",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}, "application/json": {}}}},
    )
    def zarr_file(recipe: str, file: str, request: Request) -> Response:
        """A file of the volume as OME-Zarr, of version 0.4 or 0.5: give the address up to `.ome.zarr` to a reader."""
        service, settled, headers = find(recipe)
        files = zarr_files(service, settled)
        if file not in files:
            raise NotInAtlas("file", f"{file!r} is no file of this volume; it has {', '.join(files)}")
        headers["ETag"] = service.etag(settled, f"ome.zarr {file} {provenance(service, settled).model_dump_json()}")
        if is_fresh(request, headers):
            return Response(status_code=304, headers=headers)
        is_json = file.rpartition("/")[2] in ("zarr.json", ".zarray", ".zattrs", ".zgroup")
        return Response(files[file], media_type="application/json" if is_json else "application/octet-stream", headers=headers)

    @router.get("/volumes/{recipe:path}.json")
    def volume_provenance(recipe: str) -> Provenance:
        """What the volume is, without decoding it."""
        service, settled, _ = find(recipe)
        return provenance(service, settled)

    @router.get("/volumes/{name:path}", include_in_schema=False)
    def unknown_extension(name: str) -> None:
        known = ", ".join(f"{extension} ({what})" for extension, what in EXTENSIONS.items())
        raise NotInAtlas("path", f"{name!r} does not end in a format that is served; use {known}")


def describing(header: Header) -> dict[str, str]:
    """What a raw volume is, as headers."""
    return {
        "X-Shape": ",".join(map(str, header.shape)),
        "X-Channels": ",".join(map(quote, header.channels)),  # a header is ASCII
        "X-Full-Scale": ",".join(f"{value:g}" for value in header.full_scale),
        "X-Voxel-Um": f"{header.voxel_um:g}",
        "X-Recipe": str(header.recipe),
    }


def is_fresh(request: Request, headers: dict[str, str]) -> bool:
    """Whether the client already has what `headers` would bring."""
    known = request.headers.get("if-none-match", "")
    return headers["ETag"] in (tag.strip().removeprefix("W/") for tag in known.split(","))


def read_voxel(text: str | None, grid: tuple[int, int, int]) -> tuple[int, int, int]:
    """z, y, x of `x,y,z`, the middle where there is none."""
    if text is None:
        return tuple(n // 2 for n in grid)
    numbers = text.split(",")
    if len(numbers) != 3 or not all(n.isascii() and n.isdigit() and len(n) < 6 for n in numbers):
        raise RecipeError("voxel", f"{text!r} is not x,y,z; give three whole numbers")
    at = tuple(int(n) for n in reversed(numbers))
    if any(i >= n for i, n in zip(at, grid, strict=True)):
        raise RecipeError("voxel", f"{text} is outside of {grid[::-1]} (x, y, z) voxels; count from 0")
    return at


async def unless_gone(request: Request, asking: AbstractContextManager[Future]) -> Any | None:
    """What is asked for, or None where the client hangs up before: then it is not asked for any longer."""
    with asking as future:
        answer = asyncio.wrap_future(future)
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # an error nobody waits for is no news
        gone = asyncio.ensure_future(_hung_up(request.receive))
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else None
        finally:
            gone.cancel()


async def _hung_up(receive: Callable[[], Awaitable[dict]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
