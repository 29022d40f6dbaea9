"""The same walk under a what-if: generate again, or read the same text again, with the same record of it.

It does not know pages; the two traces go where any two traces go.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from moe_core.interventions.apply import Dropped, Intervention
from moe_core.interventions.choices import WhatIf
from moe_core.model.generation import generate
from moe_core.sampling import Sampling
from moe_core.tracing.own import LoadedModel, Recording, read_through
from moe_core.tracing.trace import RoutingTrace


class Rerun(NamedTuple):
    """A walk under a what-if, as far as it has come."""

    trace: RoutingTrace
    dropped: tuple[Dropped, ...]  # slots that full experts refused
    losses: np.ndarray            # (T - 1,) nats: how unexpected tokens 1 .. T-1 were; a slot for each but the first
    following: np.ndarray         # (V,) probabilities of what comes after the last token


def regenerate(loaded: LoadedModel, prompt: str, sampling: Sampling, what_if: WhatIf,
               pause: float = 0.06) -> Iterator[Rerun]:
    """As trace_stream, under the what-if: growing, at most one every `pause` seconds, the finished one last."""
    intervention = Intervention(what_if, loaded.model.config)
    recording = Recording(loaded, {"prompt": prompt, **asdict(sampling), "what_if": what_if.to_json()})
    shown = -pause
    steps = generate(loaded.model, loaded.tokenizer.encode(prompt), sampling, intervention, recording.watch)
    for fed in steps:
        recording.add(fed.token_ids, fed.logits)
        if fed.stopped or time.monotonic() - shown >= pause:
            shown = time.monotonic()
            yield _rerun(recording, intervention, fed.stopped)


def reread(loaded: LoadedModel, token_ids: list[int], what_if: WhatIf) -> Rerun:
    """One pass over a text under the what-if; WhatIf() gives the model as it is, to compare with."""
    intervention = Intervention(what_if, loaded.model.config)
    settings = {"prompt": loaded.tokenizer.decode(token_ids), "what_if": what_if.to_json()}
    return _rerun(read_through(loaded, token_ids, intervention, settings=settings), intervention, None)


def _rerun(recording: Recording, intervention: Intervention, stopped: str | None) -> Rerun:
    logits, targets = torch.cat(recording.logits)[:-1], torch.tensor(recording.token_ids[1:], dtype=torch.long)
    losses = F.cross_entropy(logits, targets, reduction="none")
    following = recording.logits[-1][-1].softmax(-1)
    return Rerun(recording.trace(stopped), tuple(intervention.dropped), losses.numpy(), following.numpy())
