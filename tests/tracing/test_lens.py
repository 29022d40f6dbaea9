"""The logit lens is the model's own norm and head on each layer's output; its last row is the model itself."""

import numpy as np
import pytest
import torch

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.tables import lens_table
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.lens import lens_logits, logit_lens
from moe_core.tracing.own import LoadedModel, trace_text

TEXT = "我喜欢 the little dog"


@pytest.fixture(scope="module")
def loaded():
    torch.manual_seed(1)
    tokenizer = Tokenizer.train([TEXT] * 5, vocab_size=300)
    config = MoEscopeConfig(vocab_size=tokenizer.vocab_size, hidden_size=16, num_hidden_layers=3, num_experts=4,
                            num_attention_heads=2, moe_intermediate_size=8, shared_intermediate_size=8,
                            max_position_embeddings=64, initializer_range=0.3)
    return LoadedModel(MoEscopeForCausalLM(config).eval(), tokenizer, "tiny", "0" * 12)


@pytest.mark.parametrize("position", [0, 3])
def test_every_row_is_norm_and_head_on_that_layers_output(loaded, position):
    token_ids = loaded.tokenizer.encode(TEXT)
    model, outputs = loaded.model, []
    hooks = [layer.register_forward_hook(lambda layer, inputs, hidden: outputs.append(hidden))
             for layer in model.model.layers]
    with torch.no_grad():  # brute force: the whole text through transformers' own forward, hooks on every layer
        model(torch.tensor([[model.config.eos_token_id, *token_ids]]))
        rows = []
        for hidden in outputs:
            stream = hidden[0, position + 1].double()
            normed = stream / (stream.pow(2).mean() + model.config.rms_norm_eps).sqrt()
            rows.append(model.lm_head.weight.double() @ (normed * model.model.norm.weight.double()))
    for hook in hooks:
        hook.remove()
    torch.testing.assert_close(lens_logits(loaded, token_ids[:position + 1]).double(), torch.stack(rows),
                               atol=1e-4, rtol=1e-4)


def test_the_last_layer_says_what_the_model_says(loaded):
    token_ids = loaded.tokenizer.encode(TEXT)
    lens, trace = logit_lens(loaded, token_ids, 2), trace_text(loaded, TEXT)
    np.testing.assert_array_equal(lens.token_ids[-1], trace.candidate_ids[2][:5])
    np.testing.assert_allclose(lens.probabilities[-1], trace.candidate_probabilities[2][:5], atol=1e-6)
    assert lens.kl[-1] == pytest.approx(0, abs=1e-6)
    assert (lens.kl[:-1] > 0).all()
    assert lens.token == trace.pieces[2].label


def test_the_table_has_one_row_per_layer_and_candidate(loaded):
    table = lens_table(logit_lens(loaded, loaded.tokenizer.encode(TEXT), 1, likeliest=2))
    assert list(zip(table["layer"], table["rank"], strict=True)) == [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]
    assert (table.groupby("layer")["probability"].diff().dropna() <= 0).all()


def test_a_position_outside_the_text_is_refused(loaded):
    with pytest.raises(ValueError, match=r"position must lie in 0\.\.1, got 2"):
        logit_lens(loaded, [5, 6], 2)
