"""One plan, two surfaces: the same people and events in both languages; a question is asked only if it was answered."""

import itertools
import re

import pytest

from moe_core.corpus.lexicon import lexicon
from moe_core.corpus.plan import plan_story, plots
from moe_core.corpus.sentences import sentence
from moe_core.corpus.story import events, tell
from moe_core.corpus.support import answered_by
from moe_core.corpus.templates import chinese, english

SEEDS = range(120)


def test_the_world_is_wide_enough():
    assert len(plots()) >= 60
    assert all(len(event.told[lang]) >= 8 for event in events().values() for lang in ("en", "zh"))


def test_every_step_of_every_plot_is_an_event_with_a_cast():
    steps = {name for seed in range(400) for name in plan_story(seed).events}
    assert steps <= set(events())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_hero_is_named_in_the_story_and_in_the_summary_language(lang):
    for seed in SEEDS:
        plan = plan_story(seed)
        assert str(getattr(plan.cast["hero"], lang)) in tell(plan, lang).text


def test_another_telling_of_a_plan_uses_other_words():
    plan = plan_story(3)
    assert tell(plan, "en", 0).text != tell(plan, "en", 1).text


def test_one_person_never_plays_two_children():
    for seed in SEEDS:
        cast = plan_story(seed).cast
        assert cast["hero"].en != cast["friend"].en


def test_a_question_is_asked_only_if_its_answer_was_told():
    for name, event in itertools.islice(events().items(), 400):
        for lang in ("en", "zh"):
            for told in event.support[lang]:
                assert all(0 <= index < len(event.told[lang]) for index in told), name


def test_support_is_found_by_the_words_an_answer_adds():
    said = ["{hero} lived in a small town.", "{hero} ran to the gate."]
    assert answered_by("Where did {hero} live?", "In a small town.", said, "en") == [0]
    assert answered_by("{hero}住在哪里？", "住在一个小镇上。", ["{hero}住在一个小镇上。", "{hero}跑了。"], "zh") == [0]


def test_a_name_at_the_start_of_a_sentence_is_raised():
    assert english("{helper} came. {helper} sat.").text == "{helper.Cap} came. {helper.Cap} sat."
    assert english('"{object.the} is here," said {hero}. {object.a} fell.').text == (
        '"{object.The} is here," said {hero}. {object.A} fell.')


def test_the_hero_becomes_a_pronoun_only_as_subject_or_owner():
    assert english("{hero} ran home.").with_pronoun == "{hero.They} ran home."
    assert english("{hero}'s hat fell.").with_pronoun == "{hero.Their} hat fell."
    assert english("{hero} and {friend} ran.").with_pronoun == "{hero.Cap} and {friend} ran."
    assert chinese("{hero}走了。").with_pronoun == "{hero.ta}走了。"
    assert chinese("{hero}和{friend}走了。").with_pronoun == "{hero}和{friend}走了。"


def test_classifiers_are_those_of_the_lexicon():
    by_word = {}
    for entry in lexicon().entries:
        if entry["pos"] == "noun":
            by_word.setdefault(entry["zh"]["word"], set()).add(entry["zh"]["classifier"])
    for seed in range(1500):
        tokens = sentence(seed).zh
        for number, classifier, noun in zip(tokens, tokens[1:], tokens[2:], strict=False):
            if number.pos == "NUM" and noun.pos == "NOUN" and classifier.text != "种" and noun.text in by_word:
                assert classifier.text in by_word[noun.text], (classifier, noun)


def test_gold_tags_join_to_the_sentence():
    for seed in range(300):
        made = sentence(seed)
        assert made.text("zh") == "".join(token.text for token in made.zh)
        assert re.sub(r"\s", "", made.text("en")).lower() == "".join(token.text for token in made.en).lower()
        assert made.text("en")[0].isupper()
        assert made.en[-1].pos == made.zh[-1].pos == "PUNCT"


def test_a_person_in_one_language_is_a_person_in_the_other():
    for seed in range(300):
        made = sentence(seed)
        persons = [[t for t in tokens if t.entity == "PERSON"] for tokens in (made.en, made.zh)]
        assert len(persons[0]) == len(persons[1])
