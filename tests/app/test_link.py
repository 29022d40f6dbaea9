"""An address restores the run it was copied from, and a broken one harms nothing."""

import pytest

from app import limits
from app.link import DEFAULTS, checked, from_query, to_query
from moe_core.sampling import Sampling


def through_the_address(prompt: str, sampling: Sampling):
    return from_query({name: str(value) for name, value in to_query(prompt, sampling).items() if value is not None})


@pytest.mark.parametrize("sampling", [
    DEFAULTS, Sampling(max_new_tokens=7, temperature=0.8, top_p=0.9, top_k=5, seed=3)])
def test_a_link_restores_the_whole_run(sampling):
    assert through_the_address("我喜欢 & more?", sampling) == ("我喜欢 & more?", sampling)


def test_an_address_without_a_prompt_asks_for_nothing():
    assert from_query({"lang": "zh"}).prompt is None


@pytest.mark.parametrize(("name", "text"), [
    ("temperature", "warm"), ("temperature", "nan"), ("temperature", "-1"), ("top_p", "0"), ("seed", "-3"),
    ("seed", "1e9"), ("max_new_tokens", "100000"), ("max_new_tokens", "0"), ("top_k", "")])
def test_a_dial_that_does_not_fit_stays_at_its_default(name, text):
    assert from_query({"prompt": "a", name: text}).sampling == DEFAULTS


def test_the_page_checks_its_own_dials():
    dials = {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "seed": 0}
    with pytest.raises(ValueError, match=f"max_new_tokens must lie in 1..{limits.MAX_NEW_TOKENS}, got 5000"):
        checked(**dials, max_new_tokens=5000)
