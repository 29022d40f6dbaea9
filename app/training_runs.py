"""Who trains, who waits for the turn, and what was told so far: runs in processes of their own, one at work at a time.

It knows visitors by a key that their browser keeps for one tab, so that a reload finds its run again.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from app.training_state import LAB, MOST_KEPT, TrainingRun
from moe_core.lab.worker import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]
MOST_WAITING = 16
MOST_PAUSED = 3          # their processes stay in memory
MOST_VISITORS = 64       # whose runs are remembered
PATIENCE = 0.8           # seconds a process may take to stop by itself
AWAY = 15.0              # seconds a run waits for a tab that was closed or reloaded
ASLEEP = 600.0           # seconds a run may stay paused


class TooMany(RuntimeError):
    """So many wait already that nobody else can."""


class Foreman:
    """Gives the turn to train to one run after the other."""

    def __init__(self, command: list[str] | None = None):
        self._command = command or [sys.executable, "-m", "moe_core.lab.worker"]
        self._lock = threading.RLock()
        self._benches: OrderedDict[str, Bench] = OrderedDict()
        self._waiting: list[TrainingRun] = []
        self._working: TrainingRun | None = None
        atexit.register(self.close)

    def bench(self, visitor: str) -> "Bench":
        """What this visitor has; the longest unseen visitor without a run is forgotten when there are too many."""
        with self._lock:
            bench = self._benches.setdefault(visitor, Bench())
            self._benches.move_to_end(visitor)
            idle = [key for key, one in self._benches.items() if not one.active and key != visitor]
            for key in idle[:max(len(self._benches) - MOST_VISITORS, 0)]:
                del self._benches[key]
            return bench

    def submit(self, visitor: str, job: dict) -> TrainingRun:
        """A new run; the visitor's unfinished one is stopped first. TooMany when the queue is full."""
        with self._lock:
            bench = self.bench(visitor)
            if len(self._waiting) - sum(run.visitor == visitor for run in self._waiting) >= MOST_WAITING:
                raise TooMany(str(MOST_WAITING))
            self.stop(visitor)
            run = TrainingRun(visitor, job)
            bench.runs[job["kind"]] = run
            self._waiting.append(run)
            self._advance()
            return run

    def pause(self, visitor: str) -> None:
        """Let the run rest after its step; the turn goes to the next."""
        with self._lock:
            run = self.bench(visitor).active
            if run is None or run.state != "running":
                return
            run.change("paused")
            _tell(run, "pause")
            self._later(ASLEEP, lambda: run.state == "paused" and self._end(run, "stopped"))
            resting = [one.active for one in self._benches.values() if one.active and one.active.state == "paused"]
            for oldest in sorted(resting, key=lambda one: one.since)[:-MOST_PAUSED]:
                self._end(oldest, "stopped")
            self._advance()

    def resume(self, visitor: str) -> None:
        """Ask for the turn again."""
        with self._lock:
            run = self.bench(visitor).active
            if run is not None and run.state == "paused":
                run.change("waiting")
                self._waiting.append(run)
                self._advance()

    def stop(self, visitor: str) -> None:
        """End the visitor's run: at once if it waits, else within a second."""
        with self._lock:
            run = self.bench(visitor).active
            if run is not None:
                self._end(run, "stopped")

    def leave(self, visitor: str) -> None:
        """The tab is gone: nothing is computed for it any more; a reload may still find its run."""
        with self._lock:
            bench = self._benches.get(visitor)
            run = bench and bench.active
            if run is None:
                return
            run.left_as = run.left_as or run.state
            self.pause(visitor)
            self._later(AWAY, lambda: run.left_as and self._end(run, "stopped"))

    def come_back(self, visitor: str) -> None:
        """The tab is there again: the run goes on as it was left."""
        with self._lock:
            run = self.bench(visitor).active
            if run is not None and run.left_as:
                left_as, run.left_as = run.left_as, ""
                if left_as == "running":
                    self.resume(visitor)
                self._advance()

    def place(self, run: TrainingRun) -> int:
        """How many runs have the turn before this one."""
        with self._lock:
            return self._waiting.index(run) + (self._working is not None) if run in self._waiting else 0

    def keep(self, visitor: str) -> bool:
        """Put the latest live run beside those to compare; the oldest makes room."""
        with self._lock:
            bench = self.bench(visitor)
            run = bench.runs.get(LAB)
            if run is None or run in bench.kept or not run.told("step"):
                return False
            bench.kept = [*bench.kept, run][-MOST_KEPT:]
            return True

    def close(self) -> None:
        """End every process."""
        with self._lock:
            self._waiting.clear()
            for bench in self._benches.values():
                if bench.active:
                    self._end(bench.active, "stopped", patience=0)

    def _advance(self) -> None:
        """Give the turn to the first in the queue whose tab is open, when nobody has it."""
        if self._working is not None and self._working.state != "running":
            self._working = None
        there = [run for run in self._waiting if not run.left_as]
        if self._working is None and there:
            run = there[0]
            self._waiting.remove(run)
            self._working = run
            run.change("running")
            if run.process is None:
                self._start(run)
            else:
                _tell(run, "resume")

    def _start(self, run: TrainingRun) -> None:
        run.process = subprocess.Popen(
            self._command, cwd=ROOT, env={**os.environ, **ENVIRONMENT}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, encoding="utf-8")
        threading.Thread(target=self._listen, args=(run, run.process), daemon=True, name="training").start()
        _send(run, run.job)
        run.job = {name: value for name, value in run.job.items() if name != "own"}  # it has read it

    def _listen(self, run: TrainingRun, process: subprocess.Popen) -> None:
        """Keep what the process tells, until it ends."""
        with process.stdout:
            for line in process.stdout:
                run.hear(json.loads(line))
        process.wait()
        with self._lock:
            if run.state != "ended":
                run.conclude(run.reports[-1] if run.reports else {})
            _close(process.stdin)
            self._advance()

    def _end(self, run: TrainingRun, how: str, patience: float = PATIENCE) -> None:
        if run in self._waiting:
            self._waiting.remove(run)
        process = run.process
        if process is not None and process.poll() is None:
            _tell(run, "stop")
            self._later(patience, lambda: process.poll() is None and process.kill())
        run.end(how)
        self._advance()

    def _later(self, seconds: float, act) -> None:
        def locked() -> None:
            with self._lock:
                act()

        if seconds <= 0:
            act()
            return
        timer = threading.Timer(seconds, locked)
        timer.daemon = True
        timer.start()


class Bench:
    """One visitor's latest run of each kind, and the runs kept to be compared."""

    def __init__(self):
        self.runs: dict[str, TrainingRun] = {}
        self.kept: list[TrainingRun] = []
        self.files: dict[str, tuple[str, bytes]] = {}  # kind -> name and content of what was uploaded last
        self.language = "en"                           # in which a page is told how its run goes

    @property
    def active(self) -> TrainingRun | None:
        """The run that is not over, if there is one."""
        return next((run for run in self.runs.values() if run.state != "ended"), None)


def _tell(run: TrainingRun, order: str) -> None:
    _send(run, {"do": order})


def _send(run: TrainingRun, message: dict) -> None:
    with suppress(OSError, ValueError):  # it may have ended; the listener will say so
        run.process.stdin.write(json.dumps(message) + "\n")
        run.process.stdin.flush()


def _close(pipe) -> None:
    with suppress(OSError):
        pipe.close()
