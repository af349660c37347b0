"""The server as a whole: page and API on one application, and the two ways to start it."""

import importlib
import json
import socket
import sys

import httpx
import pytest

from app import __main__ as command
from app.server import TITLE, make_server
from model.atlas import Atlas
from model.errors import InputError
from tests.serving import serving
from tests.stub_decoder import StubDecoder


@pytest.fixture(scope="module")
def http(tiny_atlas):
    atlas = Atlas(tiny_atlas)
    with (
        serving(make_server([atlas], decoder=StubDecoder(atlas.config.grid)).server) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client
    atlas.close()


def test_page_and_api_stand_side_by_side(http):
    page = http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert f"<title>{TITLE}</title>" in page.text
    assert http.get("/api/health").json()["status"] == "ok"
    assert f"<title>{TITLE}</title>" in http.get("/any/deep/link").text, "Dash's catch-all"
    assert http.get("/api/any").status_code == 404, "but not below /api"


def test_the_layout_and_callbacks_are_served(http):
    assert "props" in http.get("/_dash-layout").json()
    assert http.get("/_dash-dependencies").json()


def test_dev_tools_are_off(http):
    config = http.get("/").text.split('<script id="_dash-config" type="application/json">')[1].split("</script>")[0]
    config = json.loads(config)
    assert (config["ui"], config["props_check"]) == (False, False)


def test_the_page_is_compressed(http):
    assert http.get("/_dash-layout", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_openapi_describes_every_route(http):
    description = http.get("/api/openapi.json").json()
    assert {"/api/volumes/{recipe}.bin", "/api/volumes/{recipe}.ome.tif", "/api/cells", "/api/health"} <= set(
        description["paths"]
    )
    assert all(path.startswith("/api/") for path in description["paths"])
    undocumented = [path for path, item in description["paths"].items() if not next(iter(item.values())).get("description")]
    assert undocumented == []
    assert http.get("/api/docs").status_code == 200


def test_two_atlases_are_told_apart(tiny_atlas, http):
    atlas = Atlas(tiny_atlas)
    other = Atlas(tiny_atlas)
    other.atlas_id = "0123456789ab"
    cell, gene = atlas.cells["cell_id"].iloc[0], atlas.structures[0].gene
    stub = StubDecoder(atlas.config.grid)
    with serving(make_server([atlas, other], decoder=stub).server) as url, httpx.Client(base_url=f"{url}/api") as client:
        assert [a["atlas_id"] for a in client.get("/atlases").json()] == [atlas.atlas_id, "0123456789ab"]
        for prefix, served in (("", atlas.atlas_id), ("atlas=0123456789ab;", "0123456789ab")):
            response = client.get(f"/volumes/{prefix}show=predicted;shape=cell:{cell};structures={gene}.bin")
            assert response.headers["x-recipe"].startswith(f"atlas={served};")


# The command


def test_what_cannot_be_opened_is_one_line_and_exit_2(tmp_path, capsys):
    (tmp_path / "notes.h5").write_text("not HDF5")
    for path, says in ((tmp_path / "missing.h5", "no such file"), (tmp_path / "notes.h5", "not a complete HDF5 file")):
        assert command.main([str(path)]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"app: {path}: ")
        assert says in error
        assert error.count("\n") == 1


def test_without_an_argument_the_demo_is_opened(tmp_path, monkeypatch, tiny_atlas, capsys):
    monkeypatch.setattr(command, "DEMO", tmp_path)
    assert command.main([]) == 2
    assert "give one, for example" in capsys.readouterr().err
    (tmp_path / "demo.h5").symlink_to(tiny_atlas)
    (atlas,) = command.open_atlases([])
    assert atlas.path == tmp_path / "demo.h5"
    atlas.close()


def test_a_port_that_is_taken(tiny_atlas, tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert command.main([str(tiny_atlas), "--port", str(port), "--cache-dir", str(tmp_path)]) == 2
    assert "give another --port" in capsys.readouterr().err


def test_the_address_is_printed_before_serving(tiny_atlas, tmp_path, monkeypatch, capsys):
    served = []
    monkeypatch.setattr(command.uvicorn.Server, "run", lambda self, sockets: served.extend(s.getsockname()[1] for s in sockets))
    assert command.main([str(tiny_atlas), "--port", "0", "--cache-dir", str(tmp_path)]) == 0
    assert f"http://127.0.0.1:{served[0]}" in capsys.readouterr().out


def test_asgi_reads_its_settings_from_the_environment(tiny_atlas, tmp_path, monkeypatch):
    monkeypatch.setenv("ATLAS", str(tiny_atlas))
    monkeypatch.setenv("CACHE_DIR", str(tmp_path / "cache"))
    sys.modules.pop("app.asgi", None)
    app = importlib.import_module("app.asgi").app
    with serving(app) as url:
        assert httpx.get(f"{url}/api/health").json()["status"] == "ok"
    assert (tmp_path / "cache").is_dir()
    monkeypatch.setenv("ATLAS", str(tmp_path / "missing.h5"))
    sys.modules.pop("app.asgi")
    with pytest.raises(InputError, match="no such file"):
        importlib.import_module("app.asgi")
