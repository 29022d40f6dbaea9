"""A kept effect is read back as it was measured, and a file that is none is refused by name."""

import json

import numpy as np
import pytest

from moe_core.interventions import recording

ROW = {"layer": 0, "expert": 3, "delta_nats": 0.25, "low": 0.125, "high": 0.5, "control_low": None,
       "control_high": None, "n": 12}
RESULT = {"rows": [ROW], "rows_chosen": [{**ROW, "n": 4}], "settings": {"model": "tiny", "text": "诗", "tokens": 12}}


def test_what_was_kept_comes_back(tmp_path):
    found = recording.load(recording.save(RESULT, tmp_path / "new" / "effect.json"))
    assert found.settings == RESULT["settings"]
    assert found.table["scope"].tolist() == ["all", "chosen"]
    assert found.table["n"].tolist() == [12, 4]
    assert found.table["delta_nats"].tolist() == [0.25, 0.25]
    assert np.isnan(found.table["control_low"]).all()


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", json.dumps({**RESULT, "rows": [{"layer": "x"}]})])
def test_a_file_that_holds_something_else_is_refused_by_name(tmp_path, text):
    (tmp_path / "effect.json").write_text(text, encoding="utf-8")
    with pytest.raises(recording.RecordingError, match=r"effect\.json holds no measured effect"):
        recording.load(tmp_path / "effect.json")


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(recording.RecordingError, match=r"effect\.json cannot be read"):
        recording.load(tmp_path / "effect.json")
