"""What one visitor asks in the tab *What if*, and what was found.

Only choices and measured numbers; engine.py measures, views/what_if.py says it in words.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from app.limits import Refusal
from moe_core.interventions.choices import FUSIONS, Change, WhatIf
from moe_core.tracing.trace import RoutingTrace

if TYPE_CHECKING:
    from moe_core.interventions.apply import Dropped
    from moe_core.interventions.hindsight import Hindsight
    from moe_core.interventions.why import Why

MOST_UNDONE = 8
ALL, CHOSEN = "all", "chosen"  # over which tokens an effect is averaged
FARTHEST_NUDGE = 10.0          # logits; the slider's end
CAPACITIES = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)  # capacity factors on offer


@dataclass(frozen=True)
class Dials:
    """What the visitor turned; `usual` are those of the model as it is."""

    layers: tuple[int, ...]
    k: int
    off: tuple[int, ...] = ()
    force: int | None = None
    fusion: str = FUSIONS[0]
    temperature: float = 1.0
    nudge: tuple[int, float] | None = None  # (expert, what is added to its logit)
    swap: bool = False
    capacity: float | None = None
    position: int | None = None             # off, force, nudge and swap hold for this token only; None = for all

    @classmethod
    def usual(cls, trace: RoutingTrace) -> "Dials":
        return cls(tuple(range(len(trace.layers))), trace.experts_per_token)

    def change(self, usual: "Dials") -> WhatIf:
        """These dials as a what-if; empty when nothing differs from the model as it is."""
        layers = None if self.layers == usual.layers else self.layers
        for_tokens = {name: value for name, value in {
            "off": self.off, "force": () if self.force is None else (self.force,), "swap": self.swap,
            "nudges": () if self.nudge is None or self.nudge[1] == 0 else (self.nudge,)}.items() if value}
        for_layers = {name: getattr(self, name) for name in ("k", "fusion", "temperature", "capacity")
                      if getattr(self, name) != getattr(usual, name)}
        if self.position is None:
            return WhatIf((Change(layers, **for_tokens, **for_layers),) if for_tokens | for_layers else ())
        parts = [Change(layers, (self.position,), **for_tokens)] if for_tokens else []
        return WhatIf((*parts, *([Change(layers, **for_layers)] if for_layers else ())))


def refuse_dials(dials: Dials, usual: Dials, layers: int, experts: int) -> Refusal | None:
    """Why these dials cannot be run on a model of this shape; None when they can."""
    if not dials.layers:
        return Refusal("what_if.refuse.layers", {})
    if isinstance(dials.k, bool) or not isinstance(dials.k, int) or not 1 <= dials.k <= experts:
        return Refusal("what_if.refuse.k", {"k": dials.k, "experts": experts})
    if len(set(dials.off)) >= experts:
        return Refusal("what_if.refuse.all_off", {"experts": experts, "most": experts - 1})
    if dials.force in dials.off:
        return Refusal("what_if.refuse.both", {"expert": dials.force})
    if dials.nudge is not None and not _is_nudge(dials.nudge[1]):
        return Refusal("what_if.refuse.nudge", {"amount": dials.nudge[1], "farthest": f"{FARTHEST_NUDGE:g}"})
    left = experts - len(set(dials.off))
    if dials.swap and left <= dials.k:
        return Refusal("what_if.refuse.swap", {"k": dials.k, "left": left})
    try:
        dials.change(usual).check(layers, experts, usual.k)
    except (ValueError, TypeError) as error:
        return Refusal("refuse.dials", {"error": error})
    return None


def _is_nudge(amount) -> bool:
    """Whether this is a number on the slider; an emptied box is None, and NaN equals nothing."""
    return isinstance(amount, int | float) and -FARTHEST_NUDGE <= amount <= FARTHEST_NUDGE


@dataclass(frozen=True, eq=False)
class Outcome:
    """One text through the model as it is and as it was changed."""

    dials: Dials
    before: RoutingTrace       # the text and what the model writes after it
    after: RoutingTrace        # the text and what the changed model writes after it
    prompt_tokens: int
    losses: np.ndarray         # (2, T - 1) nats: of the text's tokens but the first; before, after
    shift: pd.DataFrame        # token, before, after: what may follow the text
    divergence: float          # KL(before || after) of what may follow, nats
    dropped: "tuple[Dropped, ...]" = ()  # slots of the text that full experts refused after the change


@dataclass(frozen=True, eq=False)
class Reason:
    """Why one token met its experts in one layer."""

    why: "Why"
    shift: pd.DataFrame        # token, before, after: with its own experts, with the runner-up swapped in


@dataclass(frozen=True, eq=False)
class Measured:
    """A causal effect of every expert: recorded for the shipped model, or live on the visitor's text."""

    table: pd.DataFrame        # the table `effect`, both scopes
    settings: dict
    recorded: bool


@dataclass(frozen=True, eq=False)
class Judged:
    """The learned choice beside the choice by performance: recorded for the shipped model, or live."""

    found: "Hindsight"
    recorded: bool


@dataclass(frozen=True)
class Asking:
    """One visitor's what-ifs; every change is a new Asking."""

    opened: bool = False
    taken: str = ""                                       # the text that was taken over from the first tab last
    dials: Dials | None = None                            # of the outcome; None: the model as it is
    outcome: Outcome | None = None
    past: tuple[tuple[Dials | None, Outcome | None], ...] = ()  # what an undo goes back to, oldest first
    layer: int = 0
    position: int = 0
    reason: Reason | None = field(default=None, compare=False)
    effect: Measured | None = field(default=None, compare=False)
    scope: str = ALL
    regret: Judged | None = field(default=None, compare=False)

    def then(self, dials: Dials | None, outcome: Outcome | None) -> "Asking":
        """A new state that can be undone."""
        past = (*self.past, (self.dials, self.outcome))[-MOST_UNDONE:]
        return replace(self, dials=dials, outcome=outcome, past=past, reason=None)

    def undone(self) -> "Asking":
        """The state before the last run or reset; this one when there is none."""
        if not self.past:
            return self
        dials, outcome = self.past[-1]
        return replace(self, dials=dials, outcome=outcome, past=self.past[:-1], reason=None)
