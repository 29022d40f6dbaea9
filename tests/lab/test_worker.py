"""A run in a process of its own can be paused, resumed and stopped, and dies with its caller."""

import base64
import json
import queue
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moe_core.lab.worker import obeyed, reports

ROOT = Path(__file__).resolve().parents[2]
TEXT = base64.b64encode(("小猫坐在垫子上，小狗跑到公园里。The cat sat on the mat.\n" * 60).encode()).decode()
DIALS = {"experts": 2, "k": 1, "width": 16, "layers": 1, "expert_width": 8, "length": 16, "batch": 2,
         "vocabulary": 300}
JOB = {"kind": "lab", "source": "own", "own": TEXT, "dials": {**DIALS, "steps": 5000}}


@pytest.fixture
def process():
    running = subprocess.Popen([sys.executable, "-m", "moe_core.lab.worker"], cwd=ROOT, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, encoding="utf-8")
    yield running
    running.kill()
    running.wait()
    running.stdin.close()
    running.stdout.close()


def tell(process, message: dict) -> None:
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def hear(process, kind: str) -> dict:
    for line in process.stdout:
        if json.loads(line)["kind"] == kind:
            return json.loads(line)
    raise AssertionError(f"the process ended before it said {kind}")


def test_a_run_is_paused_resumed_and_stopped(process):
    tell(process, JOB)
    hear(process, "step")
    tell(process, {"do": "pause"})
    hear(process, "paused")
    tell(process, {"do": "resume"})
    hear(process, "resumed")
    hear(process, "step")
    tell(process, {"do": "stop"})
    asked = time.monotonic()
    assert process.wait(30) == 0
    assert time.monotonic() - asked < 10  # a busy machine; the page kills what has not ended within a second


def test_a_run_dies_with_its_caller(process):
    tell(process, JOB)
    hear(process, "step")
    process.stdin.close()
    assert process.wait(30) == 0


def test_orders_are_obeyed_between_steps():
    orders = queue.Queue()

    def steps():
        for step in range(5):
            if step == 1:
                for order in ("pause", "pause", "resume"):
                    orders.put(order)
            if step == 3:
                orders.put("stop")
            yield {"kind": "step", "step": step}

    told = [(report["kind"], report.get("step")) for report in obeyed(steps(), orders)]
    assert told == [("step", 0), ("step", 1), ("paused", None), ("resumed", None), ("step", 2), ("step", 3)]


def test_a_refusal_is_a_report():
    *_, last = reports({"kind": "lab", "source": "own", "own": "", "dials": DIALS})
    assert (last["kind"], last["reason"]) == ("refused", "text.short")


def test_a_fault_is_a_report():
    *_, last = reports({"kind": "lab", "source": "own", "own": TEXT, "dials": {"nonsense": 1}})
    assert last["kind"] == "failed"
    assert "nonsense" in last["error"]


def test_thousand_words_are_reported_after_every_epoch():
    own = base64.b64encode("\n".join(f"w{n}" for n in range(30)).encode()).decode()
    told = [report for report in reports({"kind": "thousand-words", "own": own,
                                          "dials": {"experts": 3, "hidden": 8, "epochs": 2}}) if report]
    assert [report["kind"] for report in told] == ["reading", "begun", "step", "step", "done"]
    assert told[1]["lines"] == 30
    assert json.loads(json.dumps(told[2], allow_nan=False))["train_accuracy"] >= 0
