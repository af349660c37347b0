"""From one picture to the next."""

import pytest

from app import navigation
from app.recipe import OBSERVED, PREDICTED, RECONSTRUCTED, Cell, Draw, Position, Recipe
from app.resolve import nearest_cell, settle


@pytest.fixture(scope="module")
def hidden(atlas):
    """A row whose observed volume is not in the atlas."""
    return next(row for row in range(len(atlas.cells)) if row not in atlas.observed_cells)


def at(atlas, row, show=RECONSTRUCTED, structures=()):
    return Recipe(show, Cell(navigation.cell_id(atlas, row)), structures, atlas=atlas.atlas_id)


def test_the_page_opens_with_the_metaphase_medoid(atlas):
    row = navigation.row_of(atlas, navigation.opening(atlas))
    assert atlas.cells["stage"].iloc[row] == "metaphase"
    assert row in set(atlas.medoids["cell"])


def test_without_medoids_it_opens_with_the_first_cell(atlas, monkeypatch):
    monkeypatch.setattr(atlas, "medoids", None)
    assert navigation.row_of(atlas, navigation.opening(atlas)) == 0
    assert navigation.walk_path(atlas) is None


def test_a_cell_is_shown_as_the_last_one_was(atlas, hidden):
    row = atlas.observed_cells[0]
    assert navigation.to_cell(atlas, at(atlas, atlas.observed_cells[1], OBSERVED), row) == at(atlas, row, OBSERVED)
    assert navigation.to_cell(atlas, at(atlas, 0, PREDICTED, ("FBL",)), row) == at(atlas, row, PREDICTED, ("FBL",))
    assert navigation.to_cell(atlas, at(atlas, row, OBSERVED), hidden) == at(atlas, hidden), (
        "what is not there is reconstructed"
    )


def test_from_a_place_a_cell_opens_as_itself(atlas):
    place = Recipe(PREDICTED, Position(0, 0), ("FBL",), atlas=atlas.atlas_id)
    assert navigation.to_cell(atlas, place, 3) == at(atlas, 3)


def test_steps_go_round_the_table(atlas):
    assert navigation.to_neighbour(atlas, at(atlas, 0), -1) == at(atlas, len(atlas.cells) - 1)
    assert navigation.to_neighbour(atlas, at(atlas, len(atlas.cells) - 1), 1) == at(atlas, 0)


def test_steps_from_a_place_start_at_the_cell_next_to_it(atlas):
    x, y = map(float, atlas.projection("z_r")[5])
    place = navigation.to_place(atlas, at(atlas, 0), "z_r", x, y)
    assert navigation.to_neighbour(atlas, place, 1) == at(atlas, 6)
    second = int(atlas.medoids["cell"].iloc[1])
    walk = navigation.to_walk(atlas, at(atlas, 0), 1.25)
    assert navigation.nearest_row(atlas, walk) == second
    drawn = Recipe(PREDICTED, Draw(1), ("FBL",))
    assert navigation.nearest_row(atlas, drawn) == nearest_cell(atlas, drawn).row


def test_a_place_on_one_map_is_a_shape_and_on_the_other_a_localisation(atlas):
    start = at(atlas, 2)
    gene = atlas.cells["structure"].iloc[2]
    place = navigation.to_place(atlas, start, "z_r", 0.12345678, -1)
    assert place == Recipe(PREDICTED, Position(0.123457, -1.0), (gene,), atlas=atlas.atlas_id)
    there = navigation.to_place(atlas, start, "z_s", 1, 2)
    assert (there.shape, there.z_s, there.structures) == (start.shape, Position(1.0, 2.0), (gene,))


def test_what_can_be_shown_depends_on_the_shape(atlas, hidden):
    assert navigation.shows(atlas, at(atlas, atlas.observed_cells[0])) == (OBSERVED, RECONSTRUCTED, PREDICTED)
    assert navigation.shows(atlas, at(atlas, hidden)) == (RECONSTRUCTED, PREDICTED)
    assert navigation.shows(atlas, navigation.to_walk(atlas, at(atlas, 0), 0)) == (PREDICTED,)


def test_showing_a_prediction_keeps_the_structure_and_going_back_forgets_a_foreign_one(atlas):
    row = atlas.observed_cells[0]
    own = atlas.cells["structure"].iloc[row]
    predicted = navigation.to_show(atlas, at(atlas, row), PREDICTED)
    assert predicted.structures == (own,)
    foreign = navigation.to_structures(atlas, predicted, ("FBL", "TOMM20"))
    assert foreign.structures == ("FBL", "TOMM20")
    assert navigation.to_show(atlas, foreign, OBSERVED) == at(atlas, row, OBSERVED)


def test_choosing_the_structure_that_is_there_changes_nothing(atlas):
    recipe = at(atlas, 4)
    assert navigation.to_structures(atlas, recipe, (atlas.cells["structure"].iloc[4],)) is recipe
    assert navigation.to_show(atlas, recipe, RECONSTRUCTED) is recipe


def test_the_walk_goes_through_the_medoids_in_order(atlas):
    walk = navigation.to_walk(atlas, at(atlas, 1), 2.5)
    assert [atlas.index_of[stop] for stop in walk.shape.stops] == list(atlas.medoids["cell"])
    assert (walk.shape.kind, walk.shape.t) == ("radial", 2.5)


def test_wherever_one_goes_the_atlas_can_show_it(atlas):
    recipes = [navigation.opening(atlas)]
    for step in (
        lambda r: navigation.to_place(atlas, r, "z_s", 1, 1),
        lambda r: navigation.to_show(atlas, r, OBSERVED),
        lambda r: navigation.to_walk(atlas, r, 1.5),
        lambda r: navigation.to_structures(atlas, r, ("FBL",)),
        lambda r: navigation.to_place(atlas, r, "z_r", 0, 0),
        lambda r: navigation.to_show(atlas, r, RECONSTRUCTED),
        lambda r: navigation.to_neighbour(atlas, r, 1),
        lambda r: navigation.to_show(atlas, r, OBSERVED),
    ):
        recipes.append(step(recipes[-1]))
    assert [settle(atlas, recipe) for recipe in recipes] == recipes
