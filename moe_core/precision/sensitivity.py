"""How much each part would mind each format, by the Fisher information of its parameters.

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
from moe_core.precision.parts import Matrix, matrices


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
    """What rounding is expected to cost every part in every format: (P, F), nats per token."""
    found = {part: np.zeros(len(formats)) for part in bench.parts}
    held: dict[str, list[Matrix]] = {part: [] for part in bench.parts}
    for matrix in matrices(bench.model):
        held[matrix.part].append(matrix)
    for part, pairs in held.items():
        for column, format in enumerate(formats):
            for matrix, theirs in zip(pairs, bench.rounded(part, format), strict=True):
                weights = information[matrix.parameter]
                weights = weights if matrix.expert is None else weights[matrix.expert]
                products = bench.known.get((matrix.parameter, matrix.expert))
                found[part][column] += expected_cost(matrix.values - theirs, weights, products)
        yield
    return np.stack(list(found.values()))


def expected_cost(change: Tensor, diagonal: Tensor, products: Tensor | None = None) -> float:
    """0.5 · ΔW · F · ΔW in nats per token, for a change and the diagonal of F, both (rows, columns).

    With X^T X of what the matrix multiplies (columns, columns), F is taken for a Kronecker product (Martens and Grosse
    2015, section 3.1) of that and of a diagonal over rows: errors that make each other good then cost nothing, as GPTQ
    means them to. Without it, F is its diagonal.
    """
    if products is None or not float(products.trace()) > 0:
        return 0.5 * float((diagonal * change.square()).sum(dtype=torch.float64))
    of_row = diagonal.sum(1) / products.trace()                   # (rows,): the diagonal sums to its old sum
    return 0.5 * float((of_row * ((change @ products) * change).sum(1)).sum(dtype=torch.float64))
