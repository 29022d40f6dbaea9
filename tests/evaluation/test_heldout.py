"""Held-out documents are the same every time, of every domain, and none of them is in the training sample."""

from moe_core.corpus.mixture import WORLD_SHARES
from moe_core.evaluation.heldout import heldout, training_sample


def test_every_domain_is_there_up_to_its_size():
    found = heldout(400)
    assert set(found) == set(WORLD_SHARES)
    assert all(document.domain == domain for domain, documents in found.items() for document in documents)
    assert all(sum(len(document.text) for document in documents) >= 400 for documents in found.values())
    assert found == heldout(400)


def test_a_larger_size_begins_with_the_smaller_one():
    small, large = heldout(300), heldout(900)
    assert all(large[domain][:len(documents)] == documents for domain, documents in small.items())


def test_no_story_is_in_the_training_sample():
    trained = set(training_sample(400))
    assert len(trained) > 300
    assert not [one for domain, documents in heldout(2000).items() if domain.startswith(("story", "by_hand", "diary"))
                for one in documents if one.text in trained]
