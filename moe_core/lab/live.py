"""A run as a stream of reports: plain dictionaries, ready for JSON, and None after every other step.

Between two items the caller may wait or stop; nothing runs meanwhile.
"""

from collections.abc import Iterator

from moe_core.lab.dials import LabDials
from moe_core.lab.learner import Diverged, Learner
from moe_core.lab.texts import Text
from moe_core.statistics.intervals import paired_bootstrap

REPORT_EVERY, JUDGE_EVERY, WRITE_EVERY = 10, 50, 100  # steps


def train(dials: LabDials, text: Text) -> Iterator[dict | None]:
    """Reports of kinds begun, step, and last of all done; `state` of the last: finished, deadline or diverged."""
    learner = Learner(dials, text)
    yield _begun(learner)
    losses, state, fault = [], "finished", {}
    while learner.step < dials.steps:
        try:
            losses.append(learner.learn())
        except Diverged as error:
            state, fault = "diverged", {"at": error.step, "loss": _number(error.loss)}
            break
        if learner.seconds > dials.seconds:
            state = "deadline"
            break
        yield _report(learner, losses) if learner.step % REPORT_EVERY == 0 else None
        if learner.step % REPORT_EVERY == 0:
            losses = []
    yield _done(learner, state, fault)


def _begun(learner: Learner) -> dict:
    text, model = learner.text, learner.model
    return {"kind": "begun", "parameters": learner.parameters,
            "active": model.active_parameters(), "vocabulary": text.tokenizer.vocab_size,
            "twin_parameters": sum(part.numel() for part in learner.twin.parameters()) if learner.twin else None,
            "training_tokens": len(text.training), "held_out_tokens": len(text.held_out),
            "characters": text.characters}


def _report(learner: Learner, losses: list) -> dict:
    dials, step = learner.dials, learner.step
    twins = [twin for _, twin in losses if twin is not None]
    tokens = step * dials.batch * dials.length
    loads = learner.loads()
    row = {"kind": "step", "step": step, "tokens": tokens, "seconds": round(learner.seconds, 3),
           "loss": _mean([loss for loss, _ in losses]), "twin_loss": _mean(twins), "load": _rounded(loads),
           "max_violation": [round(max(shares) * len(shares) - 1, 4) for shares in loads],
           "dropped": round(learner.dropped(), 4), "tokens_per_second": round(tokens / max(learner.seconds, 1e-9))}
    if step % JUDGE_EVERY == 0 or step == REPORT_EVERY:
        row |= _judged(learner)
    if step % WRITE_EVERY == 0:
        row["sample"] = learner.write()
    return row


def _done(learner: Learner, state: str, fault: dict) -> dict:
    return {"kind": "done", "state": state, "step": learner.step, "seconds": round(learner.seconds, 3),
            "sample": learner.write(), **_judged(learner), **_compared(learner), **fault}


def _compared(learner: Learner) -> dict:
    """By how much the twin is ahead on the held-out windows (negative: behind), with its 95 % interval."""
    windows = learner.judge_windows()
    if len(windows) < 2 or not windows.isfinite().all():
        return {}
    found = paired_bootstrap(windows[1].double().numpy(), windows[0].double().numpy(), seed=0)
    return {"behind_twin": _number(found.value), "behind_twin_low": _number(found.low),
            "behind_twin_high": _number(found.high), "windows": windows.shape[1]}


def _judged(learner: Learner) -> dict:
    moe, twin = learner.judge()
    return {"validation_loss": _number(moe), "twin_validation_loss": None if twin is None else _number(twin)}


def _mean(numbers: list[float]) -> float | None:
    return _number(sum(numbers) / len(numbers)) if numbers else None


def _number(value: float) -> float | None:
    return round(value, 5) if value == value and abs(value) != float("inf") else None


def _rounded(rows: list[list[float]]) -> list[list[float]]:
    return [[round(value, 4) for value in row] for row in rows]
