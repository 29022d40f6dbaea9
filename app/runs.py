"""Which visitor has a run going, so that Stop ends exactly that one."""

import threading


class Runs:
    """One running generation per visitor; a new one ends the one before."""

    def __init__(self):
        self._stops: dict[str, threading.Event] = {}

    def begin(self, visitor: str) -> threading.Event:
        """A fresh stop sign for this visitor's new run."""
        self.stop(visitor)
        self._stops[visitor] = threading.Event()
        return self._stops[visitor]

    def stop(self, visitor: str) -> None:
        """Ask this visitor's run to end after the step it is in."""
        sign = self._stops.pop(visitor, None)
        if sign is not None:
            sign.set()

    def end(self, visitor: str, sign: threading.Event) -> None:
        """The run is over; forget its stop sign unless a newer run has put up its own."""
        if self._stops.get(visitor) is sign:
            del self._stops[visitor]
