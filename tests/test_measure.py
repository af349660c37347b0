"""What is measured in a volume: against bodies of known size, observed cells with masks, and the API's answer."""

from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from app.server import make_server
from model.cells import Cells
from model.measure import measure
from precompute.__main__ import main
from tests.serving import serving
from tests.stub_decoder import StubDecoder

REAL = Path(__file__).parents[2] / "shared" / "data" / "hipsc_mitosis" / "manifest.csv"
GRID, UM = (32, 48, 64), 0.5


def ball(radius_um: float, inner_um: float, brightness: float = 0.5) -> np.ndarray:
    """(3, Z, Y, X) uint8: a shell of membrane around dim cytoplasm, a ball of DNA, structures everywhere in the cell."""
    z, y, x = np.meshgrid(*((np.arange(n) - (n - 1) / 2) * UM for n in GRID), indexing="ij", sparse=True)
    r = np.sqrt(z**2 + y**2 + x**2)
    membrane = np.where(r < radius_um, np.where(r > radius_um - 1.5, 1.0, 0.15), 0.0)
    dna = np.where(r < inner_um, 1.0, np.where(r < radius_um, 0.05, 0.0))
    return np.rint(255 * np.stack([membrane, dna, brightness * (r < radius_um)])).astype(np.uint8)


@pytest.mark.parametrize(("radius_um", "inner_um"), [(6.0, 3.0), (7.5, 4.5)])
def test_a_ball_has_the_volume_of_a_ball(radius_um, inner_um):
    found = measure(ball(radius_um, inner_um), UM)
    assert found.cell_volume_um3 == pytest.approx(4 / 3 * np.pi * radius_um**3, rel=0.03)
    assert found.dna_volume_um3 == pytest.approx(4 / 3 * np.pi * inner_um**3, rel=0.12)
    assert found.brightness == pytest.approx((0.5,), abs=0.01)


def test_what_is_twice_as_bright_measures_so_and_changes_no_volume():
    dim, bright = measure(ball(6, 3, 0.4), UM), measure(ball(6, 3, 0.8), UM)
    assert bright.brightness[0] == pytest.approx(2 * dim.brightness[0], rel=0.02)
    assert bright[:2] == dim[:2]


def test_dirt_beside_the_cell_does_not_count():
    volume = ball(6, 3)
    volume[0, :3, :3, :3] = 255
    assert measure(volume, UM) == measure(ball(6, 3), UM)


def test_a_dark_image_measures_nothing():
    assert measure(np.zeros((4, 4, 6, 8), np.uint8), UM) == (0.0, 0.0, (0.0, 0.0))


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_file(), reason=f"the real cells are not at {REAL}: nothing is measured in them")
def test_real_cells_measure_as_their_masks_do(tmp_path):
    table = pd.read_csv(REAL).iloc[::21]
    table["ome_tiff"] = [str((REAL.parent / path).resolve()) for path in table["ome_tiff"]]
    table.to_csv(tmp_path / "few.csv", index=False)
    assert main(["ingest", "--manifest", str(tmp_path / "few.csv"), "--out", str(tmp_path / "cells.h5")]) == 0
    with Cells(tmp_path / "cells.h5") as cells:
        assert len(cells) == 4
        for row in range(len(cells)):
            found = measure(cells.volume(row)[[0, 2, 1]], cells.voxel_um)
            assert found.cell_volume_um3 == pytest.approx(cells.table["cell_volume_um3"].iloc[row], rel=0.08)
            assert found.dna_volume_um3 == pytest.approx(cells.table["dna_volume_um3"].iloc[row], rel=0.5)
            assert 0 < found.brightness[0] < 1


# The API


@pytest.fixture(scope="module")
def decoder(atlas):
    return StubDecoder(atlas.config.grid)


@pytest.fixture(scope="module")
def get(atlas, decoder) -> Callable:
    with serving(make_server([atlas], decoder=decoder).server) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client.get


def test_the_api_measures_what_it_serves(get, atlas, decoder):
    genes = [s.gene for s in atlas.structures[:2]]
    ids = atlas.cells["cell_id"].tolist()
    recipe = f"atlas={atlas.atlas_id};show=predicted;shape=path:slerp:{ids[0]},{ids[5]}@0.375;structures={','.join(genes)}"
    answer = get(f"/api/measures/{recipe}")
    n_decoded = len(decoder.calls)
    volume = get(f"/api/volumes/{recipe}.bin")
    shape = [int(n) for n in volume.headers["x-shape"].split(",")]
    expected = measure(np.frombuffer(volume.content, np.uint8).reshape(shape), atlas.voxel_um)
    assert answer.json() == {
        "recipe": recipe,
        "cell_volume_um3": expected.cell_volume_um3,
        "dna_volume_um3": expected.dna_volume_um3,
        "brightness": dict(zip(genes, expected.brightness, strict=True)),
    }
    again = get(f"/api/measures/{recipe}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, len(decoder.calls)) == (304, n_decoded), "decoded once for both"
    assert "immutable" in answer.headers["cache-control"]


def test_a_deviation_is_not_measured(get, atlas):
    recipe = f"show=predicted;shape=prior:1;structures={atlas.structures[0].gene};value=sd:4:1"
    response = get(f"/api/measures/{recipe}")
    assert (response.status_code, response.json()["error"]["key"]) == (400, "value")


def test_latents_are_the_atlases(get, atlas):
    row = 3
    cell, gene = atlas.cells["cell_id"].iloc[row], atlas.structures[0].gene
    own = get(f"/api/latents/show=reconstructed;shape=cell:{cell}").json()
    assert own["z_r"] == pytest.approx(atlas.latent("z_r")[row].tolist())
    assert own["z_s"] == pytest.approx(atlas.latent("z_s")[row].tolist())
    changed = get(f"/api/latents/show=predicted;shape=dim:2@-1.5:cell:{cell};structures={gene};z_s=dim:1@3:0").json()
    z_r = atlas.latent("z_r")[row].astype(float)
    z_r[1] = -1.5
    assert changed["z_r"] == pytest.approx(z_r.tolist())
    assert changed["z_s"] == [3.0] + [0.0] * (atlas.config.n_latent - 1)


@pytest.mark.parametrize("field", ["shape=dim:DIM@1:cell:CELL", "shape=cell:CELL;z_s=dim:DIM@1:0"])
def test_a_dimension_that_is_not_there(get, atlas, field):
    field = field.replace("DIM", str(atlas.config.n_latent + 1)).replace("CELL", atlas.cells["cell_id"].iloc[0])
    response = get(f"/api/latents/show=predicted;structures={atlas.structures[0].gene};{field}")
    assert response.status_code == 400
    assert f"give 1 to {atlas.config.n_latent}" in response.json()["error"]["message"]
