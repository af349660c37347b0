"""What is said of a cell that somebody brought along."""

from urllib.parse import quote

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from app import navigation, own, page
from app.recipe import OBSERVED, PREDICTED, RECONSTRUCTED, Own, Recipe, RecipeError
from app.resolve import NotInAtlas, settle, structures_of
from app.words import describe


@pytest.fixture
def brought(atlas):
    """A cell of the atlas as if it were brought along."""
    return Own("mine", *(tuple(atlas.latent(name)[7].astype(float).tolist()) for name in ("z_r", "z_r_hat", "z_s", "y")))


def test_it_lies_where_its_latents_are(atlas, brought):
    state = page.state(atlas, settle(atlas, Recipe(OBSERVED, brought)))
    for name in ("z_r", "z_s"):  # so near to cell 7 that nothing else has weight
        assert state["marks"][name]["own"] == pytest.approx(atlas.projection(name)[7].tolist(), abs=1e-3)
    assert state["marks"]["z_r"]["name"] == "mine"
    dyes_alone = settle(atlas, Recipe(OBSERVED, Own("mine", brought.z_r)))
    assert page.state(atlas, dyes_alone)["marks"]["z_s"] == {}


def test_it_can_be_seen_as_any_cell_can(atlas, brought):
    observed = settle(atlas, Recipe(OBSERVED, brought))
    assert navigation.shows(atlas, observed) == (OBSERVED, RECONSTRUCTED, PREDICTED)
    assert structures_of(atlas, observed) == (atlas.structures[int(np.argmax(brought.y))].gene,)
    completed = navigation.to_show(atlas, observed, PREDICTED)
    assert completed.structures == tuple(s.gene for s in atlas.structures)
    dyes_alone = settle(atlas, Recipe(OBSERVED, Own("mine", brought.z_r)))
    assert navigation.shows(atlas, dyes_alone) == (OBSERVED, PREDICTED)
    assert structures_of(atlas, dyes_alone) == ()
    assert navigation.to_structures(atlas, dyes_alone, []).structures == (atlas.structures[0].gene,)
    assert navigation.nearest_row(atlas, observed) == 7


def test_a_link_to_its_image_opens_what_the_model_makes_of_it(atlas, brought):
    """Whoever opens a page has not brought anything along yet."""
    for cell, show in ((brought, RECONSTRUCTED), (Own("mine", brought.z_r), PREDICTED)):
        link = page.open_link({atlas.atlas_id: atlas}, f"?recipe={quote(str(settle(atlas, Recipe(OBSERVED, cell))))}")
        assert (link.recipe.show, link.recipe.shape) == (show, cell)
        assert "No server keeps the image" in link.notice
        assert page.open_link({atlas.atlas_id: atlas}, f"?recipe={quote(str(link.recipe))}").notice == ""


def test_its_words_say_what_is_kept_where(atlas, brought):
    words = describe(atlas, settle(atlas, Recipe(OBSERVED, brought)))
    assert (words.kind, words.title) == ("OBSERVED", "Your cell mine")
    assert "no server keeps it" in words.note
    assert "taken for" in words.detail


def test_latents_of_another_model_are_refused(atlas, brought):
    with pytest.raises(RecipeError, match="n_latent"):
        settle(atlas, Recipe(PREDICTED, Own("mine", (1.0, 2.0)), ("FBL",)))
    with pytest.raises(RecipeError, match="structures"):
        settle(atlas, Recipe(RECONSTRUCTED, Own("mine", brought.z_r, brought.z_r_hat, brought.z_s, (0.5, 0.5))))
    with pytest.raises(RecipeError, match="its own; leave structures out"):
        settle(atlas, Recipe(RECONSTRUCTED, brought, (atlas.structures[int(np.argmin(brought.y))].gene,)))
    with pytest.raises(RecipeError, match="no structure was imaged"):
        Recipe(RECONSTRUCTED, Own("mine", brought.z_r))
    with pytest.raises(NotInAtlas):
        settle(atlas, Recipe(PREDICTED, brought, ("nothing",)))


def test_its_distance_stands_beside_that_of_cells_the_model_has_not_seen(atlas, monkeypatch):
    z, training = atlas.latent("z_r").astype(float), (atlas.cells["split"] == "train").to_numpy()
    monkeypatch.setattr(own, "MIN_UNSEEN", 2)
    own._usual.cache_clear()
    usual = cdist(z[~training], z[training]).min(1)
    row = int(np.flatnonzero(~training)[np.argsort(usual)[len(usual) // 2]])
    found = own.how_far(atlas, z[row])
    assert found.are_unseen
    assert found.n == (~training).sum()
    assert found.distance == pytest.approx(np.median(np.sort(usual)[len(usual) // 2]))
    assert found.share == pytest.approx((usual >= found.distance - 1e-9).mean())
    assert found.words.startswith("Among the training cells")
    far = own.how_far(atlas, z[row] + 100)
    assert far.share == 0
    assert "do not trust it" in far.words
    own._usual.cache_clear()


def test_where_hardly_any_cell_is_unseen_training_cells_stand_for_them(atlas, monkeypatch):
    z, training = atlas.latent("z_r").astype(float), (atlas.cells["split"] == "train").to_numpy()
    monkeypatch.setattr(own, "MIN_UNSEEN", 1000)
    own._usual.cache_clear()
    between = cdist(z[training], z[training])
    np.fill_diagonal(between, np.inf)
    found = own.how_far(atlas, z[training][0])
    assert not found.are_unseen
    assert "learned from this very cell" in found.words
    assert found.n == training.sum()
    assert found.distance == 0
    np.testing.assert_allclose(own._usual(atlas)[1], between.min(1), atol=1e-6)
    own._usual.cache_clear()


def test_what_it_is_like(atlas, brought):
    known = own.known(atlas, brought)
    assert known.nearest[0].row == 7
    assert known.n_nearest == 8
    assert sum(p for _, p in known.p_structure) == pytest.approx(1, abs=1e-4)
    assert known.p_structure[0][0] == atlas.structures[int(np.argmax(brought.y))].gene
    assert own.known(atlas, Own("mine", brought.z_r)).p_structure == []
