"""The arithmetic of another choice, worked by hand; where nothing is asked, the router's own bits come back."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from moe_core.interventions.reroute import fused, overfull, ranked, swapped, with_forced, without
from moe_core.model.router import Routing

INFINITY = float("inf")


def routed(scores: list[list[float]], k: int = 2) -> Routing:
    logits = torch.tensor(scores)
    best, expert_ids = logits.topk(k, -1)
    return Routing(logits, expert_ids, best.softmax(-1))


def test_all_experts_stand_in_order_of_their_scores():
    routing = routed([[0.0, 3.0, 1.0, 2.0], [4.0, 1.0, 2.0, 3.0]])
    assert ranked(routing.logits, routing.expert_ids).tolist() == [[1, 3, 2, 0], [0, 3, 2, 1]]


def test_on_a_tie_the_routers_own_choice_stays_ahead():
    assert ranked(torch.zeros(1, 4), torch.tensor([[2, 1]])).tolist() == [[2, 1, 0, 3]]


scores_with_ties = st.lists(st.lists(st.integers(-2, 2).map(float), min_size=5, max_size=5), min_size=1, max_size=6)


@given(scores_with_ties, st.integers(1, 4))
def test_an_expert_that_was_not_chosen_is_not_missed_bit_for_bit(scores, k):
    routing = routed(scores, k)
    off = torch.ones_like(routing.logits, dtype=torch.bool).scatter_(1, routing.expert_ids, False)
    kept = without(routing, off)
    assert torch.equal(kept.expert_ids, routing.expert_ids)
    assert torch.equal(kept.weights, routing.weights)


def test_the_next_best_steps_in_and_weights_are_renormalised():
    routing = routed([[3.0, 2.0, 1.0, 0.0]])
    off = torch.tensor([[False, True, False, False]])
    assert without(routing, off).expert_ids.tolist() == [[0, 2]]
    torch.testing.assert_close(without(routing, off).weights, torch.tensor([[3.0, 1.0]]).softmax(1))


@given(scores_with_ties, st.integers(1, 4))
def test_forcing_the_chosen_changes_nothing(scores, k):
    routing = routed(scores, k)
    ranking = ranked(routing.logits, routing.expert_ids)
    forced = torch.zeros_like(routing.logits, dtype=torch.bool).scatter_(1, routing.expert_ids, True)
    assert torch.equal(with_forced(ranking, routing.logits, forced, k), ranking)


def test_a_forced_expert_takes_the_last_place_of_the_chosen():
    scores = torch.tensor([[3.0, 2.0, 1.0, 0.0]])
    forced = torch.tensor([[False, False, False, True]])
    assert with_forced(torch.tensor([[0, 1, 2, 3]]), scores, forced, 2).tolist() == [[0, 3, 1, 2]]


def test_a_swap_exchanges_first_and_runner_up_only_where_it_is_meant():
    ranking = torch.tensor([[0, 1, 2, 3], [0, 1, 2, 3]])
    assert swapped(ranking, torch.tensor([True, False]), 2).tolist() == [[2, 1, 0, 3], [0, 1, 2, 3]]


def test_three_ways_to_fuse():
    scores = torch.tensor([[1.0, 1.0], [0.0, -INFINITY]])  # in the second row only one expert is left
    assert fused(scores, "weighted").tolist() == [[0.5, 0.5], [1.0, 0.0]]
    assert fused(scores, "uniform").tolist() == [[0.5, 0.5], [1.0, 0.0]]
    assert fused(scores, "best").tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_first_choices_are_served_before_second_ones_and_earlier_rows_before_later():
    expert_ids = torch.tensor([[0, 1], [1, 0], [0, 2], [0, 1]])  # E0 asked 3 times first, once second; E1 once, twice
    full = overfull(expert_ids, torch.ones(4, 2, dtype=torch.bool), experts=4, factor=1.0)  # room: 1 * 4 * 2 / 4 = 2
    assert full.tolist() == [[False, False], [False, True], [False, False], [True, True]]


def test_a_slot_that_counts_nothing_takes_no_room():
    expert_ids, live = torch.tensor([[0], [0]]), torch.tensor([[False], [True]])
    assert overfull(expert_ids, live, experts=2, factor=1.0).tolist() == [[False], [False]]


def test_room_for_all_drops_nobody():
    expert_ids = torch.tensor([[0, 1]] * 5)
    assert not overfull(expert_ids, torch.ones(5, 2, dtype=torch.bool), experts=4, factor=2.0).any()
