"""Balance loss is 1 at balance (Switch's floor), K times smaller than transformers' figure."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

from moe_core.model.losses import load_balance, max_violation, router_z
from moe_core.model.router import Routing


def routing(probabilities, expert_ids) -> Routing:
    logits = torch.tensor(probabilities).log()
    expert_ids = torch.tensor(expert_ids)
    return Routing(logits, expert_ids, torch.ones(expert_ids.shape) / expert_ids.shape[1])


def test_three_experts_by_hand():
    two_tokens = routing([[0.5, 0.3, 0.2],
                          [0.7, 0.2, 0.1]], [[0, 1], [0, 1]])
    # f = 1/2, 1/2, 0 of four slots; P = 0.6, 0.25, 0.15; 3 · (0.3 + 0.125 + 0)
    assert load_balance(two_tokens).item() == pytest.approx(1.275)
    assert max_violation(two_tokens) == pytest.approx(0.5)  # loads 2, 2, 0: (2 - 4/3) / (4/3)


def test_uniform_routing_gives_one():
    even = routing([[0.25] * 4] * 4, [[0, 1], [1, 2], [2, 3], [3, 0]])
    assert load_balance(even).item() == pytest.approx(1)
    assert max_violation(even) == 0


def test_everything_to_one_expert_gives_as_many_as_there_are_experts():
    collapsed = routing([[1.0, 0.0, 0.0, 0.0]] * 5, [[0]] * 5)
    assert load_balance(collapsed).item() == pytest.approx(4)
    assert max_violation(collapsed) == pytest.approx(3)


@given(seed=st.integers(0, 10**6), experts=st.integers(2, 8), tokens=st.integers(1, 30))
def test_transformers_says_k_times_as_much(seed, experts, tokens):
    logits = torch.randn(tokens, experts, generator=torch.Generator().manual_seed(seed))
    ours = Routing(logits, logits.topk(2).indices, None)
    theirs = load_balancing_loss_func((logits,), experts, top_k=2)
    assert 2 * load_balance(ours).item() == pytest.approx(theirs.item(), rel=1e-4)


def test_only_the_probabilities_carry_the_gradient():
    logits = torch.randn(6, 3, requires_grad=True)
    load_balance(Routing(logits, logits.topk(2).indices, None)).backward()
    shares = logits.topk(2).indices.flatten().bincount(minlength=3) / 12
    probabilities = logits.softmax(-1)
    by_hand = 3 / 6 * probabilities * (shares - (shares * probabilities).sum(-1, keepdim=True))
    torch.testing.assert_close(logits.grad, by_hand)


def test_router_z_by_hand():
    two_tokens = Routing(torch.tensor([[0.0, 0.0, 0.0], [math.log(2), math.log(3), 0.0]]), None, None)
    assert router_z(two_tokens).item() == pytest.approx((math.log(3) ** 2 + math.log(6) ** 2) / 2)


def test_router_z_grows_with_the_logits():
    logits = torch.randn(20, 4)
    assert router_z(Routing(5 * logits, None, None)) > router_z(Routing(logits, None, None))
