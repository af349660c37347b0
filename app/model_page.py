"""The page "Model", /model: how good the model of an atlas is, as `precompute report --into-atlas` found it."""

from fastapi import FastAPI
from starlette.responses import HTMLResponse

from model.atlas import Atlas
from model.report import Report, Section, Theme, to_page

# The report came with the atlas, perhaps from elsewhere. It is escaped text and images; were it not, this would stop it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    "Cache-Control": "no-cache",
}


def register(server: FastAPI, by_id: dict[str, Atlas]) -> None:
    """Add the route /model?atlas=ID; the first of the atlases where no ID is given."""

    @server.get("/model", response_class=HTMLResponse, include_in_schema=False)
    def page(atlas: str = next(iter(by_id)), theme: Theme = "light") -> HTMLResponse:
        status, html = model_page(by_id, atlas, theme)
        return HTMLResponse(html, status, HEADERS)


def model_page(by_id: dict[str, Atlas], atlas_id: str, theme: Theme = "light") -> tuple[int, str]:
    """HTTP status and page: the report, or 404 and what to do where there is no such atlas or it holds no report."""
    pages = ((address("model", other, theme), f"Model of {atlas.title}") for other, atlas in by_id.items())
    about = atlas_id if atlas_id in by_id else next(iter(by_id))
    links = [("/", "Explorer"), (address("atlas", about, theme), "Atlas"), *pages]
    if atlas_id not in by_id:
        return 404, to_page(_notice("No such atlas", f"There is no atlas {atlas_id}; choose one of those above."), links, theme)
    atlas = by_id[atlas_id]
    if atlas.report is None:
        what = f"python -m precompute report --atlas {atlas.path.name} --out report.html --into-atlas"
        return 404, to_page(
            _notice(f"The model of {atlas.title}", f"The atlas holds no report. To make one: {what}"), links, theme
        )
    return 200, to_page(atlas.report, links, theme)


def address(page: str, atlas_id: str, theme: Theme) -> str:
    """Of the page "model" or "atlas"."""
    return f"/{page}?atlas={atlas_id}" + ("&theme=dark" if theme == "dark" else "")


def _notice(title: str, text: str) -> Report:
    return Report(title, [], [Section("notice", "Not there", [text], [], [], [])])
