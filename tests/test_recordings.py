"""What the page calls recorded was recorded from the model that is shipped beside it, and its twins."""

import json
from pathlib import Path

import pytest

from app.companions import TWINS
from app.shipped import MODEL, TRACES, hash_of, twin_folder

RECORDINGS = sorted(TRACES.glob("*.json"))
OF_ANOTHER = {"text_accuracy.json", "unbalanced.json"}  # of the taggers, and of the run without balance loss


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
def test_a_recording_is_the_shipped_models(recording: Path):
    found = set(hashes(json.loads(recording.read_text("utf-8"))))
    assert hash_of(MODEL) in found
    assert found <= {hash_of(MODEL), *(hash_of(folder) for folder in map(twin_folder, TWINS) if folder)}
