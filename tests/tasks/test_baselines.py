"""What can be had without a model: looked up, copied, translated word by word; never from a held-out answer."""

from moe_core.tasks import baselines
from moe_core.tasks.examples import Example, examples
from moe_core.tasks.prompts import ANSWERING, SENTIMENT, SUMMARY, TRANSLATION


def asked(job, language, text, question=""):
    return [Example(job, language, text, question, "")]


def test_the_dictionary_goes_word_by_word():
    assert baselines.dictionary(asked(TRANSLATION, "en", "The cats like Xyz.")) == ["The猫喜欢Xyz."]
    chinese = baselines.dictionary(asked(TRANSLATION, "zh", "猫喜欢狗。"))[0]
    assert chinese == "cat like dog 。"


def test_the_first_sentence_of_a_story():
    assert baselines.lead(asked(SUMMARY, "en", 'He said "Hi!" Then he left. End.')) == ['He said "Hi!"']
    assert baselines.lead(asked(SUMMARY, "zh", "他说：“好！”然后走了。完。")) == ["他说：“好！”"]


def test_the_majority_is_one_label_for_all():
    given = baselines.majority(examples(SENTIMENT, "en", 10))
    assert len(set(given)) == 1
    assert given[0] in ("positive", "negative")


def test_a_question_is_answered_as_the_nearest_training_question(monkeypatch):
    monkeypatch.setattr(baselines, "KNOWN_QUESTIONS", 40)
    baselines._known_questions.cache_clear()
    known = examples(ANSWERING, "en", 40, evaluation=False)[7]
    assert baselines.look_up([known])[0] == known.wanted or known.question in {
        other.question for other in examples(ANSWERING, "en", 40, evaluation=False) if other != known}
    baselines._known_questions.cache_clear()


def test_copying_copies():
    assert baselines.copy(asked(TRANSLATION, "en", "x y")) == ["x y"]
