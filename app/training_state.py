"""What one visitor trains in the tab *Train it yourself*, and what one run has told so far.

Only choices and reports; training_runs.py runs, views/training.py says it in words.
"""

import re
import time
from dataclasses import dataclass

MOST_KEPT = 4
KEY = re.compile(r"[0-9a-f]{32}")
WORDS, LAB, TABLE = "thousand-words", "lab", "table"  # the kinds of run


@dataclass(frozen=True)
class Training:
    """One visitor's choices; the runs themselves are found by the key."""

    key: str = ""
    opened: bool = False
    seen: frozenset[str] = frozenset()  # the parts of the tab that were opened
    box: str = "data"      # the step of the pipeline that is looked at
    moment: int = -1       # the recorded step of training that is looked at; -1 = the last
    twins: tuple = ()      # what the model and its twins wrote, and what it took them
    asked: tuple = ()      # the prompt, seed and temperature of that
    counted: str = ""      # the sentence whose tokens are counted; "" = the article's
    snippets: tuple = ()   # what the GPT-2s wrote after it


class TrainingRun:
    """One run: what was asked, how far it is, every report. States: waiting, running, paused, ended."""

    def __init__(self, visitor: str, job: dict):
        self.visitor, self.job = visitor, job
        self.state, self.outcome = "waiting", ""   # outcome: finished, stopped, deadline, diverged, refused, failed
        self.since = time.monotonic()              # in this state
        self.left_as = ""                          # the state in which the tab was closed, while it is closed
        self.process = None
        self.reports: list[dict] = []
        self.version = 0                           # grows with everything that can be seen

    def change(self, state: str) -> None:
        self.state, self.since = state, time.monotonic()
        self.version += 1

    def hear(self, report: dict) -> None:
        """Keep a report; of the word vectors only the latest, they are large."""
        if self.state == "ended":
            return
        if "vectors" in report:
            for earlier in self.told("step"):
                earlier.pop("vectors", None)
        self.reports.append(report)
        self.version += 1

    def conclude(self, last: dict) -> None:
        """The process has ended by itself."""
        kind = last.get("kind")
        self.end(last["state"] if kind == "done" else kind if kind in ("refused", "failed") else "failed")

    def end(self, how: str) -> None:
        if self.state != "ended":
            self.outcome = how
            self.change("ended")

    def told(self, kind: str) -> list[dict]:
        """All reports of one kind, in order."""
        return [report for report in self.reports if report["kind"] == kind]

    def last(self, kind: str) -> dict:
        """The latest report of one kind; empty when there is none."""
        return next((report for report in reversed(self.reports) if report["kind"] == kind), {})


def valid_key(key) -> str:
    """The key if a browser of ours made it, else nothing."""
    return key if isinstance(key, str) and KEY.fullmatch(key) else ""
