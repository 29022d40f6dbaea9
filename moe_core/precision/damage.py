"""What a plan really costs: losses, KL and routing flips of a planned model, beside the model as it is.

Everything here is measured, nothing predicted. It does not judge; gate.py does.
"""

from collections.abc import Generator
from typing import NamedTuple, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.damage_texts import UNASKED, Batch, Split
from moe_core.tracing.watch import Recorder, watching

KL_STRIDE = 8  # the KL of every eighth token: of all, it would take as long as the rest

Found = TypeVar("Found")
Steps = Generator[None, None, Found]  # yields after every short step, so that others may have their turn


class Reading(NamedTuple):
    """What a model makes of a split."""

    losses: np.ndarray          # (texts,) nats, summed over the tokens of each
    hidden: list[Tensor]        # per batch (n, D): behind the last norm, of every KL_STRIDE-th token
    expert_ids: list[Tensor]    # per batch (L, N, K), sorted, int16


class Damage(NamedTuple):
    """How far a planned model is from the model as it is, on one split."""

    losses: np.ndarray   # (texts,) nats, summed over the tokens of each
    kl: float            # nats per token, over every KL_STRIDE-th token
    top1: float          # share of the same tokens after which both name the same next token
    flips: float         # share of tokens whose set of experts changed in one layer at least


def finished(steps: Steps[Found]) -> Found:
    """All steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def read(model: MoEscopeForCausalLM, split: Split) -> Steps[Reading]:
    """The model as it is: what every plan is held against."""
    losses, hiddens, routes = np.zeros(len(split.counts)), [], []
    for batch in split.batches:
        hidden, expert_ids = _walk(model, batch)
        _, summed = _logits_and_losses(model, hidden, batch)
        losses[batch.texts.numpy()] = summed
        hiddens.append(hidden[::KL_STRIDE])
        routes.append(expert_ids)
        yield
    return Reading(losses, hiddens, routes)


def damage(reference: MoEscopeForCausalLM, model: MoEscopeForCausalLM, split: Split,
           reading: Reading) -> Steps[Damage]:
    """What `model` makes of the split, held against the reading of `reference`."""
    losses, sums = np.zeros(len(split.counts)), np.zeros(4)
    for batch, kept, routes in zip(split.batches, reading.hidden, reading.expert_ids, strict=True):
        hidden, expert_ids = _walk(model, batch)
        logits, losses[batch.texts.numpy()] = _logits_and_losses(model, hidden, batch)
        sums += [*_parted(reference, kept, logits[::KL_STRIDE]), len(kept), _flipped(routes, expert_ids)]
        yield
    return Damage(losses, sums[0] / sums[2], sums[1] / sums[2], sums[3] / split.tokens)


@torch.inference_mode()
def _walk(model: MoEscopeForCausalLM, batch: Batch) -> tuple[Tensor, Tensor]:
    """Hidden states (n, D) and routes (L, n, K) of the tokens that are asked for."""
    decoder, recorder, asked = model.model, Recorder(), batch.targets.flatten() != UNASKED
    with watching(recorder):
        hidden = decoder.through_layers(decoder.embed_tokens(batch.token_ids),
                                        decoder.rotation_at(0, batch.token_ids.shape[1]))
    routes = [routing.expert_ids[asked].sort(-1).values.to(torch.int16) for routing in recorder.routings]
    return hidden.flatten(0, 1)[asked], torch.stack(routes) if routes else torch.empty(0, int(asked.sum()), 0)


@torch.inference_mode()
def _logits_and_losses(model: MoEscopeForCausalLM, hidden: Tensor, batch: Batch) -> tuple[Tensor, np.ndarray]:
    asked = batch.targets != UNASKED
    logits = model.lm_head(hidden).float()                                              # (n, D) -> (n, V)
    each = F.cross_entropy(logits, batch.targets[asked], reduction="none").double()     # (n,)
    rows = torch.arange(len(asked)).repeat_interleave(asked.sum(1))
    return logits, torch.zeros(len(asked), dtype=torch.float64).index_add_(0, rows, each).numpy()


@torch.inference_mode()
def _parted(reference: MoEscopeForCausalLM, kept: Tensor, logits: Tensor) -> tuple[float, int]:
    """Summed KL, and how often both name the same next token."""
    ours = reference.lm_head(kept).float()
    log_p, log_q = ours.log_softmax(-1), logits.log_softmax(-1)
    kl = (log_p.exp() * (log_p - log_q)).sum(-1, dtype=torch.float64).clamp(min=0)
    return float(kl.sum()), int((ours.argmax(-1) == logits.argmax(-1)).sum())


def _flipped(ours: Tensor, theirs: Tensor) -> int:
    return int((ours != theirs).any(-1).any(0).sum())

