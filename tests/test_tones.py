"""Colours on a dark and on a light page: what the style sheet has, seen against the page, told apart with any colour vision."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from app.tones import DARK, LIGHT, SYMBOLS, look, stage_looks, tones

PAGES = {"dark": DARK, "light": LIGHT}
# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISIONS = {
    "trichromacy": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
WHITE = np.array([0.95047, 1, 1.08883])


def linear(colour: str) -> np.ndarray:
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)] if colour[0] == "#" else re.findall(r"[\d.]+", colour)
    values = np.array(parts, float) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: str) -> np.ndarray:
    """CIELAB under D65."""
    xyz = TO_XYZ @ np.clip(np.array(VISIONS[vision]) @ linear(colour), 0, 1) / WHITE
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(first: str, second: str) -> float:
    low, high = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (first, second))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("page", PAGES)
def test_fourteen_structures_can_be_told_apart(page, vision):
    looks = [look(PAGES[page], k) for k in range(14)]
    alike = [
        (a, b, float(np.linalg.norm(lab(looks[a][0], vision) - lab(looks[b][0], vision))))
        for a, b in combinations(range(14), 2)
        if looks[a][1] == looks[b][1]
    ]
    assert min(alike, key=lambda pair: pair[2])[2] >= 15


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("page", PAGES)
def test_eight_stages_can_be_told_apart(page, vision):
    looks = stage_looks(PAGES[page], 8)
    for a, b in combinations(range(8), 2):
        difference = np.linalg.norm(lab(looks[a][0], vision) - lab(looks[b][0], vision))
        assert looks[a][1] != looks[b][1] or difference >= 9, (a, b, difference)


@pytest.mark.parametrize("page", PAGES)
def test_classes_show_on_the_page(page):
    assert min(contrast(colour, PAGES[page].panel) for colour in PAGES[page].palette) >= 3
    assert min(contrast(colour, PAGES[page].panel) for colour, _ in stage_looks(PAGES[page], 8)) >= 2
    assert contrast(PAGES[page].edge, PAGES[page].panel) >= 10
    assert min(contrast(words, PAGES[page].panel) for words in (PAGES[page].soft, PAGES[page].accent)) >= 4.5


def test_forty_classes_are_all_different():
    looks = [look(DARK, k) for k in range(40)]
    assert len(set(looks)) == 40
    assert {symbol for _, symbol in looks} == set(SYMBOLS)
    assert look(DARK, 40) == looks[0]


def test_the_style_sheet_has_the_same_colours():
    sheet = (Path(__file__).parents[1] / "assets" / "style.css").read_text()
    blocks = {"dark": sheet.partition(":root {")[2], "light": sheet.partition('[data-theme="light"] {')[2]}
    for page, block in blocks.items():
        said = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", block.partition("}")[0]))
        for name in ("panel", "line", "soft", "faint", "accent"):
            assert said[name] == getattr(PAGES[page], name), (page, name)


def test_every_symbol_is_drawn_in_the_legend():
    sheet = (Path(__file__).parents[1] / "assets" / "style_maps.css").read_text()
    assert [symbol for symbol in SYMBOLS if symbol != "circle" and f".point.{symbol} {{" not in sheet] == []


def test_an_unknown_theme_is_dark():
    assert tones(None) is tones("dark") is DARK
    assert tones("light") is LIGHT
