"""A model writes on token by token with its times; what a token costs is counted from its files and from its layers."""

import pytest
import torch

from moe_core.config import MoEscopeConfig
from moe_core.evaluation.side_by_side import cost, write_on
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.sampling import Sampling
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.own import load_model

MIXTURE = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8, "shared_intermediate_size": 8}
DENSE = {"num_experts": 0, "num_experts_per_tok": 0, "shared_intermediate_size": 24}


@pytest.fixture(params=[MIXTURE, DENSE], ids=["mixture", "dense"])
def folder(request, tmp_path):
    tokenizer = Tokenizer.train(["the cat sat. 我喜欢学习AI。"] * 4, vocab_size=300)
    tokenizer.save(tmp_path)
    torch.manual_seed(0)
    MoEscopeForCausalLM(MoEscopeConfig(vocab_size=tokenizer.vocab_size, hidden_size=16, num_hidden_layers=2,
                                       num_attention_heads=2, max_position_embeddings=64, initializer_range=0.5,
                                       **request.param)).save_pretrained(tmp_path)
    return tmp_path


def test_every_new_token_has_its_time_and_the_same_seed_writes_the_same(folder):
    loaded = load_model(folder)
    first, second = (list(write_on(loaded, "the cat", Sampling(max_new_tokens=6, temperature=1.0, seed=3)))
                     for _ in range(2))
    assert [len(step.milliseconds) for step in first] == list(range(len(first)))
    assert first[0].text == ""
    assert first[0].typical is None
    assert min(first[-1].milliseconds) > 0
    assert first[-1].text == second[-1].text


def test_parameters_are_those_of_the_model_and_multiplications_those_of_its_matrices(folder):
    model = load_model(folder).model
    found = cost(folder, position=9)
    assert found.parameters == model.num_parameters()
    config, width = model.config, 16
    inner = config.shared_intermediate_size + config.num_experts_per_tok * (8 if config.num_experts else 0)
    layer = 4 * width**2 + 2 * width * 10 + width * config.num_experts + 3 * width * inner
    by_hand = 2 * layer + width * config.vocab_size
    assert found.macs == by_hand
    assert found.parameters - found.active == (2 * 2 * 3 * width * 8 if config.num_experts else 0)
