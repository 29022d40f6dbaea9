"""A run as the query of a web address, and back.

It trusts nothing it reads: a value that does not fit is left out.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import NamedTuple

from app import limits
from moe_core.sampling import Sampling

DEFAULTS = Sampling()
NAMES = [field.name for field in fields(Sampling)]


class Asked(NamedTuple):
    """What a link asks for: a prompt (None: nothing to run) and the dials."""

    prompt: str | None
    sampling: Sampling


def to_query(prompt: str, sampling: Sampling) -> dict:
    """Everything that restores the run; None takes a name out of the address, the seed is always named."""
    dials = {name: getattr(sampling, name) for name in NAMES}
    changed = {name: value if value != getattr(DEFAULTS, name) else None for name, value in dials.items()}
    return {"prompt": prompt, **changed, "seed": sampling.seed}


def from_query(query: Mapping[str, str]) -> Asked:
    """The run a link asks for, with every unusable dial at its default."""
    sampling = DEFAULTS
    for name in NAMES:
        if name in query:
            sampling = _with_dial(sampling, name, query[name])
    return Asked(query.get("prompt"), sampling)


def checked(**dials) -> Sampling:
    """Dials as the page sends them, within the page's own limits; ValueError names the one that is not."""
    whole = {name: int(dials[name]) for name in ("max_new_tokens", "top_k", "seed")}
    sampling = Sampling(**{**dials, **whole})
    if not 1 <= sampling.max_new_tokens <= limits.MAX_NEW_TOKENS:
        raise ValueError(f"max_new_tokens must lie in 1..{limits.MAX_NEW_TOKENS}, got {sampling.max_new_tokens}")
    return sampling


def _with_dial(sampling: Sampling, name: str, text: str) -> Sampling:
    dials = {field: getattr(sampling, field) for field in NAMES}
    try:
        return checked(**{**dials, name: type(dials[name])(text)})
    except (ValueError, OverflowError):
        return sampling
