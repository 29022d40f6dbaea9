"""An outside file is read only if it is the file we know; a broken one is named in the error."""

import hashlib
import json
import lzma

import pytest

from moe_core.corpus.__main__ import write
from moe_core.corpus.sources import SOURCES, Source, read


def known(path, packed):
    path.write_bytes(packed)
    return Source("tiny", "prose", "CC0", "nobody", "1", "https://example.org", "ask",
                  hashlib.sha256(packed).hexdigest())


def test_every_source_says_its_licence_home_and_checksum():
    assert all(s.licence and s.attribution and s.version and s.get and s.home.startswith("https://") for s in SOURCES)
    assert all(len(s.sha256) == 64 for s in SOURCES)


def test_records_are_read_back(tmp_path):
    source = known(tmp_path / "tiny.jsonl.xz", lzma.compress('{"text": "一"}\n{"text": "two"}\n'.encode()))
    assert read(source, tmp_path) == [{"text": "一"}, {"text": "two"}]


def test_a_changed_file_is_refused(tmp_path):
    source = known(tmp_path / "tiny.jsonl.xz", lzma.compress(b'{"text": "a"}'))
    (tmp_path / "tiny.jsonl.xz").write_bytes(lzma.compress(b'{"text": "b"}'))
    with pytest.raises(ValueError, match=r"tiny\.jsonl\.xz is not the file we know"):
        read(source, tmp_path)


@pytest.mark.parametrize("packed", [b"", b"not xz", lzma.compress("é".encode("latin-1")), lzma.compress(b"not json")])
def test_a_broken_file_is_named_in_the_error(tmp_path, packed):
    source = known(tmp_path / "tiny.jsonl.xz", packed)
    with pytest.raises(ValueError, match=r"tiny\.jsonl\.xz cannot be read"):
        read(source, tmp_path)


def test_a_missing_folder_says_which_file_it_wanted(tmp_path):
    with pytest.raises(ValueError, match="pairs_asp"):
        read(next(s for s in SOURCES if s.name == "pairs_asp"), tmp_path)


def test_the_corpus_is_written_whole_and_read_back(tmp_path):
    out = tmp_path / "corpus.jsonl"
    characters = write(50, 0, out, None)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 50
    assert sum(len(row["text"]) for row in rows) == characters
    assert {"domain", "lang", "text"} == set(rows[0])
    assert not list(tmp_path.glob("*.partial"))
