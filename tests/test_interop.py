"""Files and addresses opened by the programs that people have: tifffile, bioio, nibabel, zarr-python, ngff-zarr."""

import io
import json
import warnings

import bioio_ome_tiff
import bioio_ome_zarr
import bioio_tifffile
import httpx
import nibabel as nib
import numpy as np
import pytest
import tifffile
import zarr
from bioio import BioImage
from ngff_zarr import from_ngff_zarr

from app.api.volumes import FILES
from app.server import make_server
from tests.serving import serving
from tests.stub_decoder import StubDecoder

# Libraries of others, at work on our files.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def http(atlas, tmp_path_factory):
    app = make_server([atlas], decoder=StubDecoder(atlas.config.grid), cache_dir=tmp_path_factory.mktemp("cache"))
    with serving(app.server) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def recipe(atlas):
    genes = ",".join(s.gene for s in atlas.structures[:3])
    return f"atlas={atlas.atlas_id};show=predicted;shape=prior:5;structures={genes};z_s=seed:2"


@pytest.fixture(scope="module")
def names(atlas):
    return ["membrane", "DNA", *(s.gene for s in atlas.structures[:3])]


@pytest.fixture(scope="module")
def voxels(http, atlas, recipe):
    response = http.get(f"/api/volumes/{recipe}.bin")
    return np.frombuffer(response.content, np.uint8).reshape(5, *atlas.config.grid)


@pytest.fixture(scope="module")
def files(http, recipe, tmp_path_factory):
    """Each file format, saved under the name that the server gives it."""
    folder, saved = tmp_path_factory.mktemp("files"), {}
    for extension in FILES:
        response = http.get(f"/api/volumes/{recipe}{extension}")
        saved[extension] = folder / response.headers["content-disposition"].split('"')[1]
        saved[extension].write_bytes(response.content)
    return saved


@pytest.fixture(scope="module")
def zarr_url(http, recipe):
    return f"{str(http.base_url).rstrip('/')}/api/volumes/{recipe}.ome.zarr"


def recipes_in(extension, path):
    """The recipe in a file's own metadata."""
    match extension:
        case ".ome.tif":
            with tifffile.TiffFile(path) as tiff:
                return tiff.ome_metadata.split('<M K="recipe">')[1].split("</M>")[0]
        case ".imagej.tif":
            with tifffile.TiffFile(path) as tiff:
                lines = tiff.imagej_metadata["Info"].splitlines()
            return next(line for line in lines if line.startswith("recipe = ")).removeprefix("recipe = ")
        case ".nii.gz":
            return json.loads(nib.load(path).header.extensions[0].get_content())["recipe"]


@pytest.mark.parametrize("extension", FILES)
def test_the_recipe_in_a_file_fetches_the_same_bytes_again(http, files, recipe, extension):
    found = recipes_in(extension, files[extension])
    assert found == recipe
    assert http.get(f"/api/volumes/{found}{extension}").content == files[extension].read_bytes()


def test_the_recipe_in_a_zarr_fetches_the_same_voxels(http, zarr_url, recipe, voxels):
    for version in ("0.4", "0.5"):
        group = zarr.open_group(f"{zarr_url}/{version}", mode="r")
        found = group.attrs["integrated-cell"]["recipe"]
        assert http.get(f"/api/volumes/{found}.bin").content == group["0"][:].tobytes() == voxels.tobytes()


def test_ome_tiff_in_bioio(files, voxels, names, atlas):
    image = BioImage(files[".ome.tif"], reader=bioio_ome_tiff.Reader)
    np.testing.assert_array_equal(image.get_image_data("CZYX"), voxels)
    assert [str(name) for name in image.channel_names] == names
    assert tuple(image.physical_pixel_sizes) == (atlas.voxel_um,) * 3
    colours = [channel.color.as_rgb_tuple() for channel in image.ome_metadata.images[0].pixels.channels]
    assert [colour[:3] for colour in colours] == [(255, 0, 255), (0, 255, 255), (255, 255, 0), (0, 255, 0), (255, 128, 0)]


def test_imagej_hyperstack_in_tifffile(files, voxels, names, atlas):
    with tifffile.TiffFile(files[".imagej.tif"]) as tiff:
        assert tiff.is_imagej
        assert tiff.series[0].axes == "ZCYX"
        np.testing.assert_array_equal(tiff.asarray().swapaxes(0, 1), voxels)
        metadata = tiff.imagej_metadata
        n, per = tiff.pages[0].tags["XResolution"].value
    assert (metadata["mode"], metadata["unit"], metadata["spacing"]) == ("composite", "um", atlas.voxel_um)
    assert metadata["Labels"][:5] == names
    assert per / n == pytest.approx(atlas.voxel_um, rel=1e-6)
    assert [tuple(lut[:, -1]) for lut in metadata["LUTs"][:3]] == [(255, 0, 255), (0, 255, 255), (255, 255, 0)]
    assert "GENERATED" in metadata["Info"]


def test_imagej_hyperstack_in_bioio(files, voxels, atlas):
    image = BioImage(files[".imagej.tif"], reader=bioio_tifffile.Reader)
    np.testing.assert_array_equal(image.get_image_data("CZYX"), voxels)
    assert tuple(image.physical_pixel_sizes) == pytest.approx((atlas.voxel_um,) * 3)


def test_nifti_in_nibabel(files, voxels, atlas):
    image = nib.load(files[".nii.gz"])
    np.testing.assert_array_equal(np.asanyarray(image.dataobj).transpose(3, 2, 1, 0), voxels)
    assert image.get_data_dtype() == np.uint8
    assert image.header.get_zooms()[:3] == pytest.approx((atlas.voxel_um,) * 3)
    assert image.header.get_xyzt_units()[0] == "micron"
    assert nib.aff2axcodes(image.affine) == ("R", "P", "S"), "x right, y down, z up, as the page shows it"
    said = json.loads(image.header.extensions[0].get_content())
    assert said["channels"][2] == said["recipe"].split("structures=")[1].split(",")[0]
    assert said["origin"].startswith("GENERATED")


@pytest.mark.parametrize(("version", "zarr_format"), [("0.4", 2), ("0.5", 3)])
def test_ome_zarr_by_url_in_zarr_python(zarr_url, voxels, version, zarr_format):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr.open_group(zarr_url, mode="r", zarr_format=zarr_format)
    np.testing.assert_array_equal(group["0"][:], voxels)
    metadata = group.attrs if version == "0.4" else group.attrs["ome"]
    assert (metadata["multiscales"][0] if version == "0.4" else metadata)["version"] == version


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_by_url_is_valid(zarr_url, voxels, atlas, version):
    image = from_ngff_zarr(f"{zarr_url}/{version}", validate=True, version=version).images[0]
    np.testing.assert_array_equal(np.asarray(image.data), voxels)
    assert image.dims == ("c", "z", "y", "x")
    assert [image.scale[axis] for axis in "zyx"] == [atlas.voxel_um] * 3
    assert image.axes_units["z"] == "micrometer"


@pytest.mark.parametrize("below", ["", "/0.5"])
def test_ome_zarr_by_url_in_bioio(zarr_url, voxels, names, atlas, below):
    image = BioImage(zarr_url + below, reader=bioio_ome_zarr.Reader)
    np.testing.assert_array_equal(image.get_image_data("CZYX"), voxels)
    assert list(image.channel_names) == names
    assert tuple(image.physical_pixel_sizes) == (atlas.voxel_um,) * 3


def test_what_is_no_file_of_a_zarr_is_not_found(http, zarr_url):
    response = httpx.get(f"{zarr_url}/0/c/9/0/0/0")
    assert response.status_code == 404
    assert response.json()["error"]["key"] == "file"


def test_an_observed_zarr_says_so(http, atlas):
    cell = atlas.cells["cell_id"].iloc[atlas.observed_cells[0]]
    metadata = http.get(f"/api/volumes/show=observed;shape=cell:{cell}.ome.zarr/zarr.json").json()
    assert metadata["attributes"]["integrated-cell"]["origin"].startswith("OBSERVED")


def test_the_same_volume_gives_the_same_file(http, recipe):
    for extension in FILES:
        first, second = (http.get(f"/api/volumes/{recipe}{extension}").content for _ in range(2))
        assert first == second
    assert io.BytesIO(first).read(2) == b"\x1f\x8b"
