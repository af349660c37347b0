"""The HTTP API on a server: its routes, and its answers to bad input. Every 4xx is `{"error": {"key", "message"}}`."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.api import crowd, encode, exports, measures, selections, tables, trust, volumes, walks
from app.api.models import ErrorBody, ErrorDetail
from app.flights import Busy
from app.recipe import RecipeError
from app.resolve import NotInAtlas
from app.volumes import VolumeService
from model.errors import InputError

DESCRIPTION = "Volumes by recipe, as raw bytes or as files, and the tables of the atlases behind them."
DEMO = Path(__file__).parents[1] / "demo"
RESPONSES = {status: {"model": ErrorBody} for status in (400, 404, 413, 422, 503)}


def register(server: FastAPI, services: dict[str, VolumeService]) -> None:
    """Add every route below /api, for `services` by atlas id; the first is the default."""
    router = APIRouter(prefix="/api", responses=RESPONSES)
    for module in (volumes, tables, encode, exports, selections, trust, crowd, measures):
        module.add_routes(router, services)
    walks.add_routes(router, services, {atlas_id: script_path(service.atlas.path) for atlas_id, service in services.items()})

    routes = tuple(router.routes)

    @router.get("/{path:path}", include_in_schema=False)
    def unknown(path: str, request: Request) -> None:
        if any(route.matches(request.scope)[0] is Match.PARTIAL for route in routes):
            raise HTTPException(405, headers={"Allow": "POST"})  # the only other method there is
        raise NotInAtlas("path", f"there is no /api/{path}; /api/docs lists what there is")

    server.include_router(router)
    server.add_exception_handler(InputError, _bad_input)
    server.add_exception_handler(Busy, _busy)
    server.add_exception_handler(RequestValidationError, _invalid)
    server.add_exception_handler(HTTPException, _http_error)


def script_path(path: Path) -> str:
    """Where a script looks for an atlas: that which comes with the program where it lies, any other by its name."""
    return f"app/demo/{path.name}" if path.parent.resolve() == DEMO else path.name


def _answer(status: int, key: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    body = ErrorBody(error=ErrorDetail(key=key, message=message))
    return JSONResponse(body.model_dump(), status, {"Cache-Control": "no-cache"} | (headers or {}))


async def _bad_input(_request: Request, error: InputError) -> JSONResponse:
    status = 404 if isinstance(error, NotInAtlas) else 400
    return _answer(status, error.key if isinstance(error, RecipeError) else "request", str(error))


async def _busy(_request: Request, error: Busy) -> JSONResponse:
    return _answer(503, "request", str(error), {"Retry-After": str(error.retry_after_s)})


async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    key = str(first["loc"][-1]) if first["loc"] else "request"
    return _answer(422, key, f"{key}: {first['msg']}; see /api/docs for what is expected")


async def _http_error(request: Request, error: HTTPException) -> Response:
    if not request.url.path.startswith("/api/"):
        return await http_exception_handler(request, error)
    return _answer(error.status_code, "request", f"{error.detail}; see /api/docs for what is expected", error.headers)
