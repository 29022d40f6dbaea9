"""Run the same tokens through fp32 and through another precision, and measure how far they part.

Knows nothing of pages; what leaves here is a Comparison without tensors.
"""

import numpy as np
import torch
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import Draw, generate
from moe_core.model.router import Routing, forced
from moe_core.precision.cast import cast
from moe_core.precision.comparison import Comparison, outputs_table
from moe_core.sampling import Sampling
from moe_core.tracing.own import LoadedModel, Recording, read_through
from moe_core.tracing.watch import Recorder, Watcher

__all__ = ["Comparison", "Replay", "compare", "kl_divergence", "outputs_table"]

ROWS_AT_ONCE = 64  # float64 rows of V logits held at a time


class Replay:
    """A watcher that gives every token the experts it had in a recorded run, position by position.

    The weights of these experts come from the watched model's own scores. Positions beyond the
    recording, and all positions after stop(), choose freely.
    """

    def __init__(self, recorder: Recorder, layers: int):
        by_layer = [recorder.routings[layer::layers] for layer in range(layers)]  # each: one Routing per step
        self.expert_ids = [torch.cat([routing.expert_ids for routing in steps]) for steps in by_layer]  # L x (N, K)
        self.seen = [0] * layers
        self.running = True

    def __call__(self, layer: int, hidden: Tensor, routing: Routing) -> Routing | None:
        start, end = self.seen[layer], self.seen[layer] + len(routing.logits)
        self.seen[layer] = end
        if not self.running or end > len(self.expert_ids[layer]):
            return None
        return forced(routing, self.expert_ids[layer][start:end])

    def stop(self) -> None:
        """From here on the routers choose for themselves."""
        self.running = False


def compare(loaded: LoadedModel, token_ids: list[int], format: str, engine: str = "compute", router_fp32: bool = False,
            replay: bool = False, new_tokens: int = 40) -> Comparison:
    """The whole text through both (teacher-forced), then each one's own greedy continuation of it.

    With `replay` every token of the other run gets the experts that fp32 chose, in the continuation
    for as long as the two texts are the same: after that there is nothing to replay.
    """
    model = loaded.model
    other = cast(model, format, engine, router_fp32)
    settings = {"format": format, "engine": engine, "router_fp32": router_fp32, "replay": replay}
    reference_run, other_run = _teacher_forced(loaded, token_ids, other, settings)
    measures = _measures(reference_run.logits[0], other_run.logits[0])
    greedy = _continuations(model, other, token_ids, replay, Sampling(max_new_tokens=new_tokens))
    return Comparison(
        reference_run.trace(stopped=None), other_run.trace(stopped=None), *measures, *greedy,
        settings={**settings, "formats": ("fp32", format), "device": "CPU", "new_tokens": new_tokens})


def kl_divergence(reference: Tensor, other: Tensor) -> Tensor:
    """KL(reference || other) in nats of the softmax of two rows of logits: (T, V), (T, V) -> (T,), float64."""
    log_p, log_q = reference.double().log_softmax(-1), other.double().log_softmax(-1)
    return (log_p.exp() * (log_p - log_q)).sum(-1).clamp(min=0)  # rounding alone could put equal rows below 0


def _teacher_forced(loaded: LoadedModel, token_ids: list[int], other: MoEscopeForCausalLM,
                    settings: dict) -> tuple[Recording, Recording]:
    said = {"prompt": loaded.tokenizer.decode(token_ids)}
    heard = Recorder()
    reference_run = read_through(loaded, token_ids, heard, settings=said)
    watchers = [Replay(heard, loaded.model.config.num_hidden_layers)] if settings["replay"] else []
    return reference_run, read_through(loaded, token_ids, *watchers, model=other, settings=said | settings)


def _measures(reference: Tensor, other: Tensor) -> tuple[np.ndarray, ...]:
    """kl, max |difference|, same best token, overflowed: each (T,)."""
    if not reference.isfinite().all():
        raise ValueError("the fp32 model's own logits are not all finite: its parameters are damaged")
    overflowed = ~other.isfinite().all(-1)
    slices = zip(reference.split(ROWS_AT_ONCE), other.split(ROWS_AT_ONCE), strict=True)
    kl, difference = (torch.cat(parts) for parts in zip(
        *((kl_divergence(*rows), _largest_difference(*rows)) for rows in slices), strict=True))
    agrees = reference.numpy().argmax(-1) == other.numpy().argmax(-1)  # numpy promises the lowest id on a tie
    return (kl.masked_fill(overflowed, torch.inf).numpy(), difference.masked_fill(overflowed, torch.inf).numpy(),
            agrees & ~overflowed.numpy(), overflowed.numpy())


def _largest_difference(reference: Tensor, other: Tensor) -> Tensor:
    return (reference.double() - other.double()).abs().amax(-1)


def _continuations(model: MoEscopeForCausalLM, other: MoEscopeForCausalLM, token_ids: list[int], replay: bool,
                   sampling: Sampling) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The greedy new tokens of both, without the END that stopped them."""
    heard = Recorder()
    reference = _greedy(model, token_ids, sampling, heard)
    if not replay:
        return reference, _greedy(other, token_ids, sampling)
    return reference, _greedy_replayed(other, token_ids, sampling, reference,
                                       Replay(heard, model.config.num_hidden_layers))


def _greedy(model: MoEscopeForCausalLM, token_ids: list[int], sampling: Sampling,
            *watchers: Watcher) -> tuple[int, ...]:
    fed = [token for step in generate(model, token_ids, sampling, *watchers) for token in step.token_ids]
    return tuple(fed[len(token_ids):])


def _greedy_replayed(model: MoEscopeForCausalLM, token_ids: list[int], sampling: Sampling, reference: tuple[int, ...],
                     replay: Replay) -> tuple[int, ...]:
    draw, fed = Draw(sampling), []
    for step in generate(model, token_ids, sampling, replay):
        fed += step.token_ids
        new = len(fed) - len(token_ids)
        if (draw(step.logits[-1]),) != reference[new:new + 1]:  # the token about to be fed is not the reference's
            replay.stop()
    return tuple(fed[len(token_ids):])
