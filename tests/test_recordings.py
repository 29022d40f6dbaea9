"""What the page calls recorded was recorded from the model that is shipped beside it."""

import json
from pathlib import Path

import pytest

from app.shipped import MODEL, TRACES
from moe_core.tracing.own import load_model

RECORDINGS = sorted(TRACES.glob("*.json"))
OF_ANOTHER = {"text_accuracy.json", "unbalanced.json"}  # of the taggers, and of the run without balance loss


@pytest.fixture(scope="module")
def shipped_hash():
    return load_model(MODEL).hash


def hashes(node):
    """Every value named model_hash, however deep."""
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "model_hash")
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from hashes(child)


@pytest.mark.parametrize("recording", [path for path in RECORDINGS if path.name not in OF_ANOTHER],
                         ids=lambda path: path.stem)
def test_a_recording_is_the_shipped_models(recording: Path, shipped_hash):
    assert set(hashes(json.loads(recording.read_text("utf-8")))) == {shipped_hash}
