"""A lock whose waiting list is first come, first served, so that no visitor starves."""

import threading
from collections import deque


class FairTurns:
    """`with turns:` one holder at a time, in the order they asked; a plain Lock promises no order."""

    def __init__(self):
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    def __enter__(self) -> "FairTurns":
        with self._guard:
            if not self._taken and not self._waiting:
                self._taken = True
                return self
            turn = threading.Event()
            self._waiting.append(turn)
        turn.wait()
        return self

    def __exit__(self, *error) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()  # the turn passes on; the lock stays taken
            else:
                self._taken = False
