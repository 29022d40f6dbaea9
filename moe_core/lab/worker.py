"""python -m moe_core.lab.worker: one run in a process of its own; JSON lines in and out.

The first line in is the job; after it {"do": "pause"}, "resume" or "stop". When the caller goes away, so does the run.
"""

import base64
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator

NICENESS = 10
MOST_MEMORY = 3 << 30  # bytes of private memory
# Read once at the start of a process: one thread, no spinning, no pages handed back between steps.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0",
               "MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592",
               "MALLOC_TOP_PAD_": "67108864", "TOKENIZERS_PARALLELISM": "false"}
THOUSAND, LAB, TABLE = "thousand-words", "lab", "table"


def main() -> None:
    """Read the job, run it, tell everything on standard output."""
    _stay_small()
    orders: queue.Queue[str] = queue.Queue()
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()
    try:
        for report in obeyed(reports(job), orders):
            print(json.dumps(report, ensure_ascii=True), flush=True)
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more


def obeyed(steps: Iterator[dict | None], orders: queue.Queue) -> Iterator[dict]:
    """The reports of a run that can be paused, resumed and stopped between any two steps."""
    paused = False
    for report in steps:
        if report is not None:
            yield report
        while paused or not orders.empty():
            order = orders.get()
            if order == "stop":
                return
            if paused != (order == "pause"):
                paused = order == "pause"
                yield {"kind": "paused" if paused else "resumed"}


def reports(job: dict) -> Iterator[dict | None]:
    """What the job asks for; a refusal or a fault is a report too, the last one."""
    from moe_core.lab.errors import LabError

    try:
        yield {"kind": "reading"}
        yield from {THOUSAND: _thousand, LAB: _lab, TABLE: _table}[job["kind"]](job)
    except LabError as error:
        yield {"kind": "refused", "reason": error.reason, "values": error.values}
    except MemoryError:
        yield {"kind": "failed", "error": "out of memory"}
    except Exception as error:  # whatever it is, the page must hear of it
        yield {"kind": "failed", "error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}


def _lab(job: dict) -> Iterator[dict | None]:
    from moe_core.lab.dials import LabDials
    from moe_core.lab.live import train
    from moe_core.lab.texts import prepared

    dials = LabDials(**job["dials"])
    text = prepared(job["source"], _own(job), dials.vocabulary, dials.length)
    yield from train(dials, text)


def _thousand(job: dict) -> Iterator[dict | None]:
    from moe_core.lab import wordlist
    from moe_core.lab.thousand import learn, stepwise
    from moe_core.lab.word_experts import ThousandDials

    words = wordlist.read(_own(job)) if job.get("own") else wordlist.shipped()
    dials = ThousandDials(**job["dials"])
    yield {"kind": "begun", "words": list(words.words), "lines": len(words.sequence), "repeats": words.repeats}
    last = None
    for epoch in learn(words, dials, every_batch=True):
        last = epoch or last
        yield None if epoch is None else stepwise(epoch)
    if last.state == "good":
        yield {"kind": "done", "state": "finished", "step": last.epoch, "seconds": last.seconds}


def _table(job: dict) -> Iterator[dict | None]:
    from moe_core.lab.table import SMALL, again, cells
    from moe_core.lab.texts import prepared

    text = prepared("stories", "", SMALL["vocabulary"], SMALL["length"])
    yield {"kind": "begun", "total": len(cells((0,)))}
    done = 0
    for row in again(text, **job["dials"]):
        if row is not None:
            done += 1
        yield row and {"kind": "step", "step": done, "seconds": round(time.process_time(), 1), "row": row}
    yield {"kind": "done", "state": "finished", "step": done, "seconds": round(time.process_time(), 1)}


def _own(job: dict) -> bytes:
    return base64.b64decode(job.get("own", ""))


def _listen(orders: queue.Queue) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line)["do"])
    os._exit(0)  # the caller is gone


def _stay_small() -> None:
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


if __name__ == "__main__":
    main()
