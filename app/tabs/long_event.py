"""An event that takes seconds: what it changed goes into the session as it is by then, over no choice made meanwhile.

gradio hands an event the session with which it begins. One that gave it back at its end would undo every choice that
the visitor made in between, in this tab or in another. It does not know what any tab does.
"""

from collections.abc import Callable, Iterator
from functools import partial, wraps
from inspect import isgenerator
from typing import NamedTuple

import gradio as gr

from app.session import Session, merged
from app.tabs.wiring import SLIDING

TAKEN = "taken"  # what an event has found is in the session; what follows may begin


class Late(NamedTuple):
    """The session with which an event began, and what has become of it there."""

    before: Session
    after: Session


class LongEvent:
    """The event, a quiet one after it that takes over what it changed, and perhaps a third that goes on from there.

    `run` yields or returns dicts like any callback of a tab; where they hold the session, they now hold what it found.
    `merge(late, now)` is for what does not fit a session in which something else was chosen meanwhile.
    """

    def __init__(self, session: gr.State, run: Callable, show: Callable[[Session], dict],
                 merge: Callable[[Late, Session], Session] = lambda late, now: merged(*late, now),
                 found: gr.State | None = None):
        self.session, self.show, self.merge, self.found = session, show, merge, found or gr.State()
        self.outputs, self.goes_on = set(), False
        self.run = self._watched(run)

    def connect(self, triggers: list | Callable, inputs, outputs: list,
                rest: Callable[[Session, str], Iterator] | None = None, **kind) -> gr.events.Dependency:
        """Wire all of it, after these triggers or as the `then` of another event.

        `rest(session, visitor)` must leave the session alone.
        """
        self.outputs, self.goes_on = set(outputs), rest is not None
        seen = [component for component in outputs if component is not self.session]
        listen = triggers if callable(triggers) else partial(gr.on, triggers)
        ended = listen(self.run, inputs, [self.found, *seen], **kind)
        taken = ended.then(self.take, [self.session, self.found], [self.session, self.found, *seen], **SLIDING)
        if rest is None:
            return taken
        return taken.then(self._going_on(rest), [self.session, self.found], [self.found, *seen], **kind)

    def take(self, now: Session, late: Late | None) -> dict:
        """Take over what was found; drawn again only where something else was chosen meanwhile."""
        if not isinstance(late, Late):
            return {self.found: gr.skip()}
        session = self.merge(late, now)
        again = {} if now is late.before else self.show(session)
        return {self.session: session, self.found: TAKEN if self.goes_on else None,
                **{component: value for component, value in again.items() if component in self.outputs}}

    def _watched(self, run: Callable) -> Callable:
        @wraps(run)
        def watched(*given):
            before = given[0][self.session] if isinstance(given[0], dict) else given[0]
            told = run(*given)
            for shown in told if isgenerator(told) else [told]:
                found = {self.found: Late(before, shown[self.session])} if self.session in shown else {}
                yield {component: value for component, value in shown.items() if component is not self.session} | found

        return watched

    def _going_on(self, rest: Callable) -> Callable:
        def go_on(session: Session, found, request: gr.Request):
            yield {self.found: None if found == TAKEN else gr.skip()}
            if found == TAKEN:
                yield from rest(session, request.session_hash)

        return go_on
