"""The next token is drawn from the tokens the visitor's dials leave."""

import pytest
import torch

from moe_core.model.generation import Draw, keep_likeliest
from moe_core.sampling import Sampling

LOGITS = torch.tensor([0.1, 0.2, 0.3, 0.4]).log()  # probabilities 10, 20, 30 and 40 %


def left(logits):
    return logits.isfinite().nonzero().flatten().tolist()


@pytest.mark.parametrize(("top_k", "kept"), [(0, [0, 1, 2, 3]), (1, [3]), (3, [1, 2, 3]), (9, [0, 1, 2, 3])])
def test_top_k_keeps_the_k_likeliest(top_k, kept):
    assert left(keep_likeliest(LOGITS, top_k, top_p=1.0)) == kept


@pytest.mark.parametrize(("top_p", "kept"), [(0.01, [3]),
                                             (0.35, [3]), (0.5, [2, 3]), (0.8, [1, 2, 3]), (1, [0, 1, 2, 3])])
def test_top_p_keeps_the_smallest_set_that_reaches_p(top_p, kept):
    assert left(keep_likeliest(LOGITS, 0, top_p)) == kept


def test_greedy_takes_the_lowest_id_on_a_tie():
    assert Draw(Sampling(temperature=0.0))(torch.tensor([1.0, 3.0, 3.0])) == 1


def test_sampling_follows_the_probabilities():
    draw = Draw(Sampling(temperature=1.0, seed=0))
    counts = torch.tensor([draw(LOGITS) for _ in range(4000)]).bincount(minlength=4) / 4000
    torch.testing.assert_close(counts, LOGITS.exp(), atol=0.03, rtol=0)  # four standard errors


@pytest.mark.parametrize(("dial", "value"), [("temperature", -1), ("temperature", float("nan")), ("top_p", 0),
                                             ("top_p", 1.1), ("top_k", -1), ("seed", -1), ("max_new_tokens", -1)])
def test_a_dial_out_of_range_is_refused_by_name(dial, value):
    with pytest.raises(ValueError, match=f"{dial} must lie in .*, got"):
        Sampling(**{dial: value})
