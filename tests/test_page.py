"""What the page is told."""

from urllib.parse import quote

import pytest

from app import navigation, page
from app.colours import UNCERTAINTY, colours
from app.recipe import MAX_SAMPLES, parse
from model.atlas import Atlas


@pytest.fixture(scope="module")
def atlases(atlas, tiny_atlas):
    other = Atlas(tiny_atlas)
    other.atlas_id = "0123456789ab"
    yield {atlas.atlas_id: atlas, other.atlas_id: other}
    other.close()


def test_a_page_without_a_query_opens_as_new(atlases, atlas):
    assert (
        page.open_link(atlases, None)
        == page.open_link(atlases, "")
        == (atlas, navigation.opening(atlas), "stage", "planes", "")
    )


def test_a_link_says_everything(atlases):
    recipe = f"atlas=0123456789ab;show=predicted;shape=cell:{navigation.cell_id(atlases['0123456789ab'], 3)};structures=FBL"
    for text in (recipe, quote(recipe)):
        link = page.open_link(atlases, f"?recipe={text}&colour=stage&view=3d")
        assert (str(link.recipe), link.atlas.atlas_id, link.colour, link.view, link.notice) == (
            recipe,
            "0123456789ab",
            "stage",
            "3d",
            "",
        )


def test_an_atlas_can_be_asked_for(atlases):
    assert page.open_link(atlases, "?atlas=0123456789ab").atlas.atlas_id == "0123456789ab"


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ("nonsense", "key=value"),
        ("show=observed;shape=cell:nobody", "nobody"),
        ("atlas=ffffffffffff;show=predicted;shape=prior:1;structures=FBL", "ffffffffffff"),
        ("show=predicted;shape=prior:1;structures=NOPE", "NOPE"),
    ],
)
def test_a_wrong_link_opens_the_page_as_new_and_says_why(atlases, atlas, recipe, says):
    link = page.open_link(atlases, f"?recipe={recipe}&colour=mood&view=sideways")
    assert (link.recipe, link.colour, link.view) == (navigation.opening(atlas), "stage", "planes")
    assert says in link.notice


def test_facts_are_columns_that_give_every_cell_back(atlas):
    facts = page.facts(atlas)
    for row, cell in atlas.cells.iterrows():
        assert facts["cells"][row] == cell["cell_id"]
        assert facts["structures"][facts["structure"][row]].startswith(cell["structure"])
        assert facts["stages"][facts["stage"][row]] == cell["stage"]


def test_facts_say_what_the_viewer_needs(atlas):
    facts = page.facts(atlas)
    assert facts["colours"] == colours(2 + len(atlas.structures))
    assert [parse(f"show=predicted;shape=prior:1;structures={gene}").structures[0] for gene in facts["genes"]] == [
        s.gene for s in atlas.structures
    ]
    assert facts["observed"] == atlas.observed_cells
    assert facts["uncertainty"] == {"colour": UNCERTAINTY, "max_samples": MAX_SAMPLES, "full_scale": 0.5}


def test_no_structure_at_all_is_the_cells_own(atlases, atlas):
    start = navigation.opening(atlas)
    own = atlas.cells["structure"].iloc[navigation.row_of(atlas, start)]
    both = page.act(atlas, start, {"do": "structures", "structures": ["FBL", "TOMM20"]})
    assert page.act(atlas, both, {"do": "structures", "structures": []}).structures == (own,)
    walk = page.act(atlas, navigation.to_walk(atlas, both, 1), {"do": "structures", "structures": []})
    assert walk.structures == ("FBL",)
    assert page.act(atlas, start, {"do": "structures", "structures": None}) == start


def test_the_scripts_path_makes_the_recipe_of_the_walk(atlas):
    facts, recipe = page.facts(atlas), navigation.to_walk(atlas, navigation.opening(atlas), 0.125)
    structures = page.state(atlas, recipe)["structures"]
    made = f"atlas={facts['atlas']};show=predicted;shape=path:{facts['walk']['path']}@0.125;structures={structures}"
    assert made == str(recipe)


def test_events_move_the_page(atlases, atlas):
    state = page.state(atlas, navigation.opening(atlas))
    place = {"do": "place", "map": "z_r", "x": 1, "y": 0.5}
    for event, expected in (
        ({"do": "cell", "row": 3}, f"show=reconstructed;shape=cell:{navigation.cell_id(atlas, 3)}"),
        (place, "shape=map:z_r:1,0.5"),
        (place | {"map": "z_s"}, "z_s=map:1,0.5"),
        ({"do": "step", "by": 1}, state["nearby"][1]),
        ({"do": "show", "show": "observed"}, "show=observed"),
        ({"do": "structures", "structures": ["FBL"]}, "structures=FBL"),
    ):
        there, recipe = page.move(atlases, "", state, event)
        assert there is atlas
        assert expected in str(recipe)


@pytest.mark.parametrize(
    "event",
    [
        {"do": "cell", "row": 10**6},
        {"do": "cell", "row": -1},
        {"do": "dance"},
        {"do": "place", "map": "z_q", "x": 0, "y": 0},
        {},
    ],
)
def test_events_that_mean_nothing_change_nothing(atlases, atlas, event):
    start = navigation.opening(atlas)
    assert page.move(atlases, "", page.state(atlas, start), event)[1] == start


def test_the_state_says_where_the_picture_is_on_the_maps(atlas):
    start = navigation.opening(atlas)
    row = navigation.row_of(atlas, start)
    assert page.state(atlas, start)["marks"] == {"z_r": {"row": row}, "z_s": {"row": row}}
    there = navigation.to_place(atlas, start, "z_s", 1, 2)
    assert page.state(atlas, there)["marks"] == {"z_r": {"row": row}, "z_s": {"place": [1, 2]}}
    walk = page.state(atlas, navigation.to_walk(atlas, start, 1.5))
    assert (walk["marks"], walk["nearby"]) == ({"z_r": {}, "z_s": {}}, [])
    changed = parse(f"show=predicted;shape=dim:2@1.5:cell:{navigation.cell_id(atlas, 3)};structures=FBL")
    assert page.state(atlas, changed)["marks"]["z_r"] == {"row": 3}, "what it goes around"


def test_only_what_is_there_can_be_chosen(atlas):
    walk = navigation.to_walk(atlas, navigation.opening(atlas), 0)
    assert [option["disabled"] for option in page.show_options(atlas, walk)] == [True, True, False]
    assert [option["value"] for option in page.structure_options(atlas)] == [s.gene for s in atlas.structures]
