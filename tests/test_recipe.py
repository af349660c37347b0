"""The recipe's grammar: what it reads, what it writes, and that every mistake is named."""

import re
import string
from contextlib import suppress
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import recipe
from app.recipe import Along, Cell, Deviation, Draw, Literal, Own, Path, Position, Recipe, RecipeError, parse
from model.latent import PATHS

names = st.one_of(st.text(string.ascii_letters + "0123456789_.-", min_size=1), st.text(min_size=1, max_size=20))
genes = st.lists(names, min_size=1, max_size=11, unique=True).map(tuple)
finite = st.floats(allow_nan=False, allow_infinity=False)
seeds = st.integers(0, recipe.MAX_SEED)
cells, draws, positions = st.builds(Cell, names), st.builds(Draw, seeds), st.builds(Position, finite, finite)
literals = st.lists(st.floats(-1000, 1000), min_size=2, max_size=16).map(lambda z: Literal(tuple(z)))
latents = st.lists(st.floats(-1000, 1000), min_size=2, max_size=4).map(tuple)
probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=4).map(tuple)
own_names = st.text(min_size=1, max_size=recipe.MAX_NAME)
own_with_structure = st.builds(Own, own_names, latents, latents, latents, probabilities)
own_cells = own_with_structure | st.builds(Own, own_names, latents)
paths = st.lists(names, min_size=2, max_size=5).flatmap(
    lambda stops: st.builds(Path, st.sampled_from(sorted(PATHS)), st.just(tuple(stops)), st.floats(0, len(stops) - 1))
)
atlases = st.none() | st.text("0123456789abcdef", min_size=12, max_size=12)
places = st.one_of(cells, paths, positions, draws, literals, own_cells)


def along(forms):
    """These forms, and each with one coordinate set."""
    return forms | st.builds(Along, st.integers(1, 64), st.floats(-1000, 1000), forms)


shapes, localisations = along(places), along(st.none() | cells | positions | draws | literals)
of_a_cell = st.builds(Recipe, st.sampled_from(("observed", "reconstructed")), cells, st.just(()) | names.map(lambda g: (g,)))
recipes = st.one_of(
    of_a_cell,
    st.builds(Recipe, st.sampled_from(("observed", "reconstructed")), own_with_structure, atlas=atlases),
    st.builds(
        Recipe, st.just("predicted"), shapes, genes, along(st.none() | cells | positions | draws | literals), atlas=atlases
    ),
    st.builds(
        Recipe, st.just("predicted"), shapes, genes, value=st.builds(Deviation, st.integers(2, 256 // 11), seeds), atlas=atlases
    ),
)


@given(recipes)
def test_what_is_written_reads_back_and_is_the_only_way_to_write_it(meant):
    text = str(meant)
    assert parse(text) == meant
    assert str(parse(text)) == text
    assert re.fullmatch(r"[A-Za-z0-9_.\-%;=:,@]+", text), "safe in a URL's path, a file name's comment and a shell's quotes"


@given(st.text() | recipes.map(str).flatmap(lambda t: st.integers(0, len(t)).map(lambda i: t[:i] + t[i + 1 :])))
def test_any_text_is_a_recipe_or_a_recipe_error(text):
    with suppress(RecipeError):
        assert parse(str(parse(text))) == parse(text)


def test_a_cell_of_ones_own_is_its_latents():
    text = "show=reconstructed;shape=own:my%20cell:1.5,-2:1,0.25:0,3:0.9,0.1"
    assert parse(text) == Recipe("reconstructed", Own("my cell", (1.5, -2.0), (1.0, 0.25), (0.0, 3.0), (0.9, 0.1)))
    assert str(parse(text)) == text


def test_every_field():
    text = "atlas=1f2e3d4c5b6a;show=predicted;shape=path:radial:sim1_000042,sim1_000100@0.25;structures=TOMM20,FBL;z_s=seed:7"
    shape = Path("radial", ("sim1_000042", "sim1_000100"), 0.25)
    assert parse(text) == Recipe("predicted", shape, ("TOMM20", "FBL"), Draw(7), None, "1f2e3d4c5b6a")
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("shape=cell:a;show=observed", "show=observed;shape=cell:a"),
        (
            "show=predicted;shape=cell:a;structures=FBL;z_s=0;value=image",
            "show=predicted;shape=cell:a;structures=FBL",
        ),
        (
            "show=predicted;shape=map:z_r:1.50,-0.0;structures=FBL;z_s=1.0,0.10000000149",
            "show=predicted;shape=map:z_r:1.5,0;structures=FBL;z_s=1,0.1",
        ),
        ("show=observed;shape=cell:plate 1/é", "show=observed;shape=cell:plate%201%2F%C3%A9"),
        (
            "show=predicted;shape=dim:03@1.50:cell:a;structures=FBL;z_s=dim:1@-0:0",
            "show=predicted;shape=dim:3@1.5:cell:a;structures=FBL;z_s=dim:1@0:0",
        ),
        ("show=predicted;shape=prior:007;structures=A%2CB", "show=predicted;shape=prior:7;structures=A%2CB"),
    ],
)
def test_other_spellings_have_one_canonical_string(given, canonical):
    assert str(parse(given)) == canonical


PREDICTED = "show=predicted;structures=FBL;"


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("", "recipe", "key=value"),
        ("show", "recipe", "'show' is not key=value"),
        ("=x", "recipe", "'' is no key"),
        ("a\nb=x", "recipe", r"'a\nb' is no key"),
        ("colour=red", "colour", "'colour' is no key; use atlas, show"),
        ("show=observed;show=observed", "show", "twice"),
        ("shape=cell:a", "show", "observed, reconstructed, predicted"),
        ("show=guessed;shape=cell:a", "show", "'guessed' is unknown"),
        ("show=observed", "shape", "missing"),
        ("atlas=demo;show=observed;shape=cell:a", "atlas", "12 hexadecimal"),
        (PREDICTED + "shape=cell:", "shape", "empty"),
        (PREDICTED + "shape=cell:a,b", "shape", "percent-encode"),
        (PREDICTED + "shape=cell:%ff", "shape", "UTF-8"),
        (PREDICTED + "shape=sphere:1", "shape", "cell:, path:, map:z_r:, prior:, z_r:, own:, dim:"),
        (PREDICTED + "shape=dim:3@1", "shape", "dim:D@V:FORM"),
        (PREDICTED + "shape=dim:3:cell:a", "shape", "dim:D@V:FORM"),
        (PREDICTED + "shape=dim:0@1:cell:a", "shape", "count from 1"),
        (PREDICTED + "shape=dim:3@1e9:cell:a", "shape", "beyond 1000"),
        (PREDICTED + "shape=dim:x@1:cell:a", "shape", "whole number"),
        (PREDICTED + "shape=dim:3@1:dim:4@1:cell:a", "shape", "one dimension at a time"),
        (PREDICTED + "shape=dim:3@1:0", "shape", "begin it with cell:"),
        (PREDICTED + "shape=cell:a;z_s=dim:3@1:later", "z_s", "not a number"),
        (PREDICTED + "shape=map:z_s:1,2", "shape", "map:z_r:"),
        (PREDICTED + "shape=map:z_r:1", "shape", "1 coordinate"),
        (PREDICTED + "shape=map:z_r:1,nan", "shape", "'nan' is not a number"),
        (PREDICTED + "shape=map:z_r:1,1e999", "shape", "finite"),
        (PREDICTED + "shape=prior:-1", "shape", "whole number"),
        (PREDICTED + "shape=prior:4294967296", "shape", "out of range"),
        (PREDICTED + "shape=z_r:1", "shape", "one number"),
        (PREDICTED + "shape=z_r:1,1e9", "shape", "beyond 1000"),
        (PREDICTED + "shape=path:radial:a,b", "shape", "@T"),
        (PREDICTED + "shape=path:radial:a@0", "shape", "1 stops"),
        (PREDICTED + "shape=path:cubic:a,b@0", "shape", "radial, slerp, linear"),
        (PREDICTED + "shape=path:radial:a,b@1.5", "shape", "give 0 to 1"),
        (PREDICTED + "shape=path:radial:a,@1", "shape", "empty"),
        (PREDICTED + "shape=path:radial:" + ",".join("a" * 65) + "@1", "shape", "65 stops"),
        ("show=predicted;shape=cell:a", "structures", "at least one"),
        ("show=predicted;shape=cell:a;structures=", "structures", "empty"),
        ("show=predicted;shape=cell:a;structures=FBL,FBL", "structures", "repeated"),
        (PREDICTED + "shape=cell:a;z_s=1", "z_s", "one number"),
        (PREDICTED + "shape=cell:a;z_s=later", "z_s", "not a number"),
        (PREDICTED + "shape=cell:a;z_s=seed:x", "z_s", "whole number"),
        (PREDICTED + "shape=cell:a;value=mean", "value", "begin it with sd:"),
        (PREDICTED + "shape=cell:a;value=sd:1:0", "value", "2 to 256"),
        (PREDICTED + "shape=cell:a;value=sd:257:0", "value", "2 to 256"),
        ("show=predicted;structures=FBL,TOMM20;shape=cell:a;value=sd:129:0", "value", "258 samples over all"),
        (PREDICTED + "shape=cell:a;value=sd:4", "value", "whole number"),
        (PREDICTED + "shape=cell:a;value=sd:4:1;z_s=seed:1", "z_s", "draws z_s itself"),
        ("show=observed;shape=prior:1", "shape", "only a cell"),
        ("show=reconstructed;shape=dim:3@1:cell:a", "shape", "only a cell"),
        ("show=observed;shape=cell:a;structures=FBL,TOMM20", "structures", "its own"),
        ("show=reconstructed;shape=cell:a;z_s=seed:1", "z_s", "its own"),
        ("show=reconstructed;shape=cell:a;value=sd:4:1", "value", "without z_s"),
    ],
)
def test_a_mistake_is_named(text, key, says):
    with pytest.raises(RecipeError, match=re.escape(says)) as caught:
        parse(text)
    assert caught.value.key == key
    assert str(caught.value).startswith(f"{key}: ")


def test_a_recipe_made_in_python_is_checked_too():
    with pytest.raises(RecipeError, match="structures: a prediction"):
        Recipe("predicted", Draw(1))


@given(recipes)
def test_a_url_decoded_once_is_the_canonical_string(meant):
    assert unquote(recipe.url_path(meant)) == str(meant)
