"""Exact ties: places where two scores are the same number, so that a rule and not the model has to decide.

It does not know tensors. The rule of this project is: the lowest id goes first.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from moe_core.precision.report import Asked
from moe_core.precision.steps import Step, growing
from moe_core.tracing.trace import RoutingTrace


def tie_steps(reference, asked: Sequence[Asked]) -> Iterator[Step]:
    """One row per precision, fp32 first: format, engine, decisions, ties, by_rule, distinct.

    decisions: layers x tokens. ties: those whose k-th and (k+1)-th best logits are equal, bit for bit.
    by_rule: ties in which the experts with the lowest ids were taken, as the rule has it.
    distinct: how many different scores all routers gave in all; the fewer, the more ties.
    """
    def rows():
        exact = reference.recording.trace(stopped=None)
        yield [{"format": "fp32", "engine": "compute", **ties(exact)}]
        for one in asked:
            found = reference.against(one.format, one.engine, one.routers, one.replay)
            yield [{"format": one.format, "engine": one.engine, **ties(found.other)}]

    return growing(rows(), 1 + len(asked))


def ties(trace: RoutingTrace) -> dict:
    """Count the ties at the border between chosen and not chosen."""
    k, logits = trace.experts_per_token, trace.logits                         # (L, T, E)
    order = np.argsort(-logits, axis=-1, kind="stable")                       # equal scores: the lowest id first
    best = np.take_along_axis(logits, order, -1)
    tied = best[..., k - 1] == best[..., k] if k < logits.shape[-1] else np.zeros(logits.shape[:2], bool)
    ruled = (np.sort(order[..., :k], -1) == np.sort(trace.expert_ids, -1)).all(-1)
    return {"decisions": int(tied.size), "ties": int(tied.sum()), "by_rule": int((tied & ruled).sum()),
            "distinct": len(np.unique(logits))}
