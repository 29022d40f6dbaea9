"""A command that a document quotes is one that the program understands."""

import re
import shlex

import pytest
from source_tree import ROOT

from moe_core.__main__ import parser

DOCUMENTS = ("README.md", "README.zh.md", *(
    file.relative_to(ROOT).as_posix() for file in sorted((ROOT / "docs").rglob("*.md"))))
PLACEHOLDERS = {"PLAN": "int8", "c|gguf|onnx": "c"}  # where a document lets the reader choose


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def quoted(document: str) -> list[str]:
    """Every `python -m moe_core COMMAND …` that goes on with its arguments, without what stands before COMMAND."""
    found = re.findall(r"python -m moe_core ((?:[a-z]+) [^`\n]+)", text_of(document))
    return [command for command in found if "…" not in command]


def rebuilding() -> list[str]:
    """The second column of the table of recordings, where `python -m moe_core` stands in the head."""
    rows = [line.split(" | ")[1] for line in text_of("docs/rebuilding.md").splitlines() if line.startswith("| `")]
    return [command for row in rows for command in re.findall(r"(?:^|, )`([^`]+)`", row)]


def understood(command: str) -> bool:
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(command)]
    try:
        parser().parse_args(words)
    except SystemExit:
        return False
    return True


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_quoted_command_is_understood(document):
    assert [command for command in quoted(document) if not understood(command)] == []


def test_every_recording_has_a_command_that_is_understood():
    commands = rebuilding()
    assert len(commands) >= 10
    assert [command for command in commands if not understood(command)] == []


def test_a_command_without_what_it_needs_is_not_understood():
    assert not understood("record")
    assert understood("record --probes")
