"""The HTTP API as a client sees it, on a running server."""

import gzip
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx
import numpy as np
import pytest
import tifffile
from PIL import Image

from app import sheets
from app.flights import Flights
from app.server import make_server
from tests.serving import serving
from tests.stub_decoder import StubDecoder


@pytest.fixture(scope="module")
def decoder(atlas):
    return StubDecoder(atlas.config.grid)


@pytest.fixture(scope="module")
def http(atlas, decoder, tmp_path_factory):
    app = make_server([atlas], decoder=decoder, cache_dir=tmp_path_factory.mktemp("cache"))
    with serving(app.server) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def recipe(atlas):
    cell, gene = atlas.cells["cell_id"].iloc[1], atlas.structures[2].gene
    return f"atlas={atlas.atlas_id};show=predicted;shape=cell:{cell};structures={gene}"


def array(response):
    assert response.status_code == 200, response.text
    return np.frombuffer(response.content, np.uint8).reshape([int(n) for n in response.headers["x-shape"].split(",")])


# Volumes


def test_raw_volume_says_what_it_is(http, atlas, decoder, recipe):
    response = http.get(f"/api/volumes/{recipe}.bin")
    headers, gene = response.headers, atlas.structures[2].gene
    assert array(response).shape == (3, *atlas.config.grid)
    assert headers["x-channels"] == f"membrane,DNA,{gene}"
    assert headers["x-full-scale"] == "1,1,1"
    assert float(headers["x-voxel-um"]) == atlas.voxel_um
    assert headers["x-recipe"] == recipe
    assert headers["content-type"] == "application/octet-stream"
    z = np.round(255 * decoder.channel("structure", 0.6, k=2)).astype(np.uint8)
    np.testing.assert_array_equal(array(response)[2], z)


@pytest.mark.parametrize("encode", [str, quote, lambda text: quote(text, safe="")])
def test_a_recipe_may_be_percent_encoded_or_not(http, recipe, encode):
    assert http.get(f"/api/volumes/{encode(recipe)}.bin").headers["x-recipe"] == recipe


def test_a_recipe_with_its_atlas_is_immutable_and_one_without_is_not(http, recipe):
    with_atlas, without = (http.get(f"/api/volumes/{text}.bin") for text in (recipe, recipe.split(";", 1)[1]))
    assert with_atlas.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert without.headers["cache-control"] == "no-cache"
    assert with_atlas.headers["etag"] == without.headers["etag"]


@pytest.mark.parametrize("extension", [".bin", ".ome.tif"])
def test_a_client_that_has_it_is_told_so(http, recipe, extension):
    first = http.get(f"/api/volumes/{recipe}{extension}")
    tag = first.headers["etag"]
    assert tag.startswith('"'), "strong"
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = http.get(f"/api/volumes/{recipe}{extension}", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert http.get(f"/api/volumes/{recipe}{extension}", headers={"If-None-Match": '"other"'}).status_code == 200


def test_gzip_is_another_representation_of_the_same_voxels(http, recipe):
    plain = http.get(f"/api/volumes/{recipe}.bin", headers={"Accept-Encoding": "identity"})
    zipped = http.get(f"/api/volumes/{recipe}.bin", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"])
    assert zipped.content == plain.content
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert "accept-encoding" in zipped.headers["vary"].lower()


def test_any_page_may_read_volumes_and_their_headers(http, recipe):
    headers = http.get(f"/api/volumes/{recipe}.bin", headers={"Origin": "https://example.org"}).headers
    assert headers["access-control-allow-origin"] == "*"
    assert "X-Shape" in headers["access-control-expose-headers"]


def test_ome_tiff_is_the_same_volume_to_take_home(http, atlas, recipe):
    response = http.get(f"/api/volumes/{recipe}.ome.tif")
    gene, cell = atlas.structures[2].gene, atlas.cells["cell_id"].iloc[1]
    assert response.headers["content-type"] == "image/tiff"
    assert response.headers["content-disposition"] == f'attachment; filename="{gene}_predicted_{cell}.ome.tif"'
    with tifffile.TiffFile(io.BytesIO(response.content)) as tiff:
        np.testing.assert_array_equal(tiff.asarray(), array(http.get(f"/api/volumes/{recipe}.bin")))
        assert "GENERATED" in tiff.ome_metadata


def test_an_observed_volume_says_that_it_was_observed(http, atlas):
    cell = atlas.cells["cell_id"].iloc[atlas.observed_cells[0]]
    response = http.get(f"/api/volumes/show=observed;shape=cell:{cell}.ome.tif")
    with tifffile.TiffFile(io.BytesIO(response.content)) as tiff:
        assert "OBSERVED" in tiff.ome_metadata
        assert "GENERATED" not in tiff.ome_metadata


def test_provenance_needs_no_decoding(http, atlas, decoder):
    before = len(decoder.calls)
    text = f"show=predicted;shape=map:z_r:0.5,0.5;structures={atlas.structures[0].gene};value=sd:5:1"
    answer = http.get(f"/api/volumes/{text}.json").json()
    assert answer["recipe"] == f"atlas={atlas.atlas_id};{text}"
    assert answer["origin"].startswith("GENERATED")
    assert answer["shape"] == [3, *atlas.config.grid]
    assert answer["full_scale"] == [1, 1, 0.5]
    assert answer["nearest_cell"]["cell_id"] in set(atlas.cells["cell_id"])
    assert 0 < answer["support"] <= 1
    assert len(decoder.calls) == before
    raw = http.get(answer["url"], headers={"Accept-Encoding": "identity"})
    assert raw.headers["etag"] == answer["etag"]


def test_sixteen_clients_and_one_decoding(http, atlas, decoder):
    text = f"show=predicted;shape=prior:16;structures={atlas.structures[0].gene}"
    decoder.calls.clear()
    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(lambda _: http.get(f"/api/volumes/{text}.bin").content, range(16)))
    assert len(answers) == 1
    assert decoder.calls == [("decode_r", 1, 1), ("decode_rs", 1, 1)]


def test_a_parsed_recipe(http, atlas):
    gene = atlas.structures[0].gene
    answer = http.get(f"/api/recipes/structures={gene};shape=prior:07;show=predicted;z_s=0").json()
    assert answer["canonical"] == f"atlas={atlas.atlas_id};show=predicted;shape=prior:7;structures={gene}"
    assert answer["fields"]["shape"] == "prior:7"
    assert http.get(answer["url"]).status_code == 200


# Planes


def test_three_planes_come_before_the_whole(http, atlas, decoder):
    text = f"show=predicted;shape=prior:21;structures={atlas.structures[1].gene}"
    decoder.calls.clear()
    response = http.get(f"/api/planes/{text}.bin", params={"voxel": "7,5,3"})
    assert response.headers["x-voxel"] == "7,5,3"
    assert all(n_boxes == 3 for _, _, n_boxes in decoder.calls), "the whole was not decoded"
    whole = array(http.get(f"/api/volumes/{text}.bin"))
    planes = [whole[:, 3], whole[:, :, 5], whole[:, :, :, 7]]
    assert response.content == b"".join(np.ascontiguousarray(plane).tobytes() for plane in planes)
    middle = ",".join(str(n // 2) for n in reversed(atlas.config.grid))
    assert http.get(f"/api/planes/{text}.bin").headers["x-voxel"] == middle


@pytest.mark.parametrize("voxel", ["1,2", "a,b,c", "-1,0,0", "32,0,0", "1,2,3,4", "", "١,2,3", "999999999,0,0"])
def test_a_voxel_that_is_none(http, recipe, voxel):
    response = http.get(f"/api/planes/{recipe}.bin", params={"voxel": voxel})
    assert (response.status_code, response.json()["error"]["key"]) == (400, "voxel")


# Neighbours and paths


def test_neighbours_are_the_nearest_in_z_r(http, atlas):
    row = 4
    answer = http.get(
        f"/api/neighbours/show=reconstructed;shape=cell:{atlas.cells['cell_id'].iloc[row]}", params={"n": 5}
    ).json()
    distances = np.linalg.norm(atlas.latent("z_r") - atlas.latent("z_r")[row], axis=1)
    nearest = np.argsort(distances, kind="stable")[:5]
    assert [near["cell_id"] for near in answer] == atlas.cells["cell_id"].iloc[nearest].tolist()
    assert [near["distance"] for near in answer] == pytest.approx(distances[nearest].tolist(), abs=1e-5)


def test_a_path_is_a_list_of_recipes(http, atlas):
    ids, gene = atlas.cells["cell_id"].tolist(), atlas.structures[0].gene
    asked = {"stops": f"{ids[0]},{ids[5]},{ids[9]}", "structures": gene, "kind": "slerp", "n": 5}
    steps = http.get("/api/paths", params=asked).json()
    assert [step["t"] for step in steps] == [0, 0.5, 1, 1.5, 2]
    assert [step["nearest_cell"] for step in steps[::2]] == [ids[0], ids[5], ids[9]]
    for step in steps:
        assert http.get(step["url"]).headers["x-recipe"] == step["recipe"]


@pytest.mark.parametrize(
    ("change", "status", "key"),
    [
        ({"stops": "CELL"}, 400, "shape"),
        ({"stops": "CELL,nobody"}, 404, "shape"),
        ({"structures": "NOSUCH"}, 404, "structures"),
        ({"kind": "straight"}, 400, "shape"),
        ({"n": 1}, 422, "n"),
        ({"n": "many"}, 422, "n"),
    ],
)
def test_a_path_that_cannot_be_walked(http, atlas, change, status, key):
    cell = atlas.cells["cell_id"].iloc[0]
    asked = {"stops": f"{cell},{cell}", "structures": atlas.structures[0].gene} | change
    response = http.get("/api/paths", params={k: str(v).replace("CELL", cell) for k, v in asked.items()})
    assert (response.status_code, response.json()["error"]["key"]) == (status, key)


# Manners


def test_head_says_what_get_would_bring(http, recipe):
    for path in (f"/api/volumes/{recipe}.bin", f"/api/volumes/{recipe}.ome.zarr/zarr.json", "/api/cells", "/"):
        head, got = http.head(path), http.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.headers.get("etag") == got.headers.get("etag")


def test_what_may_not_be_done_is_said_in_the_same_form(http):
    response = http.delete("/api/cells")
    assert response.status_code == 405
    assert response.json()["error"]["message"].startswith("Method Not Allowed")


def test_pages_elsewhere_may_read_but_not_upload(http):
    origin = {"Origin": "https://example.org"}
    assert http.get("/api/cells", headers=origin).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in http.post("/api/encode", headers=origin).headers
    asked = origin | {"Access-Control-Request-Method": "POST"}
    assert http.options("/api/encode", headers=asked).status_code == 400


def held_up(atlas, tmp_path):
    """A server whose decoder waits for `go_on`, with room for one more to wait."""
    stub, go_on, flights = StubDecoder(atlas.config.grid), threading.Event(), Flights("test", max_waiting=1)
    decode_r = stub.decode_r
    stub.decode_r = lambda z_r, boxes: go_on.wait(20) and decode_r(z_r, boxes)
    return make_server([atlas], decoder=stub, cache_dir=tmp_path, flights=flights), flights, stub, go_on


def test_past_what_may_wait_the_answer_is_503_and_a_time(atlas, tmp_path):
    app, flights, _, go_on = held_up(atlas, tmp_path)
    with serving(app.server) as url, ThreadPoolExecutor(2) as pool:
        first, second, third = (
            f"{url}/api/volumes/show=predicted;shape=prior:{seed};structures={atlas.structures[0].gene}" for seed in (1, 2, 3)
        )
        asked = [pool.submit(httpx.get, f"{first}.bin")]
        wait_until(lambda: flights._flying)
        asked.append(pool.submit(httpx.get, f"{second}.bin"))
        wait_until(lambda: flights._waiting)
        for extension in (".bin", ".ome.tif"):
            response = httpx.get(f"{third}{extension}")
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) >= 1
            assert "try again in" in response.json()["error"]["message"]
        go_on.set()
        assert [future.result().status_code for future in asked] == [200, 200]
        assert httpx.get(f"{third}.bin").status_code == 200


def test_a_click_that_was_given_up_is_not_decoded(atlas, tmp_path):
    app, flights, stub, go_on = held_up(atlas, tmp_path)
    with serving(app.server) as url, ThreadPoolExecutor(1) as pool:
        clicks = [
            f"{url}/api/volumes/show=predicted;shape=prior:{seed};structures={atlas.structures[0].gene}.bin"
            for seed in range(8)
        ]
        first = pool.submit(httpx.get, clicks[0])
        wait_until(lambda: flights._flying)
        for click in clicks[1:7]:  # each takes the one place there is to wait in, and gives it up
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(click, timeout=0.3)
            wait_until(lambda: not flights._waiting)
        go_on.set()
        assert first.result().status_code == 200
        assert httpx.get(clicks[7]).status_code == 200
    assert [n for name, n, _ in stub.calls if name == "decode_r"] == [1, 1]


def wait_until(is_so, seconds=10):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# What is wrong


@pytest.mark.parametrize(
    ("path", "status", "key"),
    [
        ("/api/volumes/nonsense.bin", 400, "recipe"),
        ("/api/volumes/show=predicted;shape=prior:1;structures=.bin", 400, "structures"),
        ("/api/volumes/show=predicted;shape=prior:1;structures=NOSUCH.bin", 404, "structures"),
        ("/api/volumes/show=predicted;shape=prior:1;structures=GENE;value=sd:257:1.bin", 400, "value"),
        ("/api/volumes/show=predicted;shape=z_r:1,2;structures=GENE.ome.tif", 400, "shape"),
        ("/api/volumes/show=reconstructed;shape=cell:nobody.json", 404, "shape"),
        ("/api/volumes/atlas=000000000000;show=reconstructed;shape=cell:CELL.bin", 404, "atlas"),
        ("/api/recipes/show=observed", 400, "shape"),
        ("/api/cells/nobody", 404, "cell_id"),
        ("/api/cells?atlas=000000000000", 404, "atlas"),
        ("/api/sprites/000000000000/CELL.png", 404, "atlas"),
        ("/api/sheets/000000000000/0.png", 404, "atlas"),
        ("/api/sheets/ATLAS/999.png", 404, "number"),
        ("/api/nothing/here", 404, "path"),
    ],
)
def test_bad_requests_get_one_line_that_names_the_fault(http, atlas, path, status, key):
    path = path.replace("GENE", atlas.structures[0].gene).replace("CELL", atlas.cells["cell_id"].iloc[0])
    response = http.get(path.replace("ATLAS", atlas.atlas_id))
    assert response.status_code == status
    error = response.json()["error"]
    assert error["key"] == key
    assert "\n" not in error["message"]
    assert response.headers["cache-control"] == "no-cache"


def test_an_unknown_format_is_answered_with_the_known_ones(http, recipe):
    response = http.get(f"/api/volumes/{recipe}.mp4")
    assert response.status_code == 404
    assert all(extension in response.json()["error"]["message"] for extension in (".bin", ".ome.tif", ".json"))


# Tables


def test_tables(http, atlas):
    assert http.get("/api/atlases").json()[0]["atlas_id"] == atlas.atlas_id
    cells = http.get("/api/cells").json()
    assert [cell["cell_id"] for cell in cells] == atlas.cells["cell_id"].tolist()
    assert "cell_volume_um3" in cells[0], "columns beyond the required ones come too"
    structures = http.get("/api/structures").json()
    assert [s["gene"] for s in structures] == [s.gene for s in atlas.structures]
    assert sum(s["n_cells"] for s in structures) == len(cells)
    assert [s["stage"] for s in http.get(f"/api/stages?atlas={atlas.atlas_id}").json()] == list(atlas.stages)
    medoids = http.get("/api/medoids").json()
    assert [m["cell_id"] for m in medoids] == atlas.cells["cell_id"].iloc[atlas.medoids["cell"]].tolist()


def test_one_cell(http, atlas):
    row = atlas.observed_cells[0]
    answer = http.get(f"/api/cells/{atlas.cells['cell_id'].iloc[row]}").json()
    assert answer["cell"]["structure"] == atlas.cells["structure"].iloc[row]
    assert answer["z_r_map"] == pytest.approx(atlas.projection("z_r")[row].tolist())
    assert sum(answer["p_structure"].values()) == pytest.approx(1, abs=1e-4)
    assert set(answer["volumes"]) == {"observed", "reconstructed"}
    assert all(http.get(url).status_code == 200 for url in answer["volumes"].values())


def test_a_small_picture(http, atlas):
    response = http.get(f"/api/sprites/{atlas.atlas_id}/{atlas.cells['cell_id'].iloc[2]}.png")
    assert response.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(response.content))), atlas.pictures[2])


def test_a_sheet_of_small_pictures(http, atlas):
    response = http.get(f"/api/sheets/{atlas.atlas_id}/0.png")
    assert response.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(response.content))), sheets.sheet(atlas.pictures, 0))


def test_long_tables_are_compressed(http):
    with http.stream("GET", "/api/cells", headers={"Accept-Encoding": "gzip"}) as response:
        packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed).startswith(b"[{")
