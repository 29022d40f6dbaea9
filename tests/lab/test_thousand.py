"""The thousand-word experiment: its parts equal a plain reading of the article, and it learns what can be learned."""

import numpy as np
import pytest
import torch

from moe_core.lab import wordlist
from moe_core.lab.errors import LabError
from moe_core.lab.thousand import flat, learn
from moe_core.lab.word_experts import Spoken, ThousandDials, WordExperts

WORDS = wordlist.read("\n".join(["我", "喜欢", "学习", "AI", *(f"w{n}" for n in range(26))]))
SMALL = ThousandDials(experts=4, hidden=16, epochs=12, batch=4, learning_rate=0.02)


@torch.no_grad()
def plain(model: WordExperts, word: int) -> torch.Tensor:
    """One word through the article's formulas: one-hot times matrix, ReLU, matrix, softmax; then the gate's mixture."""
    one_hot = torch.zeros(30)
    one_hot[word] = 1
    gates = (one_hot @ model.gate).softmax(-1)
    best = sorted(range(4), key=lambda expert: -float(gates[expert]))[:model.dials.k]
    total = sum(gates[expert] for expert in best)
    answers = [(torch.relu(one_hot @ model.first[e] + model.first_bias[e]) @ model.second[e].T
                + model.second_bias[e]).softmax(-1) for e in best]
    return sum(gates[e] / total * answer for e, answer in zip(best, answers, strict=True))


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_mixture_is_the_articles_formula_with_a_gate(k):
    torch.manual_seed(1)
    model = WordExperts(30, ThousandDials(experts=4, hidden=16, k=k))
    for word in (0, 7, 29):
        found = model(torch.tensor([word])).log_probabilities[0].exp()
        assert torch.allclose(found, plain(model, word), atol=1e-6)


def test_without_a_gate_all_experts_count_alike():
    model = WordExperts(30, ThousandDials(experts=4, hidden=16, gate=False))
    spoken = model(torch.tensor([3]))
    alone = [model._one(expert, torch.tensor([3])).softmax(-1) for expert in range(4)]
    assert torch.allclose(spoken.log_probabilities.exp(), sum(alone) / 4, atol=1e-6)


def test_its_gradient_is_that_of_finite_differences():
    torch.manual_seed(0)
    model = WordExperts(12, ThousandDials(experts=3, hidden=5, k=2))
    words, targets = torch.tensor([1, 4, 1]), torch.tensor([2, 5, 3])

    def loss() -> torch.Tensor:
        return torch.nn.functional.nll_loss(model(words).log_probabilities, targets)

    loss().backward()
    for parameter in (part for part in model.parameters() if part.grad is not None):
        place = int(parameter.grad.abs().argmax())
        known, found = parameter.data.view(-1), float(parameter.grad.view(-1)[place])
        kept, losses = float(known[place]), []
        for nudge in (1e-2, -1e-2):
            known[place] = kept + nudge
            losses.append(float(loss().detach()))
        known[place] = kept
        assert found == pytest.approx((losses[0] - losses[1]) / 2e-2, rel=0.02, abs=1e-4)


def test_the_sentence_is_learned_by_heart_and_the_load_sums_to_one():
    *_, last = learn(WORDS, SMALL)
    assert last.train.accuracy > 0.9
    assert last.sample[:4] == ["我", "喜欢", "学习", "AI"]
    assert sum(last.load) == pytest.approx(1, abs=1e-6)
    assert len(last.vectors) == 30


def test_the_same_seed_gives_the_same_run():
    first, again = (list(learn(WORDS, SMALL))[-1] for _ in range(2))
    assert first._replace(seconds=0) == again._replace(seconds=0)


def test_a_learning_rate_that_diverges_brings_back_the_last_good_state():
    *_, last = learn(WORDS, ThousandDials(experts=4, hidden=16, epochs=12, batch=4, learning_rate=100.0))
    assert last.state == "diverged"
    assert np.isfinite(last.validation_loss)


@pytest.mark.parametrize(("chosen", "expected"), [([[0], [1], [2], [3]], 1.0), ([[2], [2], [2], [2]], 4.0)])
def test_the_balance_loss_is_one_when_even_and_the_number_of_experts_when_one_takes_all(chosen, expected):
    chosen = torch.tensor(chosen)
    gates = torch.nn.functional.one_hot(chosen[:, 0], 4).float()
    model = WordExperts(30, ThousandDials(experts=4, hidden=2, k=1))
    assert float(model.balance(Spoken(torch.zeros(4, 30), gates, chosen))) == pytest.approx(expected)


@pytest.mark.parametrize("changed", [{"k": 11}, {"epochs": 0}, {"learning_rate": float("nan")}, {"validation": 0.9}])
def test_a_dial_out_of_range_is_refused_by_name(changed):
    with pytest.raises(LabError, match=next(iter(changed))):
        ThousandDials(**changed)


def test_the_picture_of_the_vectors_keeps_the_two_widest_directions():
    vectors = torch.tensor([[3.0, 0, 0.1], [-3.0, 0, 0.1], [0, 1.0, 0.1], [0, -1.0, 0.1]])
    assert np.allclose(np.abs(flat(vectors)), [[3, 0], [3, 0], [0, 1], [0, 1]], atol=1e-4)
