"""Many texts as one list of rows, walked layer by layer, and walked again from the middle.

It does not know why a walk is repeated; effect.py and regret.py do.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.router import Routing
from moe_core.tracing.watch import Recorder, watching

ROWS_AT_ONCE = 1024  # rows of V logits held at a time


class Packed:
    """N rows, text after text: each row reads END or a token and is asked for the token that follows."""

    def __init__(self, texts: list[list[int]], model: MoEscopeForCausalLM):
        room, vocabulary = model.config.max_position_embeddings, model.config.vocab_size
        for text in texts:
            if not 1 <= len(text) < room:
                raise ValueError(f"a text must have 1..{room - 1} tokens, got {len(text)}")
            if not 0 <= min(text) <= max(text) < vocabulary:
                raise ValueError(f"token ids must lie in 0..{vocabulary - 1}, got {min(text)}..{max(text)}")
        if not texts:
            raise ValueError("at least 1 text is needed, got 0")
        end = model.config.eos_token_id
        self.texts = len(texts)
        self.token_ids = torch.tensor([token for text in texts for token in (end, *text[:-1])])  # (N,)
        self.targets = torch.tensor([token for text in texts for token in text])                 # (N,)
        self.lengths = [len(text) for text in texts]
        self.text_of_row = torch.arange(len(texts)).repeat_interleave(torch.tensor(self.lengths))  # (N,)
        self.starts = [0, *torch.tensor(self.lengths).cumsum(0).tolist()]
        self._grids = _grids(self.lengths, self.starts)

    def __len__(self) -> int:
        return len(self.targets)

    def attend(self, model: MoEscopeForCausalLM, layer: int, stream: Tensor) -> Tensor:
        """The stream (N, D) after a layer's attention, each text by itself."""
        block = model.model.layers[layer]
        padded = torch.cat([block.attention_norm(stream), stream.new_zeros(1, stream.shape[1])])
        read = torch.empty_like(padded)
        for grid in self._grids:  # padding stands behind a text's rows, where a causal reader cannot see it
            read[grid] = block.attention(padded[grid], model.model.rotation_at(0, grid.shape[1]))
        return stream + read[:-1]


class Walk(NamedTuple):
    """What one walk over all rows left behind, enough to start again at any layer."""

    attended: list[Tensor]    # L x (N, D)  the stream in front of each layer's experts
    after: list[Tensor]       # L x (N, D)  the stream after each layer
    routings: list[Routing]   # L x (N, ...)
    losses: Tensor            # (N,) of the next token, in nats


def walk(model: MoEscopeForCausalLM, packed: Packed) -> Walk:
    """Every row through every layer."""
    recorder = Recorder()
    stream, attended, after = model.model.embed_tokens(packed.token_ids), [], []
    for layer in range(model.config.num_hidden_layers):
        attended.append(packed.attend(model, layer, stream))
        with watching(recorder):
            stream = experts(model, layer, attended[-1])
        after.append(stream)
    return Walk(attended, after, recorder.routings, next_token_losses(model, stream, packed.targets))


def experts(model: MoEscopeForCausalLM, layer: int, stream: Tensor, routing: Routing | None = None) -> Tensor:
    """The stream (n, D) after a layer's experts; with a routing (n, K) in place of the router's own."""
    block = model.model.layers[layer]
    with watching(lambda *_: routing):
        return stream + block.moe(block.moe_norm(stream))


def losses_after(model: MoEscopeForCausalLM, packed: Packed, usual: Walk, layer: int, rows: Tensor,
                 routing: Routing) -> Tensor:
    """Every row's loss (N,) when these rows (n,) of one layer are routed like this; later layers choose anew."""
    stream = usual.after[layer].clone()
    stream[rows] = experts(model, layer, usual.attended[layer][rows], routing)
    for later in range(layer + 1, model.config.num_hidden_layers):
        stream = experts(model, later, packed.attend(model, later, stream))
    moved = (stream != usual.after[-1]).any(1).nonzero()[:, 0]
    return usual.losses.index_copy(0, moved, next_token_losses(model, stream[moved], packed.targets[moved]))


def next_token_losses(model: MoEscopeForCausalLM, stream: Tensor, targets: Tensor) -> Tensor:
    """-log p(target) of every row, in nats: (n, D), (n,) -> (n,)."""
    parts = zip(model.model.norm(stream).split(ROWS_AT_ONCE), targets.split(ROWS_AT_ONCE), strict=True)
    return torch.cat([F.cross_entropy(model.lm_head(rows).float(), wanted, reduction="none")
                      for rows, wanted in parts])


def _grids(lengths: list[int], starts: list[int]) -> list[Tensor]:
    """Row numbers of texts of like length, padded: (B, T) each; padding points at the extra row N."""
    groups: dict[int, list[int]] = {}
    for text, length in enumerate(lengths):
        groups.setdefault(max(8, 1 << (length - 1).bit_length()), []).append(text)  # up to 8, 16, 32, ...
    grids = []
    for members in groups.values():
        grid = torch.full((len(members), max(lengths[text] for text in members)), sum(lengths))
        for line, text in zip(grid, members, strict=True):
            line[:lengths[text]] = torch.arange(starts[text], starts[text + 1])
        grids.append(grid)
    return grids
