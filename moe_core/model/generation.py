"""One token after another, fast: a plain loop over the model's own layers with a preallocated cache.

Knows nothing of text or traces; whoever wants the routing passes watchers.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.sampling import Sampling
from moe_core.tracing.watch import Watcher, watching


class Cache:
    """Keys and values of all positions so far, in room made once."""

    def __init__(self, model: MoEscopeForCausalLM, positions: int):
        config = model.config
        head_width = config.hidden_size // config.num_attention_heads
        shape = (config.num_hidden_layers, 1, config.num_attention_heads, positions, head_width)
        self.keys = torch.empty(shape, dtype=model.dtype)    # (L, 1, H, positions, head_width)
        self.values = torch.empty(shape, dtype=model.dtype)
        self.length = 0

    def update(self, key: Tensor, value: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Add (1, H, T, head_width) behind what is there and return all of it."""
        end = self.length + key.shape[2]
        self.keys[layer, :, :, self.length:end] = key
        self.values[layer, :, :, self.length:end] = value
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


class Fed(NamedTuple):
    """Some tokens that went through the model together."""

    token_ids: list[int]  # T of them
    logits: Tensor        # (T, V) what the model expects after each
    stopped: str | None   # why nothing follows: "end" or "length"; None while more may follow


@torch.inference_mode()
def feed(model: MoEscopeForCausalLM, token_ids: list[int], cache: Cache, *watchers: Watcher) -> Tensor:
    """Logits (T, V) after each of these tokens, which stand behind what the cache holds."""
    assert len(token_ids) == 1 or cache.length == 0, "several tokens behind others would need a mask of their own"
    decoder = model.model
    hidden = decoder.embed_tokens(torch.tensor([token_ids]))  # (1, T, D)
    with watching(*watchers):
        hidden = decoder.through_layers(hidden, decoder.rotation_at(cache.length, len(token_ids)), cache=cache)
    cache.length += len(token_ids)
    return model.lm_head(hidden)[0].float()                   # (1, T, D) -> (T, V)


def generate(
    model: MoEscopeForCausalLM, prompt_ids: list[int], sampling: Sampling, *watchers: Watcher
) -> Iterator[Fed]:
    """Feed the END token and the prompt, then every new token, the last one too.

    The first Fed is the prompt's, END's row left out; each later one is one new token's.
    """
    end = model.config.eos_token_id
    room = model.config.max_position_embeddings
    if not 1 <= len(prompt_ids) < room:
        raise ValueError(f"a prompt must have 1..{room - 1} tokens, got {len(prompt_ids)}")
    new_tokens = min(sampling.max_new_tokens, room - 1 - len(prompt_ids))
    cache = Cache(model, 1 + len(prompt_ids) + new_tokens)
    logits = feed(model, [end, *prompt_ids], cache, *watchers)[1:]
    draw = Draw(sampling)
    following = draw(logits[-1]) if new_tokens else None
    fed = list(prompt_ids)
    for left in range(new_tokens, -1, -1):
        stopped = "end" if following == end else "length" if left == 0 else None
        yield Fed(fed, logits, stopped)
        if stopped:
            return
        fed = [following]
        logits = feed(model, fed, cache, *watchers)
        following = draw(logits[-1])


class Draw:
    """Picks the next token; the same seed and logits give the same tokens."""

    def __init__(self, sampling: Sampling):
        self.sampling = sampling
        self.random = torch.Generator().manual_seed(sampling.seed)

    def __call__(self, logits: Tensor) -> int:
        """(V,) -> a token id: the best score."""
        return int(self.scores(logits).numpy().argmax())  # numpy promises the lowest id on a tie

    def scores(self, logits: Tensor) -> Tensor:
        """(V,) -> (V,). Sampled with Gumbel noise: two models fed the same seed share their luck."""
        if self.sampling.temperature == 0:
            return logits
        kept = keep_likeliest(logits / self.sampling.temperature, self.sampling.top_k, self.sampling.top_p)
        return kept - torch.empty_like(kept).exponential_(generator=self.random).log()


def keep_likeliest(logits: Tensor, top_k: int, top_p: float) -> Tensor:
    """Logits (V,) with everything outside top-k, then outside the nucleus (Holtzman et al. 2020), at -inf."""
    if top_k and top_k < len(logits):
        logits = logits.masked_fill(logits < logits.topk(top_k).values[-1], -torch.inf)
    if top_p < 1:
        ordered, token_ids = logits.softmax(-1).sort(descending=True)
        outside = ordered.cumsum(-1) - ordered >= top_p  # the token that crosses top_p is still in
        logits = logits.index_fill(0, token_ids[outside], -torch.inf)
    return logits
