"""A cell of one's own: /api/encode on a running server."""

import base64
import gzip
import io
from pathlib import Path
from urllib.parse import quote

import httpx
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from app.recipe import parse
from app.server import make_server
from app.upload import THUMBNAIL
from model.aae import IntegratedCell, to_images, to_volumes
from model.atlas import Atlas
from model.cells import VOXEL_UM, block_mean
from model.preprocess import Preprocessing, preprocess
from tests import synthetic
from tests.serving import serving

CELL = 9  # of the synthetic ones


@pytest.fixture(scope="module")
def http(atlas, tmp_path_factory):
    app = make_server([atlas], cache_dir=tmp_path_factory.mktemp("cache"))
    with serving(app.server) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def tiff(array, voxel_um=None, axes="CZYX"):
    file = io.BytesIO()
    size = {f"PhysicalSize{axis}": voxel_um for axis in "XYZ"} if voxel_um else {}
    tifffile.imwrite(file, array, ome=True, metadata={"axes": axes} | size)
    return file.getvalue()


@pytest.fixture(scope="module")
def picture():
    """A synthetic cell as it was preprocessed, and masks of it and its DNA: nothing is left for preprocessing to turn."""
    volume, *_ = synthetic.cell(CELL, (64, 96, 128))
    return np.concatenate([volume, 255 * np.stack([volume.max(0) > 0, volume[2] > 128]).astype(np.uint8)])


def post(http, content, name="cell.ome.tif", **form):
    return http.post("/api/encode", files={"image": (name, content)}, data={"membrane": 0, "dna": 2} | form)


def test_a_cell_is_placed_and_becomes_a_recipe(http, atlas, picture):
    form = {"structure": 1, "cell_mask": 3, "dna_mask": 4}
    answer = post(http, tiff(picture, 0.317), **form).json()
    n, genes = atlas.config.n_latent, [s.gene for s in atlas.structures]
    assert (len(answer["z_r"]), len(answer["z_s"]), answer["masks"]) == (n, n, "given")
    assert sum(answer["p_structure"].values()) == pytest.approx(1, abs=1e-4)
    assert answer["atlas_id"] == atlas.atlas_id
    distances = np.linalg.norm(atlas.latent("z_r") - np.float32(answer["z_r"]), axis=1)
    assert answer["neighbours"][0]["distance"] == pytest.approx(float(distances.min()), abs=1e-5)
    own = max(answer["p_structure"], key=answer["p_structure"].get)
    for name, structures in (("all", genes), ("own", [own]), ("reconstructed", [own])):
        decoded = http.get(f"/api/volumes/{answer['recipes'][name]}.bin")
        assert decoded.headers["x-channels"].split(",")[2:] == structures
    voxel = 0.317**3
    assert answer["cell_volume_um3"] == pytest.approx((picture[3] > 127).sum() * voxel, rel=1e-3)


def test_where_no_structure_was_imaged_there_is_no_z_s(http, picture):
    answer = post(http, tiff(picture[[0, 2]]), dna=1, voxel_um="0.317,0.317,0.317").json()
    assert (answer["z_s"], answer["p_structure"], answer["masks"]) == (None, None, "found")
    assert set(answer["recipes"]) == {"all"}


def test_the_same_cell_is_placed_in_the_same_place_whatever_its_voxels(http, picture):
    once = post(http, tiff(picture, 0.317), cell_mask=3, dna_mask=4).json()
    twice = post(http, tiff(picture.repeat(2, 1), None), cell_mask=3, dna_mask=4, voxel_um="0.1585,0.317,0.317").json()
    apart = np.linalg.norm(np.subtract(once["z_r"], twice["z_r"]))
    assert apart < 0.2 * np.linalg.norm(once["z_r"])
    assert once["height_um"] == pytest.approx(twice["height_um"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"content": b"not a tiff"}, "cell.ome.tif: cannot be read"),
        ({"content": None, "membrane": 7}, "membrane is channel 7, but the image has 5"),
        ({"content": None, "voxel_um": "1,2"}, "is not z,y,x"),
        ({"content": None, "voxel_um": "0,1,1"}, "give three positive numbers"),
        ({"content": None, "voxel_um": "nan,1,1"}, "give three positive numbers"),
        ({"content": "bare"}, "does not say its voxel size"),
        ({"content": "flat"}, "no DNA stands out"),
        ({"content": "many"}, "has 17 channels (axes CZYX); at most 16"),
        ({"content": "two", "cell_mask": 3, "dna_mask": 4}, "is in 2 large pieces, as of 2 cells"),
    ],
)
def test_what_cannot_be_encoded_is_said_in_one_line(http, picture, change, says):
    content = change.pop("content")
    if content is None:
        content = tiff(picture, 0.317)
    elif content == "bare":
        content = tiff(picture)
    elif content == "flat":
        content = tiff(np.full((3, 8, 12, 16), 9, np.uint8), 0.3)
    elif content == "many":
        content = tiff(np.zeros((17, 18, 9, 9), np.uint8), 0.3)
    elif content == "two":
        content = tiff(np.concatenate([picture, picture], axis=3), 0.317)
    response = post(http, content, **change)
    assert response.status_code == 400
    message = response.json()["error"]["message"]
    assert says in message
    assert "/tmp" not in message


def test_what_the_page_that_brought_it_gets_no_server_keeps(http, atlas, picture):
    """Observed as the model takes it, reconstructed as an atlas's cell is, and never observed by URL."""
    form = {"structure": 1, "cell_mask": 3, "dna_mask": 4, "observed": True}
    answer = post(http, tiff(picture, 0.317), "my cell 1.ome.tif", **form).json()
    given = answer["observed"]
    volume = np.frombuffer(gzip.decompress(base64.b64decode(given["gzip"])), np.uint8).reshape(given["shape"])
    assert volume.shape == (3, *atlas.config.grid)
    factor = round(atlas.voxel_um / VOXEL_UM)
    options = Preprocessing(voxel_um=atlas.voxel_um / factor, grid=tuple(factor * n for n in atlas.config.grid))
    prepared = preprocess(picture[:3], picture[3] > 127, picture[4] > 127, (0.317,) * 3, options)
    np.testing.assert_array_equal(volume, block_mean(prepared.volume, atlas.config.grid)[[0, 2, 1]])
    assert given["channels"][:2] == ["membrane", "DNA"]
    recipe = parse(given["recipe"])
    assert (recipe.show, recipe.shape.name, recipe.shape.z_r) == (
        "observed",
        "my cell 1",
        pytest.approx(answer["z_r"], rel=1e-4),
    )
    refused = http.get(f"/api/volumes/{quote(given['recipe'], safe=';=:,')}.bin")
    assert refused.status_code == 404
    assert "kept by no server" in refused.json()["error"]["message"]
    x, y = answer["z_s_map"]
    low, high = atlas.projection("z_s").min(0), atlas.projection("z_s").max(0)
    assert low[0] <= x <= high[0] and low[1] <= y <= high[1]  # noqa: PT018


def test_a_reconstruction_is_what_the_model_makes_of_the_image(http, atlas, picture):
    """Equation 12, from the recipe alone, beside the same computed from the volume that was encoded."""
    form = {"structure": 1, "cell_mask": 3, "dna_mask": 4, "observed": True}
    answer = post(http, tiff(picture, 0.317), **form).json()
    given = answer["observed"]
    volume = np.frombuffer(gzip.decompress(base64.b64decode(given["gzip"])), np.uint8).reshape(given["shape"])
    weights = {name: {k: torch.as_tensor(v) for k, v in part.items()} for name, part in atlas.weights().items()}
    model = IntegratedCell.from_weights(atlas.config, weights)
    expected = to_volumes(model.reconstruct(to_images(volume[None][:, [0, 2, 1]])))[0][[0, 2, 1]]
    decoded = http.get(f"/api/volumes/{quote(answer['recipes']['reconstructed'], safe=';=:,')}.bin")
    got = np.frombuffer(decoded.content, np.uint8).reshape(given["shape"])
    assert np.abs(got.astype(int) - expected.astype(int)).max() <= 2


def test_a_file_is_looked_at_before_it_is_placed(http, picture):
    names = ["CMDRP", "EGFP", "H3342", "SEG_membrane", "SEG_DNA"]
    file = io.BytesIO()
    size = {"PhysicalSizeZ": 290, "PhysicalSizeZUnit": "nm", "PhysicalSizeX": 0.25}
    tifffile.imwrite(file, picture, ome=True, metadata={"axes": "CZYX", "Channel": {"Name": names}} | size)
    found = http.post("/api/inspect", files={"image": ("cell.ome.tif", file.getvalue())}).json()
    assert found["grid"] == list(picture.shape[1:])
    assert found["voxel_um"] == [pytest.approx(0.29), None, 0.25]
    assert [channel["role"] for channel in found["channels"]] == ["membrane", "structure", "dna", "cell_mask", "dna_mask"]
    for k, channel in enumerate(found["channels"]):
        png = np.asarray(Image.open(io.BytesIO(base64.b64decode(channel["picture"].partition(",")[2]))))
        flat = picture[k].max(0)
        assert max(png.shape) == THUMBNAIL
        small = np.asarray(Image.fromarray(flat).resize(png.shape[::-1]), float)
        assert np.corrcoef(png.ravel().astype(float), small.ravel())[0, 1] > 0.95
    assert http.post("/api/inspect", files={"image": ("a.txt", b"text")}).status_code == 400


def test_imagej_says_its_voxels_and_its_channels(http, picture):
    file = io.BytesIO()
    metadata = {"axes": "ZCYX", "unit": "micron", "spacing": 0.3, "Labels": ["DNA", "membrane"] * len(picture[0])}
    stack = np.ascontiguousarray(picture[[2, 0]].swapaxes(0, 1))
    tifffile.imwrite(file, stack, imagej=True, resolution=(4, 5), metadata=metadata)
    found = http.post("/api/inspect", files={"image": ("cell.tif", file.getvalue())}).json()
    assert found["voxel_um"] == pytest.approx([0.3, 0.2, 0.25])
    assert [channel["role"] for channel in found["channels"]] == ["dna", "membrane"]


def test_a_form_without_its_fields_names_the_first(http):
    response = http.post("/api/encode", data={"membrane": 0})
    assert response.status_code == 422
    assert response.json()["error"]["key"] in ("image", "dna")


SHARED = Path(__file__).parents[2] / "shared" / "data" / "hipsc_mitosis" / "cells"


@pytest.mark.real
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the real cells are not at {SHARED}: uploads are not tested on them")
@pytest.mark.parametrize("cell_id", ["LMNB1_M2", "TUBA1B_M5", "TJP1_M6"])
def test_a_real_cell_finds_itself_in_the_shipped_atlas(cell_id, tmp_path):
    """With the masks it came with it is the atlas's own cell; without them it is near."""
    atlas = Atlas(Path(__file__).parents[1] / "app" / "demo" / "demo.h5")
    content = (SHARED / f"{cell_id}.ome.tif").read_bytes()
    own = atlas.latent("z_r")[atlas.index_of[cell_id]]
    typical = np.linalg.norm(atlas.latent("z_r") - own, axis=1)
    with serving(make_server([atlas], cache_dir=tmp_path).server) as url, httpx.Client(base_url=url, timeout=60) as http:
        form = {"membrane": 0, "dna": 1, "structure": 2, "voxel_um": "0.29,0.2982,0.3263"}
        given = post(http, content, **form, cell_mask=3, dna_mask=4).json()
        found = post(http, content, **form).json()
    assert given["neighbours"][0]["cell_id"] == cell_id
    assert np.linalg.norm(given["z_r"] - own) < 0.05 * np.median(typical)
    assert np.linalg.norm(found["z_r"] - own) < 0.7 * np.median(typical)
    assert cell_id in [near["cell_id"] for near in found["neighbours"]]
    atlas.close()
