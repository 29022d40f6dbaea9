"""Tiny loaded models; routers as decided as a trained model's, experts as different."""

import pytest
import torch

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.own import LoadedModel


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["我喜欢学习AI", "Once upon a time there was a little cat."] * 5, vocab_size=330)


@pytest.fixture
def load(tokenizer):
    """Makes a random model with wide parameters; `router_scale` makes its routers more decided."""
    def load(seed: int = 0, router_scale: float = 3.0, **dials) -> LoadedModel:
        torch.manual_seed(seed)
        small = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "num_experts": 6,
                 "moe_intermediate_size": 16, "shared_intermediate_size": 16, "max_position_embeddings": 128}
        model = MoEscopeForCausalLM(MoEscopeConfig(vocab_size=tokenizer.vocab_size, **small | dials)).eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.dim() > 1:
                    parameter.normal_(std=parameter.shape[-1] ** -0.5 * (router_scale if ".router." in name else 1))
        return LoadedModel(model, tokenizer, f"tiny-{seed}", "0" * 12)
    return load


@pytest.fixture
def loaded(load) -> LoadedModel:
    return load()


@pytest.fixture
def text(tokenizer):
    """Makes token ids of a random text."""
    def text(seed: int = 0, length: int = 100) -> list[int]:
        return torch.randint(1, tokenizer.vocab_size, (length,), generator=torch.Generator().manual_seed(seed)).tolist()
    return text
