"""Two precisions on the same tokens: what differs is measured, in bands that hold on any processor."""

import math
from functools import partial

import numpy as np
import pytest
import torch

from moe_core.model.generation import generate
from moe_core.model.router import forced
from moe_core.precision.cast import computed
from moe_core.precision.compare import Replay, _greedy, _greedy_replayed, compare, kl_divergence
from moe_core.sampling import Sampling
from moe_core.tracing.own import read_through
from moe_core.tracing.watch import Recorder

SEEDS = range(5)


def over_texts(load, text, *arguments, **dials):
    """The same comparison of five models, each on a text of its own."""
    return [compare(load(seed), text(seed), *arguments, **{"new_tokens": 0, **dials}) for seed in SEEDS]


def mean_kl(comparisons):
    return np.mean([comparison.mean_kl for comparison in comparisons])


def any_flips(comparisons):
    return np.mean([comparison.any_flip_rate for comparison in comparisons])


def stretched(loaded, factor):
    """Experts whose inner numbers are `factor` larger and whose output is, in fp32, the same to the bit."""
    with torch.no_grad():
        for layer in loaded.model.model.layers:
            layer.moe.experts.gate_up.chunk(2, 1)[1].mul_(factor)
            layer.moe.experts.down.div_(factor)
    return loaded


def nudged(loaded, amount=0.01):
    """A model a little beside this one."""
    other = computed(loaded.model, "fp32")
    generator = torch.Generator().manual_seed(5)
    for parameter in other.parameters():
        parameter.add_(amount * torch.randn(parameter.shape, generator=generator))
    return other


def force_first(routes, layer, hidden, routing):
    """A watcher that forces the first rows only."""
    return forced(routing, torch.cat([routes[layer], routing.expert_ids[len(routes[layer]):]]))


def test_kl_is_the_one_worked_out_by_hand():
    reference = torch.tensor([[0.8, 0.2], [0.5, 0.5]]).log()
    other = torch.tensor([[0.4, 0.6], [0.9, 0.1]]).log()
    by_hand = [0.8 * math.log(2) + 0.2 * math.log(1 / 3), 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(5)]
    assert kl_divergence(reference, other).tolist() == pytest.approx(by_hand, rel=1e-6)


def test_kl_of_equal_logits_is_zero_and_never_below():
    logits = 30 * torch.randn(50, 20, generator=torch.Generator().manual_seed(0))
    assert (kl_divergence(logits, logits + 7) < 1e-12).all()
    assert (kl_divergence(logits, logits + 1e-6 * torch.randn(50, 20)) >= 0).all()


def test_kl_sees_differences_that_fp32_would_lose():
    reference = torch.zeros(1, 2)
    other = torch.tensor([[1e-5, 0.0]])
    assert kl_divergence(reference, other).item() == pytest.approx(1e-10 / 8, rel=1e-3)  # half of variance 1/4 · δ²


@pytest.mark.parametrize("engine", ["compute", "storage"])
def test_fp32_against_itself_differs_in_nothing(loaded, text, engine):
    same = compare(loaded, text(), "fp32", engine, new_tokens=8)
    assert (same.mean_kl, same.max_abs_logit_difference_overall, same.top1_agreement) == (0, 0, 1)
    assert same.flip_rate_per_layer.tolist() == [0, 0, 0]
    assert same.greedy_other == same.greedy_reference
    assert same.first_divergence is None


def test_the_measures_are_those_of_two_plain_forward_passes(loaded, text):
    token_ids = text(length=70)  # more rows than are held in float64 at once
    comparison = compare(loaded, token_ids, "bf16", new_tokens=0)
    with torch.no_grad():
        rows = torch.tensor([[0, *token_ids]])  # END gives the first token its context; its own row is left out
        a, b = (model(rows).logits[0, 1:].double() for model in (loaded.model, computed(loaded.model, "bf16")))
    kl = torch.nn.functional.kl_div(b.log_softmax(-1), a.log_softmax(-1), log_target=True, reduction="none").sum(-1)
    np.testing.assert_allclose(comparison.kl, kl, rtol=1e-3, atol=1e-8)
    np.testing.assert_allclose(comparison.max_abs_logit_difference, (a - b).abs().amax(-1), atol=1e-4)
    assert comparison.top1_agrees.tolist() == (a.numpy().argmax(-1) == b.numpy().argmax(-1)).tolist()


def test_both_traces_are_of_the_same_tokens_and_say_what_they_are(loaded, text):
    comparison = compare(loaded, text(length=7), "fp16", "storage", routers="fp32", new_tokens=3)
    reference, other = comparison.reference, comparison.other
    assert reference.token_ids.tolist() == other.token_ids.tolist() == text(length=7)
    assert (reference.settings["format"], other.settings["format"]) == ("fp32", "fp16")
    assert other.settings.items() >= {"engine": "storage", "routers": "fp32", "replay": False}.items()
    assert comparison.settings == {"formats": ("fp32", "fp16"), "format": "fp16", "engine": "storage", "device": "CPU",
                                   "routers": "fp32", "replay": False, "new_tokens": 3}


def test_the_reference_trace_is_the_models_own(loaded, text):
    ours = compare(loaded, text(), "bf16", replay=True, new_tokens=0).reference
    theirs = read_through(loaded, text()).trace(stopped=None)
    np.testing.assert_array_equal(ours.expert_ids, theirs.expert_ids)
    np.testing.assert_array_equal(ours.logits, theirs.logits)


@pytest.mark.parametrize("engine", ["compute", "storage"])
def test_replayed_routes_flip_nowhere_and_take_most_of_the_damage_away(load, text, engine):
    free = over_texts(load, text, "bf16", engine)
    replayed = over_texts(load, text, "bf16", engine, replay=True)
    assert any_flips(free) > 0
    assert any_flips(replayed) == 0
    assert 0 < mean_kl(replayed) < 0.4 * mean_kl(free)


def test_replayed_weights_are_the_low_precision_models_own(loaded, text):
    comparison = compare(loaded, text(), "bf16", replay=True, new_tokens=0)
    other = comparison.other
    np.testing.assert_array_equal(other.expert_ids, comparison.reference.expert_ids)
    chosen = np.take_along_axis(other.logits, other.expert_ids, -1)
    shares = np.exp(chosen) / np.exp(chosen).sum(-1, keepdims=True)
    np.testing.assert_allclose(other.weights, shares, atol=1e-6)
    assert not np.array_equal(other.weights, comparison.reference.weights)


def test_shorter_mantissas_do_more_damage(load, text):
    kl = [mean_kl(over_texts(load, text, format, "storage", replay=True)) for format in ("fp32", "fp16", "bf16")]
    assert kl[0] == 0
    assert 10 * kl[1] < kl[2] < 0.1  # three bits of mantissa: 64 times, in theory


def test_a_router_in_fp32_flips_no_more_tokens_than_a_rounded_one(load, text):
    rounded, kept = (over_texts(load, text, "bf16", "storage", routers) for routers in ("short", "fp32"))
    assert any_flips(kept) <= any_flips(rounded)


def test_fp16_storage_moves_the_first_routers_logits_by_rounding_only(loaded, text):
    comparison = compare(loaded, text(), "fp16", "storage", new_tokens=0)
    gap = np.abs(comparison.reference.logits[0] - comparison.other.logits[0])
    assert 0 < gap.max() < 0.01 * np.abs(comparison.reference.logits[0]).max()


def test_out_of_range_is_said_and_leaves_no_nan(load, text):
    loaded = stretched(load(), 2.0**18)
    comparison = compare(loaded, text(length=20), "fp16", new_tokens=3)
    assert comparison.overflow_rate > 0.9
    assert not np.isnan(comparison.kl).any()
    assert not np.isnan(comparison.max_abs_logit_difference).any()
    assert np.isinf(comparison.kl[comparison.overflowed]).all()
    assert comparison.mean_kl == math.inf
    assert not comparison.top1_agrees[comparison.overflowed].any()


def test_the_same_function_stretched_stays_in_bf16s_range(load, text):
    plain, far = load(), stretched(load(), 2.0**18)
    a, b = (compare(loaded, text(), "bf16", new_tokens=0) for loaded in (plain, far))
    assert (b.overflow_rate, a.mean_kl) == (0, b.mean_kl)


def test_a_damaged_reference_is_refused(loaded, text):
    with torch.no_grad():
        loaded.model.model.norm.weight[0] = math.nan
    with pytest.raises(ValueError, match="fp32 model's own logits are not all finite"):
        compare(loaded, text(), "fp16")


def test_each_continuation_is_that_models_own(load, text):
    loaded = load(4)
    comparison = compare(loaded, text(4, 30), "bf16", new_tokens=12)
    for model, greedy in ((loaded.model, comparison.greedy_reference),
                          (computed(loaded.model, "bf16"), comparison.greedy_other)):
        fed = [token for step in generate(model, text(4, 30), Sampling(12)) for token in step.token_ids]
        assert tuple(fed[30:]) == greedy


def test_a_replayed_continuation_has_the_references_routes_until_the_texts_part(load, text):
    """By hand: one full pass per new token, routes forced up to where the texts are the same."""
    loaded, prompt, heard = load(4), text(7, 12), Recorder()
    fed = [token for step in generate(loaded.model, prompt, Sampling(10), heard) for token in step.token_ids]
    reference, routes = tuple(fed[12:]), Replay(heard, 3).expert_ids
    other = nudged(loaded)
    by_hand = list(prompt)
    for _ in range(10):
        same = next((i for i, (a, b) in enumerate(zip(by_hand, fed, strict=False)) if a != b), len(by_hand))
        run = read_through(loaded, by_hand, partial(force_first, [rows[:1 + same] for rows in routes]), model=other)
        by_hand.append(int(run.logits[0][-1].argmax()))
    assert by_hand[12] == fed[12]  # they part, but not at once
    assert by_hand[12:] not in (fed[12:], list(_greedy(other, prompt, Sampling(10))))
    assert _greedy_replayed(other, prompt, Sampling(10), reference, Replay(heard, 3)) == tuple(by_hand[12:])


def test_a_stopped_replay_lets_the_routers_choose(loaded, text):
    heard = Recorder()
    read_through(loaded, text(0), heard)
    free, stopped = Recorder(), Recorder()
    replay = Replay(heard, 3)
    replay.stop()
    read_through(loaded, text(1), free)
    read_through(loaded, text(1), replay, stopped)
    assert all(torch.equal(a.expert_ids, b.expert_ids) for a, b in zip(free.routings, stopped.routings, strict=True))


def test_beyond_the_recording_the_routers_choose(loaded, text):
    heard, after = Recorder(), Recorder()
    read_through(loaded, text(0, 10), heard)
    read_through(loaded, text(1, 20), Replay(heard, 3), after)
    free = Recorder()
    read_through(loaded, text(1, 20), free)
    assert all(torch.equal(a.expert_ids, b.expert_ids) for a, b in zip(free.routings, after.routings, strict=True))


def test_a_text_that_leaves_no_room_still_compares(loaded, text):
    comparison = compare(loaded, text(length=127), "fp16", new_tokens=40)  # 128 positions, END among them
    assert comparison.greedy_reference == comparison.greedy_other == ()
    assert len(comparison.kl) == 127


@pytest.mark.parametrize("length", [0, 128])
def test_a_text_of_no_tokens_or_too_many_is_refused(loaded, text, length):
    with pytest.raises(ValueError, match=rf"1..127 tokens, got {length}"):
        compare(loaded, text(length=length), "fp16")


@pytest.mark.parametrize(("format", "engine", "message"), [
    ("int8", "compute", "format must be one of fp32, fp16, bf16, got int8"),
    ("fp16", "guess", "engine must be one of compute, storage, got guess")])
def test_unknown_choices_are_refused(loaded, text, format, engine, message):
    with pytest.raises(ValueError, match=message):
        compare(loaded, text(), format, engine)
