"""What a public page allows, and the friendly refusal of what it does not.

A refusal is the key of a sentence and its values, never a sentence.
"""

from typing import NamedTuple

MAX_CHARACTERS = 400
MAX_COMPARED_CHARACTERS = 2000  # a prompt with everything that was generated after it
MAX_NEW_TOKENS = 200
CONTEXT_MARGIN = 2             # END and the token that is drawn last
QUEUE_LENGTH = 64
HEAVY_RUNS_AT_ONCE = 4         # they take turns token by token
SECONDS_PER_RUN = 30.0
MAX_TRACE_TOKENS = 1024        # of a run from a visitor's file
MAX_TRACE_CELLS = 400_000      # its layers × tokens × experts


class Refusal(NamedTuple):
    """Why nothing runs: the key of a sentence in words and what to fill in."""

    key: str
    values: dict


def refuse_prompt(prompt: str, longest: int = MAX_CHARACTERS) -> Refusal | None:
    """What is wrong with this prompt before any model sees it; None if nothing."""
    if not prompt or not prompt.strip():
        return Refusal("refuse.empty", {})
    if len(prompt) > longest:
        return Refusal("refuse.long", {"limit": longest, "count": len(prompt)})
    if any("\ud800" <= character <= "\udfff" for character in prompt):
        return Refusal("refuse.surrogate", {})
    return None


def refuse_tokens(count: int, context: int) -> Refusal | None:
    """Whether so many tokens leave room for an answer in the model's context."""
    limit = context - CONTEXT_MARGIN
    return Refusal("refuse.tokens", {"limit": limit, "count": count}) if count > limit else None
