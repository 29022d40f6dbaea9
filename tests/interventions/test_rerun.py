"""A walk under a what-if leaves the same record as any walk, and says what was changed and what was dropped."""

import numpy as np
import pytest

from moe_core.interventions.choices import Change, WhatIf
from moe_core.interventions.rerun import regenerate, reread
from moe_core.model.generation import Cache, feed
from moe_core.sampling import Sampling
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.own import LoadedModel, trace_stream, trace_text

SAMPLING = Sampling(max_new_tokens=8, temperature=1.0, seed=5)


@pytest.fixture(scope="module")
def loaded(build) -> LoadedModel:
    tokenizer = Tokenizer.train(["the cat sat on the mat. ", "我喜欢学习AI。"] * 4, vocab_size=300)
    return LoadedModel(build(vocab_size=tokenizer.vocab_size), tokenizer, "tiny", "0")


def last(steps):
    *_, final = steps
    return final


def assert_same_trace(first, second):
    for name in ("token_ids", "logits", "expert_ids", "weights", "candidate_ids", "candidate_probabilities"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name


def test_nothing_changed_is_the_usual_walk_with_the_same_luck(loaded):
    assert_same_trace(last(regenerate(loaded, "the cat", SAMPLING, WhatIf())).trace,
                      last(trace_stream(loaded, "the cat", SAMPLING)))
    token_ids = loaded.tokenizer.encode("the cat 我喜欢")
    assert_same_trace(reread(loaded, token_ids, WhatIf()).trace, trace_text(loaded, "the cat 我喜欢"))


def test_the_trace_says_what_was_changed(loaded):
    what_if = WhatIf((Change(layers=(1,), off=(2,)),))
    rerun = last(regenerate(loaded, "the cat", SAMPLING, what_if))
    assert WhatIf.from_json(rerun.trace.settings["what_if"]) == what_if
    assert 2 not in rerun.trace.expert_ids[1]
    assert rerun.trace.settings["stopped"] in ("end", "length")


def test_layers_with_another_k_are_recorded_together(loaded):
    rerun = last(regenerate(loaded, "the cat", SAMPLING, WhatIf((Change(layers=(0,), k=1), Change(layers=(1,), k=3)))))
    assert rerun.trace.experts_per_token == 3
    assert rerun.trace.weights[0, :, 1:].max() == 0
    assert rerun.trace.weights[1].min() > 0


def test_losses_are_those_of_each_token_but_the_first(loaded):
    token_ids = loaded.tokenizer.encode("the cat 我喜欢")
    logits = feed(loaded.model, [0, *token_ids], Cache(loaded.model, 1 + len(token_ids)))
    likely = logits.softmax(-1).numpy()[np.arange(1, len(token_ids)), token_ids[1:]]  # row 0 is END
    np.testing.assert_allclose(reread(loaded, token_ids, WhatIf()).losses, -np.log(likely), atol=1e-4)


def test_dropped_slots_are_named_and_cost_something(loaded):
    token_ids = loaded.tokenizer.encode("the cat sat on the mat. the cat sat")
    usual, full = (reread(loaded, token_ids, WhatIf(changes)) for changes in ((), (Change(capacity=0.5),)))
    assert usual.dropped == ()
    visible = {(slot.layer, slot.position) for slot in full.dropped if slot.position >= 0}
    layers, positions = (full.trace.weights == 0).any(2).nonzero()
    assert visible == set(zip(layers.tolist(), positions.tolist(), strict=True))
    assert np.abs(full.losses - usual.losses).max() > 1e-3


def test_a_text_of_one_token_has_no_losses(loaded):
    assert reread(loaded, [3], WhatIf((Change(off=(0,)),))).losses.shape == (0,)
