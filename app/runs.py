"""Which visitor has a run going, and how far: Stop ends exactly that one, and a click meanwhile is not lost."""

import threading

from moe_core.tracing.trace import RoutingTrace


class Sign(threading.Event):
    """A run's stop sign."""

    superseded = False  # a newer run of the same visitor has begun: nothing more is shown of this one


class Runs:
    """One running generation per visitor; a new one ends the one before."""

    def __init__(self):
        self._signs: dict[str, Sign] = {}
        self._looks: dict[str, dict] = {}
        self._grown: dict[str, RoutingTrace] = {}

    def begin(self, visitor: str) -> Sign:
        """A fresh stop sign for this visitor's new run."""
        if visitor in self._signs:
            self._signs[visitor].superseded = True
            self.stop(visitor)
        self._signs[visitor] = Sign()
        self._looks[visitor] = {}
        self._grown.pop(visitor, None)
        return self._signs[visitor]

    def stop(self, visitor: str) -> None:
        """Ask this visitor's run to end after the step it is in."""
        if visitor in self._signs:
            self._signs[visitor].set()

    def end(self, visitor: str, sign: Sign) -> None:
        """The run is over; forget its stop sign unless a newer run has put up its own."""
        if self._signs.get(visitor) is sign:
            for kept in (self._signs, self._looks, self._grown):
                kept.pop(visitor, None)

    def look(self, visitor: str, **changes) -> None:
        """The visitor looks elsewhere (layer, position, language); a run of theirs takes it over."""
        if visitor in self._looks:
            self._looks[visitor] |= changes

    def looked(self, visitor: str) -> dict:
        """Where the visitor has looked since their run began."""
        return self._looks.get(visitor, {})

    def grow(self, visitor: str, sign: Sign, trace: RoutingTrace) -> None:
        """The visitor's run is so far; one that a newer run has ended is not heard."""
        if not sign.superseded:
            self._grown[visitor] = trace

    def grown(self, visitor: str) -> RoutingTrace | None:
        """How far the visitor's run is, while it goes."""
        return self._grown.get(visitor)
