"""After the norm every row has root mean square 1, times the learnt scale."""

import pytest
import torch
from transformers.models.granitemoeshared.modeling_granitemoeshared import GraniteMoeSharedRMSNorm

from moe_core.model.norm import RMSNorm


def test_a_row_is_divided_by_its_root_mean_square_and_scaled():
    norm = RMSNorm(2, epsilon=0.0)
    norm.weight.data = torch.tensor([1.0, 10.0])
    assert norm(torch.tensor([[3.0, 4.0]]))[0].tolist() == pytest.approx([3 / 12.5**0.5, 40 / 12.5**0.5])


def test_a_row_of_zeros_stays_zero():
    assert RMSNorm(4, epsilon=1e-6)(torch.zeros(1, 4)).tolist() == [[0.0] * 4]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_transformers_says_the_same_in_every_format(dtype):
    ours, theirs = RMSNorm(16, 1e-5).to(dtype), GraniteMoeSharedRMSNorm(16, 1e-5).to(dtype)
    ours.weight.data = theirs.weight.data = torch.rand(16).to(dtype)
    hidden = (3 * torch.randn(9, 16)).to(dtype)
    assert ours(hidden).dtype == dtype
    torch.testing.assert_close(ours(hidden), theirs(hidden), rtol=2 * torch.finfo(dtype).eps, atol=1e-6)


def test_the_square_of_a_large_fp16_number_does_not_overflow():
    norm = RMSNorm(2, 1e-6).half()
    assert norm(torch.tensor([[60000.0, 60000.0]]).half()).tolist() == [[1.0, 1.0]]
