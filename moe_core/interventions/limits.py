"""When a long measurement stops early, and whom it tells how far it is.

It does not know what is measured, nor torch.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """When to stop early, and whom to tell how far it is."""

    seconds: float | None = None
    stop: Callable[[], bool] = lambda: False
    progress: Callable[[int, int], None] = lambda done, total: None  # experts measured, experts asked for

    def deadline(self) -> Callable[[], bool]:
        """A question that turns true when the time is over or somebody said stop."""
        end = None if self.seconds is None else time.monotonic() + self.seconds
        return lambda: self.stop() or (end is not None and time.monotonic() >= end)
