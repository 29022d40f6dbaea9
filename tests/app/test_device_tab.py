"""Files for a device are made once, the server's answer is the simulator's, and odd questions are refused."""

import pytest
import torch

from app.components.device_runner import BROWSER, RUNTIME, address
from app.engine import Engine
from app.exporting import UNIFORM, Exports
from app.views import device
from moe_core.commands.exports import optimised_plan
from moe_core.config import MoEscopeConfig
from moe_core.export.onnx_parity import run_torch
from moe_core.export.onnx_run import OnnxModel
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.plan import planned
from moe_core.tokenizer import Tokenizer

ROW = {"plan": "int4", "format": "int4", "runtime": "onnxruntime 9", "bytes": 2_058_000, "plan_bytes": 2_000_000,
       "kl": 0.125, "kl_max": 1.5, "flips": 0.17, "simulator_kl": 1.2e-12, "simulator_kl_max": 1e-11,
       "simulator_flips": 0.0, "greedy_same": 9, "greedy_tokens": 9, "milliseconds_per_token": 2.43}


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("device") / "tiny"
    tokenizer = Tokenizer.train(["我喜欢学习AI", "Once upon a time there was a little cat."] * 5, vocab_size=330)
    tokenizer.save(folder)
    torch.manual_seed(0)
    MoEscopeForCausalLM(MoEscopeConfig(
        vocab_size=tokenizer.vocab_size, hidden_size=32, num_hidden_layers=2, num_experts=4, num_attention_heads=2,
        moe_intermediate_size=16, shared_intermediate_size=16, max_position_embeddings=64)).save_pretrained(folder)
    engine = Engine(folder)
    assert engine.wait().name == "ready"
    return Exports(engine)


def test_a_file_is_made_once_and_runs(exports):
    made = exports.file("int4")
    written = made.path.stat()
    assert made.path.name == "moescope-int4.onnx"
    assert made.bytes == written.st_size
    assert OnnxModel(made.path).shape == made.shape
    assert exports.file("int4") is made
    assert made.path.stat().st_mtime_ns == written.st_mtime_ns


def test_the_answer_is_the_simulators(exports):
    prompt = "Once upon"
    token_ids = [*exports.engine.loaded.tokenizer.encode(prompt), 5, 300]
    found = exports.answer("int8", prompt, token_ids)
    step = run_torch(planned(exports.engine.loaded.model, exports.plan("int8")), token_ids)
    assert found.prompt_ids == token_ids[:-2]
    assert found.best == step.logits[1:].argmax(-1).tolist()
    assert found.experts[3][1] == sorted(step.expert_ids[1, 4].tolist())


@pytest.mark.parametrize("token_ids", [[], [1] * 64, [9999], [-1], [1.0], ["1"], [True], [None]])
def test_tokens_that_no_run_can_hold_are_refused(exports, token_ids):
    with pytest.raises(ValueError, match=r"1\.\.63 whole numbers in 0\.\."):
        exports.answer("int8", "Once", token_ids)


@pytest.mark.parametrize("name", ["int3", "../int4", "", "bf16"])
def test_a_plan_that_is_not_on_offer_is_refused(exports, name):
    with pytest.raises(ValueError, match="plan must be one of fp32, fp16, int8, int4"):
        exports.file(name)
    assert not (exports.folder / "..").joinpath("int3").exists()


def test_the_optimised_plan_is_one_more_file(exports, monkeypatch):
    mixed = exports.plan("int4") | {"router.0": "fp32", "embedding": "int8"}
    monkeypatch.setattr("app.exporting.optimised_plan", lambda model_hash: mixed)
    assert exports.names()[-1] == "optimised"
    assert exports.file("optimised").bytes > exports.file("int4").bytes


def test_few_twins_are_kept(exports):
    for name in UNIFORM:
        exports.answer(name, "Once", [1, 2])
    assert len(exports._twins) == 2


@pytest.mark.parametrize(("text", "asked", "found"), [
    ('{"plan": {"a": "int4"}, "model_hash": "h"}', "h", {"a": "int4"}),
    ('{"plan": {"a": "int4"}}', None, {"a": "int4"}),
    ('{"plan": {"a": "int4"}, "settings": {"model_hash": "h"}}', "h", {"a": "int4"}),
    ('{"plan": {"a": "int4"}, "model_hash": "h"}', "other", None), ("[]", None, None), ("{", None, None)])
def test_the_optimised_plan_is_offered_only_for_its_own_model(tmp_path, text, asked, found):
    (tmp_path / "budget.json").write_text(text)
    assert optimised_plan(tmp_path / "budget.json", asked) == found


def test_no_recorded_plan_is_no_error(tmp_path):
    assert optimised_plan(tmp_path / "none.json") is None


def test_a_card_says_size_damage_parity_and_speed():
    said = [" ".join(row) for row in device.card(ROW, "en")]
    assert said[0] == "Size 2.06 MB 2.00 MB of parameters as planned, 58 kB of graph"
    assert "KL 0.125 nats" in said[1]
    assert "17.00%" in said[2]
    assert "KL 1.2e-12 nats, 0 flips greedy tokens the same: 9 of 9" in said[3]
    assert said[4] == "onnxruntime 9, CPU 2.4 ms a token recorded; median processor time, one thread"


def test_a_card_of_another_model_is_not_shown(monkeypatch):
    monkeypatch.setattr(device, "recorded", lambda: {"rows": [ROW], "settings": {"model_hash": "h"}})
    assert device.runner_value("zh", "int4", "h")["cards"]["int4"][0][0] == "大小"
    assert device.runner_value("zh", "int4", "other")["cards"] == {}


@pytest.mark.parametrize("text", ["", "[]", '{"rows": []}', '{"rows": [1], "settings": 2}'])
def test_a_damaged_recording_is_none(tmp_path, text):
    (tmp_path / "odd.json").write_text(text)
    assert device.recorded(tmp_path / "odd.json") is None


def test_files_of_the_project_have_addresses_without_the_machines_folders():
    assert address(BROWSER / "panel.js") == "gradio_api/file=app/components/device_browser/panel.js"
    assert all(part.is_file() for part in (RUNTIME / "ort.wasm.min.mjs", RUNTIME / "ort-wasm-simd-threaded.wasm.gz"))
    assert max(file.stat().st_size for file in RUNTIME.iterdir()) < 9_000_000
