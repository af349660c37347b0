"""A browser, and a server whose volumes are known in closed form."""

import os
import shutil
from pathlib import Path

import pytest

from app.server import make_server
from tests.serving import serving
from tests.stub_decoder import StubDecoder

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
# WebGL on the processor, and a browser that asks nobody for anything.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_WEBGL = """
    const getContext = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return /webgl/.test(kind) ? null : getContext.call(this, kind, ...more);
    };
"""
PATIENCE_MS = 45_000  # a first paint takes seconds where the processor draws, and more where others use it too


def _missing() -> str | None:
    if not (Path(__file__).parents[2] / "assets" / "vendor" / "niivue.umd.js").exists():
        return "the page's JavaScript is not there: run `make install`"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "Playwright is not installed: run `make install`"
    with sync_playwright() as playwright:
        if CHROMIUM or os.path.exists(playwright.chromium.executable_path):
            return None
    return "no Chromium: install your system's, or run `python -m playwright install chromium`"


def pytest_collection_modifyitems(items):
    """Every test here drives a browser; all of them are skipped, with the reason, where there is none."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    reason = _missing() if here else None
    for item in here:
        item.add_marker(pytest.mark.browser)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def address(atlas):
    """The page of that atlas with the analytic decoder."""
    with serving(make_server([atlas], decoder=StubDecoder(atlas.config.grid)).server) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def new_context(browser):
    """Makes browser contexts: one is shared by most tests, so that the page's bundles are fetched and compiled once."""
    contexts = []

    def new_context(script: str = ""):
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(script)
        contexts.append(context)
        return context

    yield new_context
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def context(new_context):
    """The shared one."""
    return new_context()


@pytest.fixture(scope="session")
def watch():
    """Collects what pages complain of on their consoles: `watch(page)`, and the list `watch.complaints`."""

    def watch(page):
        page.on("console", lambda message: message.type in ("error", "warning") and watch.complaints.append(message.text))
        page.on("pageerror", lambda error: watch.complaints.append(str(error)))

    watch.complaints = []
    return watch


@pytest.fixture
def open_page(context, address, watch):
    """Opens a query in a page of its own and waits until all is drawn; at the end the console must be clean."""
    pages = []

    def open_page(query: str = "?view=slice", context=context):
        page = context.new_page()
        pages.append(page)
        watch(page)
        page.goto(f"{address}/{query}")
        wait_until_drawn(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert take(watch.complaints) == []


@pytest.fixture(params=["webgl", "no webgl"])
def open_here(request, open_page, new_context, context):
    """Opens a page with WebGL, and one without: what holds for one holds for the other."""
    here = context if request.param == "webgl" else request.getfixturevalue("context_without_webgl")
    return lambda query: open_page(query, context=here)


@pytest.fixture(scope="session")
def context_without_webgl(new_context):
    return new_context(NO_WEBGL)


@pytest.fixture(scope="session")
def lasting_page(context, address, watch):
    """One page for the tests that begin with an act of their own: to load it takes longer than most of them."""
    page = context.new_page()
    watch(page)
    page.goto(f"{address}/?view=slice")
    wait_until_drawn(page)
    yield page
    page.close()


@pytest.fixture
def page(lasting_page, watch):
    """The lasting page, showing a slice, with the pointer out of the way; at the end the console must be clean."""
    lasting_page.bring_to_front()
    lasting_page.get_by_text("xy", exact=True).click()
    lasting_page.mouse.move(0, 0)
    yield lasting_page
    assert take(watch.complaints) == []


def wait_until_drawn(page) -> None:
    """Until the volume is painted and both maps are drawn."""
    page.wait_for_selector("#viewer[data-state=painted]")
    page.wait_for_function("document.querySelectorAll('[data-map][data-drawn]').length === 2")


def take(complaints: list[str]) -> list[str]:
    """The complaints, which are then forgotten, so that each test hears only of its own."""
    taken = complaints[:]
    complaints.clear()
    return taken
