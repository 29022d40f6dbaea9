"""A search reports only what it measured: sizes and verdicts can be counted again, the budget is kept, fp32 is free."""

import json

import numpy as np
import pytest
import torch

from moe_core.precision import damage as damages
from moe_core.precision.baselines import RULES, random_plans, rule_plan, uniform_plan
from moe_core.precision.damage import finished
from moe_core.precision.damage_bench import Bench
from moe_core.precision.damage_texts import UNASKED, split_of, splits
from moe_core.precision.optimise import BudgetError
from moe_core.precision.plan import check, part_bytes, plan_bytes, planned, uniform
from moe_core.precision.search import Search
from moe_core.precision.search_bench import FORMATS, TrialBench, Wish
from moe_core.precision.search_culprit import culprit
from moe_core.precision.search_found import FoundFileError, load, save
from moe_core.precision.search_survey import part_damages
from moe_core.precision.sensitivity import expected_cost, fisher, sensitivities

TOKENS = {"calibration": 300, "gate": 600, "third": 600, "fitting": 600}


def walked(steps):
    """What a generator with progress returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def searched(loaded, **wish) -> Search:
    search = Search(loaded, Wish(**wish), TOKENS)
    for _ in search:
        pass
    return search


@pytest.fixture
def bench(loaded):
    made = TrialBench(loaded, Wish(tolerance=0.02), TOKENS)
    walked(made.prepare())
    return made


def test_the_splits_are_the_same_each_time_and_share_no_text(loaded):
    first, second = (splits(loaded.tokenizer, 128, 0, TOKENS) for _ in range(2))
    assert {name: split.tokens for name, split in first.items()} == TOKENS
    texts = {}
    for name, split in first.items():
        rows = [tuple(row[row != UNASKED].tolist()) for batch in split.batches for row in batch.targets]
        texts[name] = set(rows)
        assert all(torch.equal(ours.token_ids, theirs.token_ids)
                   for ours, theirs in zip(split.batches, second[name].batches, strict=True))
    assert not texts["calibration"] & texts["gate"]
    assert not texts["gate"] & texts["third"]


def test_losses_are_those_of_each_text_by_itself(loaded, text):
    texts = [text(seed, length) for seed, length in enumerate((5, 40, 1, 17))]
    found = finished(damages.read(loaded.model, split_of("gate", texts, 0)))
    for losses, tokens in zip(found.losses, texts, strict=True):
        logits = loaded.model(torch.tensor([[0, *tokens[:-1]]])).logits[0].double()
        expected = -logits.detach().log_softmax(-1)[range(len(tokens)), tokens].sum()
        assert losses == pytest.approx(float(expected), rel=1e-5)


def test_the_bench_holds_what_the_simulator_makes(loaded):
    bench = Bench(loaded.model)
    for plan in (*random_plans(bench.parts, FORMATS, 3, seed=1), uniform(loaded.model, "bf16")):
        ours, theirs = bench.fit(plan), planned(loaded.model, plan)
        assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_all_fp32_costs_exactly_nothing_when_it_is_really_run(loaded):
    split = splits(loaded.tokenizer, 128, 0, TOKENS)["gate"]
    reading = finished(damages.read(loaded.model, split))
    found = finished(damages.damage(loaded.model, planned(loaded.model, uniform(loaded.model, "fp32")), split, reading))
    assert np.array_equal(found.losses, reading.losses)
    assert found[1:] == (0, 1, 0)


def test_fisher_of_a_head_is_that_of_the_softmax(load):
    """With an untied head, F of row v is the mean of p_v (1 - p_v) h² over tokens: drawn labels come near it."""
    loaded = load(tie_word_embeddings=False)
    texts = [torch.randint(1, 300, (8,), generator=torch.Generator().manual_seed(seed)).tolist() for seed in range(400)]
    split = split_of("calibration", texts, 0)
    drawn = finished(fisher(loaded.model, split))["lm_head.weight"]
    exact = torch.zeros_like(drawn)
    with torch.no_grad():
        for batch in split.batches:
            hidden = loaded.model.forward_for_training(batch.token_ids).hidden[batch.targets != UNASKED]
            p = loaded.model.lm_head(hidden).softmax(-1)
            exact += (p * (1 - p)).T @ hidden.square() / split.tokens
    assert float(drawn.sum() / exact.sum()) == pytest.approx(1, abs=0.15)


def test_sensitivity_is_half_of_fisher_times_the_squared_change(loaded, text):
    bench, split = Bench(loaded.model), split_of("calibration", [text(0, 50)], 0)
    information = finished(fisher(loaded.model, split))
    found = finished(sensitivities(bench, information, ("fp32", "int4")))
    name, expert = "model.layers.1.moe.experts", 2
    twin = planned(loaded.model, uniform(loaded.model, "fp32") | {f"expert.1.{expert}": "int4"})
    expected = sum(0.5 * (information[f"{name}.{matrix}"][expert]
                          * (dict(loaded.model.named_parameters())[f"{name}.{matrix}"][expert]
                             - dict(twin.named_parameters())[f"{name}.{matrix}"][expert]).square()).sum()
                   for matrix in ("gate_up", "down"))
    assert found[:, 0].sum() == 0
    assert found[bench.parts.index(f"expert.1.{expert}"), 1] == pytest.approx(float(expected.detach()), rel=1e-4)


def test_a_search_finds_a_plan_that_passes_and_its_bytes_can_be_counted_again(loaded):
    found = searched(loaded, tolerance=0.05).found
    point = found.chosen
    check(found.plan, loaded.model)
    assert point["bytes"] == plan_bytes(loaded.model, found.plan)
    assert point["passed"]
    assert point["upper"] <= 0.05
    assert found.parts["bytes"].sum() <= point["bytes"]
    assert {found.plan[part] for part in found.plan if part.startswith("router")} == {"fp32"}
    passing = found.points[found.points["passed"] & (found.points["family"] == "ilp")]
    assert point["bytes"] == passing["bytes"].min() or passing.empty


@pytest.mark.parametrize("kind", ["file", "touched"])
def test_a_plan_under_a_budget_keeps_it(loaded, kind):
    least = TrialBench(loaded, Wish(kind=kind), TOKENS).least()
    found = searched(loaded, budget=least * 1.3, kind=kind).found
    assert found.chosen["bytes" if kind == "file" else "touched"] <= least * 1.3


def test_an_impossible_budget_says_the_smallest_that_is_possible(loaded):
    smallest = plan_bytes(loaded.model, uniform(loaded.model, "int2", router="fp32"))
    with pytest.raises(BudgetError, match=f"{smallest:,}") as refused:
        searched(loaded, budget=1000)
    assert searched(loaded, budget=refused.value.least).found.chosen["bytes"] == smallest


def test_nothing_but_fp32_is_sure_to_reach_a_tolerance_of_zero(loaded):
    found = searched(loaded, tolerance=0.0).found
    assert found.chosen["upper"] <= 0


def test_touched_bytes_count_experts_by_their_load(bench):
    plan = uniform_plan(bench.parts, "int8")
    loads = bench.part_table(plan)
    experts = loads[loads["kind"] == "expert"]
    per_layer = experts.groupby("layer")["load"].sum()
    assert per_layer.tolist() == pytest.approx([2.0] * 3)   # every token meets K = 2
    expected = sum(part_bytes(bench.loaded.model, row.part, "int8") * row.load for row in loads.itertuples())
    assert bench.size(plan, "touched") == pytest.approx(expected + bench.norms)


def test_free_routers_may_be_short(loaded):
    made = TrialBench(loaded, Wish(routers_fp32=False), TOKENS)
    walked(made.prepare())
    assert made.solve(made.least())["router.0"] == "int2"


def test_errors_that_make_each_other_good_are_expected_to_cost_nothing():
    change, diagonal = torch.tensor([[0.5, -0.5], [0.5, 0.5]]), torch.full((2, 2), 3.0)
    always_the_same = torch.ones(2, 2)  # X^T X of two inputs that never differ
    assert expected_cost(change, diagonal) == pytest.approx(0.5 * 3 * 4 * 0.25)
    assert expected_cost(change, diagonal, torch.eye(2)) == pytest.approx(expected_cost(change, diagonal))
    assert expected_cost(change[:1], diagonal[:1], always_the_same) == 0
    assert expected_cost(change[1:], diagonal[1:], always_the_same) == pytest.approx(0.5 * 3 * 1)


@pytest.mark.parametrize("direction", ["before", "after"])
@pytest.mark.parametrize("guilty", ["embedding", "expert.1.3", "shared.2"])
def test_the_bisector_names_the_part_without_which_the_gate_would_pass(bench, monkeypatch, direction, guilty):
    monkeypatch.setattr(bench, "passes", lambda trial: trial.plan[guilty] == "fp32")
    row = walked(culprit(bench, "int2", direction))
    assert row["part"] == bench.parts[row["position"]] == guilty
    assert row["tried"] <= 1 + np.ceil(np.log2(len(bench.parts)))


@pytest.mark.parametrize("direction", ["before", "after"])
def test_the_bisector_names_nobody_where_every_part_may_be_low(bench, monkeypatch, direction):
    monkeypatch.setattr(bench, "passes", lambda trial: True)
    assert walked(culprit(bench, "int8", direction))["part"] is None


def test_each_part_is_measured_alone(bench):
    table = walked(part_damages(bench))
    assert table["part"].tolist() == list(bench.parts)
    assert (table["kl"] >= 0).all()
    assert table["kl"].max() > 0


def test_rules_give_every_part_a_format(bench):
    for rule in RULES:
        check(rule_plan(bench.parts, rule), bench.loaded.model)


def test_a_search_survives_its_file(loaded, tmp_path):
    found = searched(loaded, tolerance=0.05).found
    again = load(save(found, tmp_path / "budget.json"))
    assert again.plan == found.plan
    assert again.settings == json.loads(json.dumps(found.settings))
    assert again.chosen["bytes"] == found.chosen["bytes"]
    assert again.points["kl"].tolist() == pytest.approx(found.points["kl"].tolist(), rel=1e-5)


@pytest.mark.parametrize("text", ["", "{}", '{"plan": {}, "settings": {}, "points": 3}'])
def test_a_file_that_holds_no_search_is_named(tmp_path, text):
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(FoundFileError, match=r"odd\.json"):
        load(tmp_path / "odd.json")
