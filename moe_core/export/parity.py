"""Whether an exported model does what the planned model in torch does: same tokens, same experts, same expectations.

It knows no file format; whatever runs the export is a Runner.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import Cache, feed, generate
from moe_core.sampling import Sampling
from moe_core.tracing.watch import Recorder


class Read(NamedTuple):
    """One text, read by one model."""

    logits: np.ndarray             # (T, V) what it expects after each token
    expert_ids: np.ndarray | None  # (L, T, K) whom it sent each token to; None = it does not say
    normalised: bool = False       # the logits are log-probabilities: the same expectations, other numbers


class Runner(Protocol):
    """An exported model that runs."""

    def read(self, token_ids: list[int]) -> Read:
        """Every token of a text, END before it."""

    def write_on(self, token_ids: list[int], new_tokens: int) -> list[int]:
        """The greedy new tokens after it, without END."""


@dataclass(frozen=True)
class Parity:
    """How an export and the planned model in torch compare, text by text and token by token."""

    texts: int
    tokens: int             # read by both, the same ones
    mean_kl: float          # nats per token, KL(planned in torch || export)
    max_kl: float
    max_abs_logit_difference: float | None  # None = the export gives no logits, only probabilities
    top1: float             # share of tokens after which both name the same next token
    flips: int | None       # (token, layer) pairs whose set of experts differs; None = the export does not say
    choices: int            # (token, layer) pairs in all
    greedy_tokens: int      # written on by the planned model
    greedy_equal: int       # of these, the ones that the export wrote too before it first parted

    def as_json(self) -> dict:
        """The same as a plain object."""
        return asdict(self)


class Planned:
    """The planned model in torch, as a Runner."""

    def __init__(self, model: MoEscopeForCausalLM):
        self.model = model

    def read(self, token_ids: list[int]) -> Read:
        """Logits and experts after each token."""
        recorder, end = Recorder(), self.model.config.eos_token_id
        logits = feed(self.model, [end, *token_ids], Cache(self.model, 1 + len(token_ids)), recorder)
        experts = [routing.expert_ids[1:] for routing in recorder.routings]
        return Read(logits[1:].numpy(), torch.stack(experts).numpy() if experts else None)

    def write_on(self, token_ids: list[int], new_tokens: int) -> list[int]:
        """The greedy new tokens."""
        fed = [token for step in generate(self.model, token_ids, Sampling(max_new_tokens=new_tokens))
               for token in step.token_ids]
        return fed[len(token_ids):]


def parity(ours: Runner, export: Runner, texts: Sequence[list[int]], new_tokens: int = 64,
           prompt_tokens: int = 5, prompts: int = 4) -> Parity:
    """Both read all texts; both write on from the first tokens of some of them."""
    pairs = [(ours.read(text), export.read(text)) for text in texts]
    kl = np.concatenate([kl_divergence(one.logits, other.logits) for one, other in pairs])
    same = np.concatenate([one.logits.argmax(-1) == other.logits.argmax(-1) for one, other in pairs])
    routed = [(one.expert_ids, other.expert_ids) for one, other in pairs if one.expert_ids is not None]
    told = [pair for pair in routed if pair[1] is not None]
    greedy = list(_greedy(ours, export, [text[:prompt_tokens] for text in texts[:prompts]], new_tokens))
    return Parity(
        texts=len(texts), tokens=len(kl), mean_kl=float(kl.mean()), max_kl=float(kl.max()),
        max_abs_logit_difference=_largest_difference(pairs), top1=float(same.mean()),
        flips=sum(map(_flips, told)) if len(told) == len(pairs) else None,
        choices=sum(ids[..., 0].size for ids, _ in routed),
        greedy_tokens=sum(written for written, _ in greedy), greedy_equal=sum(equal for _, equal in greedy))


def kl_divergence(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """KL(reference || other) in nats of the softmax of two rows of logits: (T, V), (T, V) -> (T,)."""
    log_p, log_q = (_log_softmax(torch.from_numpy(rows)) for rows in (reference, other))
    return (log_p.exp() * (log_p - log_q)).sum(-1).clamp(min=0).numpy()


def _log_softmax(rows: Tensor) -> Tensor:
    return rows.double().log_softmax(-1)


def _largest_difference(pairs: Sequence[tuple[Read, Read]]) -> float | None:
    if any(other.normalised for _, other in pairs):
        return None
    return float(max(np.abs(one.logits - other.logits).max() for one, other in pairs))


def _flips(pair: tuple[np.ndarray, np.ndarray]) -> int:
    ours, theirs = (np.sort(ids, -1) for ids in pair)
    return int((ours != theirs).any(-1).sum())


def _greedy(ours: Runner, export: Runner, prompts: Sequence[list[int]], new_tokens: int) -> Iterator[tuple[int, int]]:
    """How many tokens ours wrote, and how many the export wrote the same before the first that differs."""
    for prompt in prompts:
        expected, got = ours.write_on(prompt, new_tokens), export.write_on(prompt, new_tokens)
        equal = next((step for step, pair in enumerate(zip(expected, got, strict=False)) if pair[0] != pair[1]),
                     min(len(expected), len(got)))
        yield len(expected), equal
