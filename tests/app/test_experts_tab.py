"""The tab *Experts* shows what the routed texts say, beside chance, and says plainly where there is nothing to say."""

import json
import threading

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from app.observing import KINDS
from app.session import Session
from app.views import experts as views
from app.views import experts_evidence as evidence
from app.views import experts_likes as liking
from app.views import experts_portrait as portraits
from app.views import experts_training as training
from app.words import sentences
from moe_core.commands.record import DOMAINS
from moe_core.pieces import Piece
from moe_core.statistics.balance import balance_table
from moe_core.statistics.load import load_table
from moe_core.statistics.saturation import saturation_table
from moe_core.text.tags import PLACES
from moe_core.tracing import corpus, settling
from moe_core.tracing.trace import RoutingTrace

ENGLISH, CHINESE = ("The", " cat", " saw", " a", " cat", "."), ("我", "喜欢", "小", "猫", "和", "鱼")


def routed(pieces, fixed=None, seed=0):
    """Two layers, four experts; layer 0 sends every token to `fixed`, layer 1 anywhere."""
    rng, length = np.random.default_rng(seed), len(pieces)
    ids = rng.random((2, length, 4)).argsort(axis=2)[:, :, :2]
    if fixed is not None:
        ids[0] = fixed
    return RoutingTrace(model="tiny", model_hash="h", token_ids=[hash(piece) % 400 for piece in pieces], layers=(0, 3),
                        pieces=tuple(map(Piece, pieces)), phase=("prompt",) * length, logits=None, probabilities=None,
                        expert_ids=ids, weights=np.full((2, length, 2), 0.5), settings={"experts": 4})


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """English only to experts 0 and 1 in layer 0, Chinese only to 2 and 3."""
    traces = [routed(pieces * 4, fixed, seed) for seed in range(20)
              for pieces, fixed in ((ENGLISH, (0, 1)), (CHINESE, (2, 3)))]
    domains = ["poem", "story"] * 20
    return corpus.save(corpus.corpus_of(traces, domains), tmp_path_factory.mktemp("traces") / "probes.json")


@pytest.fixture
def looking(recording, monkeypatch):
    """A session that has opened the tab on the recorded corpus."""
    monkeypatch.setattr(evidence, "RECORDING", recording)

    def at(language="en", trace=None, **choices):
        session = Session(trace or routed(ENGLISH), language=language)
        session = session.observe(**{key: choices.pop(key) for key in ("source",) if key in choices})
        found = views.evidence_of(session)
        return session.observe(evidence=found, **{**views.first_look(found, session), **choices})

    return at


def figure_of(name, session):
    return json.loads(views.panel_value(name, session)["figure"])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", views.DRAWERS)
def test_every_panel_states_its_n_and_is_drawn_in_both_languages(looking, language, name):
    panel = views.panel_value(name, looking(language))
    n = 480 if name == "contrast" else 880 + 40 if name == "repeats" else 960
    assert f"n = {n}" in panel["caption"]
    assert panel["badge"].startswith({"en": "recorded", "zh": "录制"}[language])
    assert len(panel["figure"]) < 150_000
    go.Figure(json.loads(panel["figure"]))  # validates
    assert "{" not in panel["title"] + panel["caption"] + panel["summary"]


def test_the_picked_cell_is_marked_in_the_load_map(looking):
    marked = figure_of("load", looking(layer=1, expert=2))["data"][-1]
    assert marked["line"]["width"] == 3


def test_a_neighbour_pair_with_the_same_first_choice_is_named_as_that(looking):
    assert {trace["name"] for trace in figure_of("repeats", looking())["data"] if trace.get("name")} == {
        "same first choice", "an expert in common"}


def test_an_expert_that_reads_english_only_is_said_to(looking):
    portrait = portraits.portrait_value(looking(layer=0, expert=0))["text"]
    assert "prefers English text" in portrait
    assert "2.0 times its usual 25.0%" in portrait


def test_the_portrait_is_worded_in_chinese_too(looking):
    assert "偏爱中文文本" in portraits.portrait_value(looking("zh", layer=0, expert=3))["text"]


def test_favourites_are_told_for_each_language_with_places(looking):
    groups = portraits.reads_value(looking(layer=1, expert=0))["groups"]
    assert [group["name"] for group in groups] == [
        "In English texts, n = 480 tokens", "In Chinese texts, n = 480 tokens"]
    csv = portraits.reads_file(looking(layer=1, expert=0))["text"].splitlines()
    assert csv[0].split(",")[:4] == ["layer", "expert", "rank", "token"]
    assert all(line.startswith("3,0,") for line in csv[1:])


def test_a_character_of_several_tokens_is_whole_in_a_context():
    assert portraits.whole_characters("把伞 1/3伞 2/3伞 3/3拿来, 1/2 cup") == "把伞拿来, 1/2 cup"


def test_two_languages_that_share_no_expert_are_one_bit_apart(looking):
    caption = views.panel_value("contrast", looking())["caption"]
    assert "L0 1.000 (p 0.00" in caption
    assert "whole texts" in caption


def test_two_typed_texts_are_compared_and_named(looking):
    session = looking().observe(contrast=(routed(ENGLISH * 3), routed(CHINESE * 3, seed=1)))
    panel = views.panel_value("contrast", session)
    assert "The cat saw a cat.The c…" in panel["title"]
    assert panel["badge"].startswith("measured")


def test_the_visitors_own_text_takes_the_place_of_the_corpus(looking):
    session = looking(trace=routed(ENGLISH * 2), source="text")
    assert "n = 12 tokens" in views.source_line(session)["text"]
    assert views.badge_of(session.but(recorded=False)).startswith("measured")


@pytest.mark.parametrize("pieces", [("猫",), (" ",), ("🎉", "0xE9")])
def test_a_text_of_one_token_or_without_words_breaks_nothing(looking, pieces):
    session = looking(trace=routed(pieces), source="text")
    for name in views.DRAWERS:
        assert "nan" not in views.panel_value(name, session)["caption"]
    assert "nan" not in str([*views.numbers_value(session), portraits.portrait_value(session),
                             portraits.reads_value(session)])


def test_a_count_that_says_nothing_is_not_drawn(looking):
    panel = views.panel_value("information", looking(trace=routed(CHINESE), source="text", kind="language"))
    assert panel["title"] == "Too little to count"
    assert "figure" not in panel


def test_a_missing_recording_is_an_error_with_its_name(monkeypatch, tmp_path):
    monkeypatch.setattr(evidence, "RECORDING", tmp_path / "gone.json")
    with pytest.raises(corpus.CorpusError, match=r"gone\.json"):
        views.evidence_of(Session(routed(ENGLISH)))


def test_each_count_is_made_once_however_many_ask(recording):
    found, calls = evidence.Evidence(corpus.load(recording)), []
    count = evidence.COUNTS["load"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(evidence.COUNTS, "load", lambda routing: calls.append(1) or count(routing))
        threads = [threading.Thread(target=found.table, args=("load",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert calls == [1]


def test_visitors_share_the_recorded_counts_until_the_file_changes(looking):
    assert views.evidence_of(looking()) is views.evidence_of(looking("zh"))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("entity", "script")])
def test_every_kind_is_drawn_with_its_n_and_answers_who_likes_it(looking, language, kind):
    session = liking.settled(looking(language, kind=kind))
    for panel in (views.panel_value("kinds", session), views.panel_value("information", session),
                  liking.panel_value(session)):
        assert "n = " in panel["caption"]
        assert "{" not in panel["title"] + panel["caption"] + panel["summary"]
        go.Figure(json.loads(panel["figure"]))  # validates
    assert (session.observing.label, views.label(language, session.observing.label, kind)) in [
        (value, name) for name, value in liking.choices(session)]


def test_who_likes_chinese_verbs_is_answered_in_words(looking):
    session = liking.settled(looking("zh", kind="language_and_part", label="zh VERB"))
    panel = liking.panel_value(session)
    assert panel["title"] == "哪位专家偏爱中文动词？"
    assert "第 0 层的 E2 得到其中" in panel["caption"]
    table = session.observing.evidence.table("likes", "language_and_part")
    row = table[(table["label"] == "zh VERB") & (table["layer"] == 0) & (table["expert"] == 2)].iloc[0]
    assert (row["share"], row["chance"]) == pytest.approx((0.5, 0.25))


def test_a_label_that_does_not_occur_gives_way_to_the_most_frequent(looking):
    assert liking.settled(looking(kind="domain", label="zh VERB")).observing.label in ("poem", "story")


def test_a_text_with_one_kind_of_token_only_says_so(looking):
    session = liking.settled(looking(trace=routed(CHINESE), source="text", kind="domain"))
    assert liking.panel_value(session)["title"] == "Too little to count"
    assert liking.choices(session) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_how_the_routing_settled_is_told_or_that_nothing_is_recorded(looking, language, tmp_path, monkeypatch):
    path = tmp_path / "training.json"
    monkeypatch.setattr(training, "RECORDING", path)
    missing = training.panel_value(looking(language))
    assert "--snapshots" in missing["caption"]
    assert "figure" not in missing
    final = np.array([[[0, 1], [2, 3]]] * 2)
    table = saturation_table({0: final[:, ::-1], 5000: final}, final, np.array([0, 1]), (0, 3), 4)
    load = balance_table(looking().observing.evidence.routing).assign(step=0)
    shares, nothing = load_table(looking().observing.evidence.routing).assign(step=0), {
        name: pd.DataFrame(columns=sorted(settling.NEEDED[name])) for name in settling.MAY_BE_EMPTY}
    settings = {"model": "tiny", "steps": [0, 5000], "tokens": 2, "texts": 2}
    settling.save(settling.Settling(table, load, shares, **nothing, settings=settings), path)
    panel = training.panel_value(looking(language))
    assert all(part in panel["caption"] for part in ("0.0%", "100.0%", "5,000", "50.0%", "n = 2", "L3 5,000"))
    go.Figure(json.loads(panel["figure"]))  # validates
    path.write_text("{}")
    assert "--snapshots" in training.panel_value(looking(language))["caption"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_token_has_a_name(language):
    tags = "NOUN VERB PUNCT ADP NUM DET ADJ PRON PROPN ADV AUX CCONJ SCONJ PART INTJ SYM X"
    names = [*tags.split(), *PLACES, "en", "zh", "other", "latin", "han", "digit", "punctuation"]
    known = sentences(language)
    names += ["person", "place", "word", "neither", *(json.loads(line)["domain"] for line in
                                                      DOMAINS.read_text(encoding="utf-8").splitlines())]
    assert [name for name in names if f"experts.label.{name}" not in known] == []
    assert all(f"experts.kind.{kind}" in known for kind in KINDS)


def test_a_kind_may_be_chosen_before_anything_is_counted():
    assert liking.settled(Session(routed(ENGLISH))).observing.label == "zh VERB"
