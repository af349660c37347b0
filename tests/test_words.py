"""Pictures in words: never without saying whether they were observed."""

import numpy as np

from app.navigation import cell_id, opening, to_place, to_show, to_structures, to_walk
from app.recipe import OBSERVED, PREDICTED, Along, Cell, Deviation, Draw, Literal, Recipe
from app.words import describe, stage_words, structure_words
from model.vocabulary import NOT_ANNOTATED


def test_a_cell(atlas):
    start = opening(atlas)
    words = describe(atlas, start)
    row = atlas.index_of[start.shape.cell_id]
    assert (words.kind, words.title) == ("RECONSTRUCTED", f"Cell {cell_id(atlas, row)}")
    assert words.detail == f"metaphase · {structure_words(atlas, atlas.cells['structure'].iloc[row])}"
    assert describe(atlas, to_show(atlas, start, OBSERVED)).kind == "OBSERVED"
    assert describe(atlas, to_structures(atlas, start, ("FBL",))).kind == "PREDICTED"


def test_an_observed_cell_says_whether_it_was_simulated(atlas, monkeypatch):
    observed = to_show(atlas, opening(atlas), OBSERVED)
    row = atlas.index_of[observed.shape.cell_id]
    for real, word, title in ((False, "simulated", "Cell "), (True, "imaged", "Real cell ")):
        monkeypatch.setattr(atlas, "is_real", np.arange(len(atlas.cells)) == (row if real else -1))
        words = describe(atlas, observed)
        assert word in words.note
        assert words.title.startswith(title)


def test_a_walk(atlas):
    start = opening(atlas)
    assert "at prophase" in describe(atlas, to_walk(atlas, start, 1.0)).detail
    assert "25% of the way from interphase to prophase" in describe(atlas, to_walk(atlas, start, 0.25)).detail


def test_one_dimension_is_said_with_what_it_was(atlas):
    row = 5
    own = atlas.latent("z_r")[row, 1]
    words = describe(atlas, Recipe(PREDICTED, Along(2, 1.5, Cell(cell_id(atlas, row))), ("FBL",), z_s=Along(3, -2.0, None)))
    assert words.title == f"Cell {cell_id(atlas, row)}, changed"
    assert f"dimension 2 of z_r at 1.5, its own is {own:.2f}" in words.detail
    assert "Structures where the model most expects them, but dimension 3 of z_s at -2." in words.note


def test_a_place_says_its_rule_and_whether_to_trust_it(atlas):
    start = opening(atlas)
    x, y = map(float, atlas.projection("z_r")[7])
    near, far = (describe(atlas, to_place(atlas, start, "z_r", x + dx, y)) for dx in (0.0, 1e4))
    assert "8 nearest cells" in near.note
    assert f"nearest cell {cell_id(atlas, 7)}" in near.detail
    assert "trust it little" not in near.note
    assert "trust it little" in far.note
    assert "right map" in describe(atlas, to_place(atlas, start, "z_s", 0, 0)).note


def test_every_form_of_recipe_has_words(atlas):
    numbers = Literal((0.5,) * atlas.config.n_latent)
    for recipe in (
        Recipe(PREDICTED, Draw(3), ("FBL",), z_s=Draw(4)),
        Recipe(PREDICTED, numbers, ("FBL",), z_s=numbers),
        Recipe(PREDICTED, Along(2, 1.5, numbers), ("FBL",), z_s=Along(1, 3.0, numbers)),
        Recipe(PREDICTED, opening(atlas).shape, ("FBL",), value=Deviation(4, 0)),
        Recipe(PREDICTED, opening(atlas).shape, ("FBL", "TOMM20"), z_s=opening(atlas).shape),
    ):
        words = describe(atlas, recipe)
        assert all(words)
        assert all(part in words.sentence for part in (words.title, words.detail, words.note))
    assert stage_words(NOT_ANNOTATED) == "stage not annotated"


def test_many_structures_are_counted(atlas):
    genes = tuple(s.gene for s in atlas.structures)
    detail = lambda n: describe(atlas, Recipe(PREDICTED, Draw(3), genes[:n])).detail  # noqa: E731
    assert detail(1).endswith(")")
    assert detail(3).endswith(", ".join(genes[:3]))
    assert detail(len(genes)).endswith(f"{len(genes)} structures of one cell")
