"""One run at work at a time, the others wait in order; a run stops within a second and survives a reload."""

import sys
import time

import pytest

from app import training_runs
from app.training_runs import Foreman, TooMany

WORKER = """
import json, sys, threading, queue, time, os
orders = queue.Queue()
job = json.loads(sys.stdin.readline())
def listen():
    for line in sys.stdin: orders.put(json.loads(line)["do"])
    os._exit(0)
threading.Thread(target=listen, daemon=True).start()
paused, step = False, 0
while step < job.get("steps", 10**6):
    while paused or not orders.empty():
        order = orders.get()
        if order == "stop" and not job.get("deaf"): sys.exit()
        paused = order == "pause"
    step += 1
    print(json.dumps({"kind": "step", "step": step}), flush=True)
    time.sleep(0.01)
print(json.dumps({"kind": "done", "state": "finished", "step": step}), flush=True)
"""
JOB = {"kind": "lab"}


@pytest.fixture
def foreman(monkeypatch):
    monkeypatch.setattr(training_runs, "AWAY", 0.5)
    made = Foreman([sys.executable, "-c", WORKER])
    yield made
    made.close()


def until(condition, seconds: float = 20) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it never happened"
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_run_is_followed_to_its_end(foreman):
    run = foreman.submit("a", {**JOB, "steps": 3})
    until(lambda: run.state == "ended")
    assert (run.outcome, [report["step"] for report in run.told("step")]) == ("finished", [1, 2, 3])
    assert run.process.poll() is not None


def test_one_works_and_the_others_wait_in_order(foreman):
    first, second, third = (foreman.submit(visitor, JOB) for visitor in "abc")
    until(lambda: first.told("step"))
    assert [run.state for run in (first, second, third)] == ["running", "waiting", "waiting"]
    assert [foreman.place(run) for run in (first, second, third)] == [0, 1, 2]
    foreman.stop("b")
    assert (second.outcome, second.process, foreman.place(third)) == ("stopped", None, 1)
    foreman.stop("a")
    until(lambda: third.told("step"))


def test_a_pause_gives_the_turn_away_and_keeps_what_was_learned(foreman):
    first, second = foreman.submit("a", JOB), foreman.submit("b", JOB)
    until(lambda: first.told("step"))
    foreman.pause("a")
    until(lambda: second.told("step"))
    reached = len(first.reports)
    time.sleep(0.3)
    assert len(first.reports) <= reached + 2  # at most the step it was in
    foreman.resume("a")
    assert first.state == "waiting"
    foreman.stop("b")
    until(lambda: len(first.reports) > reached + 5)
    assert first.reports[-1]["step"] == len(first.reports)  # it went on, it did not start again


@pytest.mark.parametrize("deaf", [False, True])
def test_a_stopped_run_is_gone_within_a_second_even_if_it_does_not_listen(foreman, deaf):
    run = foreman.submit("a", {**JOB, "deaf": deaf})
    until(lambda: run.told("step"))
    foreman.stop("a")
    assert run.outcome == "stopped"
    assert until(lambda: run.process.poll() is not None) < 1.5  # 1 s on a quiet machine


def test_a_closed_tab_pauses_at_once_and_cleans_up(foreman):
    run = foreman.submit("a", JOB)
    until(lambda: run.told("step"))
    foreman.leave("a")
    assert run.state == "paused"
    until(lambda: run.process.poll() is not None)
    assert run.outcome == "stopped"


def test_a_reload_finds_its_run_and_goes_on(foreman):
    run = foreman.submit("a", JOB)
    until(lambda: run.told("step"))
    foreman.leave("a")
    foreman.come_back("a")
    reached = len(run.reports)
    until(lambda: len(run.reports) > reached + 3)
    time.sleep(0.6)
    assert run.state == "running"


def test_a_run_the_visitor_paused_stays_paused_after_a_reload(foreman):
    run = foreman.submit("a", JOB)
    until(lambda: run.told("step"))
    foreman.pause("a")
    foreman.leave("a")
    foreman.come_back("a")
    assert run.state == "paused"


def test_a_new_run_takes_the_place_of_ones_own(foreman):
    first = foreman.submit("a", JOB)
    second = foreman.submit("a", JOB)
    assert first.outcome == "stopped"
    until(lambda: second.told("step"))


def test_the_queue_has_an_end(foreman, monkeypatch):
    monkeypatch.setattr(training_runs, "MOST_WAITING", 2)
    for visitor in "abc":
        foreman.submit(visitor, JOB)
    with pytest.raises(TooMany):
        foreman.submit("d", JOB)


def test_no_more_than_a_few_paused_runs_stay_in_memory(foreman, monkeypatch):
    monkeypatch.setattr(training_runs, "MOST_PAUSED", 1)
    runs = []
    for visitor in "ab":
        runs.append(foreman.submit(visitor, JOB))
        until(lambda: runs[-1].told("step"))
        foreman.pause(visitor)
    assert [run.state for run in runs] == ["ended", "paused"]


def test_a_process_that_dies_is_told_as_a_failure(foreman):
    run = foreman.submit("a", JOB)
    until(lambda: run.told("step"))
    run.process.kill()
    until(lambda: run.state == "ended")
    assert run.outcome == "failed"


def test_runs_are_kept_to_be_compared_but_not_without_end(foreman):
    for _ in range(training_runs.MOST_KEPT + 1):
        run = foreman.submit("a", {**JOB, "steps": 2})
        until(lambda run=run: run.state == "ended")
        assert foreman.keep("a")
        assert not foreman.keep("a")
    kept = foreman.bench("a").kept
    assert len(kept) == training_runs.MOST_KEPT
    assert kept[-1] is run


def test_forgotten_visitors_make_room(foreman, monkeypatch):
    monkeypatch.setattr(training_runs, "MOST_VISITORS", 2)
    benches = [foreman.bench(visitor) for visitor in "abc"]
    assert foreman.bench("c") is benches[2]
    assert foreman.bench("a") is not benches[0]
