"""A search puts the right story first, ranks are counted by hand, and ties give nothing away."""

import numpy as np
import pytest
import torch

from moe_core.tasks.embedding import TokenStates, read_states
from moe_core.tasks.retrieval import StateIndex, WordIndex, nearest, reciprocal_ranks, words_of
from moe_core.tracing.own import load_model


def test_the_reciprocal_rank_of_a_tie_is_that_of_its_mean_place():
    likeness = np.array([[0.9, 0.1, 0.5], [0.9, 0.1, 0.5], [0.2, 0.2, 0.2]])
    assert reciprocal_ranks(likeness, [0, 1, 2]).tolist() == pytest.approx([1, 1 / 3, 1 / 2])


def test_the_nearest_come_best_first():
    assert [(one.place, one.nearness) for one in nearest(np.array([0.1, 0.9, 0.9, 0.3]), 3)] == [
        (1, 0.9), (2, 0.9), (3, 0.3)]


def test_words_of_both_languages():
    assert words_of("The Cat, 3 小狗!") == ["the", "cat", "小", "狗", "小狗"]
    assert words_of("我爱AI") == ["我", "爱", "我爱", "ai"]


def test_shared_words_find_the_story():
    library = ["A cat sat on a mat.", "小狗在花园里玩。", "The dog ran home."]
    found = WordIndex(library).likeness(["花园里的狗", "where did the dog run"]).argmax(1)
    assert found.tolist() == [1, 2]


def index_of(library: dict[str, list[tuple[int, list[float]]]], **questions) -> np.ndarray:
    """Likeness of questions to stories; each text is given as token ids and states of one depth."""
    known = library | questions

    def read(texts):
        pairs = [zip(*known[text], strict=True) for text in texts]
        return [TokenStates(np.array(ids), np.array(states)[:, None]) for ids, states in pairs]

    return StateIndex(read, list(library)).likeness(list(questions))


def test_every_token_of_a_question_looks_for_its_nearest_one():
    library = {"cat": [(1, [2, 0]), (2, [0, 2])], "dog": [(3, [-2, 0]), (4, [0, -2])]}  # centred on 0
    found = index_of(library, asked=[(1, [1, 0]), (4, [0, -1])])
    assert found[0].tolist() == pytest.approx([0.5, 0.5])  # 1 and 0 in the one, 0 and 1 in the other


def test_a_token_that_every_story_has_counts_nothing():
    library = {"cat": [(1, [2, 0]), (9, [0, 2])], "dog": [(3, [-2, 0]), (9, [0, -2])]}
    assert index_of(library, asked=[(1, [1, 0]), (9, [0, -1])])[0].tolist() == pytest.approx([1, 0])


def test_a_token_that_no_story_has_counts_most():
    library = {"cat": [(1, [2, 0])], "dog": [(3, [-2, 0])]}
    rarest, rare = np.log(3) ** 2, np.log(3 / 2) ** 2
    share = (rarest - rare) / (rarest + rare)
    assert index_of(library, asked=[(7, [1, 0]), (3, [-1, 0])])[0].tolist() == pytest.approx([share, -share])


def test_states_are_centred_on_the_library():
    library = {"a": [(1, [10, 1])], "b": [(2, [10, -1])]}  # all alike but for the second number
    assert index_of(library, asked=[(1, [10, 5])])[0].tolist() == pytest.approx([1, -1])


def test_a_question_without_tokens_is_like_nothing():
    def read(texts):
        return [TokenStates(np.array([1, 2][:len(text)]), np.ones((len(text), 1, 2))) for text in texts]

    assert StateIndex(read, ["a", "bb"]).likeness([""]).tolist() == [[0, 0]]


def test_a_text_is_read_as_transformers_reads_it(finished):
    loaded = load_model(finished / "run" / "model")
    text = "The cat 我喜欢"
    ids = torch.tensor([[loaded.model.config.eos_token_id, *loaded.tokenizer.encode(text)]])
    entering, first, *_ = loaded.model(ids, output_hidden_states=True).hidden_states
    (read,) = read_states(loaded, [text], depth=1)
    assert read.token_ids.tolist() == ids[0, 1:].tolist()
    torch.testing.assert_close(torch.tensor(read.states[:, 0]), entering[0, 1:])
    torch.testing.assert_close(torch.tensor(read.states[:, 1]), first[0, 1:])


def test_a_depth_that_the_model_has_not_is_refused(finished):
    with pytest.raises(ValueError, match=r"depth must lie in 0\.\."):
        read_states(load_model(finished / "run" / "model"), ["a"], depth=99)
