"""Small tensors that the laboratory's tests share."""

import pytest
import torch

from moe_core.lab.dials import LabDials
from moe_core.lab.texts import prepared

STORY = "The cat sat on the mat. 小猫坐在垫子上。 The dog ran to the park. 小狗跑到公园里。\n"


@pytest.fixture
def hidden() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(24, 16)


@pytest.fixture
def token_ids() -> torch.Tensor:
    return torch.arange(24) % 12


@pytest.fixture(scope="session")
def tiny() -> LabDials:
    return LabDials(experts=4, k=2, steps=30, width=16, layers=2, expert_width=8, length=16, batch=4, vocabulary=300,
                    learning_rate=0.01)


@pytest.fixture(scope="session")
def text(tiny):
    varied = "".join(STORY.replace("cat", name).replace("狗", name) for name in ("cat", "fox", "hen", "pig")) * 12
    return prepared("own", varied, tiny.vocabulary, tiny.length)
