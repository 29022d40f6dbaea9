"""Two formats write on from the same prompt with the same luck: where they part, and how close the choice was there.

Common random numbers: both draw with the same Gumbel noise, so that only the format can part them.
Knows nothing of words.
"""

from collections.abc import Iterator

import pandas as pd

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import Draw, generate
from moe_core.precision.cast import cast
from moe_core.precision.report import Asked
from moe_core.precision.steps import Step
from moe_core.sampling import Sampling

NONE = -1  # stands where a text has ended
TOKENS_A_STEP = 8
COLUMNS = ["step", "reference", "other", "gap", "other_gap", "same"]


def twin_steps(model: MoEscopeForCausalLM, prompt_ids: list[int], asked: Asked, sampling: Sampling) -> Iterator[Step]:
    """One row per new token, once both have written: step, reference, other (ids), gap, other_gap, same.

    gap: how far the best score was ahead of the second when the token was drawn; a score is logit / temperature plus
    its noise, greedily the logit alone. same: whether both texts are still alike, this token included.
    """
    written: list[list[tuple[int, float]]] = [[], []]
    models = model, cast(model, asked.format, asked.engine, asked.routers)
    for side, writer in enumerate(models):
        for drawn in _drawn(writer, prompt_ids, sampling):
            written[side].append(drawn)
            if len(written[side]) % TOKENS_A_STEP == 0:
                yield Step(side * sampling.max_new_tokens + len(written[side]), 2 * sampling.max_new_tokens,
                           pd.DataFrame(columns=COLUMNS))
    yield Step(2 * sampling.max_new_tokens, 2 * sampling.max_new_tokens, twin_table(*written))


def twin_table(ours: list[tuple[int, float]], theirs: list[tuple[int, float]]) -> pd.DataFrame:
    """(id, gap) of every new token of both texts, side by side."""
    rows, same = [], True
    for step in range(max(len(ours), len(theirs))):
        (token, gap), (other, other_gap) = (text[step] if step < len(text) else (NONE, float("nan"))
                                            for text in (ours, theirs))
        same = same and token == other
        rows.append((step, token, other, gap, other_gap, same))
    return pd.DataFrame(rows, columns=COLUMNS)


def fork_of(table: pd.DataFrame) -> int | None:
    """The first new token that is not the same; None if the texts never part."""
    parted = table.loc[~table["same"].astype(bool), "step"]
    return int(parted.iloc[0]) if len(parted) else None


def _drawn(model: MoEscopeForCausalLM, prompt_ids: list[int], sampling: Sampling) -> Iterator[tuple[int, float]]:
    """Every new token, the END that stops a text too, with the gap that it won by."""
    draw = Draw(sampling)
    for fed in generate(model, prompt_ids, sampling):
        if fed.stopped == "length":
            return
        best = draw.scores(fed.logits[-1]).sort(descending=True, stable=True)  # stable: the lowest id on a tie
        yield int(best.indices[0]), float(best.values[0] - best.values[1])
