"""The laboratory's language model: attention, then experts whose every part can be exchanged; or its dense twin.

Knows nothing of text.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moe_core.lab.dials import LabDials
from moe_core.lab.fusion import product
from moe_core.lab.layer import LabLayer
from moe_core.lab.selection import SELECTIONS
from moe_core.lab.sharing import banks
from moe_core.model.attention import CausalSelfAttention, Rotation, rotary_table
from moe_core.model.experts import SharedExpert
from moe_core.model.norm import RMSNorm

HEADS, EPSILON, SPREAD = 4, 1e-6, 0.05
FORMATS = {"fp32": torch.float32, "bf16": torch.bfloat16, "bf16_router_fp32": torch.bfloat16, "fp16": torch.float16}


class Decoder(nn.Module):
    """Attention and a feed-forward part, each added back to the stream."""

    def __init__(self, width: int, layer: int, feed_forward: nn.Module):
        super().__init__()
        self.attention_norm, self.norm = RMSNorm(width, EPSILON), RMSNorm(width, EPSILON)
        self.attention = CausalSelfAttention(width, HEADS, layer)
        self.feed_forward = feed_forward

    def attend(self, hidden: Tensor, rotation: Rotation) -> Tensor:
        return hidden + self.attention(self.attention_norm(hidden), rotation)


class LabModel(nn.Module):
    """Embedding, L decoders, final norm, head tied to the embedding."""

    def __init__(self, dials: LabDials, vocabulary: int, dense: bool = False):
        super().__init__()
        self.dials, self.dense = dials, dense
        self.embedding = nn.Embedding(vocabulary, dials.width)
        self.decoders = nn.ModuleList(Decoder(dials.width, layer, part)
                                      for layer, part in enumerate(_dense(dials) if dense else _experts(dials)))
        self.norm = RMSNorm(dials.width, EPSILON)
        cosine, sine = rotary_table(dials.width // HEADS, dials.length, 10000.0)
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)
        self._start()

    @property
    def expert_layers(self) -> list[LabLayer]:
        return [decoder.feed_forward for decoder in self.decoders if isinstance(decoder.feed_forward, LabLayer)]

    def forward(self, token_ids: Tensor) -> Tensor:
        """Log-probabilities of every next token: (B, T) -> (B, T, V), fp32."""
        rotation, hidden = (self.cosine[:token_ids.shape[1]], self.sine[:token_ids.shape[1]]), self.embedding(token_ids)
        for decoder in self.decoders[:-1]:
            hidden = decoder.attend(hidden, rotation)
            hidden = hidden + self._fed(decoder, hidden, token_ids)
        last = self.decoders[-1]
        hidden = last.attend(hidden, rotation)
        if isinstance(last.feed_forward, LabLayer) and self.dials.fusion == "product":
            return self._product(last, hidden, token_ids)
        return self._predict(hidden + self._fed(last, hidden, token_ids))

    def active_parameters(self) -> int:
        """Parameters that one token multiplies with, counted at every use; the embedding once, as the head."""
        routed = sum(layer.bank.active(self.dials.k) for layer in self.expert_layers)
        return routed + sum(parameter.numel() for name, parameter in self.named_parameters() if ".bank." not in name)

    def _fed(self, decoder: Decoder, hidden: Tensor, token_ids: Tensor) -> Tensor:
        rows = decoder.norm(hidden).flatten(0, 1)                      # (B, T, D) -> (N, D)
        part = decoder.feed_forward
        return (part(rows, token_ids.flatten()) if isinstance(part, LabLayer) else part(rows)).view_as(hidden)

    def _product(self, decoder: Decoder, hidden: Tensor, token_ids: Tensor) -> Tensor:
        """Every chosen expert of the last layer foretells the next token by itself; the predictions are multiplied."""
        outputs, rows, weights, always = decoder.feed_forward.slots(decoder.norm(hidden).flatten(0, 1),
                                                                    token_ids.flatten())
        stream = hidden.flatten(0, 1) if always is None else hidden.flatten(0, 1) + always
        each = self._predict(stream.index_select(0, rows) + outputs)   # (n, V)
        return product(each, rows, weights, self._predict(stream)).view(*token_ids.shape, -1)

    def _predict(self, hidden: Tensor) -> Tensor:
        return F.linear(self.norm(hidden), self.embedding.weight).float().log_softmax(-1)

    @torch.no_grad()
    def _start(self) -> None:
        """Normal numbers; what writes into the stream starts smaller, by the number of writers (GPT-2, section 2.3)."""
        deep = SPREAD / (2 * self.dials.layers) ** 0.5
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1 and parameter.requires_grad:
                writes = name.endswith((".down", ".output.weight", ".down_left"))
                parameter.normal_(std=deep if writes else SPREAD)
            if name.endswith(("_left", "_right")):
                parameter.normal_(std=0.2)  # their product, 4 deep, is then about as large as a matrix of its own


def predictions(model: LabModel, token_ids: Tensor) -> Tensor:
    """The model's forward pass in its format: parameters are kept in fp32 and cast for the pass."""
    wanted = FORMATS[model.dials.precision]
    if wanted == torch.float32:
        return model(token_ids)
    exact = ".selection." if model.dials.precision == "bf16_router_fp32" else "\0"
    cast = {name: value if exact in name else value.to(wanted) for name, value in model.named_parameters()}
    return torch.func.functional_call(model, cast, (token_ids,), tie_weights=False)


@contextmanager
def forcing(layer: LabLayer, expert: int) -> Iterator[None]:
    """Inside this block every token of this layer meets this expert alone."""
    layer.forced = expert
    try:
        yield
    finally:
        layer.forced = None


def _experts(dials: LabDials) -> list[LabLayer]:
    shared = banks(dials.sharing, dials.layers, dials.experts, dials.width, dials.expert_width, dials.k)
    layers = [LabLayer(SELECTIONS[dials.selection](dials.width, dials.experts, dials.k), bank, dials.fusion,
                       dials.capacity) for bank in shared]
    for layer in layers:
        layer.selection.noise = dials.noise
    return layers


def _dense(dials: LabDials) -> list[SharedExpert]:
    """As wide as k experts together: as many active parameters, but for the router."""
    return [SharedExpert(dials.width, dials.k * dials.expert_width) for _ in range(dials.layers)]
