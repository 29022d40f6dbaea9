"""The loss taken in slices is the loss, and its gradient by hand is autograd's."""

import pytest
import torch
import torch.nn.functional as F

from moe_core.training import loss as slices


@pytest.fixture
def problem(monkeypatch):
    monkeypatch.setattr(slices, "SLICE", 4)  # 10 tokens: two whole slices and a part
    generator = torch.Generator().manual_seed(0)
    hidden, head = torch.randn(10, 6, generator=generator), torch.randn(7, 6, generator=generator)
    return hidden, torch.randint(0, 7, (10,), generator=generator), torch.nn.Parameter(head)


def test_the_sum_of_the_slices_is_the_mean_loss(problem):
    hidden, targets, head = problem
    assert slices.next_token_loss(hidden, targets, head) == pytest.approx(
        float(F.cross_entropy(hidden @ head.t(), targets).detach()), rel=1e-6
    )


def test_the_gradient_by_hand_is_that_of_autograd(problem):
    hidden, targets, head = problem
    expected_hidden = hidden.clone().requires_grad_()
    expected = F.cross_entropy(expected_hidden @ head.t(), targets)
    expected.backward()
    expected_head, head.grad = head.grad, None
    total, gradient = slices.next_token_gradient(hidden, targets, head)
    assert total == pytest.approx(float(expected.detach()), rel=1e-6)
    torch.testing.assert_close(gradient, expected_hidden.grad)
    torch.testing.assert_close(head.grad, expected_head)


def test_the_gradient_on_the_head_adds_to_what_is_there(problem):
    hidden, targets, head = problem
    slices.next_token_gradient(hidden, targets, head)
    once = head.grad.clone()
    slices.next_token_gradient(hidden, targets, head)
    torch.testing.assert_close(head.grad, 2 * once)
