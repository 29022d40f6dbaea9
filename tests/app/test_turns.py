"""Whoever asks first is served first, and nobody is served at the same time."""

import threading
import time

import pytest

from app.turns import FairTurns


def test_turns_come_in_the_order_they_were_asked_for():
    turns, served = FairTurns(), []

    def take(name: int) -> None:
        with turns:
            served.append(name)

    with turns:
        threads = []
        for name in range(5):
            threads.append(threading.Thread(target=take, args=(name,)))
            threads[-1].start()
            while len(turns._waiting) <= name:
                time.sleep(0.001)
    for thread in threads:
        thread.join(5)
    assert served == [0, 1, 2, 3, 4]


def test_only_one_holds_the_turn():
    turns, inside, most = FairTurns(), [], []

    def work() -> None:
        for _ in range(50):
            with turns:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert max(most) == 1


def test_an_error_passes_the_turn_on():
    turns = FairTurns()
    with pytest.raises(KeyError), turns:
        raise KeyError("oops")
    with turns:
        assert turns._taken
