"""How large an atlas the maps bear: `python -m tests.bench.maps [N ...]`, by default the demo atlas and up to a million cells.

The larger ones are tables of random cells with random latents beside the demo atlas's model. In headless Chromium, WebGL on the
processor: seconds until both maps and a volume are painted, bytes sent for that, a lasso round everything with what it posts,
frames a second while a map is dragged, milliseconds from a move of the pointer to the card, seconds until a place on the map is
decoded and until the table is sorted, the page's heap, and the memory of server and measurement together. A process of its own
for each atlas. Not part of `make bench`.
"""

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from playwright.sync_api import sync_playwright

from app.server import make_server
from model.atlas import Atlas
from tests.bench.clicks import DEMO
from tests.bench.memory import in_a_process
from tests.browser.conftest import ARGUMENTS, CHROMIUM, wait_until_drawn
from tests.browser.test_knowing import around, lasso, wait_for_count
from tests.serving import serving

FIRST_ROW = "value => document.querySelector('#grid .ag-row[row-index=\"0\"] [col-id=structure]')?.innerText === value"
FRAMES = """() => {
    window.frames = [];
    const note = (at) => { window.frames.push(at); window.watching && requestAnimationFrame(note) };
    window.watching = true;
    requestAnimationFrame(note);
}"""


def simulated(path: Path, n_cells: int) -> Path:
    """The demo atlas with `n_cells` random cells in place of its own, without what was made of those."""
    shutil.copyfile(DEMO, path)
    rng = np.random.default_rng(0)
    with h5py.File(path, "r+") as file:
        old = len(file["cells/cell_id"])
        for group in ("factors", "variation", "pictures", "observed", "evaluation"):
            file.pop(group, None)
        draw = rng.integers(old, size=n_cells)
        for group in ("cells", "latent", "projection"):
            for name, dataset in list(file[group].items()):
                values, attrs, dtype = dataset[:][draw], dict(dataset.attrs), dataset.dtype
                if name == "cell_id":
                    values = np.array([f"cell_{i:07d}".encode() for i in range(n_cells)], object)
                elif group != "cells":
                    values = values + rng.normal(0, 0.05, values.shape).astype(values.dtype)
                del file[group][name]
                file[group].create_dataset(name, data=values, dtype=dtype).attrs.update(attrs)
        file["medoids/cell"][:] = rng.integers(n_cells, size=len(file["medoids/cell"]))
        file.attrs.update({"title": f"{n_cells:,} random cells", "atlas_id": f"{n_cells:012d}"})
    return path


def measure(browser, atlas: Atlas) -> dict[str, float]:
    """What is said at the top of this module, of one atlas."""
    n, got = len(atlas.cells), {}
    with serving(make_server([atlas], cache_dir=tempfile.mkdtemp()).server) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        sizes = []
        session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        begun = time.monotonic()
        page.goto(f"{address}/?view=slice")
        wait_until_drawn(page)
        got["interactive_s"], got["sent_mb"] = time.monotonic() - begun, sum(sizes) / 1e6
        posts = []
        page.on("request", lambda request: posts.append(len(request.post_data or "")))
        begun = time.monotonic()
        page.click("[data-panel=table]")
        page.wait_for_selector("#grid .ag-row")
        page.click("#grid .ag-header-cell[col-id=structure] .ag-header-cell-label")
        page.wait_for_function(FIRST_ROW, arg=atlas.cells["structure"].min())
        got["table_s"] = time.monotonic() - begun
        page.click("[data-panel=table]")
        page.wait_for_timeout(1000)
        posts.clear()
        begun = time.monotonic()
        lasso(page, "z_r", around(page, "z_r"))
        wait_for_count(page, n)
        got["lasso_s"] = time.monotonic() - begun
        page.wait_for_timeout(1500)
        got["posted_kb"] = max(posts, default=0) / 1e3
        page.click("#clear")
        wait_for_count(page, 0)
        box = page.locator('[data-map="z_s"]').bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.evaluate(FRAMES)
        for step in range(40):
            page.mouse.move(x + 3 * step, y + 2 * step)
        frames = page.evaluate("(window.watching = false, window.frames)")
        page.mouse.up()
        got["pan_fps"] = 1000 * (len(frames) - 1) / (frames[-1] - frames[0])
        page.mouse.move(5, 5)
        took = []
        for row in np.random.default_rng(1).integers(n, size=12):
            at = page.evaluate(
                """([x, y]) => {
                    const plot = document.querySelector('[data-map="z_r"] .js-plotly-plot');
                    const { xaxis, yaxis, _size } = plot._fullLayout, box = plot.getBoundingClientRect();
                    return [box.left + _size.l + xaxis.d2p(x), box.top + _size.t + yaxis.d2p(y)];
                }""",
                atlas.projection("z_r")[row].tolist(),
            )
            begun = time.monotonic()
            page.mouse.move(*at)
            page.wait_for_selector("#card:not([hidden])")
            took.append(1000 * (time.monotonic() - begun))
            page.mouse.move(5, 5)
            page.wait_for_selector("#card", state="hidden")
        got["hover_ms"] = float(np.median(took))
        begun = time.monotonic()
        page.mouse.click(box["x"] + 6, box["y"] + 6)  # a corner of z_s, where no cell is
        page.wait_for_function("/z_s=map/.test(document.querySelector('#viewer[data-state=painted]')?.dataset.recipe)")
        got["place_s"] = time.monotonic() - begun
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        got["heap_mb"] = metrics["JSHeapUsedSize"] / 1e6
        got["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        page.close()
    return got


def measured(path: Path) -> tuple[int, dict[str, float]]:
    """Cells of an atlas, and what `measure` says of it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        atlas = Atlas(path)
        return len(atlas.cells), measure(browser, atlas)


def main(sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path in (DEMO, *(Path(folder) / f"{n}.h5" for n in sizes)):
            if path != DEMO:
                simulated(path, int(path.stem))
            n, got = in_a_process(measured, path)
            print(f"{n:>9,} cells  " + "  ".join(f"{name} {value:.3g}" for name, value in got.items()), flush=True)


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [22_000, 200_000, 1_000_000])
