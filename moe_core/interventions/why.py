"""Why this expert? The runner-up, how close it came, and what the model would have said with it.

It does not know text; positions are those of the trace, -1 is the END token before them.
"""

from dataclasses import dataclass

import numpy as np

from moe_core.interventions.apply import Intervention
from moe_core.interventions.choices import END_POSITION, Change, WhatIf
from moe_core.interventions.reroute import ranked
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import Cache, feed
from moe_core.tracing.watch import Recorder, Watcher


@dataclass(frozen=True, eq=False)
class Why:
    """One token in one layer."""

    layer: int
    position: int
    chosen: tuple[int, ...]   # (K,) best first
    runner_up: int            # the best expert that was not chosen
    margin: float             # k-th minus (k+1)-th logit
    nudge: float              # the smallest fp32 number that, added to the runner-up's logit, brings it in
    before: np.ndarray        # (V,) probabilities of the next token
    after: np.ndarray         # (V,) the same when the runner-up takes the first choice's place and weight


def why(model: MoEscopeForCausalLM, token_ids: list[int], layer: int, position: int) -> Why:
    """Ask after one token of a text; later tokens cannot matter and are not read."""
    config = model.config
    if not 0 <= layer < config.num_hidden_layers:
        raise ValueError(f"layer must lie in 0..{config.num_hidden_layers - 1}, got {layer}")
    if not END_POSITION <= position < len(token_ids):
        raise ValueError(f"position must lie in -1..{len(token_ids) - 1}, got {position}")
    k, read = config.num_experts_per_tok, list(token_ids[:position + 1])
    swap = Intervention(WhatIf((Change(layers=(layer,), positions=(position,), swap=True),)), config)
    heard = Recorder()
    before, after = _next(model, read, heard), _next(model, read, swap)
    routing = heard.routings[layer]
    ranking = ranked(routing.logits, routing.expert_ids)[-1].tolist()
    scores = routing.logits[-1].numpy()
    last, next_best = scores[ranking[k - 1]], scores[ranking[k]]
    return Why(layer, position, tuple(ranking[:k]), ranking[k], float(last - next_best),
               smallest_nudge(next_best, last), before, after)


def smallest_nudge(score: np.float32, above: np.float32) -> float:
    """The smallest fp32 number that lifts `score` above `above` in fp32 addition; found by halving."""
    if not (np.isfinite(score) and np.isfinite(above)):
        raise ValueError(f"logits must be finite numbers, got {score} and {above}: the parameters are damaged")
    low, high = np.float32(0), np.nextafter(above, np.float32(np.inf)) - score
    while score + high <= above:  # the difference itself was rounded down
        high = np.nextafter(high, np.float32(np.inf))
    while (middle := low + (high - low) / np.float32(2)) not in (low, high):
        low, high = (low, middle) if score + middle > above else (middle, high)
    return float(high)


def _next(model: MoEscopeForCausalLM, token_ids: list[int], *watchers: Watcher) -> np.ndarray:
    """Probabilities of what follows END and these tokens: (V,)."""
    logits = feed(model, [model.config.eos_token_id, *token_ids], Cache(model, 1 + len(token_ids)), *watchers)
    return logits[-1].softmax(-1).numpy()
