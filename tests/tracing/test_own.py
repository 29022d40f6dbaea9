"""A trace says what the model did: no more, no less, and the same however it was recorded."""

from dataclasses import asdict

import numpy as np
import pytest
import torch

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import generate
from moe_core.model.router import forced
from moe_core.sampling import Sampling
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.own import ModelFilesError, load_model, read_through, trace_stream, trace_text
from moe_core.tracing.watch import watching

PROMPT = "我喜欢学习AI"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = Tokenizer.train([PROMPT, "Once upon a time there was a little cat."] * 5, vocab_size=330)
    torch.manual_seed(0)
    config = MoEscopeConfig(vocab_size=tokenizer.vocab_size, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                            num_experts=5, moe_intermediate_size=8, shared_intermediate_size=8,
                            max_position_embeddings=64)
    MoEscopeForCausalLM(config).save_pretrained(folder)
    tokenizer.save(folder)
    return folder


@pytest.fixture(scope="module")
def loaded(folder):
    return load_model(folder)


def last(stream):
    *_, trace = stream
    return trace


def test_a_stream_grows_and_ends_with_the_whole_text(loaded):
    traces = list(trace_stream(loaded, PROMPT, Sampling(max_new_tokens=5), pause=0))
    lengths = [len(trace.token_ids) for trace in traces]
    assert lengths == list(range(lengths[0], lengths[-1] + 1))
    assert traces[-1].settings["stopped"] in ("end", "length")
    assert all(trace.settings["stopped"] is None for trace in traces[:-1])


def test_the_prompt_is_told_apart_from_what_was_generated(loaded):
    trace = last(trace_stream(loaded, PROMPT, Sampling(max_new_tokens=3)))
    prompt_tokens = len(loaded.tokenizer.encode(PROMPT))
    assert trace.phase == ("prompt",) * prompt_tokens + ("generated",) * (len(trace.token_ids) - prompt_tokens)


def test_tracing_while_generating_equals_reading_the_finished_text(loaded):
    grown = last(trace_stream(loaded, PROMPT, Sampling(max_new_tokens=20, temperature=1.0, seed=4)))
    read = read_through(loaded, grown.token_ids.tolist()).trace(stopped=None)
    assert np.array_equal(grown.expert_ids, read.expert_ids)
    np.testing.assert_allclose(grown.logits, read.logits, atol=1e-5)
    np.testing.assert_allclose(grown.weights, read.weights, atol=1e-5)
    np.testing.assert_allclose(grown.candidate_probabilities, read.candidate_probabilities, atol=1e-5)


@torch.inference_mode()
def test_weights_times_experts_is_what_the_layer_put_out(loaded):
    layer = loaded.model.model.layers[1].moe
    heard = {}
    handle = layer.register_forward_hook(lambda module, inputs, output: heard.update(hidden=inputs[0], output=output))
    trace = trace_text(loaded, PROMPT)
    handle.remove()
    hidden, output = heard["hidden"][0, 1:], heard["output"][0, 1:]  # END's row is not in the trace
    for position, (token, whole) in enumerate(zip(hidden, output, strict=True)):
        parts = sum(float(weight) * layer.experts.one(expert, token)
                    for expert, weight in zip(trace.expert_ids[1, position], trace.weights[1, position], strict=True))
        torch.testing.assert_close(parts + layer.shared(token), whole, atol=1e-6, rtol=1e-5)


def test_watching_changes_no_token(loaded):
    sampling = Sampling(max_new_tokens=20, temperature=1.0, seed=1)
    plain = [token for fed in generate(loaded.model, loaded.tokenizer.encode(PROMPT), sampling)
             for token in fed.token_ids]
    assert last(trace_stream(loaded, PROMPT, sampling)).token_ids.tolist() == plain


def test_greedy_generation_is_transformers_own(loaded):
    prompt = [0, *loaded.tokenizer.encode(PROMPT)]
    theirs = loaded.model.generate(torch.tensor([prompt]), max_new_tokens=12, do_sample=False)[0, 1:].tolist()
    ours = last(trace_stream(loaded, PROMPT, Sampling(max_new_tokens=12))).token_ids.tolist()
    assert ours == [token for token in theirs if token != 0]


def test_the_same_seed_gives_the_same_text(loaded):
    dials = {"max_new_tokens": 15, "temperature": 1.5}
    texts = [last(trace_stream(loaded, PROMPT, Sampling(**dials, seed=seed))).token_ids.tolist() for seed in (7, 7, 8)]
    assert texts[0] == texts[1] != texts[2]


def test_the_first_candidate_is_the_token_that_greedy_generation_takes(loaded):
    trace = last(trace_stream(loaded, PROMPT, Sampling(max_new_tokens=8)))
    start = trace.phase.index("generated")
    assert trace.candidate_ids[start - 1:-1, 0].tolist() == trace.token_ids[start:].tolist()


def test_settings_tell_how_the_run_was_made(loaded):
    sampling = Sampling(max_new_tokens=2, seed=9)
    trace = last(trace_stream(loaded, PROMPT, sampling))
    assert asdict(sampling).items() <= trace.settings.items()
    assert (trace.settings["prompt"], trace.settings["format"], trace.settings["device"]) == (PROMPT, "fp32", "CPU")


def test_a_watcher_can_replace_the_route(loaded):
    def send_all_to_expert_3_and_4(layer, hidden, routing):
        return forced(routing, torch.tensor([[3, 4]]).expand(len(hidden), 2))

    trace = read_through(loaded, [5, 6, 7], send_all_to_expert_3_and_4).trace(stopped=None)
    assert trace.expert_ids.tolist() == [[[3, 4]] * 3] * 2


def test_a_watcher_is_forgotten_after_its_block(loaded):
    calls = []
    with watching(lambda layer, hidden, routing: calls.append(layer)):
        trace_text(loaded, "cat")
    trace_text(loaded, "cat")
    assert calls == [0, 1]


@pytest.mark.parametrize(("broken", "how"), [("model.safetensors", "damaged"), ("config.json", "damaged"),
                                             ("tokenizer.json", "missing"), ("model.safetensors", "missing")])
def test_a_broken_model_folder_is_one_error_that_names_the_file(folder, tmp_path, broken, how):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / broken).unlink()
    if how == "damaged":
        (tmp_path / broken).write_bytes(b"\xff not a model")
    with pytest.raises(ModelFilesError, match=f"{how}.*{broken}"):
        load_model(tmp_path)


@pytest.mark.parametrize("tokens", [0, 64])
def test_a_text_outside_the_models_reach_is_refused(loaded, tokens):
    with pytest.raises(ValueError, match=f"1..63 tokens, got {tokens}"):
        read_through(loaded, [5] * tokens)


def test_generation_stops_at_the_last_position_the_model_has(loaded):
    trace = last(trace_stream(loaded, PROMPT, Sampling(max_new_tokens=500, temperature=3.0, top_k=300, seed=2)))
    assert len(trace.token_ids) <= 63
