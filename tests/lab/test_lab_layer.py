"""The exchangeable layer is the plain layer where nothing is exchanged, and each exchange is what its formula says."""

import pytest
import torch

from moe_core.lab.dials import FUSIONS, SHARINGS
from moe_core.lab.fusion import fused, product
from moe_core.lab.layer import LabLayer
from moe_core.lab.selection import SELECTIONS, Choice, SoftmaxTopK
from moe_core.lab.sharing import Bank, LowRank, SharedDown, banks
from moe_core.model.moe_layer import MoELayer


def filled(module: torch.nn.Module, std: float = 0.5) -> torch.nn.Module:
    torch.manual_seed(3)
    for parameter in module.parameters():
        parameter.data.normal_(std=std)
    return module


def layer_of(selection: str, sharing: str, fusion: str, width: int = 16, capacity: float = 0.0) -> LabLayer:
    bank, = banks(sharing, 1, experts=4, width=width, expert_width=6, k=2)
    layer = filled(LabLayer(SELECTIONS[selection](width, 4, 2), bank, fusion, capacity))
    if selection == "hash":
        layer.selection.deal(torch.ones(12, dtype=torch.long))
    return layer


def test_nothing_shared_weighted_by_softmax_is_the_models_own_layer(hidden, token_ids):
    ours, plain = layer_of("softmax", "none", "weighted"), MoELayer(16, 4, 2, expert_width=6)
    plain.router.score.weight = ours.selection.score.weight
    plain.experts.gate_up, plain.experts.down = ours.bank.gate_up, ours.bank.down
    assert torch.allclose(ours(hidden, token_ids), plain(hidden), atol=1e-5)


def test_a_shared_expert_is_the_models_own_shared_expert(hidden, token_ids):
    ours, plain = layer_of("softmax", "shared_expert", "weighted"), MoELayer(16, 4, 2, expert_width=4, shared_width=4)
    plain.router.score.weight = ours.selection.score.weight
    plain.experts.gate_up, plain.experts.down = ours.bank.gate_up, ours.bank.down
    plain.shared = ours.bank.always
    assert torch.allclose(ours(hidden, token_ids), plain(hidden), atol=1e-5)


def test_at_full_rank_low_rank_differences_are_no_restriction(hidden, token_ids):
    free, thin = filled(Bank(4, 16, 6)), filled(LowRank(4, 16, 6, rank=12))  # 2F = 12 is the full rank of (12, 16)
    for name, wanted in (("gate_up", free.gate_up), ("down", free.down)):
        left, values, right = torch.linalg.svd((wanted - getattr(thin, name)).detach(), full_matrices=False)
        rank = values.shape[-1]
        getattr(thin, f"{name}_left").data.zero_()[..., :rank] = left * values.unsqueeze(1)
        getattr(thin, f"{name}_right").data.zero_()[:, :rank] = right
    for own, made in zip(free.matrices(), thin.matrices(), strict=True):
        assert torch.allclose(own[0], made[0], atol=1e-4)
        assert torch.allclose(own[1], made[1], atol=1e-4)


def test_a_shared_down_projection_is_the_same_for_all(hidden):
    bank = filled(SharedDown(4, 16, 6))
    assert len({matrices[1].data_ptr() for matrices in bank.matrices()}) == 1
    assert sum(parameter.numel() for parameter in bank.parameters()) == 4 * 12 * 16 + 16 * 6


def test_one_bank_serves_every_layer():
    first, second, third = banks("one_bank", 3, 4, 16, 6, 2)
    assert first is second is third


@pytest.mark.parametrize("sharing", SHARINGS)
def test_active_parameters_are_those_that_one_token_multiplies_with(sharing):
    bank, = banks(sharing, 1, experts=4, width=16, expert_width=6, k=2)
    plain, thin = 2 * (12 * 16 + 16 * 6), 4 * (12 + 16 + 16 + 6)
    expected = {"low_rank": plain // 2 + 2 * thin}.get(sharing, plain)
    assert bank.active(2) == expected


CHOSEN = torch.tensor([[True, True, False], [False, True, True]])
GIVEN = Choice(torch.zeros(2, 3), torch.tensor([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3]]), CHOSEN,
               torch.tensor([[2 / 3, 1 / 3, 0], [0, 0.4, 0.6]]))


@pytest.mark.parametrize(("name", "expected"), [
    ("weighted", [[2 / 3, 1 / 3, 0], [0, 0.4, 0.6]]),
    ("product", [[2 / 3, 1 / 3, 0], [0, 0.4, 0.6]]),
    ("uniform", [[0.5, 0.5, 0], [0, 0.5, 0.5]]),
    ("best", [[0.6, 0, 0], [0, 0, 0.3]]),
    ("performance", [[0.5, 0.5, 0], [0, 0.731059, 0.268941]]),  # 4 · 0.25 nats apart: e to 1
])
def test_each_fusion_weighs_as_its_formula_says(name, expected):
    losses = torch.tensor([2.0, 2.0, 2.25])
    assert torch.allclose(fused(name, GIVEN, losses), torch.tensor(expected), atol=1e-5)


def test_a_product_of_predictions_is_the_product_renormalised():
    first, second = torch.tensor([0.5, 0.4, 0.1]), torch.tensor([0.1, 0.8, 0.1])
    alone = torch.tensor([[1 / 3] * 3, [0.2, 0.2, 0.6]])
    found = product(torch.stack([first, second]).log(), torch.tensor([0, 0]), torch.tensor([0.25, 0.75]), alone.log())
    multiplied = first**0.25 * second**0.75
    assert torch.allclose(found[0].exp(), multiplied / multiplied.sum(), atol=1e-6)
    assert torch.allclose(found[1].exp(), alone[1], atol=1e-6)  # no expert: what it foretells alone


@pytest.mark.parametrize(("selection", "sharing", "fusion"), [
    *((name, "none", "weighted") for name in SELECTIONS),
    *(("softmax", name, "weighted") for name in SHARINGS),
    *(("softmax", "none", name) for name in FUSIONS),
])
def test_the_gradient_is_that_of_finite_differences(selection, sharing, fusion):
    layer = layer_of(selection, sharing, fusion, width=6).double().eval()
    layer.expert_losses = torch.rand(4, dtype=torch.float64)
    torch.manual_seed(5)
    hidden, token_ids = torch.randn(5, 6, dtype=torch.float64, requires_grad=True), torch.arange(5)
    learned = [parameter for parameter in layer.parameters() if parameter.requires_grad]
    detached = selection == "performance"  # its router does not learn from the text, on purpose
    if detached:
        learned = [parameter for parameter in learned if parameter is not layer.selection.score.weight]
        assert torch.autograd.gradcheck(lambda *values: _with(layer, learned, values, hidden.detach(), token_ids),
                                        tuple(learned), eps=1e-6, atol=1e-6)
    else:
        assert torch.autograd.gradcheck(lambda rows, *values: _with(layer, learned, values, rows, token_ids),
                                        (hidden, *learned), eps=1e-6, atol=1e-6)


def _with(layer, learned, values, rows, token_ids):
    names = {id(parameter): name for name, parameter in layer.named_parameters()}
    given = {names[id(parameter)]: value for parameter, value in zip(learned, values, strict=True)}
    return torch.func.functional_call(layer, given, (rows, token_ids))


def test_a_forced_expert_sees_every_token_with_weight_one(hidden, token_ids):
    layer = layer_of("softmax", "none", "weighted")
    layer.forced = 2
    gate_up, down = layer.bank.matrices()[2]
    gate, up = (hidden @ gate_up.T).chunk(2, -1)
    assert torch.allclose(layer(hidden, token_ids), (torch.nn.functional.silu(gate) * up) @ down.T, atol=1e-5)


def test_a_full_expert_drops_and_says_how_much(hidden, token_ids):
    layer = layer_of("softmax", "none", "weighted", capacity=0.5)
    layer(hidden, token_ids)
    assert layer.choice.chosen.sum(0).max() <= 6  # half of 48 slots / 4 experts
    assert layer.dropped >= 0.5


def test_a_short_format_rounds_rows_up_and_changes_nothing_else(hidden, token_ids):
    layer = layer_of("hash", "none", "uniform")
    exact = layer(hidden, token_ids)
    assert torch.allclose(layer.bfloat16()(hidden.bfloat16(), token_ids).float(), exact, rtol=0.1, atol=0.1)


def test_softmax_is_what_selection_defaults_to():
    assert SELECTIONS["softmax"] is SoftmaxTopK
