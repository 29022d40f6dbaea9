"""llama.cpp runs the exported GGUF file: the same tokens of a text, nearly always the same next token.

It rounds activations where parameters are short, so the two are close and not equal; in fp32 they are equal.
"""

import gguf
import numpy as np
import pytest
import torch
from export_models import TEXTS, mixed, tiny_model
from gguf.quants import dequantize

from moe_core.commands.arguments import EMBEDDED_MODEL
from moe_core.commands.export import texts_for
from moe_core.export.gguf_pack import fitted, write
from moe_core.export.gguf_run import LlamaRunner, missing
from moe_core.export.parity import Planned, parity
from moe_core.precision.plan import planned, uniform
from moe_core.tracing.own import load_model

try:
    import xllamacpp
except ImportError:
    xllamacpp = None
needs_llama = pytest.mark.skipif(xllamacpp is None, reason=missing() or "")


@pytest.fixture(scope="module")
def loaded():
    return load_model(EMBEDDED_MODEL)


def run(file, model) -> LlamaRunner:
    return LlamaRunner(file, model.config.vocab_size, model.config.eos_token_id, model.config.max_position_embeddings)


def tensors(file) -> dict[str, np.ndarray]:
    """Every tensor as llama.cpp's own library reads it."""
    return {tensor.name: dequantize(tensor.data, tensor.tensor_type) for tensor in gguf.GGUFReader(file).tensors}


@pytest.mark.parametrize("format", ["fp32", "fp16", "bf16", "int8", "int4"])
def test_another_library_reads_the_numbers_of_the_planned_model(model, tokenizer, tmp_path, format):
    plan = fitted(uniform(model, format))
    read, twin = tensors(write(model, tokenizer, plan, tmp_path / "m.gguf", "tiny")), planned(model, plan)
    layer = twin.model.layers[1]
    gate, up = layer.moe.experts.gate_up.chunk(2, dim=1)
    wanted = {"token_embd": twin.model.embed_tokens.weight, "blk.1.attn_v": layer.attention.value.weight,
              "blk.1.ffn_gate_exps": gate, "blk.1.ffn_up_exps": up, "blk.1.ffn_down_exps": layer.moe.experts.down,
              "blk.1.ffn_down_shexp": layer.moe.shared.down, "blk.1.ffn_gate_inp": layer.moe.router.score.weight}
    for name, values in wanted.items():
        assert torch.equal(torch.from_numpy(read[f"{name}.weight"].copy()), values), name


@needs_llama
def test_in_fp32_llama_computes_our_function(model, tokenizer, tmp_path):
    file = write(model, tokenizer, uniform(model, "fp32"), tmp_path / "m.gguf", "tiny")
    found = parity(Planned(model), run(file, model), [tokenizer.encode(TEXTS[0])], prompts=1)
    assert found.max_kl < 1e-7
    assert (found.top1, found.greedy_equal) == (1, found.greedy_tokens)


@needs_llama
def test_a_model_without_a_shared_expert_and_with_a_head_of_its_own_runs_too(tokenizer, tmp_path):
    model = tiny_model(tokenizer.vocab_size, shared_intermediate_size=0, tie_word_embeddings=False)
    file = write(model, tokenizer, uniform(model, "fp32"), tmp_path / "m.gguf", "tiny")
    assert parity(Planned(model), run(file, model), [tokenizer.encode(TEXTS[0])[:8]], prompts=1).max_kl < 1e-7


@needs_llama
@pytest.mark.trained
@pytest.mark.parametrize(("format", "most", "least"), [("fp16", 1e-4, 0.98), ("int8", 2e-2, 0.9), ("int4", 2e-2, 0.9)])
def test_the_trained_model_names_the_same_next_token_as_planned(loaded, tmp_path, format, most, least):
    """With whole numbers llama.cpp rounds activations to int8 too: docs/embedded.md has the figures."""
    plan = fitted(uniform(loaded.model, format))
    file = write(loaded.model, loaded.tokenizer, plan, tmp_path / "m.gguf", loaded.name)
    found = parity(Planned(planned(loaded.model, plan)), run(file, loaded.model), texts_for(loaded)[:6], prompts=0)
    assert found.top1 >= least
    assert found.mean_kl < most


@needs_llama
@pytest.mark.trained
def test_llama_reads_text_as_our_tokenizer_does(loaded, tmp_path):
    file = write(loaded.model, loaded.tokenizer, fitted(uniform(loaded.model, "int4")), tmp_path / "m.gguf", "m")
    runner = run(file, loaded.model)
    sentences = [loaded.tokenizer.decode(text) for text in texts_for(loaded)]
    for text in [*TEXTS, *sentences, "don't", "a\nb\n\n c", "👩‍👩‍👧 family", "naïve 鑫淼", "\x01\x7f"]:
        assert runner.encode(text) == loaded.tokenizer.encode(text), text


def test_what_gguf_cannot_say_is_raised(model):
    plan = fitted(uniform(model, "int2") | {"expert.0.2": "int8", "router.1": "int4", "attention.0": "bf16"})
    assert {plan[f"expert.0.{expert}"] for expert in range(5)} == {"int8"}
    assert {plan[f"expert.1.{expert}"] for expert in range(5)} == {plan["embedding"], plan["shared.0"]} == {"int4"}
    assert (plan["router.0"], plan["router.1"], plan["attention.0"]) == ("fp32", "fp32", "bf16")
    assert fitted(plan) == plan


def test_a_plan_that_was_not_raised_is_refused(model, tokenizer, tmp_path):
    with pytest.raises(ValueError, match="one format for the experts of a layer"):
        write(model, tokenizer, mixed(model), tmp_path / "m.gguf", "tiny")
    assert not list(tmp_path.iterdir())


def test_rows_that_are_no_whole_groups_are_refused(tokenizer, tmp_path):
    model = tiny_model(tokenizer.vocab_size, moe_intermediate_size=20)
    with pytest.raises(ValueError, match="rows of 20 do not fit"):
        write(model, tokenizer, fitted(uniform(model, "int8")), tmp_path / "m.gguf", "tiny")
    assert not list(tmp_path.iterdir())


@needs_llama
def test_a_file_that_is_no_model_is_refused(tmp_path, model):
    (tmp_path / "m.gguf").write_bytes(b"GGUF and nothing else")
    with pytest.raises(ValueError, match=r"llama\.cpp cannot load"):
        run(tmp_path / "m.gguf", model)
