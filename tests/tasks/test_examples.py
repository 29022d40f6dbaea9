"""Examples are held out, different, the same for the same seed, and their answers are right by construction."""

import pytest

from moe_core.corpus.split import held_out
from moe_core.tasks.examples import MAKERS, _plans, examples, opening
from moe_core.tasks.prompts import ANSWERING, FREE, JOBS, LABELS, RETRIEVAL, SENTIMENT, TRANSLATION


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_same_seed_gives_the_same_different_examples(job, language):
    made = examples(job, language, 6)
    assert made == examples(job, language, 6)
    assert made[:3] == examples(job, language, 3)
    assert len({(one.text, one.question) for one in made}) == 6
    assert all(one.job == job and one.language == language and one.text for one in made)


def test_held_out_examples_come_from_held_out_plans_only():
    for evaluation in (True, False):
        plans = _plans("anything", evaluation)
        assert {held_out("plan", next(plans)) for _ in range(20)} == {evaluation}
    assert set(MAKERS) == set(JOBS)


def test_no_held_out_example_is_a_training_example():
    kept, trained = (set(examples(ANSWERING, "en", 30, evaluation=side)) for side in (True, False))
    assert kept.isdisjoint(trained)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_feeling_is_one_of_two_labels(language):
    assert {one.wanted for one in examples(SENTIMENT, language, 20)} == set(LABELS[language])


def test_a_translation_wants_the_other_language():
    assert all(one.wanted.isascii() or "“" in one.wanted for one in examples(TRANSLATION, "zh", 8))
    assert not any(one.wanted.isascii() for one in examples(TRANSLATION, "en", 8))


def test_a_story_is_searched_by_its_summary():
    one = examples(RETRIEVAL, "en", 1)[0]
    assert one.wanted == one.text
    assert one.question not in one.text


def test_a_beginning_is_cut_between_words():
    assert opening("The little dog ran over the big hill, green", "en") == "The little dog ran over the big hill,"
    assert opening("从前有一只小猫住在森林里的一座小房子里", "zh") == "从前有一只小猫住在森林里的一"
    assert opening("Short.\nMore", "en") == "Short."
    assert all(one.prompt == one.text for one in examples(FREE, "en", 3))
