"""How much each part would mind each format, by the Fisher information: 0.5 · Σ F · ΔW².

A ranking to optimise with, never a damage to report: it cannot know that a token may change its experts.
"""

import copy

import numpy as np
import torch
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.damage import Steps
from moe_core.precision.damage_bench import Bench
from moe_core.precision.damage_texts import UNASKED, Batch, Split
from moe_core.precision.parts import matrices


def fisher(model: MoEscopeForCausalLM, split: Split, seed: int = 0) -> Steps[dict[str, Tensor]]:
    """The diagonal of the Fisher information per token, for every matrix (name in the state dict -> its shape).

    Labels are drawn from the model itself. Then the gradients of different tokens are independent with mean 0, and
    the squared gradient of a whole batch's summed loss estimates the sum of the tokens' squares (Kunstner 2019).
    """
    twin = copy.deepcopy(model).eval().requires_grad_(True)  # the model itself may be answering others meanwhile
    named = {name: parameter for name, parameter in twin.named_parameters() if parameter.ndim > 1}
    squares = {name: torch.zeros_like(parameter) for name, parameter in named.items()}
    dice = torch.Generator().manual_seed(seed)
    for batch in split.batches:
        gradients = torch.autograd.grad(_loss_of_drawn_labels(twin, batch, dice), list(named.values()))
        for square, gradient in zip(squares.values(), gradients, strict=True):
            square.addcmul_(gradient, gradient)
        yield
    return {name: square.div_(split.tokens) for name, square in squares.items()}


def _loss_of_drawn_labels(model: MoEscopeForCausalLM, batch: Batch, dice: torch.Generator) -> Tensor:
    hidden = model.forward_for_training(batch.token_ids).hidden[batch.targets != UNASKED]  # (n, D)
    surprise = -model.lm_head(hidden).log_softmax(-1)                                      # (n, V)
    drawn = (-surprise.detach()).exp().multinomial(1, generator=dice)                      # (n, 1)
    return surprise.gather(1, drawn).sum()


def sensitivities(bench: Bench, information: dict[str, Tensor], formats: tuple[str, ...]) -> Steps[np.ndarray]:
    """0.5 · Σ F · ΔW² of every part in every format: (P, F), nats per token."""
    found = {part: np.zeros(len(formats)) for part in bench.parts}
    names: dict[str, list[tuple[Tensor, Tensor]]] = {part: [] for part in bench.parts}
    for matrix in matrices(bench.model):
        weights = information[matrix.parameter]
        names[matrix.part].append((matrix.values, weights if matrix.expert is None else weights[matrix.expert]))
    for part, pairs in names.items():
        for column, format in enumerate(formats):
            for (ours, weights), theirs in zip(pairs, bench.rounded(part, format), strict=True):
                found[part][column] += 0.5 * float((weights * (ours - theirs).square()).sum(dtype=torch.float64))
        yield
    return np.stack(list(found.values()))
