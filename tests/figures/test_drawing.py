"""What figures share draws text as text and keeps every place on its axis."""

import numpy as np
import pandas as pd
import pytest

from app.figures import drawing


@pytest.mark.parametrize(("token", "drawn"), [
    ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"), ("&lt;", "&amp;lt;"), ('"quoted"', '"quoted"'), ("我", "我"), ("", "")])
def test_a_token_that_spells_markup_stays_a_token(token, drawn):
    assert drawing.safe(token) == drawn


def test_a_long_token_is_cut_before_it_is_made_safe():
    ticks = drawing.token_ticks(pd.Series(["<" * 20], index=[3]))
    assert ticks["ticktext"] == ["&lt;" * 13 + "…"]
    assert ticks["tickvals"].tolist() == [3]


def test_numbers_with_gaps_stand_side_by_side():
    axis = drawing.numbered("L", [1, 3, 5])
    assert axis["ticktext"] == ["L1", "L3", "L5"]
    assert axis["tickvals"].tolist() == [0, 1, 2]
    assert axis["range"] == [-0.5, 2.5]


def test_frames_go_round_their_cells_and_break_between_them():
    frames = drawing.frames([0, 5], [1, 1], 0.5, 0.25)
    assert frames["x"][:5].tolist() == [-0.5, 0.5, 0.5, -0.5, -0.5]
    assert frames["y"][:5].tolist() == [0.75, 0.75, 1.25, 1.25, 0.75]
    assert np.flatnonzero(np.isnan(frames["x"])).tolist() == [5, 11]


@pytest.mark.parametrize(("share", "told"), [
    (0, "0%"), (0.00004, "&lt;0.1%"), (0.004, "0.4%"), (0.0949, "9.5%"), (0.096, "10%"), (1, "100%"), (np.nan, "–")])
def test_small_shares_keep_a_digit(share, told):
    assert drawing.percent(share) == told


def test_what_a_caller_does_not_know_stays_english():
    told = drawing.words({"chance": "随机水平"})
    assert told["chance"] == "随机水平"
    assert told["margin"] == "margin"
