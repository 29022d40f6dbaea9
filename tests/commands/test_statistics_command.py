"""`statistics` and `record` print what the library counts; bad files end with 2 and one clear line."""

import pytest
from running import json_of, save_tiny_model

from moe_core.__main__ import main
from moe_core.commands.record import parts_of
from moe_core.statistics.load import load_table
from moe_core.tracing.corpus import load


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return save_tiny_model(tmp_path_factory.mktemp("models"), shared_intermediate_size=8, max_position_embeddings=16)


@pytest.fixture
def textfile(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\ufeffthe cat sat on the mat.\n\n我喜欢学习AI。\n", encoding="utf-8")
    return path


@pytest.fixture
def json_line(folder, capsys):
    return lambda *arguments: json_of(capsys, *arguments, "--model", folder)


def test_statistics_has_every_table_beside_its_chance(json_line, textfile):
    found = json_line("statistics", textfile)
    assert (found["texts"], found["experts"], found["experts_per_token"], found["layers"]) == (2, 4, 2, [0, 1])
    assert len(found["load"]) == 2 * 4
    assert len(found["coactivation"]) == 2 * 4 * 3
    assert {row["choice"]: row["chance"] for row in found["repeats"]} == {"first": 1 / 4, "any": 1 - 1 / 6}
    assert set(found["mutual_information"]) == {
        "language", "script", "part_of_speech", "language_and_part", "part_of_text", "entity", "token_id"}
    assert {"balance", "coverage", "predictability", "specialisation", "reads", "portraits"} < set(found)


def test_a_recording_gives_the_same_numbers_as_the_run(json_line, textfile, tmp_path):
    told = json_line("record", "--texts", textfile, "--out", tmp_path / "probes.json")
    assert (told["sentences"], told["layers"], told["experts"]) == (2, 2, 4)
    assert told["bytes"] == (tmp_path / "probes.json").stat().st_size
    shares = load_table(load(tmp_path / "probes.json").routing())["share"].tolist()
    assert shares == pytest.approx([row["share"] for row in json_line("statistics", textfile)["load"]])


@pytest.mark.parametrize(("content", "message"), [
    (b"  \n\n", "holds no text"), (b"\xff\xfe\x00", "is not UTF-8 text"), (None, "No such file")])
def test_a_file_that_cannot_be_read_is_one_clear_line(folder, tmp_path, capsys, content, message):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    assert main(["statistics", str(path), "--model", folder]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_long_line_is_read_in_parts():
    parts = list(parts_of("one two three four", 8, encode=list))
    assert "".join(parts) == "one two three four"
    assert max(map(len, parts)) <= 8


def test_a_line_without_blanks_is_parted_too():
    assert list(parts_of("我喜欢学习", 3, encode=list)) == ["我喜", "欢学习"]
