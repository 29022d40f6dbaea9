"""The engine that the page's tests share: a tiny random model, ready in a blink."""

from collections.abc import Callable

import pytest

from app.engine import Engine
from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.tokenizer import Tokenizer

READ = "The cat sat on the mat. 我喜欢学习AI"


@pytest.fixture(scope="session")
def build_engine(tmp_path_factory) -> Callable[..., Engine]:
    """Makes an engine of 2 layers, 4 experts, 2 per token; what is given changes the model's configuration."""
    import torch

    def build(**changed) -> Engine:
        folder = tmp_path_factory.mktemp("models") / "tiny"
        tokenizer = Tokenizer.train([READ] * 5, vocab_size=300)
        tokenizer.save(folder)
        torch.manual_seed(0)
        usual = {"vocab_size": tokenizer.vocab_size, "hidden_size": 32, "num_hidden_layers": 2, "num_experts": 4,
                 "num_attention_heads": 2, "moe_intermediate_size": 16, "max_position_embeddings": 128,
                 "initializer_range": 0.5}
        model = MoEscopeForCausalLM(MoEscopeConfig(**usual | changed))
        model.lm_head.weight.data[tokenizer.end_id] = 0  # never the likeliest: it always writes on
        model.save_pretrained(folder)
        engine = Engine(folder)
        assert engine.wait().name == "ready"
        return engine

    return build


@pytest.fixture(scope="module")
def engine(build_engine) -> Engine:
    return build_engine()
