"""From a visitor's question in the tab *What if* to measured numbers: the engine is asked, a Session comes back.

It knows no components and no words.
"""

import time
from collections.abc import Iterator
from threading import Event

import numpy as np
import pandas as pd

from app import limits
from app.asking import Dials, Judged, Measured, Outcome, Reason
from app.engine import Engine
from app.session import Session
from moe_core.interventions.choices import WhatIf
from moe_core.interventions.limits import Limits
from moe_core.sampling import Sampling
from moe_core.statistics.shift import divergence, shift_table
from moe_core.tracing.trace import RoutingTrace

SAMPLING = ("max_new_tokens", "temperature", "top_p", "top_k", "seed")


def subject(session: Session) -> RoutingTrace:
    """The walk of the unchanged model that questions are about."""
    outcome = session.asking.outcome
    return session.trace if outcome is None else outcome.before


def usual(session: Session) -> Dials:
    """The dials of the model as it is."""
    return Dials.usual(session.trace)


def prompt_of(session: Session) -> str:
    """The text that the walk questioned was written from."""
    trace = subject(session)
    return trace.settings.get("prompt") or trace.text


def refuse_token(session: Session, text: str, dials: Dials) -> limits.Refusal | None:
    """A change for one token needs that token in the text."""
    if dials.position is None or text == prompt_of(session):
        return None
    return limits.Refusal("what_if.refuse.other_text", {})


def both_ways(engine: Engine, session: Session, text: str, dials: Dials, stop: Event) -> Iterator[list[RoutingTrace]]:
    """The text written on with the same seed, first by the model as it is, then as changed: one trace, then two."""
    known = session.trace.settings
    sampling = Sampling(**{name: known[name] for name in SAMPLING if name in known})
    done: list[RoutingTrace] = []
    for change in (WhatIf(), dials.change(usual(session))):
        growing = done
        for trace in engine.regenerate(text, sampling, change, stop):
            growing = [*done, trace]
            yield growing
        done = growing
        if stop.is_set():
            return


def concluded(engine: Engine, session: Session, text: str, dials: Dials, traces: list[RoutingTrace]) -> Session:
    """The session with what came of it: losses of the text and what may follow, both ways."""
    before, after = traces
    as_it_is, changed = (engine.reread(text, change) for change in (WhatIf(), dials.change(usual(session))))
    outcome = Outcome(dials, before, after, before.phase.count("prompt"), np.stack([as_it_is.losses, changed.losses]),
                      _shift(engine, as_it_is.following, changed.following),
                      divergence(as_it_is.following, changed.following), changed.dropped)
    return explained(engine, session.but(asking=session.asking.then(dials, outcome)))


def explained(engine: Engine, session: Session) -> Session:
    """The session with a reason for its token and layer; without one where there is no model to ask."""
    trace, asking = subject(session), session.asking
    position = min(asking.position, len(trace.token_ids) - 1)
    if engine.wait().name != "ready":
        return session.ask(position=position, reason=None)
    why = engine.why(trace.token_ids.tolist(), asking.layer, position)
    return session.ask(position=position, reason=Reason(why, _shift(engine, why.before, why.after)))


def measured(engine: Engine, text: str, stop: Event) -> Iterator[Measured]:
    """The effect of every expert on this text, one more layer each time, until `stop` or the time is over."""
    end, tables = time.monotonic() + limits.SECONDS_PER_RUN, []
    for layer in range(engine.shape[0]):
        bounds = Limits(seconds=max(end - time.monotonic(), 0), stop=stop.is_set)
        found = engine.effect(text, layer, bounds)
        if len(found.table):
            tables.append(found.table)
            yield Measured(pd.concat(tables, ignore_index=True), {**found.settings, "text": text}, recorded=False)
        if not found.complete:
            return


def judged(engine: Engine, text: str, stop: Event) -> Iterator[Judged]:
    """The choice by performance on this text, one more layer each time, until `stop` or the time is over."""
    end, parts = time.monotonic() + limits.SECONDS_PER_RUN, []
    for layer in range(engine.shape[0]):
        found = engine.regret(text, layer, Limits(seconds=max(end - time.monotonic(), 0), stop=stop.is_set))
        if not found.settings["complete"]:
            return
        parts.append(found)
        layers, experts, examples = (pd.concat(tables, ignore_index=True) for tables in zip(
            *((part.layers, part.experts, part.examples) for part in parts), strict=True))
        yield Judged(found._replace(layers=layers, experts=experts, examples=examples,
                                    settings={**found.settings, "text": text}), recorded=False)


def _shift(engine: Engine, before: np.ndarray, after: np.ndarray) -> pd.DataFrame:
    shift = shift_table(before, after)
    return shift.assign(token=[engine.token_label(token) for token in shift["token_id"].tolist()])
