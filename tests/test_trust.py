"""How far to trust a place on a map: support as it is defined, the shading over its map, and the way there and back."""

import io

import httpx
import numpy as np
import pytest
from PIL import Image

from app import trust
from app.recipe import Cell, Position, Recipe, RecipeError
from app.server import make_server
from model.latent import map_to_latent
from tests.serving import serving
from tests.stub_decoder import StubDecoder


@pytest.fixture(scope="module")
def http(atlas):
    with (
        serving(make_server([atlas], decoder=StubDecoder(atlas.config.grid)).server) as url,
        httpx.Client(base_url=f"{url}/api") as client,
    ):
        yield client


def test_support_of_many_places_is_that_of_each():
    rng = np.random.default_rng(0)
    positions, places = rng.normal(size=(300, 2)), rng.uniform(-6, 6, (40, 2))
    one_by_one = [map_to_latent(place, positions, positions).support for place in places]
    assert trust.support(positions, places) == pytest.approx(one_by_one)
    assert min(one_by_one) < 0.3
    assert max(one_by_one) > 0.9


def test_what_is_far_from_every_cell_is_shaded():
    positions = np.random.default_rng(1).normal(size=(500, 2)).astype(np.float32)
    positions[-1] = (20, 20)  # an outlier, so that most of the map is empty
    alpha = np.array(Image.open(io.BytesIO(trust.shading(positions))))[..., 3]
    x0, x1 = trust.extent(positions[:, 0])
    y0, y1 = trust.extent(positions[:, 1])

    def at(x, y):
        column, row = (x - x0) / (x1 - x0), (y1 - y) / (y1 - y0)
        return alpha[round(row * (trust.N_GRID - 1)), round(column * (trust.N_GRID - 1))]

    assert at(0, 0) == 0
    assert at(10, 10) == trust.VEIL_ALPHA
    assert at(12, 0) == trust.VEIL_ALPHA


def test_there_and_back_says_where_it_lands(http, atlas):
    x, y = map(float, atlas.projection("z_r").mean(0))
    answer = http.get(f"/trust/show=predicted;shape=map:z_r:{x},{y};structures=FBL").json()
    assert answer["map"] == "z_r"
    assert answer["start"] == pytest.approx([x, y], rel=1e-5)
    diagonal = np.linalg.norm(np.ptp(atlas.projection("z_r"), axis=0))
    assert answer["length"] == pytest.approx(np.linalg.norm(np.subtract(answer["end"], answer["start"])) / diagonal)
    assert answer["nearest_cell"] in atlas.index_of
    assert ("do not trust" in answer["words"]) == (answer["length"] >= trust.LONG)


def test_a_place_of_z_s_is_measured_on_its_own_map(http, atlas):
    answer = http.get(f"/trust/show=predicted;shape=cell:{atlas.cells['cell_id'][0]};structures=FBL;z_s=map:0.1,0.2").json()
    assert (answer["map"], answer["start"]) == ("z_s", [0.1, 0.2])


@pytest.mark.parametrize(
    ("length", "words"), [(0.01, "where it was asked for"), (0.05, "5% of the map"), (0.4, "do not trust")]
)
def test_the_longer_the_way_the_less_to_be_trusted(length, words):
    assert words in trust.RoundTrip("z_r", (0, 0), (1, 1), length, 0).words


def test_a_cell_lies_where_its_latents_are(atlas):
    place, nearest = trust.place_on(atlas, "z_r", atlas.latent("z_r")[5].astype(float))
    assert nearest == 5
    assert place == pytest.approx(atlas.projection("z_r")[5], abs=1e-4)


def test_what_is_no_place_is_refused(http):
    with pytest.raises(RecipeError, match="no place on a map"):
        trust.place_of(Recipe("predicted", Cell("a"), ("FBL",)))
    assert trust.place_of(Recipe("predicted", Position(1, 2), ("FBL",))) == ("z_r", Position(1, 2))
    assert http.get("/trust/show=predicted;shape=prior:1;structures=FBL").status_code == 400


def test_the_shading_is_a_picture_by_url(http, atlas):
    answer = http.get(f"/support/{atlas.atlas_id}/z_r.png")
    assert answer.headers["content-type"] == "image/png"
    assert http.get("/support/000000000000/z_r.png").status_code == 404
    assert http.get(f"/support/{atlas.atlas_id}/z_x.png").status_code == 422
