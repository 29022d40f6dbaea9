"""A random model small enough to work by hand: 2 layers, 3 experts, 2 per token; every part of it moves the logits."""

import pytest
import torch

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM

SMALL = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_experts": 3,
         "num_experts_per_tok": 2, "moe_intermediate_size": 8, "shared_intermediate_size": 8,
         "max_position_embeddings": 32}


@pytest.fixture(scope="session")
def build():
    """Makes a random model; `dials` differ from the small one's."""
    def build(seed: int = 0, **dials) -> MoEscopeForCausalLM:
        torch.manual_seed(seed)
        model = MoEscopeForCausalLM(MoEscopeConfig(**SMALL | dials)).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.4 * torch.randn_like(parameter))
        return model
    return build


@pytest.fixture(scope="session")
def model(build) -> MoEscopeForCausalLM:
    return build()


@pytest.fixture(scope="session")
def wide(build) -> MoEscopeForCausalLM:
    """3 layers and 6 experts: room for an expert that nobody chooses."""
    return build(num_experts=6, num_hidden_layers=3)


@pytest.fixture(scope="session")
def texts() -> list[list[int]]:
    return [[3, 1, 4, 1, 5, 9, 2, 6], [5], [3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6], [2, 7, 1, 8, 2, 8, 1]]
