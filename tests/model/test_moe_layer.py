"""What the layer puts out is Σ weight · expert(x), plus the shared expert: nothing more, nothing less."""

import pytest
import torch
from torch import nn

from moe_core.model.combine import weighted_sum
from moe_core.model.moe_layer import MoELayer
from moe_core.tracing.watch import Recorder, let_watch, watching


@pytest.fixture(params=[0, 4], ids=["no shared expert", "shared expert"])
def layer(request):
    torch.manual_seed(0)
    layer = MoELayer(width=6, num_experts=4, experts_per_token=2, expert_width=3, shared_width=request.param)
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    let_watch(layer)
    return layer


def by_definition(layer, tokens, routing):
    rows = []
    for token, expert_ids, weights in zip(tokens, routing.expert_ids.tolist(), routing.weights, strict=True):
        pairs = zip(expert_ids, weights, strict=True)
        routed = sum(weight * layer.experts.one(expert, token) for expert, weight in pairs)
        rows.append(routed + (layer.shared(token) if layer.shared else 0))
    return torch.stack(rows)


def test_the_weighted_sum_by_hand():
    outputs = torch.tensor([[[1.0, 2.0], [10.0, 20.0]], [[3.0, 0.0], [0.0, 5.0]]])  # 2 tokens, 2 experts, width 2
    weights = torch.tensor([[0.75, 0.25], [0.5, 0.5]])
    assert weighted_sum(outputs, weights).tolist() == [[3.25, 6.5], [1.5, 2.5]]


def test_the_weighted_sum_stays_in_the_outputs_format():
    assert weighted_sum(torch.ones(1, 2, 3).half(), torch.tensor([[0.7, 0.3]])).dtype == torch.float16


@pytest.mark.parametrize("shape", [(7, 6), (1, 6), (2, 3, 6), (1, 1, 6)])
def test_weights_times_experts_is_the_layers_output(layer, shape):
    hidden, heard = torch.randn(shape), Recorder()
    with watching(heard):
        output = layer(hidden)
    assert output.shape == hidden.shape
    torch.testing.assert_close(output.view(-1, 6), by_definition(layer, hidden.view(-1, 6), *heard.routings))


def test_a_watcher_that_changes_the_weights_changes_the_output(layer):
    hidden = torch.randn(5, 6)
    with watching(lambda _, __, routing: routing._replace(weights=torch.zeros_like(routing.weights))):
        output = layer(hidden)
    torch.testing.assert_close(output, layer.shared(hidden) if layer.shared else torch.zeros(5, 6))


def test_the_router_learns_through_the_weights_of_the_chosen(layer):
    layer(torch.randn(9, 6)).square().sum().backward()
    assert layer.router.score.weight.grad.abs().sum() > 0


def test_every_token_is_served_alone(layer):
    hidden = torch.randn(4, 6)
    torch.testing.assert_close(torch.cat([layer(row) for row in hidden.split(1)]), layer(hidden))
