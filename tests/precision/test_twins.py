"""Two formats with the same luck part only where the format makes them."""

import numpy as np
import pytest

from moe_core.model.generation import generate
from moe_core.pieces import Piece
from moe_core.precision.compare import Reference
from moe_core.precision.report import Asked
from moe_core.precision.steps import last
from moe_core.precision.ties import tie_steps, ties
from moe_core.precision.twins import NONE, fork_of, twin_steps, twin_table
from moe_core.precision.untrained import pair_steps, untrained
from moe_core.sampling import Sampling
from moe_core.tracing.trace import RoutingTrace

SAMPLED = Sampling(max_new_tokens=20, temperature=1.0, seed=3)


def test_a_format_beside_itself_never_parts(loaded, text):
    table = last(twin_steps(loaded.model, text(length=5), Asked("fp32", "compute"), SAMPLED))
    assert fork_of(table) is None
    assert (table["gap"] == table["other_gap"]).all()
    assert (table["gap"] >= 0).all()


def test_the_reference_writes_what_generate_writes(loaded, text):
    prompt = text(length=5)
    table = last(twin_steps(loaded.model, prompt, Asked("int2"), SAMPLED))
    fed = [token for step in generate(loaded.model, prompt, SAMPLED) for token in step.token_ids]
    written = [token for token in table["reference"] if token not in (NONE, 0)]
    assert written == fed[5:]


def test_a_very_short_format_parts_and_never_joins_again(loaded, text):
    table = last(twin_steps(loaded.model, text(length=5), Asked("int2"), SAMPLED))
    fork = fork_of(table)
    assert fork is not None
    assert table["same"].tolist() == [True] * fork + [False] * (len(table) - fork)


def test_the_shorter_text_is_filled_up():
    table = twin_table([(4, 0.5), (7, 0.1)], [(4, 0.4)])
    assert table["other"].tolist() == [4, NONE]
    assert np.isnan(table["other_gap"][1])
    assert fork_of(table) == 1


def test_progress_comes_before_the_end(loaded, text):
    steps = list(twin_steps(loaded.model, text(length=5), Asked("fp16", "compute"), SAMPLED))
    assert len(steps) > 2
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == steps[-1].total


def trace_of(logits, expert_ids):
    logits = np.array(logits, np.float32)
    length = logits.shape[1]
    return RoutingTrace(
        model="tiny", model_hash="0", token_ids=list(range(length)), pieces=[Piece("a")] * length,
        phase=["prompt"] * length, layers=[0], logits=logits, probabilities=np.full(logits.shape, 1 / 3),
        expert_ids=expert_ids, weights=np.full((1, length, 1), 1.0), candidate_ids=[[1]] * length,
        candidate_probabilities=[[1.0]] * length, candidate_labels=[["a"]] * length)


def test_ties_are_counted_and_held_against_the_rule():
    logits = [[[2.0, 2.0, 1.0],    # a tie, and the lowest id taken
               [1.0, 2.0, 2.0],    # a tie, and the other one taken
               [1.0, 1.0, 2.0],    # equal, but both outside: no tie at the border
               [3.0, 2.0, 1.0]]]
    found = ties(trace_of(logits, [[[0], [2], [2], [0]]]))
    assert found == {"decisions": 4, "ties": 2, "by_rule": 1, "distinct": 3}


def test_shorter_formats_know_fewer_scores(loaded, text):
    table = last(tie_steps(Reference(loaded, text()), [Asked("bf16", "compute")])).set_index("format")
    assert table.loc["fp32", "decisions"] == 300
    assert table.loc["bf16", "distinct"] < table.loc["fp32", "distinct"]
    assert (table["by_rule"] <= table["ties"]).all()


def test_an_untrained_model_has_the_shape_and_a_seed(loaded):
    raw = untrained(loaded.model)
    assert {name: value.shape for name, value in raw.state_dict().items()} == {
        name: value.shape for name, value in loaded.model.state_dict().items()}
    assert raw.lm_head.weight.equal(untrained(loaded.model).lm_head.weight)
    assert not raw.lm_head.weight.equal(untrained(loaded.model, seed=1).lm_head.weight)


def test_an_untrained_model_flips_but_hardly_minds(load, text):
    loaded = load()
    table = last(pair_steps(loaded, text(), [Asked("int4")])).set_index("trained")
    assert table.loc[False, "any_flips"] > 0.2
    assert table.loc[False, "mean_kl"] < 0.1 * table.loc[True, "mean_kl"]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_greedy_twins_are_twins_too(loaded, text, temperature):
    sampling = Sampling(max_new_tokens=6, temperature=temperature)
    assert len(last(twin_steps(loaded.model, text(length=4), Asked("fp16"), sampling))) <= 6
