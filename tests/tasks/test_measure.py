"""Every job is scored beside its baseline; a system that knows the answers scores full marks."""

import pytest

from moe_core.tasks import baselines
from moe_core.tasks.examples import examples
from moe_core.tasks.measure import BASELINE, MOE, WORKS, judged, measure
from moe_core.tasks.prompts import LABELS, SENTIMENT


@pytest.fixture(scope="module")
def scored():
    """An oracle, and a twin that says nothing."""
    known = {one.prompt: one.wanted for work in WORKS.values() for language in work.languages
             for one in examples(work.job, language, 4)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "KNOWN_QUESTIONS", 40)
        baselines._known_questions.cache_clear()
        yield measure({MOE: lambda prompt, most: known[prompt], "dense_active": lambda prompt, most: ""}, 4)
    baselines._known_questions.cache_clear()


def test_the_oracle_is_right_everywhere(scored):
    assert {name: round(row["value"], 3) for name, row in scored.items()} == {
        "translation_en_zh": 100, "translation_zh_en": 100, "question_answering": 1, "sentiment": 1, "summary": 1}


def test_silence_scores_nothing(scored):
    assert {row["dense_active"] for row in scored.values()} == {0}
    assert {row["dense_total"] for row in scored.values()} == {None}


@pytest.mark.parametrize("name", WORKS)
def test_every_row_says_what_the_issue_asks_for(scored, name):
    row = scored[name]
    assert {"metric", "value", "low", "high", "baseline", "dense_active", "n", "baseline_name"} <= row.keys()
    assert row["low"] <= row["value"] <= row["high"]
    assert row["metrics"][row["metric"]][BASELINE]["value"] == pytest.approx(row["baseline"], abs=1e-4)
    assert row["n"] == 4 * len(WORKS[name].languages)
    assert len(row["samples"]) == 3 * len(WORKS[name].languages)


def test_labels_of_both_languages_are_one_class():
    asked = [*examples(SENTIMENT, "en", 6), *examples(SENTIMENT, "zh", 6)]
    wrong = [next(label for label in LABELS[one.language] if label != one.wanted) for one in asked]
    row = judged(WORKS["sentiment"], asked, {MOE: [one.wanted for one in asked], BASELINE: wrong})
    assert row["value"] == 1
    assert row["baseline"] == 0
