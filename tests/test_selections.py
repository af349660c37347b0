"""What stands for a selection: /api/selections on a running server."""

import httpx
import numpy as np
import pytest

from app.recipe import parse
from app.selection import bits_of
from app.server import make_server
from model.latent import medoid
from tests.serving import serving


@pytest.fixture(scope="module")
def http(atlas, tmp_path_factory):
    app = make_server([atlas], cache_dir=tmp_path_factory.mktemp("cache"))
    with serving(app.server) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def test_the_mean_and_the_medoid_have_the_same_structures(http, atlas):
    rows = np.array([2, 3, 5, 11, 17])
    body = {"bits": bits_of(rows, len(atlas.cells)), "structures": ["FBL", "TOMM20"]}
    answer = http.post("/api/selections", json=body).json()
    z_r = atlas.latent("z_r")[rows]
    mean, central = parse(answer["mean"]), parse(answer["medoid"])
    assert mean.shape.z == pytest.approx(z_r.astype(float).mean(0), rel=1e-6)
    assert central.shape.cell_id == answer["medoid_cell"] == atlas.cells["cell_id"].iloc[rows[medoid(z_r)]]
    assert mean.structures == central.structures == ("FBL", "TOMM20")
    assert answer["n_cells"] == 5


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"bits": "", "structures": ["FBL"]}, 400, "0 bytes"),
        ({"bits": "AAAA", "structures": ["FBL"]}, 400, "no cell is selected"),
        ({"bits": "/wAA", "structures": ["nothing"]}, 404, "nothing"),
        ({"bits": "/wAA", "structures": []}, 422, "structures"),
    ],
)
def test_what_selects_nothing_is_said(http, body, status, says):
    answer = http.post("/api/selections", json=body)
    assert answer.status_code == status
    assert says in str(answer.json()["error"])
