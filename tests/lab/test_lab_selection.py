"""Each way to choose keeps its own promise: who is chosen, how much it counts, how even the load is."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moe_core.lab.selection import (
    SELECTIONS,
    Choice,
    ExpertChoice,
    Hash,
    LossFree,
    NoisyTopK,
    SoftmaxTopK,
    balance,
    limited,
    load,
    router_z,
)
from moe_core.model.losses import load_balance
from moe_core.model.losses import router_z as plain_z
from moe_core.model.router import TopKRouter


def made(name: str, k: int = 2, experts: int = 6):
    torch.manual_seed(1)
    selection = SELECTIONS[name](16, experts, k)
    if name == "hash":
        selection.deal(torch.ones(12, dtype=torch.long))
    return selection


@pytest.mark.parametrize("name", SELECTIONS)
def test_weights_stand_only_where_an_expert_is_chosen(name, hidden, token_ids):
    choice = made(name)(hidden, token_ids)
    assert choice.weights.shape == choice.chosen.shape == (24, 6)
    assert (choice.weights[~choice.chosen] == 0).all()
    assert (choice.weights[choice.chosen] > 0).all()


@pytest.mark.parametrize("name", [name for name in SELECTIONS if name != "expert_choice"])
def test_every_token_meets_k_experts_whose_weights_sum_to_one(name, hidden, token_ids):
    choice = made(name).eval()(hidden, token_ids)
    assert (choice.chosen.sum(1) == 2).all()
    assert torch.allclose(choice.weights.sum(1), torch.ones(24))


def test_softmax_top_k_is_the_models_own_router(hidden, token_ids):
    selection, router = made("softmax"), TopKRouter(16, 6, 2)
    router.score.weight = selection.score.weight
    choice, routing = selection(hidden, token_ids), router(hidden)
    expected = torch.zeros(24, 6).scatter(1, routing.expert_ids, routing.weights)
    assert torch.allclose(choice.weights, expected)
    assert torch.allclose(balance(choice), load_balance(routing))
    assert torch.allclose(router_z(choice), plain_z(routing))


def test_expert_choice_fills_every_expert_exactly(hidden, token_ids):
    choice = ExpertChoice(16, 6, 2)(hidden, token_ids)
    assert choice.chosen.sum(0).tolist() == [8] * 6  # 2 · 24 / 6


@given(tokens=st.integers(1, 40), experts=st.integers(1, 8), k=st.integers(1, 8))
def test_expert_choice_fills_its_capacity_whatever_the_shape(tokens, experts, k):
    k = min(k, experts)
    choice = ExpertChoice(4, experts, k)(torch.randn(tokens, 4), torch.zeros(tokens, dtype=torch.long))
    assert set(choice.chosen.sum(0).tolist()) == {min(tokens, -(-k * tokens // experts))}


@given(experts=st.integers(1, 8), k=st.integers(1, 8), rounds=st.integers(1, 5))
def test_a_hash_deals_equally_frequent_words_out_evenly(experts, k, rounds):
    k, words = min(k, experts), experts * rounds
    selection = Hash(4, experts, k)
    selection.deal(torch.full((words,), 7))
    choice = selection(torch.randn(words, 4), torch.arange(words))
    assert set(choice.chosen.sum(0).tolist()) == {k * rounds}


def test_a_hash_sees_the_word_and_nothing_else(token_ids):
    selection = made("hash")
    one, other = (selection(torch.randn(24, 16), token_ids) for _ in range(2))
    assert (one.chosen == other.chosen).all()


def test_a_frequent_word_gets_an_expert_of_its_own():
    selection = Hash(4, 2, 1)
    selection.deal(torch.tensor([100, 10, 10, 10]))
    assert selection.table.tolist() == [0, 1, 1, 1]


def test_noise_is_heard_in_training_only(hidden, token_ids):
    for selection in (NoisyTopK(16, 6, 2), SoftmaxTopK(16, 6, 2)):
        selection.noise = 1.0
        assert not torch.equal(selection(hidden, token_ids).logits, selection(hidden, token_ids).logits)
        selection.eval()
        assert torch.equal(selection(hidden, token_ids).logits, selection(hidden, token_ids).logits)


def test_the_loss_free_bias_moves_against_the_load_and_never_into_the_weights(hidden, token_ids):
    selection = LossFree(16, 3, 1)
    chosen = torch.tensor([[True, False, False]] * 3 + [[False, True, False]])
    selection.after_step(Choice(chosen.float(), chosen.float(), chosen, chosen.float()))  # mean load 1/3: 3/4, 1/4, 0
    assert torch.allclose(selection.bias, torch.tensor([-0.01, 0.01, 0.01]))
    gates = selection.score(hidden).sigmoid()
    selection.bias = torch.tensor([9.0, 0.0, 0.0])
    choice = LossFree.forward(selection, hidden, token_ids)
    assert choice.chosen[:, 0].all()
    assert torch.allclose(choice.gates, gates)
    assert torch.allclose(choice.weights[:, 0], torch.ones(24))


def test_performance_lets_no_gradient_of_the_text_into_the_router(hidden, token_ids):
    selection = made("performance")
    choice = selection(hidden.requires_grad_(), token_ids)
    assert not choice.weights.requires_grad
    choice.logits.sum().backward()
    assert selection.score.weight.grad is not None
    assert hidden.grad is None


def test_an_expert_without_room_drops_its_last_tokens():
    chosen = torch.tensor([[True, False]] * 5 + [[False, True]])
    kept = limited(Choice(chosen.float(), chosen.float(), chosen, chosen.float()), capacity=1.0)  # 6 slots / 2 = 3
    assert kept.chosen[:, 0].tolist() == [True, True, True, False, False, False]
    assert kept.weights.sum() == 4


def test_load_counts_slots():
    chosen = torch.tensor([[True, True, False], [True, False, False]])
    assert torch.allclose(load(Choice(chosen, chosen, chosen, chosen)), torch.tensor([2 / 3, 1 / 3, 0]))


def test_more_experts_than_there_are_cannot_be_asked_for():
    with pytest.raises(ValueError, match=r"1\.\.4, got 5"):
        SoftmaxTopK(8, 4, 5)
