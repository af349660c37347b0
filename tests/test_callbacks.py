"""Callbacks and layout fit together: every name that is used exists, and what goes over the wire is small."""

import json
import re

import httpx
import numpy as np
import pytest

from app import ids, navigation
from app.callbacks import SCRIPTS
from app.know_callbacks import SCRIPTS as KNOW_SCRIPTS
from app.layout import make_layout
from app.server import ASSETS, make_server
from tests.serving import serving
from tests.stub_decoder import StubDecoder


@pytest.fixture(scope="module")
def http(atlas):
    app = make_server([atlas], decoder=StubDecoder(atlas.config.grid))
    with serving(app.server) as url, httpx.Client(base_url=url) as client:
        yield client


def components(layout) -> set[str]:
    return {getattr(part, "id", None) for part in (layout, *layout._traverse())} - {None}


def named() -> set[str]:
    names = [value for key, value in vars(ids).items() if key.isupper()]
    return {name for value in names for name in (value.values() if isinstance(value, dict) else [value])}


def test_the_layout_has_every_name_and_no_other(atlas):
    assert components(make_layout({atlas.atlas_id: atlas})) == named() - set(ids.LAZY.values())


def test_callbacks_use_only_what_the_layout_has(http):
    for callback in http.get("/_dash-dependencies").json():
        for dependency in callback["inputs"] + callback["state"]:
            assert dependency["id"] in named()


def test_the_scripts_have_every_function_that_is_called():
    page = (ASSETS / "modules" / "page.mjs").read_text()
    for _, name, _ in (*SCRIPTS, *KNOW_SCRIPTS):
        assert re.search(rf"export ((async )?function {name}\(|const {name} =)", page)


def test_the_page_loads_our_scripts_through_one_door(http):
    html = http.get("/").text
    assert "assets/explorer.js" in html
    assert ".mjs" not in html
    assert "niivue" not in html
    module = http.get("/assets/modules/page.mjs")
    assert module.headers["content-type"].startswith("text/javascript")
    assert module.headers["cache-control"] == "no-cache"
    again = http.get("/assets/modules/page.mjs", headers={"If-None-Match": module.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def call(http, output: str, inputs: list, state: list, changed: list[str]) -> dict:
    """What the browser sends for a callback, and what comes back."""
    (callback,) = (c for c in http.get("/_dash-dependencies").json() if output in c["output"] and not c["clientside_function"])
    outputs = [
        dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in callback["output"].strip(".").split("...")
    ]
    body = {"output": callback["output"], "outputs": outputs, "changedPropIds": changed}
    for key, values in (("inputs", inputs), ("state", state)):
        body[key] = [dependency | {"value": value} for dependency, value in zip(callback[key], values, strict=True)]
    response = http.post("/_dash-update-component", json=body)
    response.raise_for_status()
    return response.json()["response"]


def test_a_link_fills_the_page(http, atlas):
    filled = call(http, f"{ids.FACTS}.data", ["?colour=stage"], [], [f"{ids.URL}.data"])
    assert filled[ids.TITLE]["children"] == atlas.title
    assert filled[ids.SIMULATED]["hidden"] is not atlas.simulated
    assert filled[ids.COLOUR]["value"] == "stage"


def test_an_event_moves_it(http, atlas):
    start = call(http, f"{ids.STATE}.data", ["", None, None, None], [None], [f"{ids.URL}.data"])
    assert start[ids.STATE]["data"]["recipe"] == str(navigation.opening(atlas))
    event = {"do": "cell", "row": 3, "n": 1}
    moved = call(
        http, f"{ids.STATE}.data", ["", event, "reconstructed", "FBL"], [start[ids.STATE]["data"]], [f"{ids.EVENT}.data"]
    )
    recipe = moved[ids.STATE]["data"]["recipe"]
    assert recipe.endswith(f"show=reconstructed;shape=cell:{navigation.cell_id(atlas, 3)}")
    assert len(json.dumps(moved)) < 10_000, "no volume and no figure comes this way"


def test_the_maps_are_drawn_by_group(http, atlas):
    drawn = call(http, f"{ids.LEGEND}.children", [atlas.atlas_id, "structure", True, "dark"], [], [f"{ids.COLOUR}.value"])
    assert len(drawn[ids.LEGEND]["children"]) == len(drawn[ids.MAPS["z_r"]]["figure"]["data"]) == len(atlas.structures)


def test_a_star_is_explained_where_there_are_some(http, atlas, monkeypatch):
    monkeypatch.setattr(atlas, "is_real", np.arange(len(atlas.cells)) == 4)
    drawn = call(http, f"{ids.LEGEND}.children", [atlas.atlas_id, "stage", True, "dark"], [], [f"{ids.COLOUR}.value"])
    assert "real cell" in json.dumps(drawn[ids.LEGEND]["children"][0])
    filled = call(http, f"{ids.FACTS}.data", [""], [], [f"{ids.URL}.data"])
    assert filled[ids.FACTS]["data"]["real"] == [4]
