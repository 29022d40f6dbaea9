"""The first look is the recorded trace in the page's own words and colours, and text in it is only text."""

import re
from dataclasses import replace

import numpy as np
import pytest

from app import theme
from app.first_look import first_look
from app.page import first_session
from app.shipped import TRACES
from app.views import prompt as views
from app.words import say
from moe_core.pieces import Piece
from moe_core.tracing import bundle

recorded = bundle.load(TRACES / "first-screen.trace.json")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_speaks_the_language_of_its_page(language):
    html, session = first_look(first_session(recorded, language)), first_session(recorded, language)
    panel = views.panel_value("gates", session)
    for sentence in (say(language, "page.opening"), say(language, "tab.training"), panel["title"], panel["badge"]):
        assert sentence in html


def test_every_token_wears_its_first_expert():
    html, session = first_look(first_session(recorded, "en")), first_session(recorded, "en")
    shown = re.findall(r'<span class="token[^>]*><span>([^<]*)</span><small>E(\d+)</small>', html)
    assert shown == [(piece.label.strip() or piece.label, str(best))
                     for piece, best in zip(recorded.pieces, recorded.expert_ids[session.layer, :, 0], strict=True)]


def test_the_cells_are_as_dark_as_the_router_was_sure():
    html, layer = first_look(first_session(recorded, "en")), len(recorded.layers) // 2
    shares = [float(share) for share in re.findall(r"--ink-share:([\d.]+)", html)]
    expected = [theme.ink_share(probability) for probability in recorded.probabilities[layer].flatten()]
    np.testing.assert_allclose(shares, expected, atol=5e-4)


def test_exactly_the_chosen_experts_are_framed():
    html = first_look(first_session(recorded, "en"))
    framed = [name == "chosen" for name in re.findall(r'<i class="(\w*)"', html)]
    rows = np.array(framed).reshape(len(recorded.token_ids), recorded.experts)
    for row, chosen in zip(rows, recorded.expert_ids[len(recorded.layers) // 2], strict=True):
        assert set(np.flatnonzero(row)) == set(chosen.tolist())


def test_a_token_that_spells_a_script_is_only_text():
    hostile = "<script>alert(1)</script>"
    trace = replace(recorded, pieces=(Piece(hostile), *recorded.pieces[1:]),
                    settings={**recorded.settings, "prompt": hostile})
    html = first_look(first_session(trace, "en"))
    assert hostile not in html
    assert html.count("&lt;script&gt;alert(1)") == 3  # prompt, strip, heatmap


def test_a_trace_without_probabilities_has_its_strip_alone():
    html = first_look(first_session(replace(recorded, probabilities=None), "en"))
    assert "first-gates\"" not in html
    assert 'class="strip"' in html


def test_half_the_ink_is_spent_on_small_probabilities():
    assert [theme.ink_share(probability) for probability in (0, 0.1, 0.3, 1)] == [0, 0.17, 0.46, 1]
