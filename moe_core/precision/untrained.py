"""The same shape before any training: routes flip there as often, but experts that are all alike forgive it.

Knows nothing of texts.
"""

from collections.abc import Iterator, Sequence

import pandas as pd
import torch

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.compare import Reference
from moe_core.precision.report import Asked, report_steps
from moe_core.precision.steps import Step
from moe_core.tracing.own import LoadedModel


def untrained(model: MoEscopeForCausalLM, seed: int = 0) -> MoEscopeForCausalLM:
    """A model of the same shape with the parameters that training would start from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MoEscopeForCausalLM(model.config).eval().requires_grad_(False)


def pair_steps(loaded: LoadedModel, token_ids: list[int], asked: Sequence[Asked], seed: int = 0) -> Iterator[Step]:
    """The rows of report_steps for the trained model and then for the untrained one, told apart by `trained`."""
    raw = LoadedModel(untrained(loaded.model, seed), loaded.tokenizer, f"{loaded.name}, untrained", "")
    before = None
    for trained, one in ((True, loaded), (False, raw)):
        for step in report_steps([Reference(one, token_ids)], asked):
            table = step.table.assign(trained=trained)
            whole = table if before is None else pd.concat([before, table], ignore_index=True)
            yield Step(step.done + (0 if trained else len(asked)), 2 * len(asked), whole)
        before = whole
