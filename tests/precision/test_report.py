"""One row tells what a format did to all tokens; shorter formats do more, and fp32's routes take most of it away."""

import numpy as np
import pytest

from moe_core.precision import recording
from moe_core.precision.compare import Reference
from moe_core.precision.report import Asked, Doubt, everything, formats_of, report_steps, row
from moe_core.precision.steps import last

STORED = ("fp16", "bf16", "int8", "int4", "int2")


@pytest.fixture
def references(load, text):
    """Five texts through one decided model."""
    loaded = load(router_scale=3.0)
    return [Reference(loaded, text(seed)) for seed in range(5)]


def test_storage_damage_grows_as_numbers_get_shorter(references):
    table = last(report_steps(references, [Asked(format) for format in STORED]))
    assert table["format"].tolist() == list(STORED)
    assert table["mean_kl"].is_monotonic_increasing
    assert (table["mean_kl"] > 0).all()


@pytest.mark.parametrize("engine", ["compute", "storage"])
def test_replayed_routes_leave_a_fifth_of_fp16s_damage_at_the_most(load, text, engine):
    """Only texts with a flip can show it: seeds are tried until one flips."""
    for seed in range(40):
        reference = Reference(load(seed), text(seed))
        free = reference.against("fp16", engine)
        if free.any_flip_rate > 0 and free.first_divergence is None:
            break
    else:
        pytest.skip("no seeded text flipped in fp16 on this machine")
    replayed = reference.against("fp16", engine, replay=True)
    assert replayed.any_flip_rate == 0
    assert 0 < replayed.mean_kl <= 0.2 * free.mean_kl


def test_a_row_is_what_numpy_says_of_all_tokens_together(references):
    found = [reference.against("int8", "storage") for reference in references]
    told = row(found, Doubt([len(reference.token_ids) for reference in references]))
    kl = np.concatenate([one.kl for one in found])
    assert told["mean_kl"] == pytest.approx(kl.mean())
    assert told["median_kl"] == pytest.approx(np.quantile(kl, 0.5, method="inverted_cdf"))
    assert told["kl_99"] == pytest.approx(np.quantile(kl, 0.99, method="inverted_cdf"))
    assert told["max_kl"] == kl.max()
    rises = np.concatenate([one.losses[1] - one.losses[0] for one in found])
    assert told["delta_perplexity"] == pytest.approx(np.exp(rises.mean()) - 1)
    assert told["flips_per_layer"] == pytest.approx(np.mean([one.flip_rate_per_layer for one in found], axis=0))
    assert told["tokens"] == len(kl) == 500
    for name in ("mean_kl", "median_kl", "kl_99", "same_top1", "delta_perplexity", "any_flips"):
        assert told[f"{name}_low"] <= told[name] <= told[f"{name}_high"]


def test_losses_are_those_of_transformers(loaded, text):
    import torch

    one = Reference(loaded, text(length=12)).against("fp16", "storage")
    rows = torch.tensor([[0, *text(length=12)]])
    with torch.no_grad():
        logits = loaded.model(rows).logits[0, 1:-1]
    expected = torch.nn.functional.cross_entropy(logits, rows[0, 2:], reduction="none")
    np.testing.assert_allclose(one.losses[0], expected, atol=1e-5)


def test_a_text_of_one_token_has_no_perplexity(loaded):
    told = last(report_steps([Reference(loaded, [5])], [Asked("int8")])).iloc[0]
    assert np.isnan(told["delta_perplexity"])
    assert told["mean_kl"] >= 0


def test_a_share_of_all_or_none_still_has_an_interval():
    doubt = Doubt([10])
    assert doubt.share(np.ones(10, bool)).low < 1
    assert doubt.share(np.zeros(10, bool)).high > 0


def test_an_endless_kl_has_no_interval():
    found = Doubt([3]).mean(np.array([1.0, np.inf, 2.0]))
    assert found.value == np.inf
    assert np.isnan(found.low)


def test_quantiles_are_resampled_by_whole_texts():
    texts = [np.full(5, seed / 30) for seed in range(30)]
    doubt = Doubt([5] * 30)
    found = doubt.all.quantile(np.concatenate(texts), 0.5)
    assert doubt.unit == "text"
    assert found.value == pytest.approx(14 / 30)
    assert found.low < 14 / 30 < found.high
    narrow = Doubt([150]).all.quantile(np.concatenate(texts), 0.5)
    assert narrow.high - narrow.low < found.high - found.low  # tokens as units would promise too much


def test_whole_numbers_are_asked_of_storage_only():
    assert formats_of("compute") == ("fp16", "bf16")
    assert formats_of("storage") == STORED
    assert len(everything()) == 4 * (2 + 5)


def test_a_report_comes_back_from_its_file(references, tmp_path):
    table = last(report_steps(references[:2], [Asked("fp16"), Asked("int4", replay=True)]))
    table.loc[0, "mean_kl_low"] = np.nan
    file = recording.save(table, {"model": "tiny"}, tmp_path / "report.json")
    back = recording.load(file)
    assert back.settings == {"model": "tiny"}
    assert back.table["mean_kl"].tolist() == table["mean_kl"].tolist()
    assert np.isnan(back.table["mean_kl_low"][0])


@pytest.mark.parametrize("content", ["", "[]", '{"rows": [{"format": "fp16"}], "settings": {}}', '{"settings": {}}'])
def test_a_file_without_a_report_is_named(tmp_path, content):
    file = tmp_path / "broken.json"
    file.write_text(content, "utf-8")
    with pytest.raises(recording.RecordingError, match=r"broken\.json"):
        recording.load(file)
    with pytest.raises(recording.RecordingError, match=r"nowhere\.json"):
        recording.load(tmp_path / "nowhere.json")
