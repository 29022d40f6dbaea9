"""The effect of an expert is the rise of the loss without it, as brute force finds it text by text."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from moe_core.interventions.apply import Intervention
from moe_core.interventions.choices import Change, WhatIf
from moe_core.interventions.effect import COLUMNS, another, effects
from moe_core.interventions.limits import Limits
from moe_core.model.generation import Cache, feed
from moe_core.model.router import Routing
from moe_core.tracing.watch import Recorder


def read(model, text: list[int], *changes: Change):
    """Loss of every token, and which experts every row chose, layer by layer."""
    heard = Recorder()
    logits = feed(model, [0, *text[:-1]], Cache(model, len(text)), Intervention(WhatIf(changes), model.config), heard)
    losses = F.cross_entropy(logits, torch.tensor(text), reduction="none").numpy()
    return losses, [routing.expert_ids.numpy() for routing in heard.routings]


def row(table, layer: int, expert: int, scope: str):
    return table[(table["layer"] == layer) & (table["expert"] == expert) & (table["scope"] == scope)].iloc[0]


@pytest.fixture(scope="module")
def found(model, texts):
    return effects(model, texts)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("expert", [0, 1, 2])
def test_it_is_what_brute_force_finds(model, texts, found, layer, expert):
    rises, chose = [], []
    for text in texts:
        usual, expert_ids = read(model, text)
        rises.append(read(model, text, Change(layers=(layer,), off=(expert,)))[0] - usual)
        chose.append((expert_ids[layer] == expert).any(1))
    rises, chose = np.concatenate(rises), np.concatenate(chose)
    everybody, chosen = (row(found.table, layer, expert, scope) for scope in ("all", "chosen"))
    assert (everybody["n"], chosen["n"]) == (len(rises), chose.sum())
    assert everybody["delta_nats"] == pytest.approx(rises.mean(), abs=1e-5)
    assert chosen["delta_nats"] == pytest.approx(rises[chose].mean(), abs=1e-5)


@pytest.mark.parametrize("text", [[5], [7], [11]], ids=str)
@pytest.mark.parametrize("layer", [0, 1])
def test_the_control_takes_the_other_expert_from_the_token_that_chose(model, text, layer):
    usual, expert_ids = read(model, text)  # one row, so that no resample can differ from it
    table = effects(model, [text]).table
    for expert, partner in (expert_ids[layer][0], expert_ids[layer][0][::-1]):
        rise = (read(model, text, Change(layers=(layer,), off=(int(partner),)))[0] - usual).item()
        control = row(table, layer, expert, "chosen")
        assert (control["control_low"], control["control_high"]) == (pytest.approx(rise, abs=1e-5),) * 2


def test_with_three_experts_per_token_each_of_the_other_two_is_sometimes_lost():
    routing = Routing(torch.zeros(60, 4), torch.tensor([[2, 0, 3], [1, 3, 0]] * 30), torch.ones(60, 3) / 3)
    off = another(routing, torch.arange(60) % 2 == 0, expert=3, seed=0)
    assert off.sum(1).eq(1).all()
    assert off.any(0).tolist() == [True, False, True, False]


def test_the_table_has_every_expert_in_both_scopes_and_intervals_hold_their_mean(found):
    assert list(found.table.columns) == COLUMNS
    assert len(found.table) == 2 * 3 * 2
    assert found.complete
    assert (found.table["low"] <= found.table["delta_nats"]).all()
    assert (found.table["delta_nats"] <= found.table["high"]).all()
    assert (found.table["control_low"] <= found.table["control_high"]).all()


def test_an_expert_that_nobody_chose_costs_exactly_nothing(build, texts):
    wide = build(num_experts=8)
    table = effects(wide, [texts[1]]).table  # one row: six of eight experts are idle in each layer
    idle = table[(table["scope"] == "chosen") & (table["n"] == 0)]
    assert len(idle) == 2 * 6
    assert idle[["delta_nats", "low", "high"]].isna().all(axis=None)
    everybody = table[table["scope"] == "all"].merge(idle[["layer", "expert"]])
    assert everybody[["delta_nats", "low", "high", "control_low", "control_high"]].eq(0).all(axis=None)


def test_a_layer_alone_has_the_same_effects(model, texts, found):
    alone = effects(model, texts, layers=[1]).table
    whole = found.table[found.table["layer"] == 1].reset_index(drop=True)
    assert alone.equals(whole)


def test_with_one_expert_per_token_there_is_no_other_to_lose(build, texts):
    table = effects(build(num_experts_per_tok=1), texts).table
    assert table[["control_low", "control_high"]].isna().all(axis=None)
    assert table.loc[table["n"] > 0, "delta_nats"].notna().all()


def test_it_tells_how_far_it_is_and_stops_when_told(model, texts):
    heard = []
    limits = Limits(stop=lambda: len(heard) > 3, progress=lambda done, total: heard.append((done, total)))
    partial = effects(model, texts, limits=limits)
    assert heard == [(0, 6), (1, 6), (2, 6), (3, 6)]
    assert not partial.complete
    assert partial.table["expert"].tolist() == [0, 0, 1, 1, 2, 2]


def test_it_stops_when_time_is_over(model, texts):
    assert effects(model, texts, limits=Limits(seconds=0)).table.empty


def test_the_end_of_the_work_is_told(model, texts):
    heard = []
    effects(model, texts, layers=[0], limits=Limits(progress=lambda *where: heard.append(where)))
    assert heard == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_layer_that_is_not_there_is_refused(model, texts):
    with pytest.raises(ValueError, match=r"layer must lie in 0\.\.1, got 2"):
        effects(model, texts, layers=[2])


def test_a_model_with_one_expert_has_none_to_spare(build, texts):
    with pytest.raises(ValueError, match="num_experts must be 2 or more"):
        effects(build(num_experts=1, num_experts_per_tok=1), texts)
