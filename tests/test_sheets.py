"""Small pictures on sheets: each where the page looks for it."""

import numpy as np
import pytest

from app.sheets import COLUMNS, PER_SHEET, facts, sheet


def test_every_picture_is_where_the_page_looks_for_it():
    pictures = np.random.default_rng(0).integers(0, 256, (PER_SHEET + COLUMNS + 3, 6, 8, 3), np.uint8)
    about = facts(pictures)
    sheets = [sheet(pictures, 0), sheet(pictures, 1)]
    assert [one.shape for one in sheets] == [(PER_SHEET // COLUMNS * 6, COLUMNS * 8, 3), (2 * 6, COLUMNS * 8, 3)]
    for row, picture in enumerate(pictures):
        at = row % about["per_sheet"]
        y, x = at // about["columns"] * about["height"], at % about["columns"] * about["width"]
        np.testing.assert_array_equal(sheets[row // about["per_sheet"]][y : y + 6, x : x + 8], picture)
    assert not sheets[1][6:, 3 * 8 :].any()


@pytest.mark.parametrize("number", [-1, 2])
def test_there_is_no_other_sheet(number):
    with pytest.raises(ValueError, match="sheets 0 to 1"):
        sheet(np.zeros((PER_SHEET + 1, 2, 2, 3), np.uint8), number)


def test_without_pictures_there_is_nothing_to_find():
    assert facts(None) is None
