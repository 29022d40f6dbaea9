"""Run the same tokens through fp32 and through another precision, and measure how far they part.

Knows nothing of pages; what leaves here is a Comparison without tensors.
"""

import dataclasses

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import Draw, generate
from moe_core.model.router import Routing, forced
from moe_core.precision.cast import cast
from moe_core.precision.comparison import Comparison, outputs_table
from moe_core.sampling import Sampling
from moe_core.tracing.own import LoadedModel, read_through
from moe_core.tracing.watch import Recorder, Watcher

__all__ = ["Comparison", "Reference", "Replay", "compare", "kl_divergence", "losses", "outputs_table"]

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


class Reference:
    """One text read by the model as it is; any number of formats can be held against it."""

    def __init__(self, loaded: LoadedModel, token_ids: list[int]):
        self.loaded, self.token_ids, self.heard = loaded, list(token_ids), Recorder()
        self.said = {"prompt": loaded.tokenizer.decode(token_ids)}
        self.recording = read_through(loaded, self.token_ids, self.heard, settings=self.said)
        if not self.recording.logits[0].isfinite().all():
            raise ValueError("the fp32 model's own logits are not all finite: its parameters are damaged")

    def replay(self) -> Replay:
        """A watcher that hands out the routes of this reading."""
        return Replay(self.heard, self.loaded.model.config.num_hidden_layers)

    def against(self, format: str, engine: str = "compute", routers: str = "short", replay: bool = False) -> Comparison:
        """The same tokens in another format; nothing is written on."""
        settings = {"format": format, "engine": engine, "routers": routers, "replay": replay}
        watchers = [self.replay()] if replay else []
        other = read_through(self.loaded, self.token_ids, *watchers,
                             model=cast(self.loaded.model, format, engine, routers), settings=self.said | settings)
        logits = self.recording.logits[0], other.logits[0]
        return Comparison(
            self.recording.trace(stopped=None), other.trace(stopped=None), *_measures(*logits), (), (),
            settings={**settings, "formats": ("fp32", format), "device": "CPU", "new_tokens": 0},
            losses=np.stack([losses(rows, self.token_ids) for rows in logits]))


def compare(loaded: LoadedModel, token_ids: list[int], format: str, engine: str = "compute", routers: str = "short",
            replay: bool = False, new_tokens: int = 40) -> Comparison:
    """The whole text through both (teacher-forced), then each one's own greedy continuation of it.

    With `replay` every token of the other run gets the experts that fp32 chose, in the continuation
    for as long as the two texts are the same: after that there is nothing to replay.
    """
    read = Reference(loaded, token_ids).against(format, engine, routers, replay)
    other = cast(loaded.model, format, engine, routers)
    ours, theirs = _continuations(loaded.model, other, token_ids, replay, Sampling(max_new_tokens=new_tokens))
    return dataclasses.replace(read, greedy_reference=ours, greedy_other=theirs,
                               settings={**read.settings, "new_tokens": new_tokens})


def kl_divergence(reference: Tensor, other: Tensor) -> Tensor:
    """KL(reference || other) in nats of the softmax of two rows of logits: (T, V), (T, V) -> (T,), float64."""
    log_p, log_q = reference.double().log_softmax(-1), other.double().log_softmax(-1)
    return (log_p.exp() * (log_p - log_q)).sum(-1).clamp(min=0)  # rounding alone could put equal rows below 0


def losses(logits: Tensor, token_ids: list[int]) -> np.ndarray:
    """Nats of every token but the first, given those before: (T, V) -> (T - 1,); infinite where logits overflowed."""
    following = torch.tensor(token_ids[1:], dtype=torch.long)
    found = F.cross_entropy(logits[:-1], following, reduction="none").double()
    return found.nan_to_num(nan=torch.inf, posinf=torch.inf).numpy()


def _measures(reference: Tensor, other: Tensor) -> tuple[np.ndarray, ...]:
    """kl, max |difference|, same best token, overflowed: each (T,)."""
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
