"""A what-if changes exactly what it says: nothing it does not name moves by one bit."""

import pytest
import torch

from moe_core.interventions.apply import Dropped, Intervention
from moe_core.interventions.choices import Change, WhatIf
from moe_core.model.convert import to_granite
from moe_core.model.generation import Cache, feed, generate
from moe_core.sampling import Sampling
from moe_core.tracing.watch import Recorder

TEXT = [0, 3, 1, 4, 1, 5, 9, 2, 6]  # END first


def read(model, *changes: Change, text=TEXT):
    """Logits, every layer's routing, and what was dropped."""
    heard, intervention = Recorder(), Intervention(WhatIf(changes), model.config)
    return feed(model, text, Cache(model, len(text)), intervention, heard), heard.routings, intervention.dropped


def plain(model, text=TEXT):
    heard = Recorder()
    return feed(model, text, Cache(model, len(text)), heard), heard.routings


def assert_same_bits(first, second):
    (logits, routings), (other_logits, other_routings) = first[:2], second[:2]
    assert torch.equal(logits, other_logits)
    assert all(torch.equal(a, b) for one, other in zip(routings, other_routings, strict=True)
               for a, b in zip(one, other, strict=True))


def chosen(routing) -> list[set[int]]:
    return [set(row) for row in routing.expert_ids.tolist()]


def test_no_change_changes_nothing(model):
    assert_same_bits(read(model), plain(model))
    assert_same_bits(read(model, Change()), plain(model))


def test_switching_off_experts_that_nobody_chose_changes_nothing_bit_for_bit(wide):
    usual = plain(wide)
    idle = [tuple(set(range(6)) - set().union(*chosen(routing))) for routing in usual[1]]
    assert any(idle), "the fixture must leave an expert idle"
    changes = [Change(layers=(layer,), off=experts) for layer, experts in enumerate(idle)]
    assert_same_bits(read(wide, *changes), usual)


def test_switching_off_where_a_token_did_not_choose_changes_nothing_bit_for_bit(model):
    usual = plain(model)
    changes = [Change(layers=(layer,), positions=(row - 1,), off=tuple({0, 1, 2} - members))
               for layer, routing in enumerate(usual[1]) for row, members in enumerate(chosen(routing))]
    assert_same_bits(read(model, *changes), usual)


def test_forcing_the_chosen_experts_changes_nothing_bit_for_bit(model):
    usual = plain(model)
    changes = [Change(layers=(layer,), positions=(row - 1,), force=tuple(members))
               for layer, routing in enumerate(usual[1]) for row, members in enumerate(chosen(routing))]
    assert_same_bits(read(model, *changes), usual)


@pytest.mark.parametrize("change", [Change(k=2), Change(fusion="weighted"), Change(temperature=1.0),
                                    Change(nudges=((1, 0.0),)), Change(capacity=99.0)], ids=str)
def test_a_dial_left_where_it_stands_changes_nothing_bit_for_bit(model, change):
    assert_same_bits(read(model, change), plain(model))


def test_nobody_gets_an_expert_that_is_off_and_other_layers_choose_freely(model):
    _, routings, _ = read(model, Change(layers=(1,), off=(2,)))
    assert all(members == {0, 1} for members in chosen(routings[1]))
    assert torch.equal(routings[0].expert_ids, plain(model)[1][0].expert_ids)


def test_with_one_expert_left_it_counts_whole_and_the_empty_slot_nothing(model):
    _, routings, _ = read(model, Change(layers=(0,), off=(0, 2)))
    assert routings[0].expert_ids[:, 0].eq(1).all()
    assert routings[0].weights.tolist() == [[1.0, 0.0]] * len(TEXT)


def test_everybody_gets_the_forced_expert_and_alone_when_k_is_1(model):
    _, routings, _ = read(model, Change(force=(2,)))
    assert all(2 in members for routing in routings for members in chosen(routing))
    _, routings, _ = read(model, Change(force=(2,), k=1))
    assert all(routing.expert_ids.eq(2).all() and routing.weights.eq(1).all() for routing in routings)


def test_a_swap_gives_the_runner_up_the_firsts_place_and_weight_at_one_position_only(model):
    usual, (_, routings, _) = plain(model)[1], read(model, Change(layers=(0,), positions=(3,), swap=True))
    row = 4  # END stands before position 0
    first, second = usual[0].expert_ids[row].tolist()
    assert routings[0].expert_ids[row].tolist() == [3 - first - second, second]
    assert torch.equal(routings[0].weights, usual[0].weights)
    others = torch.arange(len(TEXT)) != row
    assert torch.equal(routings[0].expert_ids[others], usual[0].expert_ids[others])


def test_nothing_before_a_changed_position_moves(model):
    logits, _, _ = read(model, Change(positions=(3,), swap=True))
    usual = plain(model)[0]
    torch.testing.assert_close(logits[:4], usual[:4], rtol=1e-5, atol=1e-5)
    assert not torch.allclose(logits[4], usual[4], atol=1e-3)


def test_a_nudge_is_added_to_one_experts_logit_at_one_position(model):
    usual, (_, routings, _) = plain(model)[1], read(model, Change(layers=(0,), positions=(-1,), nudges=((1, 2.5),)))
    moved = routings[0].logits - usual[0].logits
    assert moved[0].tolist() == [0, pytest.approx(2.5), 0]
    assert moved[1:].eq(0).all()


def test_the_routers_temperature_divides_its_logits(model):
    usual, (_, routings, _) = plain(model)[1], read(model, Change(layers=(0,), temperature=2.0))
    best = usual[0].logits.gather(1, usual[0].expert_ids)
    assert torch.equal(routings[0].expert_ids, usual[0].expert_ids)
    torch.testing.assert_close(routings[0].weights, (best / 2).softmax(1))


def test_all_experts_fused_uniformly_are_the_plain_average(model):
    captured = {}
    moe = model.model.layers[0].moe
    hook = moe.register_forward_hook(lambda _, inputs, output: captured.update(hidden=inputs[0][0], output=output[0]))
    read(model, Change(k=3, fusion="uniform"))
    hook.remove()
    with torch.no_grad():
        one, two, three = (moe.experts.one(expert, captured["hidden"]) for expert in range(3))
        average = (one + two + three) / 3 + moe.shared(captured["hidden"])
    torch.testing.assert_close(captured["output"], average)


def test_the_best_only_counts_whole(model):
    _, routings, _ = read(model, Change(fusion="best"))
    assert all(routing.weights.tolist() == [[1.0, 0.0]] * len(TEXT) for routing in routings)


def test_layers_with_fewer_experts_fill_up_with_slots_that_count_nothing(model):
    usual, (_, routings, _) = plain(model)[1], read(model, Change(layers=(1,), k=3))
    assert [routing.expert_ids.shape for routing in routings] == [(len(TEXT), 3)] * 2
    assert torch.equal(routings[0].weights[:, :2], usual[0].weights)
    assert routings[0].weights[:, 2].eq(0).all()
    torch.testing.assert_close(routings[1].weights.sum(1), torch.ones(len(TEXT)))


def test_what_a_full_expert_refuses_is_named_and_counts_nothing(model):
    _, routings, dropped = read(model, Change(layers=(0,), capacity=0.5))  # room for 0.5 * 9 * 2 / 3 = 3 slots
    refused = routings[0].weights.eq(0).nonzero().tolist()
    assert [Dropped(0, row - 1, int(routings[0].expert_ids[row, place])) for row, place in refused] == dropped
    assert len(dropped) == len(TEXT) * 2 - 3 * 3
    served = routings[0].expert_ids[routings[0].weights > 0]
    assert served.bincount().tolist() == [3, 3, 3]


def test_cached_generation_and_one_pass_agree_on_every_position(wide):
    changes = (Change(positions=(1, 5, 9), swap=True), Change(layers=(1,), positions=(7,), nudges=((0, 3.0),)),
               Change(layers=(0,), off=(1,)), Change(layers=(1,), k=1))
    heard, intervention = Recorder(), Intervention(WhatIf(changes), wide.config)
    steps = list(generate(wide, [3, 1, 4], Sampling(max_new_tokens=9, temperature=1.0, seed=3), intervention, heard))
    fed = [token for step in steps for token in step.token_ids]
    assert len(fed) > 8, "the fixture must reach the later positions"
    _, routings, _ = read(wide, *changes, text=[0, *fed])
    for layer, routing in enumerate(routings):
        stepwise = torch.cat([step.expert_ids for step in heard.routings[layer::3]])
        assert torch.equal(stepwise, routing.expert_ids)
    torch.testing.assert_close(torch.cat([step.logits for step in steps]),
                               read(wide, *changes, text=[0, *fed])[0][1:], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("layer", "expert"), [(0, 0), (0, 2), (1, 1)])
def test_the_stock_transformers_model_without_that_expert_says_the_same(model, layer, expert):
    stock = to_granite(model)

    def leave_out(router, _, output):
        logits = output[0].clone()
        logits[:, expert] = -torch.inf
        best, expert_ids = logits.topk(2, -1)
        return logits, best.softmax(-1), expert_ids

    hook = stock.model.layers[layer].block_sparse_moe.router.register_forward_hook(leave_out)
    with torch.no_grad():
        expected = stock(torch.tensor([TEXT])).logits[0]
    hook.remove()
    found = read(model, Change(layers=(layer,), off=(expert,)))[0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(found, plain(model)[0], atol=1e-3)


def test_a_what_if_for_another_model_is_refused(model):
    with pytest.raises(ValueError, match=r"expert must lie in 0\.\.2, got 5"):
        Intervention(WhatIf((Change(off=(5,)),)), model.config)
