"""A live run repeats itself, learns, stops at the first sign of divergence and keeps its last good state."""

from dataclasses import replace

import pytest
import torch

from moe_core.lab import performance
from moe_core.lab.dials import FUSIONS, PRECISIONS, SELECTIONS, SHARINGS, LabDials
from moe_core.lab.errors import LabError
from moe_core.lab.language import LabModel, predictions
from moe_core.lab.learner import Diverged, Learner
from moe_core.lab.live import train
from moe_core.lab.texts import drawn, prepared


def losses(dials: LabDials, text, steps: int = 3) -> list:
    return losses_of(Learner(dials, text), steps)


def losses_of(learner: Learner, steps: int) -> list:
    return [learner.learn() for _ in range(steps)]


@pytest.mark.parametrize("changed", [
    *({"selection": name} for name in SELECTIONS), *({"sharing": name} for name in SHARINGS),
    *({"fusion": name} for name in FUSIONS), *({"precision": name} for name in PRECISIONS),
    {"noise": 1.0, "capacity": 1.0},
], ids=str)
def test_the_same_seed_gives_the_same_run(tiny, text, changed):
    dials = replace(tiny, **changed)
    assert losses(dials, text) == losses(dials, text)


def test_another_seed_gives_another_run(tiny, text):
    assert losses(tiny, text, 1) != losses(replace(tiny, seed=1), text, 1)


def test_both_models_lose_a_nat_in_thirty_steps(tiny, text):
    learner = Learner(tiny, text)
    before = learner.judge()
    for _ in range(30):
        learner.learn()
    after = learner.judge()
    assert after.moe < before.moe - 1
    assert after.twin < before.twin - 1


def test_the_twin_has_as_many_active_parameters_but_for_the_routers(tiny, text):
    learner = Learner(tiny, text)
    routers = tiny.layers * tiny.experts * tiny.width
    assert learner.model.active_parameters() == learner.twin.active_parameters() + routers


def test_judging_and_writing_between_steps_changes_no_loss(tiny, text):
    watched = Learner(tiny, text)
    seen = []
    for _ in range(4):
        seen.append(watched.learn())
        watched.judge(), watched.write(tokens=3), watched.loads()
    assert seen == losses(tiny, text, 4)


def test_a_learning_rate_too_high_is_caught_and_the_last_good_state_kept(tiny, text):
    learner = Learner(replace(tiny, learning_rate=100.0), text)
    first = [parameter.clone() for parameter in learner.model.parameters()]
    with pytest.raises(Diverged) as caught:
        losses_of(learner, 30)
    assert caught.value.step > learner.step == 0
    assert all(torch.equal(one, other) for one, other in zip(first, learner.model.parameters(), strict=True))
    last = list(train(replace(tiny, learning_rate=100.0), text))[-1]
    assert (last["kind"], last["state"], last["step"]) == ("done", "diverged", 0)


def test_reports_come_as_the_run_goes(tiny, text):
    reports = [report for report in train(tiny, text) if report]
    assert [report["kind"] for report in reports] == ["begun", "step", "step", "step", "done"]
    assert [report["step"] for report in reports[1:]] == [10, 20, 30, 30]
    assert all(sum(shares) == pytest.approx(1, abs=1e-3) for shares in reports[1]["load"])
    assert reports[-1]["state"] == "finished"


def test_an_expert_alone_is_measured_as_if_there_were_no_other(tiny, text):
    model = LabModel(replace(tiny, experts=2, k=1), text.tokenizer.vocab_size).eval()
    windows = drawn(text.training, tiny.length, 2, 0, 0)
    found = performance.losses_alone(model, model.expert_layers[0], windows)
    layer = model.expert_layers[0]
    layer.selection.score.weight.data.zero_()  # all tokens to one expert, with weight 1
    expected = torch.nn.functional.nll_loss(predictions(model, windows[:, :-1]).flatten(0, 1),
                                            windows[:, 1:].flatten(), reduction="none")
    chosen = int(layer.choice.chosen[0].int().argmax())
    assert torch.allclose(found[:, chosen], expected, atol=1e-5)


def test_a_router_taught_by_hindsight_learns_to_prefer_the_better_expert(tiny, text, monkeypatch):
    def first_is_better(model, layer, windows):
        return torch.tensor([1.0, 2.0]).expand(windows[:, 1:].numel(), 2)

    monkeypatch.setattr(performance, "losses_alone", first_is_better)
    dials = replace(tiny, experts=2, k=1, selection="performance", balance=0.0, z=0.0, layers=1, twin=False)
    learner = Learner(dials, text)
    for _ in range(60):
        learner.learn()
    assert learner.loads()[0][0] > 0.9


def test_poems_need_their_folder(monkeypatch):
    monkeypatch.delenv("MOESCOPE_DATA", raising=False)
    with pytest.raises(LabError) as caught:
        prepared("poems", "", 300, 16)
    assert caught.value.reason == "text.poems"


def test_a_text_in_gbk_is_read(text, tiny):
    chinese = "小猫坐在垫子上，小狗跑到公园里。今天天气很好！\n" * 60
    parts = prepared("own", chinese.encode("gbk"), 300, 16)
    assert "小猫坐在垫子上" in parts.tokenizer.decode(parts.training.tolist())


def test_the_three_parts_of_a_text_share_no_token(text):
    assert len(text.training) > 10 * len(text.tuning) > 0
    assert len(text.held_out) > 0


@pytest.mark.parametrize("changed", [{"k": 11}, {"experts": 1}, {"learning_rate": float("inf")}, {"steps": 0},
                                     {"precision": "fp4"}, {"experts": True}, {"width": 12}, {"k": 1.5}])
def test_a_dial_out_of_range_is_refused_by_name(changed):
    with pytest.raises(LabError, match=next(iter(changed))):
        LabDials(**changed)
