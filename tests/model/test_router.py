"""A router sends every token to its K best-scoring experts, with weights that sum to 1."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moe_core.model.router import Routing, TopKRouter, forced


@pytest.fixture
def router():
    """Width 3, expert i scores hidden[i], two experts per token."""
    router = TopKRouter(width=3, num_experts=3, experts_per_token=2)
    router.score.weight.data = torch.eye(3)
    return router


HIDDEN = torch.tensor([[0.0, 2.0, 1.0],   # expert 1 best, then 2
                       [5.0, 0.0, 4.0]])  # expert 0 best, then 2


def test_each_token_goes_to_its_best_scoring_experts(router):
    assert router(HIDDEN).expert_ids.tolist() == [[1, 2], [0, 2]]


def test_weights_are_the_softmax_over_the_chosen_two(router):
    first = 1 / (1 + torch.e ** -1)  # both tokens: the best leads the second by 1
    assert router(HIDDEN).weights.flatten().tolist() == pytest.approx([first, 1 - first] * 2)


def test_that_is_the_softmax_over_all_renormalised(router):
    logits, expert_ids, weights = router(torch.randn(20, 3))
    kept = logits.softmax(-1).gather(-1, expert_ids)
    torch.testing.assert_close(weights, kept / kept.sum(-1, keepdim=True))


@given(experts=st.integers(1, 9), data=st.data(), tokens=st.integers(0, 5), width=st.integers(1, 4))
def test_shapes_and_order_hold_for_any_sizes(experts, data, tokens, width):
    chosen = data.draw(st.integers(1, experts))
    routing = TopKRouter(width, experts, chosen)(torch.randn(tokens, width))
    assert [tuple(part.shape) for part in routing] == [(tokens, experts), (tokens, chosen), (tokens, chosen)]
    assert all(len(set(row)) == chosen for row in routing.expert_ids.tolist())
    torch.testing.assert_close(routing.weights.sum(-1), torch.ones(tokens))
    assert (routing.weights.diff(dim=-1) <= 0).all()  # best first
    outside = routing.logits.scatter(-1, routing.expert_ids, -torch.inf)
    assert (outside.amax(-1) <= routing.logits.gather(-1, routing.expert_ids).amin(-1)).all()


@pytest.mark.parametrize("chosen", [0, 4])
def test_more_experts_per_token_than_experts_are_refused(chosen):
    with pytest.raises(ValueError, match=rf"experts_per_token must lie in 1..3, got {chosen}"):
        TopKRouter(width=3, num_experts=3, experts_per_token=chosen)


def test_a_router_in_fp32_scores_in_fp32_whatever_comes_in(router):
    router.score.weight.data = torch.tensor([[1.0, 2.0**-20, 0], [1.0, 0, 0], [0, 0, 1.0]])
    logits = router(torch.ones(1, 3, dtype=torch.float16)).logits
    assert logits.dtype == torch.float32
    assert logits[0, 0] > logits[0, 1]  # a difference that fp16 has no digits for


def test_a_router_in_fp16_has_the_ties_of_fp16(router):
    router.score.weight.data = torch.tensor([[1.0, 2.0**-20, 0], [1.0, 0, 0], [0, 0, 1.0]]).half()
    routing = router(torch.ones(1, 3, dtype=torch.float16))
    assert routing.logits[0, 0] == routing.logits[0, 1]
    assert routing.weights.dtype == torch.float32


def test_a_forced_route_keeps_the_scores_and_weighs_the_given_experts(router):
    routing = forced(router(HIDDEN), torch.tensor([[0, 2], [1, 2]]))
    assert isinstance(routing, Routing)
    assert torch.equal(routing.logits, HIDDEN)
    assert routing.expert_ids.tolist() == [[0, 2], [1, 2]]
    second = torch.tensor([1.0, 4.0]).sigmoid()  # how far expert 2 leads the other of each pair
    torch.testing.assert_close(routing.weights, torch.stack([1 - second, second], -1))


def test_forcing_what_was_chosen_changes_nothing(router):
    routing = router(torch.randn(20, 3))
    again = forced(routing, routing.expert_ids)
    assert all(torch.equal(a, b) for a, b in zip(routing, again, strict=True))


def test_a_router_in_fp32_stays_exact_under_autocast(router):
    hidden = torch.randn(5, router.score.in_features)
    with torch.autocast("cpu", torch.bfloat16):
        routing = router(hidden)
    torch.testing.assert_close(routing.logits, router(hidden).logits, rtol=0, atol=0)
