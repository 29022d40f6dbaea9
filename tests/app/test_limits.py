"""What cannot run is refused before any model sees it, with the limit and the count."""

import pytest

from app import limits


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t", "\u3000"])
def test_a_blank_prompt_is_refused(prompt):
    assert limits.refuse_prompt(prompt).key == "refuse.empty"


def test_a_long_prompt_is_refused_with_limit_and_count():
    refusal = limits.refuse_prompt("a" * 10_000)
    assert refusal == ("refuse.long", {"limit": limits.MAX_CHARACTERS, "count": 10_000})


def test_half_a_character_is_refused():
    assert limits.refuse_prompt("a\ud800b").key == "refuse.surrogate"


@pytest.mark.parametrize("prompt", ["我喜欢学习AI", "🎉👩‍👩‍👧", "שלום", "a\x00\x07", "<script>alert(1)</script>",
                                    "${1+1}", "{{value}}"])
def test_anything_that_is_text_may_run(prompt):
    assert limits.refuse_prompt(prompt) is None


def test_a_prompt_must_leave_room_in_the_context():
    assert limits.refuse_tokens(510, 512) is None
    assert limits.refuse_tokens(511, 512) == ("refuse.tokens", {"limit": 510, "count": 511})
