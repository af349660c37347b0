"""The server: FastAPI with our routes, and on it Dash with the page."""

import atexit
import shutil
import tempfile
from pathlib import Path

from dash import Dash
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import atlas_page, callbacks, home, know_callbacks, layout, model_page
from app.api.register import DESCRIPTION, register
from app.api.volumes import EXPOSED_HEADERS
from app.cache import VolumeCache
from app.decoding import Decoder
from app.flights import Flights
from app.jobs import OwnAddress, end_jobs, make_manager
from app.volumes import VolumeService
from model.atlas import Atlas

TITLE = "Integrated cell explorer"
ASSETS = Path(__file__).parent.parent / "assets"
UNVERSIONED = ["modules", "vendor"]  # scripts that are asked for by plain name, where Dash's own carry a version
# Measured on plotly.min.js, 4.8 MB: level 4 takes 60 ms to 1.53 MB, level 9 146 ms to 1.47 MB.
GZIP_LEVEL = 4


class Revalidated(StaticFiles):
    """Files that a browser may keep, but asks after before it uses them: else a new version would be mixed with an old one."""

    def file_response(self, *args, **kwargs) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


class ReadOnlyCORS(CORSMiddleware):
    """Lets pages elsewhere read, and only that: an upload is this page's own business."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reads = scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS")
        await (super().__call__ if reads else self.app)(scope, receive, send)


class HeadAsGet:
    """Answers HEAD as GET without a body, on every route: readers of files by URL ask so for their size."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send(message | {"body": b""} if message["type"] == "http.response.body" else message)

        await self.app(scope | {"method": "GET"}, receive, send_head)


def make_server(
    atlases: list[Atlas],
    *,
    decoder: Decoder | None = None,
    cache_dir: str | Path | None = None,
    flights: Flights | None = None,
) -> Dash:
    """The explorer of `atlases`, the first of which is shown to those who do not say. `.server` is the ASGI application.

    Parameters
    ----------
    decoder : used for every atlas in place of its own model.
    flights : who decodes for all of them; default: a queue of its own.
    cache_dir : where decoded volumes are kept; default: a folder that goes when the process ends.

    Raises
    ------
    InputError
        where `cache_dir` cannot be written.
    """
    assert atlases, "a server needs at least one atlas"
    if cache_dir is None:
        cache_dir = tempfile.mkdtemp(prefix="integrated-cell-")
        atexit.register(shutil.rmtree, cache_dir, ignore_errors=True)
    cache = VolumeCache(cache_dir)
    by_id = {atlas.atlas_id: atlas for atlas in atlases}
    flights = flights or Flights("decode")
    services = {atlas_id: VolumeService(atlas, decoder, cache, flights) for atlas_id, atlas in by_id.items()}

    # The page at docs_url loads its scripts from a CDN; openapi.json needs nobody.
    server = FastAPI(
        title=TITLE, description=DESCRIPTION, docs_url="/api/docs", redoc_url=None, openapi_url="/api/openapi.json"
    )
    # Before Dash, whose catch-all answers every other path with the page.
    register(server, services)
    model_page.register(server, by_id)
    atlas_page.register(server, by_id)
    for folder in UNVERSIONED:
        server.mount(f"/assets/{folder}", Revalidated(directory=ASSETS / folder, check_dir=False))
    manager, address = make_manager(Path(cache_dir) / "jobs"), OwnAddress()
    app = Dash(
        server=server,
        assets_folder=str(ASSETS),
        assets_path_ignore=UNVERSIONED,  # the page fetches these itself, assets/explorer.js
        title=TITLE,
        update_title=None,
        suppress_callback_exceptions=True,
        background_callback_manager=manager,
    )
    app.index_string = app.index_string.replace("<html>", '<html lang="en">')
    app.layout = layout.make_layout(by_id)
    callbacks.register(app, by_id)
    home.register(app, by_id, manager, address)
    know_callbacks.register(app, by_id)
    server.router.on_shutdown.append(end_jobs)
    # Volumes and TIFFs come compressed already; viewers elsewhere may read everything that can be read.
    uncompressed = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream", "image/tiff")
    server.add_middleware(GZipMiddleware, compresslevel=GZIP_LEVEL, exclude_content_types=uncompressed)
    server.add_middleware(ReadOnlyCORS, allow_origins=["*"], allow_methods=["GET", "HEAD"], expose_headers=EXPOSED_HEADERS)
    server.add_middleware(HeadAsGet)
    server.add_middleware(address)
    return app
