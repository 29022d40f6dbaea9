"""A model is fitted to text before it is kept in few bits: to what every matrix really multiplies there."""

import pytest
import torch
from torch.nn import functional

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision import calibration
from moe_core.precision.calibration import calibrated, on_grid, products
from moe_core.precision.damage import finished
from moe_core.precision.damage_bench import Bench
from moe_core.precision.damage_texts import split_of
from moe_core.precision.parts import kind_of, matrices
from moe_core.precision.plan import planned, uniform
from moe_core.tracing.own import LoadedModel

TEXTS = [[3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1], [8, 2, 8, 1, 8, 2]]


@pytest.fixture
def model(loaded):
    return loaded.model


@pytest.fixture
def known(model):
    return finished(products(model, split_of("fitting", TEXTS, 0)))


def test_it_is_known_of_every_matrix_of_attentions_and_experts(model, known):
    wanted = {(matrix.parameter, matrix.expert) for matrix in matrices(model)
              if kind_of(matrix.part) in ("attention", "shared", "expert")}
    assert set(known) <= wanted
    assert {name for name, expert in wanted - set(known) if expert is None} == set()  # an expert may meet no token


@torch.no_grad()
def test_products_are_those_of_the_inputs_text_by_text_without_what_fills_up(model, known):
    layer, total = model.model.layers[0], 0
    for text in TEXTS:
        hidden = layer.attention_norm(model.model.embed_tokens(torch.tensor([[0, *text[:-1]]])))[0]
        total = total + hidden.T @ hidden
    torch.testing.assert_close(known["model.layers.0.attention.query.weight", None], total)
    torch.testing.assert_close(known["model.layers.0.attention.value.weight", None], total)


@torch.no_grad()
def test_an_expert_answers_for_the_tokens_that_chose_it(model, known):
    layer, met, inner = model.model.layers[0], 0, 0
    for text in TEXTS:
        hidden = model.model.embed_tokens(torch.tensor([[0, *text[:-1]]]))
        rotation = model.model.rotation_at(0, len(text))
        hidden = hidden + layer.attention(layer.attention_norm(hidden), rotation)
        rows = layer.moe_norm(hidden)[0]
        rows = rows[(layer.moe.router(rows).expert_ids == 1).any(-1)]
        gate, up = functional.linear(rows, layer.moe.experts.gate_up[1]).chunk(2, -1)
        middle = functional.silu(gate) * up
        met, inner = met + rows.T @ rows, inner + middle.T @ middle
    torch.testing.assert_close(known["model.layers.0.moe.experts.gate_up", 1], met)
    torch.testing.assert_close(known["model.layers.0.moe.experts.down", 1], inner)


@pytest.mark.parametrize("format", ["int4", "int2"])
def test_rounding_a_fitted_model_changes_nothing_more(model, known, format):
    plan = uniform(model, format, router="fp32") | {"embedding": "fp32"}
    fitted = on_grid(model, plan, known)
    again = planned(fitted, plan)
    assert all(torch.equal(ours, theirs) for ours, theirs in
               zip(fitted.parameters(), again.parameters(), strict=True))


def test_only_short_parts_are_fitted(model, known):
    plan = uniform(model, "int8") | {"expert.1.0": "int4"}
    fitted = on_grid(model, plan, known)
    changed = {matrix.part for ours, matrix in zip(matrices(model), matrices(fitted), strict=True)
               if not torch.equal(ours.values, matrix.values)}
    assert changed == {"expert.1.0"}


def test_the_bench_holds_the_fitted_model_as_planned(model, known):
    plan = uniform(model, "int4", router="fp32") | {"attention.0": "int2", "shared.1": "fp16", "embedding": "int8"}
    ours, theirs = Bench(model, known).fit(plan), planned(on_grid(model, plan, known), plan)
    assert all(torch.equal(one, other) for one, other in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_a_plan_without_short_formats_needs_no_text(model):
    loaded = LoadedModel(model, None, "tiny", "0")
    assert calibrated(loaded, uniform(model, "int8")) is loaded


def test_a_model_is_fitted_to_the_text_once(model, monkeypatch):
    asked = []
    monkeypatch.setattr(calibration, "fitting_split",
                        lambda loaded: asked.append(loaded) or split_of("fitting", TEXTS, 0))
    loaded = LoadedModel(model, None, "tiny", "0")
    for format in ("int4", "int2"):
        made = calibrated(loaded, uniform(model, format))
        assert isinstance(made.model, MoEscopeForCausalLM)
        assert made.hash == loaded.hash
    assert len(asked) == 1
