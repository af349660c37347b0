"""From recipe to voxels, against a decoder with a known answer."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
import torch

from app import resolve
from app.cache import VolumeCache
from app.decoding import decode, deviation
from app.flights import Flights
from app.recipe import parse
from app.volumes import VolumeService, planes_of
from model.aae import to_volumes
from model.atlas import Atlas
from tests.stub_decoder import StubDecoder, gain


@pytest.fixture(scope="module")
def atlas(tiny_atlas, tmp_path_factory):
    """The tiny atlas with latents as far apart as a trained model's: no cell can be taken for another unseen."""
    path = tmp_path_factory.mktemp("spread") / "atlas.h5"
    shutil.copy(tiny_atlas, path)
    random = np.random.default_rng(0)
    with h5py.File(path, "a") as file:
        for name in ("z_r", "z_s", "z_r_hat"):
            file["latent"][name][...] = random.normal(size=file["latent"][name].shape)
        n_cells, n_structures = file["latent/y"].shape
        file["latent/y"][...] = random.dirichlet(np.ones(n_structures), n_cells)
    atlas = Atlas(path)
    yield atlas
    atlas.close()


@pytest.fixture
def decoder(atlas):
    return StubDecoder(atlas.config.grid)


@pytest.fixture
def cache(tmp_path):
    cache = VolumeCache(tmp_path / "cache")
    yield cache
    cache.close()


@pytest.fixture
def service(atlas, decoder, cache):
    return VolumeService(atlas, decoder, cache, Flights("test"))


@pytest.fixture(scope="module")
def ids(atlas):
    return atlas.cells["cell_id"].tolist()


@pytest.fixture(scope="module")
def genes(atlas):
    return [s.gene for s in atlas.structures]


def volume(service, text):
    return service.volume(service.settle(parse(text)))


def uint8(channels):
    return to_volumes(torch.from_numpy(np.array(channels, np.float32)))


def float32(z):
    return np.asarray(z, np.float32).astype(np.float64)


# Voxels


def test_a_prediction_is_membrane_and_DNA_of_the_shape_then_the_structures_in_the_order_asked(
    service, decoder, atlas, ids, genes
):
    asked = [genes[3], genes[0], genes[2]]
    got = volume(service, f"show=predicted;shape=cell:{ids[1]};structures={','.join(asked)};z_s=cell:{ids[2]}")
    shape, place = gain(atlas.latent("z_r")[1]), gain(float32(atlas.latent("z_s")[2]))
    structures = [decoder.channel("structure", place, k) for k in (3, 0, 2)]
    np.testing.assert_array_equal(got, uint8([decoder.channel("membrane", shape), decoder.channel("DNA", shape), *structures]))
    assert decoder.calls == [("decode_r", 1, 1), ("decode_rs", 3, 1)], "all structures in one batch"


def test_no_axis_of_the_stub_can_be_flipped_or_swapped_unseen(decoder):
    x = decoder.channel("membrane", 1.0)
    for flipped in (x[::-1], x[:, ::-1], x[..., ::-1]):
        assert np.abs(flipped - x).max() > 0.5
    assert np.abs(decoder.channel("membrane", 1.0) - decoder.channel("DNA", 1.0)).max() > 0.5


def test_a_reconstruction_is_what_the_conditional_model_says_of_the_cell(service, decoder, atlas, ids):
    got = volume(service, f"show=reconstructed;shape=cell:{ids[4]}")
    half, place = gain(atlas.latent("z_r_hat")[4]) / 2, gain(atlas.latent("z_s")[4])
    structure = decoder.channel("structure", place, int(atlas.latent("y")[4].argmax()))
    np.testing.assert_array_equal(got, uint8([decoder.channel("membrane", half), decoder.channel("DNA", half), structure]))
    assert decoder.calls == [("decode_rs", 1, 1)]


def test_an_observed_cell_is_served_as_membrane_DNA_structure(service, decoder, atlas, ids):
    cell = atlas.observed_cells[-1]
    got = volume(service, f"show=observed;shape=cell:{ids[cell]}")
    membrane, structure, dna = atlas.observed(cell)
    np.testing.assert_array_equal(got, [membrane, dna, structure])
    assert decoder.calls == []


def test_the_header_names_every_channel(service, atlas, ids, genes):
    own = atlas.cells["structure"].iloc[0]
    header = service.header(service.settle(parse(f"show=reconstructed;shape=cell:{ids[0]}")))
    assert header.channels == ("membrane", "DNA", own)
    assert header.shape == (3, *atlas.config.grid)
    assert header.voxel_um == atlas.voxel_um
    header = service.header(service.settle(parse(f"show=predicted;shape=prior:1;structures={genes[1]};value=sd:4:1")))
    assert header.full_scale == (1, 1, 0.5)


def test_standard_deviation_over_samples_of_z_s(service, decoder, atlas, ids, genes):
    got = volume(service, f"show=predicted;shape=cell:{ids[0]};structures={genes[1]},{genes[2]};value=sd:20:5")
    gains = [gain(float32(z)) for z in resolve.z_s_samples(atlas, 20, 5)]
    expected = [np.std([decoder.channel("structure", g, k) for g in gains], axis=0) for k in (1, 2)]
    assert max(e.max() for e in expected) > 0.05
    np.testing.assert_allclose(got[2:].astype(float), 255 * np.array(expected) / 0.5, atol=0.51)
    np.testing.assert_array_equal(got[0], uint8(decoder.channel("membrane", gain(atlas.latent("z_r")[0]))))
    assert max(n for _, n, _ in decoder.calls) <= 8
    assert sum(n for name, n, _ in decoder.calls if name == "decode_rs") == 40


def test_deviation_does_not_depend_on_the_batches():
    x = torch.rand(7, 3, 2, generator=torch.Generator().manual_seed(0))
    for size in (1, 3, 7):
        torch.testing.assert_close(deviation(iter(x.split(size))), x.double().std(0, correction=0))


def test_the_atlas_decodes_with_its_own_model(atlas, cache, ids, genes):
    own = VolumeService(atlas, None, cache, Flights("test"))
    two = volume(own, f"show=predicted;shape=cell:{ids[0]};structures={genes[0]},{genes[1]}")
    other = volume(own, f"show=predicted;shape=cell:{ids[0]};structures={genes[2]}")
    assert two.shape == (4, *atlas.config.grid)
    np.testing.assert_array_equal(two[:2], other[:2], "membrane and DNA stay put while structures are exchanged")
    assert volume(own, f"show=reconstructed;shape=cell:{ids[0]}").shape == (3, *atlas.config.grid)


# Latents


def test_shapes(atlas, ids):
    latent, n = atlas.latent("z_r"), atlas.config.n_latent

    def z_r(shape):
        return resolve.z_r(atlas, resolve.settle(atlas, parse(f"show=predicted;structures={GENE};shape={shape}")).shape)

    GENE = atlas.structures[0].gene
    path = f"path:radial:{ids[0]},{ids[1]},{ids[2]}"
    for t in range(3):
        np.testing.assert_allclose(z_r(f"{path}@{t}"), latent[t], atol=1e-6)
    np.testing.assert_allclose(z_r(f"path:linear:{ids[0]},{ids[1]}@0.25"), 0.75 * latent[0] + 0.25 * latent[1], atol=1e-6)
    assert not np.allclose(z_r(f"{path}@0.5"), z_r(f"path:slerp:{ids[0]},{ids[1]}@0.5"))
    x, y = atlas.projection("z_r")[5]
    np.testing.assert_allclose(z_r(f"map:z_r:{x},{y}"), latent[5], atol=1e-6)
    assert z_r("prior:1").shape == (n,)
    np.testing.assert_array_equal(z_r("prior:1"), z_r("prior:1"))
    assert not np.allclose(z_r("prior:1"), z_r("prior:2"))
    literal = np.linspace(-1, 1, n).astype(np.float32)
    np.testing.assert_array_equal(z_r("z_r:" + ",".join(map(str, literal))), literal)


def test_localisations(atlas, ids):
    def z_s(form):
        text = f"show=predicted;structures={atlas.structures[0].gene};shape=prior:1;z_s={form}"
        return resolve.z_s(atlas, resolve.settle(atlas, parse(text)).z_s)

    assert not z_s("0").any()
    np.testing.assert_array_equal(z_s(f"cell:{ids[3]}"), atlas.latent("z_s")[3])
    x, y = atlas.projection("z_s")[3]
    np.testing.assert_allclose(z_s(f"map:{x},{y}"), atlas.latent("z_s")[3], atol=1e-6)
    np.testing.assert_array_equal(z_s("seed:9"), resolve.z_s_samples(atlas, 5, 9)[0])
    assert not np.allclose(z_s("seed:9"), resolve.z_r(atlas, parse("show=predicted;structures=a;shape=prior:9").shape))


def test_nearest_cell(atlas, ids, genes):
    there = resolve.nearest_cell(atlas, parse(f"show=predicted;shape=cell:{ids[2]};structures={genes[0]}"))
    assert there == (2, 0.0)
    close = ",".join(map(str, atlas.latent("z_r")[2] + np.float32(1e-3)))
    assert resolve.nearest_cell(atlas, parse(f"show=predicted;shape=z_r:{close};structures={genes[0]}")).row == 2


@pytest.mark.parametrize(
    ("text", "key", "error"),
    [
        ("show=predicted;shape=cell:nobody;structures=GENE", "shape", resolve.NotInAtlas),
        ("show=predicted;shape=path:radial:CELL,nobody@0;structures=GENE", "shape", resolve.NotInAtlas),
        ("show=predicted;shape=cell:CELL;structures=GENE,NOSUCH", "structures", resolve.NotInAtlas),
        ("show=predicted;shape=cell:CELL;structures=GENE;z_s=cell:nobody", "z_s", resolve.NotInAtlas),
        ("show=predicted;shape=z_r:1,2;structures=GENE", "shape", resolve.RecipeError),
        ("show=predicted;shape=cell:CELL;structures=GENE;z_s=1,2", "z_s", resolve.RecipeError),
        ("show=reconstructed;shape=cell:CELL;structures=OTHER", "structures", resolve.RecipeError),
    ],
)
def test_what_is_not_in_the_atlas_is_named(atlas, ids, genes, text, key, error):
    own = atlas.cells["structure"].iloc[0]
    other = next(gene for gene in genes if gene != own)
    with pytest.raises(resolve.RecipeError) as caught:
        resolve.settle(atlas, parse(text.replace("CELL", ids[0]).replace("OTHER", other).replace("GENE", genes[0])))
    assert type(caught.value) is error
    assert caught.value.key == key


def test_observed_volumes_that_were_left_out(tiny_atlas, tmp_path, ids):
    shutil.copy(tiny_atlas, tmp_path / "mailed.h5")
    with h5py.File(tmp_path / "mailed.h5", "a") as file:
        del file["observed"]
    atlas = Atlas(tmp_path / "mailed.h5")
    with pytest.raises(resolve.NotInAtlas, match=f"includes 0 of its {len(ids)} cells"):
        resolve.settle(atlas, parse(f"show=observed;shape=cell:{ids[0]}"))
    atlas.close()


def test_settling_gives_one_string_for_one_volume(atlas, ids):
    own = atlas.cells["structure"].iloc[0]
    spelled = {f"show=reconstructed;shape=cell:{ids[0]}", f"structures={own};shape=cell:{ids[0]};show=reconstructed"}
    settled = {str(resolve.settle(atlas, parse(text))) for text in spelled}
    assert settled == {f"atlas={atlas.atlas_id};show=reconstructed;shape=cell:{ids[0]}"}


# Once


def test_sixteen_who_ask_for_one_new_volume_decode_it_once(service, decoder, genes):
    recipe = service.settle(parse(f"show=predicted;shape=prior:3;structures={genes[0]}"))
    together = threading.Barrier(16)

    def ask(_):
        together.wait()
        return service.volume(recipe).tobytes()

    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(ask, range(16)))
    assert len(answers) == 1
    assert decoder.calls == [("decode_r", 1, 1), ("decode_rs", 1, 1)]


def test_what_waits_is_decoded_together_in_one_thread(service, decoder, genes, monkeypatch):
    threads, decode_r, go_on = [], decoder.decode_r, threading.Event()

    def slowly(z_r, boxes):
        threads.append(threading.get_ident())
        go_on.wait(10)
        return decode_r(z_r, boxes)

    monkeypatch.setattr(decoder, "decode_r", slowly)
    recipes = [service.settle(parse(f"show=predicted;shape=prior:{i};structures={genes[i % 3]}")) for i in range(9)]
    alone = VolumeService(service.atlas, StubDecoder(decoder.grid), service._cache, Flights("alone"))
    with ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(service.volume, recipe) for recipe in recipes]
        wait_until(lambda: len(service._flights._waiting) == 8)  # while the first is decoded
        go_on.set()
        for recipe, volume in zip(recipes, asked, strict=True):
            np.testing.assert_array_equal(volume.result(), to_volumes_of(alone, recipe))
    assert len(set(threads)) == 1
    assert [n for name, n, _ in decoder.calls if name == "decode_r"] == [1, 4, 4], "at most 8 images at once"


def to_volumes_of(service, recipe):
    """The volume decoded alone, past the cache."""
    whole = [tuple(map(range, service.atlas.config.grid))]
    return decode(service.atlas, service._decoder, [recipe], whole)[0][0]


def wait_until(is_so, seconds=10):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(
    "form", ["predicted;shape=prior:3;structures=A,B", "reconstructed;shape=cell:ID", "observed;shape=cell:ID"]
)
@pytest.mark.parametrize("is_kept", [False, True])
def test_planes_are_slices_of_the_volume(service, decoder, atlas, ids, genes, form, is_kept):
    text = form.replace("A,B", f"{genes[0]},{genes[1]}").replace("ID", ids[atlas.observed_cells[0]])
    recipe = service.settle(parse(f"show={text}"))
    whole = service.volume(recipe) if is_kept else None
    decoder.calls.clear()
    with service.asked_planes(recipe, (3, 5, 7)) as future:
        z, y, x = future.result()
    assert (not decoder.calls) == (is_kept or recipe.show == "observed"), "what is kept is not decoded again"
    assert all(n_boxes == 3 for _, _, n_boxes in decoder.calls)
    whole = service.volume(recipe) if whole is None else whole
    np.testing.assert_array_equal(z, whole[:, 3])
    np.testing.assert_array_equal(y, whole[:, :, 5])
    np.testing.assert_array_equal(x, whole[:, :, :, 7])


def test_the_models_own_planes_are_slices_of_its_volume(atlas, cache, ids, genes):
    own = VolumeService(atlas, None, cache, Flights("test"))
    recipe = own.settle(parse(f"show=predicted;shape=cell:{ids[1]};structures={genes[0]},{genes[4]}"))
    with own.asked_planes(recipe, (8, 0, 31)) as future:
        planes = future.result()
    for plane, slice_ in zip(planes, planes_of(own.volume(recipe), (8, 0, 31)), strict=True):
        assert np.abs(plane.astype(int) - slice_).max() <= 1


def test_a_volume_is_decoded_once_for_all_workers_and_restarts(service, decoder, atlas, cache, ids, genes):
    text = f"show=predicted;shape=cell:{ids[0]};structures={genes[0]}"
    first = volume(service, text)
    worker = StubDecoder(atlas.config.grid)
    np.testing.assert_array_equal(volume(VolumeService(atlas, worker, cache, Flights("test")), text), first)
    assert worker.calls == []


def test_a_failure_reaches_everyone_and_is_not_kept(service, decoder, genes, monkeypatch):
    recipe = service.settle(parse(f"show=predicted;shape=prior:4;structures={genes[0]}"))

    def fail(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(decoder, "decode_r", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        service.volume(recipe)
    monkeypatch.undo()
    assert service.volume(recipe).any()


def test_etags_differ_by_recipe_atlas_and_kind(service, ids, genes):
    recipes = [service.settle(parse(f"show=predicted;shape=cell:{ids[i]};structures={genes[0]}")) for i in (0, 1)]
    tags = {service.etag(recipe, kind) for recipe in recipes for kind in ("bin", "ome.tif")}
    assert len(tags) == 4
    assert service.etag(recipes[0], "bin") == service.etag(recipes[0], "bin")
