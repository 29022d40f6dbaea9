"""Colours mean one thing each, on light paper and on dark."""

from itertools import combinations

import numpy as np
import pytest

from app import theme

PALETTES = {"light": theme.LIGHT, "dark": theme.DARK}


def _linear(colour):
    parts = np.array([int(colour[at:at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _contrast(one, other):
    low, high = sorted(_linear(colour) @ [0.2126, 0.7152, 0.0722] + 0.05 for colour in (one, other))
    return high / low


def _oklab(colour):
    """Ottosson 2020."""
    cone = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                     [0.0883024619, 0.2817188376, 0.6299787005]]) @ _linear(colour)
    return np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                     [0.0259040371, 0.7827717662, -0.8086757660]]) @ np.cbrt(cone)


def test_ten_experts_have_ten_colours_that_can_be_told_apart():
    assert len(set(theme.EXPERTS)) == 10
    distances = [100 * np.linalg.norm(_oklab(a) - _oklab(b)) for a, b in combinations(theme.EXPERTS, 2)]
    assert min(distances) >= 14


def test_the_eleventh_expert_borrows_the_first_colour():
    assert theme.expert_colour(10) == theme.expert_colour(0) == theme.EXPERTS[0]


@pytest.mark.parametrize("expert", range(10))
def test_a_number_can_be_read_on_its_experts_colour(expert):
    colour = theme.expert_colour(expert)
    assert _contrast(theme.ink_on(colour), colour) >= 4.5


@pytest.mark.parametrize("mode", PALETTES)
@pytest.mark.parametrize(("name", "least"), [("ink", 7), ("mute", 4.5), ("accent", 4.5), ("flip", 4.5),
                                             ("bar", 3), ("chance", 3)])
def test_text_and_marks_stand_out_from_the_paper(mode, name, least):
    palette = PALETTES[mode]
    for paper in ("paper", "panel"):
        assert _contrast(palette[name], palette[paper]) >= least


def test_turning_dark_changes_every_meaning_and_no_expert():
    assert theme.LIGHT.keys() == theme.DARK.keys()
    assert set(theme.LIGHT.values()) <= set(theme.DARK_OF_LIGHT)
    assert not set(theme.EXPERTS) & set(theme.DARK_OF_LIGHT)


def test_one_spelling_has_one_meaning():
    scales = theme.PROBABILITY_SCALE + theme.DIVERGING_SCALE + theme.FLIP_SCALE[:-1]
    spelled = [*theme.LIGHT.values(), *(colour for _, colour in scales), *theme.EXPERTS]
    assert len(spelled) == len(set(spelled))
    assert all(colour == colour.lower() for colour in spelled)


def test_numbers_on_experts_keep_their_ink_in_the_dark():
    assert not {theme.ink_on(colour) for colour in theme.EXPERTS} & set(theme.DARK_OF_LIGHT)
