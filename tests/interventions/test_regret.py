"""Regret is what the best set of experts would have saved one token in one layer, as brute force finds it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from moe_core.interventions.hindsight import LAYER_COLUMNS
from moe_core.interventions.limits import Limits
from moe_core.interventions.packed import Packed, walk
from moe_core.interventions.regret import TOKEN_COLUMNS, all_sets, regrets, set_losses
from moe_core.model.generation import Cache, feed
from moe_core.model.router import forced


def loss_with(model, text: list[int], layer: int, row: int, members: list[int]) -> float:
    """The loss of the token after this row when this row alone gets these experts."""
    def watcher(where, hidden, routing):
        if where != layer:
            return None
        expert_ids, weights = routing.expert_ids.clone(), routing.weights.clone()
        other = forced(routing, torch.tensor([members]).expand_as(expert_ids))
        expert_ids[row], weights[row] = other.expert_ids[row], other.weights[row]
        return routing._replace(expert_ids=expert_ids, weights=weights)

    logits = feed(model, [0, *text[:-1]], Cache(model, len(text)), watcher)
    return float(F.cross_entropy(logits[row], torch.tensor(text[row])))


@pytest.mark.parametrize("layer", [0, 1, 2])
@torch.inference_mode()
def test_every_sets_loss_is_what_brute_force_finds(build, texts, layer):
    model = build(num_experts=4, num_hidden_layers=3)
    packed, sets = Packed(texts[:1] + texts[3:], model), all_sets(model)
    found = set_losses(model, packed, walk(model, packed), sets, layer, text=1)
    expected = [[loss_with(model, texts[3], layer, row, members) for members in sets.tolist()]
                for row in range(len(texts[3]))]
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-4, atol=1e-4)


def test_many_rows_in_small_portions_are_the_same(model, texts, monkeypatch):
    whole = regrets(model, texts).tokens
    monkeypatch.setattr("moe_core.interventions.regret.ROWS_AT_ONCE", 7)  # two rows of three sets
    portions = regrets(model, texts).tokens
    np.testing.assert_allclose(portions["regret"], whole["regret"], atol=1e-5)


@pytest.fixture(scope="module")
def found(model, texts):
    return regrets(model, texts)


def test_the_tables_have_their_columns_and_every_token_in_every_layer(found, texts):
    tokens = sum(map(len, texts))
    assert list(found.tokens.columns) == TOKEN_COLUMNS
    assert list(found.layers.columns) == LAYER_COLUMNS
    assert found.tokens.groupby("layer").size().tolist() == [tokens, tokens]
    assert found.tokens.loc[found.tokens["layer"] == 0, "position"].tolist() == [
        position for text in texts for position in range(-1, len(text) - 1)]
    assert found.complete
    assert found.settings["sets"] == 3


def test_the_routers_own_set_is_named_and_its_loss_is_the_models(model, texts, found):
    packed = Packed(texts, model)
    with torch.inference_mode():
        usual = walk(model, packed)
    for layer, tokens in found.tokens.groupby("layer"):
        np.testing.assert_allclose(tokens["loss"], usual.losses.numpy(), atol=1e-4)
        expected = ["+".join(map(str, sorted(ids))) for ids in usual.routings[layer].expert_ids.tolist()]
        assert tokens["chosen"].tolist() == expected


def test_the_best_is_never_worse_and_regret_is_zero_exactly_where_the_router_was_right(found):
    tokens = found.tokens
    assert (tokens["regret"] >= 0).all()
    assert ((tokens["regret"] == 0) == (tokens["chosen"] == tokens["best"])).all()
    assert ((tokens["beaten"] == 0) == (tokens["chosen"] == tokens["best"])).all()
    assert (tokens["chosen"] == tokens["best"]).any()
    assert (tokens["chosen"] != tokens["best"]).any()


def test_the_table_of_layers_averages_the_tokens(found):
    tokens, layer = found.tokens[found.tokens["layer"] == 1], found.layers.iloc[1]
    assert layer["n"] == len(tokens)
    assert layer["better_share"] == pytest.approx((tokens["regret"] > 0).mean())
    assert layer["regret"] == pytest.approx(tokens["regret"].mean())
    assert layer["gain"] == pytest.approx((tokens["mean_loss"] - tokens["loss"]).mean())
    for name, low, high in (("better_share", "better_low", "better_high"), ("regret", "low", "high"),
                            ("beaten", "beaten_low", "beaten_high"), ("gain", "gain_low", "gain_high")):
        assert layer[low] <= layer[name] <= layer[high]


def test_where_every_expert_is_chosen_there_is_nothing_to_regret(build, texts):
    found = regrets(build(num_experts_per_tok=3), texts)
    assert found.tokens[["regret", "beaten"]].eq(0).all(axis=None)


def test_it_stops_when_told_and_keeps_whole_texts(model, texts):
    heard = []
    limits = Limits(stop=lambda: len(heard) > 2, progress=lambda done, total: heard.append((done, total)))
    partial = regrets(model, texts, limits=limits)
    assert heard == [(0, 28), (8, 28), (9, 28)]
    assert not partial.complete
    assert partial.settings["texts"] == 2
    assert partial.settings["tokens"] == 9
    assert regrets(model, texts, limits=Limits(seconds=0)).layers.empty


def test_too_many_sets_are_refused(build, texts):
    with pytest.raises(ValueError, match=r"the number of sets of 6 of 13 experts must lie in 1\.\.1000, got 1716"):
        regrets(build(num_experts=13, num_experts_per_tok=6), texts)
