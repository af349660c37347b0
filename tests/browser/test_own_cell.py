"""A cell of one's own: from a file to both maps, what is said when that fails, and what a link keeps of it."""

import base64
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.recipe import parse
from tests import synthetic
from tests.browser.test_explorer import expected_plane, painted_planes, pixel_of, shown, wait_for_recipe

CELL = 9  # of the synthetic ones
NAMES = ["CMDRP", "EGFP", "H3342", "SEG_membrane", "SEG_DNA"]
REAL = Path(__file__).parents[3] / "shared" / "data" / "hipsc_mitosis" / "cells"


@pytest.fixture(scope="session")
def tiff() -> bytes:
    """A synthetic cell with masks as an OME-TIFF that names its channels and its voxels."""
    volume, *_ = synthetic.cell(CELL, (64, 96, 128))
    image = np.concatenate([volume, 255 * np.stack([volume.max(0) > 0, volume[2] > 128]).astype(np.uint8)])
    file = io.BytesIO()
    sizes = {f"PhysicalSize{axis}": 0.317 for axis in "XYZ"}
    tifffile.imwrite(file, image, ome=True, metadata={"axes": "CZYX", "Channel": {"Name": NAMES}} | sizes)
    return file.getvalue()


def file_of(content: bytes, name: str = "my cell.ome.tif") -> dict:
    return {"name": name, "mimeType": "image/tiff", "buffer": content}


def choose(page, content: bytes, name: str = "my cell.ome.tif") -> None:
    page.set_input_files("#own-file", file_of(content, name))
    page.wait_for_selector("#own[data-state=found]")


def place(page) -> str:
    """Place what was chosen; the recipe that is shown then."""
    page.click("#own-place")
    page.wait_for_selector("#own:not([open])", state="attached")
    return wait_for_recipe(page, "show=observed;shape=own:")


def roles(page) -> list[str]:
    return page.locator("#own select").evaluate_all("all => all.map(({ value }) => value)")


def encoded(page, content: bytes, **form) -> dict:
    """What the server says of the same file."""
    fields = {"membrane": "0", "dna": "2", "voxel_um": "0.317,0.317,0.317", "observed": "true"} | form
    address = page.url.partition("/?")[0]
    return page.request.post(f"{address}/api/encode", multipart={"image": file_of(content), **fields}).json()


def test_a_cell_is_placed_on_both_maps_and_shown_as_it_was_observed(open_page, atlas, tiff):
    page = open_page()
    page.focus("#own-open")
    page.keyboard.press("Enter")
    page.wait_for_selector("#own[open]")
    choose(page, tiff)
    assert roles(page) == ["membrane", "structure", "dna", "cell_mask", "dna_mask"]
    assert [size.input_value() for size in page.locator(".own-size").all()] == ["0.317"] * 3
    assert "as the file says" in page.inner_text(".own-voxel")
    pictures = page.locator("#own img").evaluate_all("all => all.map((img) => img.decode().then(() => img.naturalWidth))")
    assert len(pictures) == 5
    recipe = parse(place(page))
    said = encoded(page, tiff, structure="1", cell_mask="3", dna_mask="4")
    # Where the server says, on both maps, with its name.
    for name in ("z_r", "z_s"):
        ring = page.locator(f'[data-map="{name}"] .own-ring').first
        box = page.locator(f'[data-map="{name}"] .js-plotly-plot').bounding_box()
        at = [box["x"] + float(ring.get_attribute("cx")), box["y"] + float(ring.get_attribute("cy"))]
        assert at == pytest.approx(pixel_of(page, name, *said[f"{name}_map"]), abs=1.5)
        assert page.locator(f'[data-map="{name}"] .own-mark').inner_text() == "my cell"
    # What is painted is the upload, prepared as the atlas's cells were.
    given = said["observed"]
    observed = np.frombuffer(gzip.decompress(base64.b64decode(given["gzip"])), np.uint8).reshape(given["shape"])
    painted, voxel = painted_planes(page)
    height, width = painted["xy"].shape[:2]
    assert np.abs(painted["xy"] - expected_plane(observed, "xy", voxel, width, height)).max() <= 4
    assert page.inner_text("#caption .kind") == "OBSERVED"
    assert "no server keeps it" in page.inner_text("#note")
    # No file of it is offered, for no server has it.
    page.click("#home-open")
    page.wait_for_selector("#home-yours:visible")
    assert page.locator("a.take[href*='show=observed']").count() == 0
    assert page.is_disabled("#home-zarr")
    page.keyboard.press("Escape")
    page.wait_for_selector("#home-yours", state="hidden")
    # What is known of it.
    page.wait_for_selector("#own-measured:not(:empty)")
    about = page.inner_text("#about")
    assert f"{said['cell_volume_um3']:,.0f} µm³" in about
    likeliest = max(said["p_structure"], key=said["p_structure"].get)
    assert page.inner_text("#about .bar >> nth=0").split()[0] == likeliest
    assert page.locator("#about [data-open] b").first.inner_text() == said["neighbours"][0]["cell_id"]
    assert "training cells" in page.inner_text(".own-trust")
    assert recipe.shape.y[[s.gene for s in atlas.structures].index(likeliest)] == max(recipe.shape.y)


def test_it_is_reconstructed_completed_compared_and_found_again(open_page, new_context, atlas, tiff):
    page = open_page()
    page.click("#own-open")
    choose(page, tiff)
    place(page)
    page.click("#show >> text=Reconstructed")
    wait_for_recipe(page, "show=reconstructed;shape=own:")
    link = page.evaluate("location.search")
    page.click("#show >> text=Predicted")
    completed = parse(wait_for_recipe(page, "show=predicted;shape=own:"))
    assert completed.structures == tuple(s.gene for s in atlas.structures)
    page.get_by_text("Compare", exact=True).click()
    page.wait_for_selector("#viewer[data-view=compare][data-state=painted]")
    tiles = page.evaluate("cellViewer.where()")["tiles"]
    assert {tile["panel"] for tile in tiles} == {0, 1, 2, 3}, "observed, reconstructed, predicted and the difference"
    # Another cell is opened; the mark stays, and leads back.
    page.click("#next")
    wait_for_recipe(page, "shape=cell:")
    page.locator('[data-map="z_r"] .own-mark').click()
    wait_for_recipe(page, "shape=own:")
    # A page that is loaded again has forgotten the image, and says so.
    page.click("#show >> text=Observed")
    wait_for_recipe(page, "show=observed;shape=own:")
    page.reload()
    wait_for_recipe(page, "show=reconstructed;shape=own:")
    assert "No server keeps the image" in page.inner_text("#notice")
    # A link has all but the image.
    other = open_page(link, context=new_context())
    wait_for_recipe(other, "show=reconstructed;shape=own:my%20cell")
    assert other.locator(".own-mark").all_inner_texts() == ["my cell", "my cell"]
    other.get_by_text("Compare", exact=True).click()
    other.wait_for_selector("[data-panel=observed] >> text=no server keeps it")


def test_what_is_wrong_is_said_on_the_dialog_and_nothing_is_lost(context, address, tiff):
    page = context.new_page()  # its console says that the server refused: that is what is tested
    page.goto(f"{address}/?view=slice")
    page.wait_for_selector("#viewer[data-state=painted]")
    before = shown(page)
    page.click("#own-open")
    page.set_input_files("#own-file", file_of(b"not a tiff", "letter.txt"))
    page.wait_for_selector("#own[data-state=trouble]")
    assert page.inner_text("#own-trouble").startswith("Letter.txt: cannot be read")
    choose(page, tiff)
    assert page.inner_text("#own-trouble") == ""
    # A role that is given away is gone where it was.
    page.locator("#own select").nth(1).select_option("dna")
    assert roles(page) == ["membrane", "dna", "", "cell_mask", "dna_mask"]
    page.locator("#own select").nth(1).select_option("")
    page.click("#own-place")
    assert "Say which channel is DNA" in page.inner_text("#own-trouble")
    page.locator("#own select").nth(2).select_option("dna")
    page.locator(".own-size").first.fill("")
    page.click("#own-place")
    assert "along z" in page.inner_text("#own-trouble")
    page.locator(".own-size").first.fill("12")
    page.click("#own-place")
    page.wait_for_function("document.querySelector('#own-trouble').innerText.includes('below 10')")
    assert roles(page) == ["membrane", "", "dna", "cell_mask", "dna_mask"]
    # Two cells, and a file without a voxel size.
    page.locator(".own-size").first.fill("0,317")
    volume, *_ = synthetic.cell(CELL, (64, 96, 128))
    masks = 255 * np.stack([volume.max(0) > 0, volume[2] > 128]).astype(np.uint8)
    image = np.tile(np.concatenate([volume, masks]), (1, 1, 1, 2))
    file = io.BytesIO()
    tifffile.imwrite(file, image, ome=True, metadata={"axes": "CZYX", "Channel": {"Name": NAMES}})
    choose(page, file.getvalue(), "two.ome.tif")
    assert "the file does not say" in page.inner_text(".own-voxel")
    for size in page.locator(".own-size").all():
        size.fill("0.317")
    page.click("#own-place")
    page.wait_for_function("document.querySelector('#own-trouble').innerText.includes('as of 2 cells')")
    assert shown(page) == before
    page.keyboard.press("Escape")
    page.wait_for_selector("#own:not([open])", state="attached")
    page.close()


def test_a_file_can_be_dropped_anywhere(open_page, tiff):
    page = open_page()
    dropped = page.evaluate_handle(
        """text => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "dropped.ome.tif", { type: "image/tiff" }));
            return data;
        }""",
        base64.b64encode(tiff).decode(),
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": dropped})
    assert page.is_visible(".own-veil")
    page.dispatch_event("main", "drop", {"dataTransfer": dropped})
    page.wait_for_selector("#own[data-state=found]")
    assert not page.is_visible(".own-veil")
    assert page.inner_text("#own-name") == "dropped.ome.tif"


def test_without_a_structure_there_is_no_reconstruction(open_page, atlas, tiff):
    page = open_page()
    page.click("#own-open")
    choose(page, tiff)
    page.locator("#own select").nth(1).select_option("")
    place(page)
    assert page.locator("#show input[value=reconstructed]").is_disabled()
    page.wait_for_selector("#about .own-trust")
    assert "none was given" in page.inner_text("#about")
    assert page.locator('[data-map="z_s"] .own-ring').count() == 0
    assert page.locator('[data-map="z_r"] .own-ring').count() == 2
    page.click("#show >> text=Predicted")
    wait_for_recipe(page, "show=predicted;shape=own:")


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real cells are not at {REAL}: own cells are not tested on them")
def test_a_real_cell_without_masks(open_page):
    page = open_page()
    page.click("#own-open")
    page.set_input_files("#own-file", str(REAL / "TUBA1B_M5.ome.tif"))
    page.wait_for_selector("#own[data-state=found]")
    assert roles(page) == ["membrane", "dna", "structure", "cell_mask", "dna_mask", ""]
    for mask in (3, 4):
        page.locator("#own select").nth(mask).select_option("")
    place(page)
    page.wait_for_function("document.querySelector('#own-measured')?.innerText.includes('outlined in the image')")
    painted, _ = painted_planes(page)
    assert painted["xy"].max() > 100
