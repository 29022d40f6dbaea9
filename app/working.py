"""What one visitor does in the tab *Tasks*: job, answer with its routing, stories found, words looked at.

Only choices and what came of them; doing.py asks the model, views/tasks.py says it in words.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from moe_core.tasks.prompts import TRANSLATION
from moe_core.tracing.trace import RoutingTrace

if TYPE_CHECKING:
    from moe_core.tasks.examples import Example


@dataclass(frozen=True, eq=False)
class Answered:
    """One job done."""

    job: str
    text: str
    question: str
    trace: RoutingTrace       # the whole prompt and the answer
    wanted: str = ""          # what the example asks for; "" for a visitor's own text


@dataclass(frozen=True, eq=False)
class Hit:
    """A story that was found."""

    title: str
    text: str
    nearness: float


@dataclass(frozen=True, eq=False)
class Searched:
    """One search, both ways."""

    question: str
    by_states: tuple[Hit, ...]
    by_words: tuple[Hit, ...]
    stories: int


@dataclass(frozen=True, eq=False)
class Prepared:
    """What happens to a text before the model sees it."""

    typed: str
    cleaned: str
    changes: dict[str, int]
    words: tuple[tuple[str, str], ...]   # word, part of speech
    names: tuple[tuple[str, str], ...]   # name, kind
    pieces: tuple[str, ...]              # the model's tokens
    map: pd.DataFrame | None = None      # word_map's table; None without a model
    kept: float = float("nan")


@dataclass(frozen=True)
class Working:
    """One visitor's jobs; every change is a new Working."""

    opened: bool = False
    job: str = TRANSLATION
    example: "Example | None" = None     # the example in the boxes, until the visitor changes them
    examples_seen: int = 0
    answered: Answered | None = None
    searched: Searched | None = None
    layer: int = 0
    position: int = 0
    prepared: Prepared | None = field(default=None, compare=False)
