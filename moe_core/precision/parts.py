"""The parts of a model that can have a format of their own: embedding, head, each attention, router and expert.

Norms are no part: they stay in fp32 (a few hundred numbers). It does not know formats.
"""

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor, nn

from moe_core.model.causal_lm import MoEscopeForCausalLM

EMBEDDING, HEAD = "embedding", "head"


class Matrix(NamedTuple):
    """One matrix of a part; of stacked experts, one slice."""

    part: str             # embedding, head, attention.LAYER, router.LAYER, shared.LAYER or expert.LAYER.EXPERT
    parameter: str        # its name in the state dict
    expert: int | None    # the slice of a stacked parameter
    values: Tensor        # (rows, columns), a view


def matrices(model: MoEscopeForCausalLM) -> Iterator[Matrix]:
    """Every matrix of the model once; a head tied to the embedding is the embedding."""
    for stack in stacks(model):
        yield from stack


def stacks(model: MoEscopeForCausalLM) -> Iterator[list[Matrix]]:
    """The same by parameter: all experts of a layer together, any other matrix alone."""
    for name, parameter in model.named_parameters():
        if parameter.ndim == 3:
            yield [Matrix(part_of(name, expert), name, expert, values) for expert, values in enumerate(parameter.data)]
        elif parameter.ndim == 2:
            yield [Matrix(part_of(name), name, None, parameter.data)]


def parts(model: nn.Module) -> tuple[str, ...]:
    """The names of all parts, each once, in the order in which a token meets them."""
    return tuple(dict.fromkeys(matrix.part for matrix in matrices(model)))


def part_of(parameter: str, expert: int | None = None) -> str:
    """Which part a parameter belongs to: model.layers.3.moe.experts.down, 7 -> expert.3.7."""
    if "embed_tokens" in parameter:
        return EMBEDDING
    if "lm_head" in parameter:
        return HEAD
    layer = parameter.split(".")[2]
    if ".attention." in parameter:
        return f"attention.{layer}"
    if ".router." in parameter:
        return f"router.{layer}"
    return f"shared.{layer}" if expert is None else f"expert.{layer}.{expert}"


def kind_of(part: str) -> str:
    """What sort of part it is: embedding, head, attention, router, shared or expert."""
    return part.split(".")[0]
