"""Every token gets exactly what its own experts make of it, however the work is sorted."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from moe_core.model.experts import Experts, SharedExpert, swiglu


def random_experts(num_experts=4, width=5, expert_width=3, dtype=torch.float32) -> Experts:
    experts = Experts(num_experts, width, expert_width).to(dtype)
    for parameter in experts.parameters():
        nn.init.normal_(parameter)
    return experts


def one_token_at_a_time(experts, hidden, expert_ids):
    """The definition, written with plain loops and matrix products."""
    rows = []
    for token, chosen in zip(hidden, expert_ids.tolist(), strict=True):
        outputs = []
        for expert in chosen:
            gate, up = (experts.gate_up[expert] @ token).chunk(2)
            outputs.append(experts.down[expert] @ (gate * gate.sigmoid() * up))
        rows.append(torch.stack(outputs))
    return torch.stack(rows)


def test_swiglu_is_down_of_silu_of_gate_times_up():
    hidden = torch.tensor([[2.0, 3.0]])
    gate_up = torch.tensor([[1.0, 0.0],    # gate = 2
                            [0.0, 1.0]])   # up = 3
    down = torch.tensor([[1.0], [-10.0]])
    inside = 2 * 3 / (1 + torch.e ** -2)   # silu(2) · 3
    assert swiglu(hidden, gate_up, down)[0].tolist() == pytest.approx([inside, -10 * inside])


@given(tokens=st.integers(1, 7), experts=st.integers(1, 5), data=st.data())
def test_sorted_dispatch_is_the_plain_loop(tokens, experts, data):
    chosen = data.draw(st.integers(1, experts))
    expert_ids = torch.tensor([data.draw(st.permutations(range(experts)))[:chosen] for _ in range(tokens)])
    bank, hidden = random_experts(experts), torch.randn(tokens, 5)
    torch.testing.assert_close(bank(hidden, expert_ids), one_token_at_a_time(bank, hidden, expert_ids),
                               rtol=1e-4, atol=1e-4)


def test_an_idle_expert_disturbs_nobody():
    bank, hidden = random_experts(), torch.randn(6, 5)
    expert_ids = torch.tensor([[3, 1]] * 6)  # 0 and 2 are idle
    before = bank(hidden, expert_ids)
    with torch.no_grad():
        bank.gate_up[[0, 2]] = torch.nan
    assert torch.equal(bank(hidden, expert_ids), before)


def test_the_order_of_the_tokens_does_not_matter():
    bank, hidden = random_experts(), torch.randn(8, 5)
    expert_ids, order = torch.randint(4, (8, 2)), torch.randperm(8)
    torch.testing.assert_close(bank(hidden[order], expert_ids[order]), bank(hidden, expert_ids)[order])


def test_one_token_alone_gets_what_it_gets_in_company():
    bank, hidden = random_experts(), torch.randn(3, 5)
    expert_ids = torch.tensor([[2, 0], [1, 3], [0, 1]])
    alone = torch.cat([bank(hidden[i:i + 1], expert_ids[i:i + 1]) for i in range(3)])
    torch.testing.assert_close(alone, bank(hidden, expert_ids))


@pytest.mark.parametrize("expert_ids", [[[0, 1], [2, 0], [1, 0]], [[2, 1]]], ids=["several tokens", "one token"])
def test_gradients_are_finite_differences(expert_ids):
    torch.manual_seed(0)
    bank = random_experts(num_experts=3, width=2, expert_width=2, dtype=torch.float64)
    hidden = torch.randn(len(expert_ids), 2, dtype=torch.float64, requires_grad=True)

    def outputs(hidden, gate_up, down):
        changed = {"gate_up": gate_up, "down": down}
        return torch.func.functional_call(bank, changed, (hidden, torch.tensor(expert_ids)))

    assert torch.autograd.gradcheck(outputs, (hidden, bank.gate_up, bank.down))


def test_an_idle_expert_gets_no_gradient():
    bank = random_experts()
    bank(torch.randn(3, 5), torch.tensor([[3, 1]] * 3)).sum().backward()
    assert [bool(grad.any()) for grad in bank.down.grad] == [False, True, False, True]


def test_the_shared_expert_is_an_expert_that_every_token_meets():
    shared, bank, hidden = SharedExpert(5, 3), random_experts(num_experts=2), torch.randn(4, 5)
    shared.gate_up.data, shared.down.data = bank.gate_up.data[1], bank.down.data[1]
    torch.testing.assert_close(shared(hidden), bank(hidden, torch.ones(4, 1, dtype=torch.long))[:, 0])
    assert torch.equal(shared(hidden), bank.one(1, hidden))
