"""The exported model runs in the visitor's own browser: the server's tokens, the server's experts, no server needed."""

import json

import pytest
from playwright.sync_api import expect

from app.components.device_runner import BROWSER, address
from moe_core.export.onnx_parity import run_torch
from moe_core.model.generation import generate
from moe_core.precision.calibration import calibrated
from moe_core.precision.plan import planned, uniform
from moe_core.sampling import Sampling
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.own import load_model

PROMPT = "我喜欢AI, once upon a 🐈"
STATUS = "#device-runner .status >> nth=0"
TEXTS = ["", " ", "   x", "Once upon a time", "我喜欢学习AI，也喜欢听故事。", "naïve café cafe\u0301",
         "l'amie don't we'll", "🎉👩\u200d👩\u200d👧🇨🇳 a🐈b", "a\n\nb \n\t c\r\n", "3.14 × 10⁻⁷ 12345",
         "שלום мир ไทย 日本語かな 한국어", "\u0001\u0085\u00a0\u3000\ufeff", "<|end|><0x41>", "Ⅳ〇々ǅ",
         "x\u0301\u0327y \u202eabc", "鑫淼焱" * 9, "{}`${1}\\u0041", "e" * 70 + " the" * 30, "\ufffd?!…——"]


@pytest.fixture
def on_device(opened):
    opened.get_by_role("tab", name="On your device").click()
    return opened


def run(page, plan: str, prompt: str = PROMPT) -> dict:
    """Run in the browser until the text ends; what the browser holds then."""
    page.locator("#device-plan").get_by_text(plan, exact=True).click()
    page.locator("#device-text textarea").fill(prompt)
    page.get_by_role("button", name="Run on this device").click()
    page.wait_for_function("plan => moescopeDevice.asked?.plan === plan && moescopeDevice.told[0] === 'done'", arg=plan)
    expect(page.locator(STATUS)).to_contain_text("Done on your device")
    return page.evaluate("({ ids: moescopeDevice.text.ids, prompt: moescopeDevice.text.prompt, "
                         "experts: moescopeDevice.text.routes.map(token => token.map(layer => layer.experts)) })")


def test_tokens_and_experts_are_the_servers(on_device, model_folder):
    loaded = load_model(model_folder)
    prompt_ids = loaded.tokenizer.encode(PROMPT)
    for plan in ("fp32", "fp16", "int8", "int4"):
        formats = uniform(loaded.model, plan)
        mine, twin = run(on_device, plan), planned(calibrated(loaded, formats).model, formats)
        fed = [token for step in generate(twin, prompt_ids, Sampling(max_new_tokens=60)) for token in step.token_ids]
        assert mine["prompt"] == len(prompt_ids)
        assert mine["ids"] == fed, plan
        assert mine["experts"] == run_torch(twin, fed).expert_ids[:, 1:].transpose(1, 0, 2).tolist(), plan


def test_the_run_is_compared_with_the_server_and_can_be_taken_away(on_device):
    run(on_device, "int4")
    expect(on_device.locator("#device-runner .numbers")).to_contain_text("tokens/s")
    on_device.locator("#device-runner .check").click()
    expect(on_device.locator("#device-runner .checked")).to_contain_text("are the server's best too")
    checked = on_device.evaluate("moescopeDevice.checked")
    assert (checked["prompt"], checked["same"], checked["routed"]) == (True, checked["tokens"], checked["decisions"])
    with on_device.expect_download() as download:
        on_device.locator("#device-runner .take").click()
    assert download.value.suggested_filename == "moescope-int4.onnx"


def test_the_same_seed_draws_the_same_text_and_another_draws_another(on_device):
    address_of_module = address(BROWSER / "draw.js")
    drawn = on_device.evaluate("""async (address) => {
        const { drawing } = await import(new URL(address, document.baseURI));
        const many = (temperature, seed) => { const draw = drawing(temperature, seed);
            return Array.from({ length: 4000 }, () => draw([0, Math.log(3)])); };
        return { one: many(1, 7), same: many(1, 7), other: many(1, 8), greedy: many(0, 7), cold: many(0.05, 7) };
    }""", address_of_module)
    assert drawn["one"] == drawn["same"] != drawn["other"]
    assert abs(sum(drawn["one"]) / 4000 - 0.75) < 0.03  # log 3 is three times as likely; 4 standard errors
    assert set(drawn["greedy"]) == set(drawn["cold"]) == {1}


def test_the_browsers_tokenizer_is_ours(on_device, model_folder):
    tokenizer = Tokenizer.load(model_folder)
    saved = json.loads((model_folder / "tokenizer.json").read_text("utf-8"))
    odd_ids = [[1 + byte for byte in b"\xe4\xb8A\xff\xe4\xbd\xa0\xf0\x9f"], [0, 300, 1, 0],
               list(range(tokenizer.vocab_size))]
    asked = [tokenizer.encode(text) for text in TEXTS] + odd_ids
    found = on_device.evaluate("""async ([folder, saved, texts, lists]) => {
        const from = (name) => import(new URL(`${folder}/${name}`, document.baseURI));
        const [{ Tokenizer }, { label }] = [await from('tokenizer.js'), await from('pieces.js')];
        const tokenizer = new Tokenizer(saved);
        return [texts.map((text) => tokenizer.encode(text)), lists.map((ids) => tokenizer.decode(ids)),
            lists.map((ids) => tokenizer.pieces(ids).map(label))];
    }""", [address(BROWSER), saved, TEXTS, asked])
    assert found[0] == asked[:len(TEXTS)]
    assert found[1] == [tokenizer.decode(ids) for ids in asked]
    assert found[2] == [[piece.label for piece in tokenizer.pieces(ids)] for ids in asked]


def test_a_text_that_is_too_long_or_empty_is_refused(on_device):
    for text, words in (("  ", "Please write something first"), ("好" * 401, "at most 400 characters"),
                        ("龘" * 300, "at most 254 fit into the model")):
        on_device.locator("#device-text textarea").fill(text)
        on_device.get_by_role("button", name="Run on this device").click()
        expect(on_device.locator(STATUS)).to_contain_text(words)


def test_a_browser_without_simd_is_told_so_and_keeps_all_other_tabs(page, app_url):
    page.add_init_script("WebAssembly.validate = () => false;")
    page.goto(app_url)
    expect(page.locator("#notice")).to_contain_text("ready")
    page.get_by_role("tab", name="On your device").click()
    expect(page.locator(STATUS)).to_contain_text("lacks WebAssembly SIMD")
    page.get_by_role("button", name="Run on this device").click()
    expect(page.locator(STATUS)).to_contain_text("All other tabs work")
    page.get_by_role("tab", name="Follow a prompt").click()
    page.locator("#prompt textarea").fill("Once")
    page.locator("#prompt textarea").press("Enter")
    expect(page.locator("#run-status")).to_contain_text("Done")
