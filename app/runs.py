"""Which visitor has a run going, and how far: Stop ends exactly that one, and a click meanwhile is not lost."""

import threading

from moe_core.tracing.trace import RoutingTrace


class Runs:
    """One running generation per visitor; a new one ends the one before."""

    def __init__(self):
        self._stops: dict[str, threading.Event] = {}
        self._looks: dict[str, dict] = {}
        self._grown: dict[str, RoutingTrace] = {}

    def begin(self, visitor: str) -> threading.Event:
        """A fresh stop sign for this visitor's new run."""
        self.stop(visitor)
        self._stops[visitor] = threading.Event()
        self._looks[visitor] = {}
        self._grown.pop(visitor, None)
        return self._stops[visitor]

    def stop(self, visitor: str) -> None:
        """Ask this visitor's run to end after the step it is in."""
        sign = self._stops.pop(visitor, None)
        if sign is not None:
            sign.set()

    def end(self, visitor: str, sign: threading.Event) -> None:
        """The run is over; forget its stop sign unless a newer run has put up its own."""
        if self._stops.get(visitor, sign) is sign:
            self._stops.pop(visitor, None)
            self._looks.pop(visitor, None)
            self._grown.pop(visitor, None)

    def look(self, visitor: str, **changes) -> None:
        """The visitor looks elsewhere (layer, position, language); a run of theirs takes it over."""
        if visitor in self._looks:
            self._looks[visitor] |= changes

    def looked(self, visitor: str) -> dict:
        """Where the visitor has looked since their run began."""
        return self._looks.get(visitor, {})

    def grow(self, visitor: str, sign: threading.Event, trace: RoutingTrace) -> None:
        """The visitor's run is so far; one that a newer run has ended is not heard."""
        if self._stops.get(visitor, sign) is sign:
            self._grown[visitor] = trace

    def grown(self, visitor: str) -> RoutingTrace | None:
        """How far the visitor's run is, while it goes."""
        return self._grown.get(visitor)
