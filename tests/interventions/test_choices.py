"""A what-if is checked before any model runs, says what is wrong with it, and survives a link."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moe_core.interventions.choices import FUSIONS, Change, WhatIf

numbers = st.integers(0, 9)
some = st.lists(numbers, max_size=4).map(tuple)
changes = st.one_of(
    st.builds(Change, layers=st.none() | some, positions=st.none() | some, off=some, force=some, swap=st.booleans(),
              nudges=st.lists(st.tuples(numbers, st.floats(-1000, 1000)), max_size=3)),
    st.builds(Change, layers=st.none() | some, k=st.none() | st.integers(1, 10),
              fusion=st.none() | st.sampled_from(FUSIONS), temperature=st.none() | st.floats(0.01, 100),
              capacity=st.none() | st.floats(0.1, 4)))


@given(st.lists(changes, max_size=4))
def test_a_what_if_survives_json(listed):
    what_if = WhatIf(tuple(listed))
    assert WhatIf.from_json(json.loads(json.dumps(what_if.to_json()))) == what_if


def test_what_was_left_alone_is_left_out():
    assert WhatIf((Change(layers=(1,), off=(3,)), Change())).to_json() == [{"layers": [1], "off": [3]}, {}]


@pytest.mark.parametrize(("said", "reason"), [
    ({"k": 0}, "k must lie in 1 or more, got 0"),
    ({"k": 1.5}, "k must lie in 1 or more, got 1.5"),
    ({"k": True}, "k must lie in"),
    ({"nudges": [(0, float("nan"))]}, "a nudge must lie in -1000..1000, got nan"),
    ({"nudges": [(0, float("inf"))]}, "a nudge must lie in -1000..1000, got inf"),
    ({"nudges": [(0, 1e30)]}, "a nudge must lie in -1000..1000, got 1e\\+30"),
    ({"nudges": [3]}, "a nudge must be a pair of expert and number, got 3"),
    ({"nudges": 3}, "nudges must be a list"),
    ({"fusion": "loudest"}, "fusion must lie in weighted, uniform, best, got loudest"),
    ({"temperature": 0}, "temperature must lie in 0.01..100, got 0"),
    ({"temperature": float("nan")}, "temperature must lie in 0.01..100, got nan"),
    ({"capacity": -1}, "capacity must lie in the numbers above 0, got -1"),
    ({"capacity": float("inf")}, "capacity must lie in the numbers above 0, got inf"),
    ({"positions": [-2]}, r"positions must lie in -1 \(END\) or more"),
    ({"positions": [2], "k": 3}, "k holds for every token of a layer: leave positions out"),
    ({"off": "3"}, "off must be a list of whole numbers, got '3'"),
    ({"off": None}, "off must be a list of whole numbers"),
    ({"swap": 1}, "swap must lie in true or false, got 1"),
    ({"expert": 3}, "a change must be one of layers, positions, off.*, got expert"),
], ids=str)
def test_a_wrong_value_is_refused_by_name(said, reason):
    with pytest.raises(ValueError, match=reason):
        WhatIf.from_json([said])


@pytest.mark.parametrize("said", [None, {}, "off", [3]])
def test_something_else_than_a_list_of_changes_is_refused(said):
    with pytest.raises(ValueError, match="a what-if must be a list of changes"):
        WhatIf.from_json(said)


@pytest.mark.parametrize(("listed", "reason"), [
    ([Change(layers=(2,), off=(0,))], "layer must lie in 0..1, got 2"),
    ([Change(layers=(-1,), off=(0,))], "layer must lie in 0..1, got -1"),
    ([Change(off=(3,))], "expert must lie in 0..2, got 3"),
    ([Change(force=(7,))], "expert must lie in 0..2, got 7"),
    ([Change(nudges=((5, 1.0),))], "expert must lie in 0..2, got 5"),
    ([Change(k=4)], "k must lie in 1..3, got 4"),
    ([Change(layers=(1,), off=(0, 1, 2))], "layer 1: at most 2 of its 3 experts may be off, got 3"),
    ([Change(off=(0, 1)), Change(positions=(4,), off=(2,))], "layer 0: at most 2 of its 3 experts may be off, got 3"),
    ([Change(off=(1,)), Change(layers=(1,), force=(1,))], "layer 1: an expert is either off or forced, got both for 1"),
    ([Change(force=(0, 1, 2))], "layer 0: at most k = 2 experts may be forced, got 3"),
    ([Change(swap=True, k=3)], "layer 0: a swap needs a runner-up: k must lie in 1..2, got 3"),
    ([Change(swap=True, off=(0,))], "layer 0: a swap needs a runner-up: k must lie in 1..1, got 2"),
], ids=str)
def test_what_this_model_cannot_do_is_refused_with_the_allowed_range(listed, reason):
    with pytest.raises(ValueError, match=reason):
        WhatIf(tuple(listed)).check(layers=2, experts=3, k=2)


def test_experts_off_at_different_places_do_not_add_up():
    apart = WhatIf((Change(layers=(0,), off=(0, 1)), Change(layers=(1,), off=(2,)),
                    Change(layers=(1,), positions=(0,), off=(0,)), Change(layers=(1,), positions=(1,), off=(1,))))
    apart.check(layers=2, experts=3, k=2)


def test_the_later_of_two_settings_holds():
    what_if = WhatIf((Change(k=3), Change(layers=(1,), k=1), Change(layers=(0,), fusion="best")))
    assert [what_if.plan(layer, k=2).k for layer in range(2)] == [3, 1]
    assert [what_if.plan(layer, k=2).fusion for layer in range(2)] == ["best", "weighted"]


def test_the_page_can_hold_a_what_if_before_torch_is_there():
    script = "import sys, moe_core.interventions.choices, moe_core.interventions.limits; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "False"
