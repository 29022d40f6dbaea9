"""Every number on screen comes out again from what a visitor can download: the trace, a CSV, or a shipped recording.

Nothing of moe_core.statistics is used here: base64, csv, numpy and schoolbook formulas only.
"""

import base64
import csv
import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from app.session import Session
from app.views import experts as experts_views
from app.views import experts_evidence as evidence
from app.views import prompt as prompt_views
from app.views import what_if_effect, what_if_regret
from app.views.panel import csv_file
from moe_core.tracing import bundle

TRACES = Path(__file__).parents[2] / "assets" / "traces"
SCREEN = TRACES / "first-screen.trace.json"
Z2 = 1.959963984540054**2


def array(packed: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["data"]), packed["dtype"]).reshape(packed["shape"])


def wilson(successes: np.ndarray, trials: float) -> tuple[np.ndarray, np.ndarray]:
    share = successes / trials
    centre = (share + Z2 / (2 * trials)) / (1 + Z2 / trials)
    reach = np.sqrt(Z2 * (share * (1 - share) / trials + Z2 / (4 * trials**2))) / (1 + Z2 / trials)
    return centre - reach, centre + reach


def downloaded(name: str, drawers: dict, session: Session) -> dict[str, np.ndarray]:
    """The CSV behind a panel, column by column; numbers where they are numbers."""
    rows = list(csv.DictReader(io.StringIO(csv_file(name, drawers[name], session)["text"])))
    return {column: np.array([_number(row[column]) for row in rows]) for column in rows[0]}


def _number(text: str):
    try:
        return float(text)
    except ValueError:
        return text if text else math.nan


@pytest.fixture(scope="module")
def saved() -> dict:
    """The trace file as a visitor has it, read without our reader."""
    body = json.loads(SCREEN.read_text(encoding="utf-8"))["trace"]
    return body | {name: array(packed) for name, packed in body["arrays"].items() if packed}


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(bundle.load(SCREEN), layer=3)


@pytest.fixture(scope="module")
def counted(session) -> Session:
    """The tab Experts over the visitor's own text."""
    session = session.observe(source="text")
    return session.observe(evidence=experts_views.evidence_of(session), layer=3, kind="part_of_speech")


@pytest.fixture(scope="module")
def chosen(saved) -> np.ndarray:
    """(L, T, E) counted from the file."""
    experts = saved["logits"].shape[2]
    return (saved["expert_ids"][..., None] == np.arange(experts)).any(axis=2)


def test_load_comes_out_again_with_its_interval(saved, session, chosen):
    table, tokens = downloaded("load", prompt_views.DRAWERS, session), chosen.shape[1]
    counts, per_token = chosen.sum(axis=1).ravel(), saved["expert_ids"].shape[2]
    low, high = wilson(counts, tokens)
    assert table["share"] == pytest.approx(counts / (tokens * per_token))
    assert table["low"] == pytest.approx(low / per_token, abs=1e-9)
    assert table["high"] == pytest.approx(high / per_token, abs=1e-9)
    assert set(table["chance"]) == {1 / chosen.shape[2]}
    assert f"n = {tokens} tokens" in prompt_views.panel_value("load", session)["caption"]


def test_margins_and_entropies_come_out_again(saved, session):
    table, scores = downloaded("confidence", prompt_views.DRAWERS, session), saved["logits"][3].astype(float)
    ordered, per_token = np.sort(scores, axis=1)[:, ::-1], saved["expert_ids"].shape[2]
    probability = np.exp(scores - scores.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    margin = ordered[:, per_token - 1] - ordered[:, per_token]
    entropy = -(probability * np.log(probability)).sum(axis=1)
    assert table["margin"] == pytest.approx(margin, abs=1e-5)
    assert table["entropy"] == pytest.approx(entropy, abs=1e-5)
    caption = prompt_views.panel_value("confidence", session)["caption"]
    assert f"Means: {margin.mean():.2f} and {entropy.mean():.2f}" in caption
    assert f"for {(margin < 0.1).sum()} of n = {len(margin)} tokens" in caption


def test_the_headline_numbers_of_a_layer_come_out_again(chosen, saved, counted):
    first, load = saved["expert_ids"][3, :, 0], chosen[3].sum(axis=0)
    share = load[load > 0] / load.sum()
    shown = [number["value"] for number in experts_views.numbers_value(counted)]
    assert shown[0] == f"{load.max() / load.mean() - 1:.2f}"
    assert shown[1] == f"{-(share * np.log(share)).sum():.2f}"
    assert shown[2] == str((load == 0).sum())
    assert shown[3] == f"{(first[1:] == first[:-1]).mean():.1%}"


def test_repeats_come_out_again_with_both_chances(chosen, saved, counted):
    table, (_, _, experts), per_token = (downloaded("repeats", experts_views.DRAWERS, counted), chosen.shape,
                                         saved["expert_ids"].shape[2])
    first = saved["expert_ids"][:, :, 0]
    same = (first[:, 1:] == first[:, :-1]).mean(axis=1)
    common = (chosen[:, 1:] & chosen[:, :-1]).any(axis=2).mean(axis=1)
    assert table["share"][table["choice"] == "first"] == pytest.approx(same)
    assert table["share"][table["choice"] == "any"] == pytest.approx(common)
    by_chance = 1 - math.comb(experts - per_token, per_token) / math.comb(experts, per_token)
    assert set(table["chance"]) == {1 / experts, by_chance}
    assert f"{by_chance:.1%}" in experts_views.panel_value("repeats", counted)["caption"]


def test_pairs_come_out_again(chosen, counted):
    pairs = downloaded("together", experts_views.DRAWERS, counted)
    here = chosen[3].astype(int)
    both = here.T @ here
    for expert, other, share in zip(*(pairs[name] for name in ("expert", "other", "share")), strict=True):
        expert, other = int(expert), int(other)
        assert np.isnan(share) if both[expert, expert] == 0 else share == pytest.approx(
            both[expert, other] / both[expert, expert])


def test_coverage_comes_out_again(chosen, counted):
    coverage = downloaded("coverage", experts_views.DRAWERS, counted)
    used = [chosen[3, :int(read)].any(axis=0).sum() for read in coverage["tokens"]]
    assert coverage["used"].tolist() == used


def test_preferences_over_the_shipped_corpus_come_out_again():
    body = json.loads(evidence.RECORDING.read_text(encoding="utf-8"))
    layers, experts, per_token = len(body["layers"]), body["experts"], body["experts_per_token"]

    def numbers(text: str) -> np.ndarray:
        return np.frombuffer(base64.b64decode(text), "<u2").astype(int)

    ids = numbers(body["expert_ids"]).reshape(layers, -1, per_token)
    names, codes = body["tokens"]["domain"]["names"], numbers(body["tokens"]["domain"]["codes"])
    session = Session(bundle.load(SCREEN))
    session = session.observe(evidence=evidence.recorded(), layer=2, kind="domain")
    table = downloaded("kinds", experts_views.DRAWERS, session)
    usual = np.bincount(ids[2][codes > 0].ravel(), minlength=experts) / ids[2][codes > 0].size
    for code, name in enumerate(names, start=1):
        rows, got = table["label"] == name, np.bincount(ids[2][codes == code].ravel(), minlength=experts)
        assert table["share"][rows] == pytest.approx(got / got.sum())
        assert set(table["tokens"][rows]) == {(codes == code).sum()}
    assert table["chance"][:experts] == pytest.approx(usual)
    told = experts_views.panel_value("kinds", session)["caption"]
    assert f"n = {(codes > 0).sum()}" in told
    sure = ((table["low"] > table["chance"]) | (table["high"] < table["chance"])).sum()
    assert f"{sure} of {len(rows)}" in told


def test_the_effect_map_comes_out_again_with_its_correlation():
    session = Session(bundle.load(SCREEN)).ask(effect=what_if_effect.recorded())
    table = downloaded("map", what_if_effect.DRAWERS, session)
    raw = json.loads(what_if_effect.EFFECT.read_text(encoding="utf-8"))
    assert table["delta_nats"] == pytest.approx([row["delta_nats"] for row in raw["rows"]])
    framed = (table["low"] > table["control_high"]) | (table["high"] < table["control_low"])
    caption = what_if_effect.panel_value("map", session)
    assert f"Framed: {framed.sum()} of {len(framed)} cells" in caption["caption"]
    worst = int(table["delta_nats"].argmax())
    assert (f"E{int(table['expert'][worst])} in layer {int(table['layer'][worst])}, "
            f"{table['delta_nats'][worst]:+.3f} nats") in caption["summary"]
    ranks = [np.argsort(np.argsort(table[name])) for name in ("usage", "delta_nats")]
    told = re.search(r"correlation ([+-][\d.]+)", what_if_effect.panel_value("scatter", session)["caption"])[1]
    assert float(told) == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=0.02)  # ties of usage share a rank there


def test_regret_comes_out_again_with_its_chances():
    session = Session(bundle.load(SCREEN)).ask(regret=what_if_regret.recorded())
    settings = json.loads(what_if_regret.REGRET.read_text(encoding="utf-8"))["settings"]
    table = downloaded("agreement", what_if_regret.DRAWERS, session)
    sets = math.comb(settings["experts"], settings["k"])
    assert settings["sets"] == sets
    assert table["agree_chance"] == pytest.approx(np.full(len(table["layer"]), 1 / sets), rel=1e-5)
    assert table["common_chance"] == pytest.approx(np.full(len(table["layer"]), settings["k"] / settings["experts"]))
    caption = what_if_regret.panel_value("agreement", session)["caption"]
    assert f"{(table['agree_low'] > table['agree_chance']).sum()} of {len(table['layer'])} layers" in caption
    told = what_if_regret.panel_value("regret", session)["caption"]
    assert f"{table['better_share'].mean():.1%}" in told
    assert f"n = {settings['tokens']}" in told
    loads = downloaded("loads", what_if_regret.DRAWERS, session)
    for layer in set(loads["layer"]):
        for name in ("learned", "hindsight"):
            assert loads[name][loads["layer"] == layer].sum() == pytest.approx(1, abs=1e-4)
    assert loads["difference"] == pytest.approx(loads["hindsight"] - loads["learned"], abs=1e-5)
