"""What the shipped model's recording over the probe texts promises: bands and orders, never exact values."""

import json
from pathlib import Path

import pytest

from moe_core.precision.recording import load

ASSETS = Path(__file__).resolve().parents[2] / "assets"


@pytest.fixture(scope="module")
def table():
    return load(ASSETS / "traces" / "precision.json").table.set_index(["engine", "format", "routers", "replay"])


def test_stored_formats_do_more_damage_as_they_get_shorter(table):
    formats = ("fp16", "bf16", "int8", "int4", "int2")
    kl = [table.loc[("storage", format, "short", False), "mean_kl"] for format in formats]
    assert kl == sorted(kl)


@pytest.mark.parametrize("engine", ["storage", "compute"])
def test_with_fp32s_routes_at_most_a_fifth_of_fp16s_damage_is_left(table, engine):
    free, replayed = (table.loc[(engine, "fp16", "short", replay)] for replay in (False, True))
    assert free["any_flips"] > 0
    assert replayed["mean_kl"] <= 0.2 * free["mean_kl"]


@pytest.mark.parametrize(("engine", "format"), [("storage", "bf16"), ("storage", "int8"), ("storage", "int4"),
                                                ("compute", "bf16")])
def test_routers_kept_in_fp32_flip_fewer_tokens(table, engine, format):
    assert table.loc[(engine, format, "fp32", False), "any_flips"] < table.loc[(engine, format, "short", False),
                                                                               "any_flips"]


def test_it_was_made_over_whole_texts_and_says_by_which_model():
    settings = load(ASSETS / "traces" / "precision.json").settings
    assert settings["texts"] >= 20
    assert settings["tokens"] > 1000
    assert {"model", "model_hash", "device"} <= settings.keys()
    assert json.loads((ASSETS / "traces" / "precision.json").read_text("utf-8"))["rows"]
