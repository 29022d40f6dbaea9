"""A real browser in front of a tiny model with random parameters: two layers, four experts, ready in seconds."""

import os
import shutil
import socket
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.engine import Engine
from app.page import build_page, launch_settings
from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.sampling import Sampling
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.own import load_model, trace_stream

# The shell is the same browser without its windows: a page stands there in two thirds of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
QUIET_BROWSER = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync"]
TEXTS = ["我喜欢学习AI，也喜欢听故事。小猫和小狗在花园里玩。",
         "Once upon a time there was a little dog. The cat sat on the mat."]
PATIENCE = 60_000  # milliseconds; a machine shared with others may be slow
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # pytest-base-url, which pytest-playwright brings, is written for an older pytest.
            item.add_marker(pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods"))


@pytest.fixture(scope="session", autouse=True)
def _browser_is_there():
    if CHROMIUM is None and os.environ.get("CI"):
        pytest.fail("no chromium on this machine: install it (apt-get install chromium)")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: the browser tests did not run")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": QUIET_BROWSER}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1280, "height": 1000}, "locale": "en-US"}


@pytest.fixture(scope="session")
def _one_context(browser, browser_context_args):
    """One visitor's browser for all tests that ask for no other: what gradio serves is fetched once."""
    context = browser.new_context(**browser_context_args)
    yield context
    context.close()


@pytest.fixture
def context(request, _one_context, new_context):
    """A fresh visitor where a test names what is special about theirs, else the one that all tests share."""
    if request.node.get_closest_marker("browser_context_args"):
        return new_context()
    return _one_context


@pytest.fixture
def page(context):
    """A new page that remembers nothing of the tests before."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script("if (window.name !== 'seen') { window.name = 'seen'; localStorage.clear(); }")
    yield page
    page.close()


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """Random parameters, wide enough that tokens differ in their experts."""
    import torch

    folder = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = Tokenizer.train(TEXTS * 5, vocab_size=400)
    tokenizer.save(folder)
    torch.manual_seed(0)
    config = MoEscopeConfig(vocab_size=tokenizer.vocab_size, hidden_size=32, num_hidden_layers=2, num_experts=4,
                            num_attention_heads=2, moe_intermediate_size=16, shared_intermediate_size=16,
                            max_position_embeddings=256, initializer_range=0.3)
    MoEscopeForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def recorded(model_folder):
    *_, trace = trace_stream(load_model(model_folder), "我喜欢学习AI", Sampling(max_new_tokens=12))
    return trace


@pytest.fixture(scope="session")
def serve(recorded):
    """Serve a page around an engine; the engine starts when the first visitor comes."""
    pages = []

    def start(engine: Engine) -> str:
        demo = build_page(engine, recorded)
        _, url, _ = demo.launch(**launch_settings(recorded), prevent_thread_lock=True, quiet=True,
                                server_port=_free_port())
        pages.append(demo)
        return url

    yield start
    for demo in pages:
        demo.close(verbose=False)


@pytest.fixture(scope="session")
def app_url(serve, model_folder):
    return serve(Engine(model_folder))


def _free_port() -> int:
    """gradio takes the first port that is free, and so would another process of these tests at the same moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SlowEngine(Engine):
    """Leaves a visitor the time to press Stop."""

    def _next(self, steps):
        time.sleep(0.4)
        return super()._next(steps)


@pytest.fixture(scope="session")
def slow_url(serve, model_folder):
    return serve(SlowEngine(model_folder))


@pytest.fixture
def opened(page, app_url):
    """The page with its strip drawn and its model ready; a run in it is short."""
    page.goto(f"{app_url}?max_new_tokens=12")
    expect(page.locator("#strip .token").first).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("ready")
    return page


@pytest.fixture
def generate(opened):
    """Type a prompt, press Enter, wait for the end; gives back the page."""

    def run(prompt: str):
        opened.locator("#prompt textarea").fill(prompt)
        opened.locator("#prompt textarea").press("Enter")
        opened.wait_for_function("prompt => new URL(location).searchParams.get('prompt') === prompt", arg=prompt)
        expect(opened.locator("#run-status")).to_contain_text("Done")
        return opened

    return run
