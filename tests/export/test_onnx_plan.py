"""An exported ONNX file computes what the simulator computes, in every format and mixture; its size is the plan's."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_core.config import MoEscopeConfig
from moe_core.export.onnx_matrix import packed
from moe_core.export.onnx_parity import Agreement, agreement, run_exported, run_torch
from moe_core.export.onnx_plan import export_onnx, onnx_model
from moe_core.export.onnx_run import OnnxModel
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.formats import STORAGE_FORMATS
from moe_core.precision.parts import parts
from moe_core.precision.plan import plan_bytes, planned, uniform
from moe_core.tokenizer import Tokenizer

TEXT = [3, 41, 7, 7, 12, 30, 49, 1, 22, 5, 18, 33, 2, 9, 40]
OVERHEAD = 16_000  # bytes of nodes and names of a model of two layers and five experts


def build(**dials) -> MoEscopeForCausalLM:
    """Widths that are no multiple of a group of 32; decided routers, so that no flip is a matter of rounding."""
    torch.manual_seed(1)
    small = {"vocab_size": 50, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "num_experts": 5,
             "moe_intermediate_size": 20, "shared_intermediate_size": 24, "max_position_embeddings": 32}
    model = MoEscopeForCausalLM(MoEscopeConfig(**small | dials)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=parameter.shape[-1] ** -0.5 * (3 if ".router." in name else 1))
    return model


@pytest.fixture(scope="module")
def model() -> MoEscopeForCausalLM:
    return build()


def compared(model: MoEscopeForCausalLM, plan: dict[str, str], piece: int | None = None) -> Agreement:
    """The simulator against the exported file, so many tokens at a time."""
    return agreement(run_torch(planned(model, plan), TEXT), run_exported(run(model, plan), TEXT, piece))


def run(model: MoEscopeForCausalLM, plan: dict[str, str]) -> OnnxModel:
    return OnnxModel(onnx_model(model, plan).SerializeToString())


@pytest.mark.parametrize("format", STORAGE_FORMATS)
@pytest.mark.parametrize("piece", [len(TEXT), 1, 4])
def test_the_file_is_the_simulator(model, format, piece):
    found = compared(model, uniform(model, format), piece)
    assert found.kl.max() < 1e-7
    assert found.flips == 0
    assert found.tokens == len(TEXT) + 1  # with END before them


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_any_mixture_of_formats_is_the_simulator(data):
    model = build()
    plan = {part: data.draw(st.sampled_from(list(STORAGE_FORMATS)), label=part) for part in parts(model)}
    found = compared(model, plan)
    assert (found.kl.max() < 1e-7, found.flips) == (True, 0)


@pytest.mark.parametrize("dials", [{"num_experts_per_tok": 1}, {"num_experts_per_tok": 5}, {"num_hidden_layers": 1},
                                   {"shared_intermediate_size": 0}, {"tie_word_embeddings": False},
                                   {"num_experts": 1, "num_experts_per_tok": 1}], ids=str)
def test_other_shapes_are_exported_too(dials):
    model = build(**dials)
    found = compared(model, uniform(model, "int4", router="fp32"))
    assert (found.kl.max() < 1e-7, found.flips) == (True, 0)


@pytest.mark.parametrize("format", STORAGE_FORMATS)
def test_the_file_is_the_plan_and_a_little_more(model, format):
    plan = uniform(model, format)
    more = len(onnx_model(model, plan).SerializeToString()) - plan_bytes(model, plan)
    assert 0 < more < OVERHEAD


def test_a_tied_embedding_is_kept_once(model):
    made = onnx_model(model, uniform(model, "int4"))
    rows = [tensor.name for tensor in made.graph.initializer if tensor.dims[:1] == [50]]
    assert rows == ["embedding", "embedding.scale"]


def test_routing_leaves_the_file_as_the_model_has_it(model):
    step = run(model, uniform(model, "fp32")).feed(TEXT)
    assert step.expert_ids.shape == (2, len(TEXT), 2)
    assert step.probabilities.sum(-1) == pytest.approx(np.ones((2, len(TEXT))), abs=1e-5)
    best = np.sort(np.take_along_axis(step.probabilities, step.expert_ids, -1), -1)[..., ::-1]
    assert np.sort(step.probabilities, -1)[..., :-3:-1] == pytest.approx(best)


def test_codes_are_packed_lowest_first_and_shifted_to_zero():
    codes = np.array([[[-8, 7, 0, -1]]], np.int8)
    assert packed(codes, 4).tolist() == [[[0x0 | 0xF << 4, 0x8 | 0x7 << 4]]]
    assert packed(np.array([[[-2, -1, 0, 1]]], np.int8), 2).tolist() == [[[0b11_10_01_00]]]
    assert packed(codes, 8).tolist() == [[[120, 135, 128, 127]]]


def test_the_folder_holds_what_another_program_needs(model, tmp_path):
    tokenizer = Tokenizer.train(["a cat sat"] * 3, vocab_size=270)
    path = export_onnx(model, tokenizer, uniform(model, "int8"), tmp_path / "new" / "folder")
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "model.onnx", "plan.json", "tokenizer.json", "tokenizer_config.json"]
    told = json.loads(OnnxModel(path).session.get_modelmeta().custom_metadata_map["moescope"])
    assert (told["layers"], told["experts"], told["positions"]) == (2, 5, 32)


def test_what_cannot_be_exported_is_named(model, tmp_path):
    with pytest.raises(ValueError, match="lacks 1 parts"):
        onnx_model(model, dict.fromkeys(parts(model)[1:], "int4"))
    dense = build(num_experts=0)
    with pytest.raises(ValueError, match="num_experts must be above 0"):
        onnx_model(dense, uniform(dense, "fp32"))
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        export_onnx(model, None, uniform(model, "fp32"), tmp_path / "file" / "below")


def test_more_tokens_than_the_model_can_hold_are_refused(model):
    opened = run(model, uniform(model, "fp32"))
    opened.feed([1] * 30)
    with pytest.raises(ValueError, match="between 1 and 2 more fit, got 3"):
        opened.feed([1] * 3)


def test_greedy_tokens_are_the_simulators(model):
    from moe_core.model.generation import generate
    from moe_core.sampling import Sampling

    plan = uniform(model, "int4")
    fed = [token for step in generate(planned(model, plan), TEXT, Sampling(max_new_tokens=10))
           for token in step.token_ids]
    written, routes = run(model, plan).greedy(TEXT, 10)
    assert written == fed[len(TEXT):]
    assert routes.shape == (2, len(TEXT) + len(written), 2)
