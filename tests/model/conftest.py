"""Tiny models that every test of this folder shares: width 16, 2 layers, 4 experts, 40 tokens."""

import pytest
import torch

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM

SMALL = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_experts": 4,
         "num_experts_per_tok": 2, "moe_intermediate_size": 12, "shared_intermediate_size": 8,
         "max_position_embeddings": 32}


@pytest.fixture
def build():
    """Makes a random model whose parameters are wide enough that every part of it moves the logits."""
    def build(seed: int = 0, spread: float = 0.4, **dials) -> MoEscopeForCausalLM:
        torch.manual_seed(seed)
        model = MoEscopeForCausalLM(MoEscopeConfig(**SMALL | dials)).eval()
        with torch.no_grad():
            for parameter in model.parameters():  # the norms' scales too: all ones would hide a forgotten scale
                parameter.add_(spread * torch.randn_like(parameter))
        return model
    return build


@pytest.fixture(params=[0, 8], ids=["no shared expert", "shared expert"])
def model(request, build) -> MoEscopeForCausalLM:
    return build(shared_intermediate_size=request.param)


@pytest.fixture
def token_ids() -> torch.Tensor:
    return torch.randint(1, 40, (3, 11), generator=torch.Generator().manual_seed(1))  # (B, T)


@pytest.fixture(autouse=True)
def _same_luck_every_time():
    torch.manual_seed(0)
