"""How long after a click the first planes, and the whole, are painted: `python -m tests.bench.clicks [atlas.h5]`.

In headless Chromium, WebGL on the processor, on the demo atlas; clicks are on cells and on empty space by turns. Beside it, in
the same run, a Dash callback that does nothing. Not part of `make bench`: it needs a browser.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `python -m app` has it

import dash
import numpy as np
from dash import Input, Output, html
from fastapi import FastAPI
from playwright.sync_api import sync_playwright

from app.server import make_server
from model.atlas import Atlas
from tests.browser.conftest import ARGUMENTS, CHROMIUM, wait_until_drawn
from tests.serving import serving

N_CLICKS = 60
DEMO = Path(__file__).parents[2] / "app" / "demo" / "demo.h5"
# From the pointer's release to each state that the viewer says it is in, after the browser has had a frame to show it.
WATCH = """() => {
    window.seen = {};
    addEventListener("pointerup", () => { window.seen = { click: performance.now() } }, { capture: true });
    const viewer = document.querySelector("#viewer");
    new MutationObserver(() => {
        const { state } = viewer.dataset;
        requestAnimationFrame(() => { window.seen[state] ??= performance.now() - window.seen.click });
    }).observe(viewer, { attributes: true, attributeFilter: ["data-state"] });
}"""


def nothing_app() -> FastAPI:
    """A button and a callback that says how often it was pressed."""
    app = dash.Dash(server=FastAPI())
    app.layout = html.Div([html.Button("press", id="press"), html.Div(id="said")])
    app.callback(Output("said", "children"), Input("press", "n_clicks"), prevent_initial_call=True)(str)
    return app.server


def round_trips(browser) -> list[float]:
    """Milliseconds from a press to the change on the page."""
    with serving(nothing_app()) as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("#press")
        page.evaluate(
            """() => {
                addEventListener("pointerup", () => { window.pressed = performance.now() }, { capture: true });
                const said = document.querySelector("#said");
                const note = () => { window.took = [said.textContent, performance.now() - window.pressed] };
                new MutationObserver(note).observe(said, { childList: true, characterData: true, subtree: true });
            }"""
        )
        took = []
        for n in range(1, N_CLICKS + 1):
            page.click("#press")
            page.wait_for_function("n => window.took?.[0] === String(n)", arg=n)
            took.append(page.evaluate("window.took[1]"))
        page.close()
    return took


def clicks(browser, atlas: Atlas) -> dict[str, list[float]]:
    """Milliseconds to the first planes and to the whole, of clicks on cells and on empty space by turns."""
    rng, positions = np.random.default_rng(0), atlas.projection("z_r")
    took: dict[str, list[float]] = {"planes": [], "painted": []}
    with serving(make_server([atlas], cache_dir=tempfile.mkdtemp()).server) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/?view=planes")
        wait_until_drawn(page)
        page.evaluate(WATCH)
        for n in range(N_CLICKS + 5):
            at = positions[rng.integers(len(positions))] + (n % 2) * rng.normal(0, 0.3, 2)
            x, y = page.evaluate(
                """([x, y]) => {
                    const plot = document.querySelector("[data-map=z_r] .js-plotly-plot"), box = plot.getBoundingClientRect();
                    const { xaxis, yaxis, _size } = plot._fullLayout;
                    return [box.left + _size.l + xaxis.d2p(x), box.top + _size.t + yaxis.d2p(y)];
                }""",
                [float(value) for value in at],
            )
            page.wait_for_timeout(400)  # sooner would be a double click
            page.mouse.click(x, y)
            page.wait_for_function("window.seen.painted")
            seen = page.evaluate("window.seen")
            if n >= 5:  # the first ones load the model
                took["planes"].append(min(seen.get("planes", np.inf), seen["painted"]))
                took["painted"].append(seen["painted"])
        page.close()
    return took


def main() -> None:
    """Print milliseconds as JSON."""
    atlas = Atlas(sys.argv[1] if len(sys.argv) > 1 else DEMO)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        before, took, after = round_trips(browser), clicks(browser, atlas), round_trips(browser)
        browser.close()
    took["empty_round_trip"] = before + after
    print(json.dumps({name: {f"p{p}": round(float(np.percentile(ms, p))) for p in (50, 95)} for name, ms in took.items()}))


if __name__ == "__main__":
    main()
