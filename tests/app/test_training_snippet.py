"""Tokens are counted every way that is really here; bytes are named as a bound; a missing GPT-2 shows nothing."""

import pytest

from app import shipped, snippets
from app.session import Session
from app.training_state import Training
from app.views import training_snippet as views
from app.words import LANGUAGES, say
from moe_core.gpt2.snippet import SnippetError
from moe_core.gpt2.tokens import ByteTokenizer
from moe_core.tokenizer import Tokenizer


@pytest.fixture(params=LANGUAGES)
def session(request):
    return Session(None, language=request.param, training=Training(opened=True))


@pytest.fixture
def bare(engine, monkeypatch, tmp_path):
    """The engine's tokenizer, and no GPT-2 of ours."""
    monkeypatch.setattr(shipped, "MODEL", engine.folder)
    monkeypatch.setattr(snippets, "OURS", tmp_path / "gpt2-ours")
    return engine


@pytest.fixture
def ours(bare, tmp_path):
    """A tiny GPT-2 of random parameters in its place."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from moe_core.gpt2.train import _save

    tokenizer = ByteTokenizer.train(["the cat likes the dog. 我喜欢学习AI。"] * 5, 300)
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=tokenizer.vocab_size, n_positions=64, n_embd=16, n_layer=1, n_head=2,
                                       bos_token_id=0, eos_token_id=0))
    _save(model, tokenizer, [], tmp_path / "gpt2-ours")
    return tokenizer


def ways(session: Session) -> dict[str, int]:
    return dict(views.counts(session).table[["way", "tokens"]].itertuples(index=False))


def test_without_a_gpt2_the_bytes_are_counted_and_named_as_a_bound(session, bare):
    assert ways(session) == {
        say(session.language, "snippet.way.bytes"): 17,
        say(session.language, "snippet.way.mixture"): len(Tokenizer.load(bare.folder).encode("我喜欢学习AI"))}
    caption = views.counts_value(session)["caption"]
    assert "17" in caption
    assert ("upper bound" in caption) or ("上限" in caption)
    assert views.texts_value(session) is None
    assert say(session.language, "snippet.ours.missing") in views.line(session)["text"]


def test_a_gpt2_of_ours_is_counted_and_writes_on(session, ours):
    assert ways(session)[say(session.language, "snippet.way.ours")] == len(ours.encode("我喜欢学习AI"))
    ran = snippets.run_ours("我喜欢学习AI")
    assert len(ran.pieces) == len(ours.encode("我喜欢学习AI"))
    rows = views.texts_value(session.train(snippets=(("ours", ran),)))["rows"]
    assert rows[0]["same"] == ran.text
    assert f"{ran.parameters:,}" in rows[0]["name"]


def test_another_sentence_is_cut_anew_and_its_marks_stay_text(session, bare):
    session = session.train(counted="<b>猫</b>")
    assert ways(session)[say(session.language, "snippet.way.bytes")] == 10
    assert "<b>猫</b>" in views.counts_value(session)["title"]


def test_offline_the_real_one_cannot_be_asked(monkeypatch, session, bare):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert not snippets.hub_may_be_asked()
    assert say(session.language, "snippet.hub.offline") in views.line(session)["text"]
    with pytest.raises(SnippetError, match="gpt2 cannot be opened"):
        snippets.run_real("我喜欢学习AI")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert snippets.hub_may_be_asked()
