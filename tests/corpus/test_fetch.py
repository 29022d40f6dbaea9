"""A download is whole and known or not there at all; it goes on where it broke off, and an error names the file."""

import hashlib
import json
import lzma
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from moe_core.corpus import fetch as fetching
from moe_core.corpus.fetch import fetch
from moe_core.corpus.homes import bring
from moe_core.corpus.sources import Source

BODY = bytes(range(256)) * 2000
KNOWN = hashlib.sha256(BODY).hexdigest()


class Home(BaseHTTPRequestHandler):
    """Serves BODY, and what each path says: breaks off in the middle, ignores ranges, or has nothing."""

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if self.path == "/gone":
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.path != "/forgetful" else 0
        if start >= len(BODY):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(BODY) - start))
        self.end_headers()
        breaks = self.path == "/breaks" and len(self.server.asked) == 1
        self.wfile.write(BODY[start:len(BODY) // 2] if breaks else BODY[start:])

    def log_message(self, *words):
        pass


@pytest.fixture
def home():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Home)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def address(home, path: str) -> str:
    return f"http://127.0.0.1:{home.server_port}{path}"


def test_a_file_is_fetched_once(home, tmp_path):
    for _ in range(2):
        assert fetch(address(home, "/file"), tmp_path / "file", KNOWN).read_bytes() == BODY
    assert home.asked == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("path", ["/breaks", "/forgetful"])
def test_an_interrupted_download_goes_on(home, tmp_path, path):
    if path == "/forgetful":
        (tmp_path / "file.partial").write_bytes(BODY[:1000])
    else:
        with pytest.raises(ValueError, match=rf"file could not be fetched.*{len(BODY) // 2} bytes are kept"):
            fetch(address(home, path), tmp_path / "file", KNOWN)
        assert not (tmp_path / "file").exists()
    assert fetch(address(home, path), tmp_path / "file", KNOWN).read_bytes() == BODY
    assert home.asked[-1] == f"bytes={1000 if path == '/forgetful' else len(BODY) // 2}-"


def test_a_download_that_broke_at_its_very_end_is_finished(home, tmp_path):
    (tmp_path / "file.partial").write_bytes(BODY)
    assert fetch(address(home, "/file"), tmp_path / "file", KNOWN).read_bytes() == BODY


def test_a_wrong_checksum_leaves_nothing(home, tmp_path):
    with pytest.raises(ValueError, match=r"file was not kept: the 512000 bytes .*sha256 differs"):
        fetch(address(home, "/file"), tmp_path / "file", "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_strange_file_is_not_overwritten(home, tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(ValueError, match="file is there but is not the file we know"):
        fetch(address(home, "/file"), tmp_path / "file", KNOWN)
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_missing_page_and_a_silent_home_are_named(home, tmp_path):
    with pytest.raises(ValueError, match=r"file could not be fetched: .*/gone answered 404"):
        fetch(address(home, "/gone"), tmp_path / "file", KNOWN)
    home.shutdown()
    home.server_close()
    with pytest.raises(ValueError, match="file could not be fetched from http"):
        fetch(address(home, "/file"), tmp_path / "file", KNOWN, seconds=2)


def test_a_full_disk_is_named_and_nothing_half_is_kept(home, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching.os, "fsync", full)
    with pytest.raises(ValueError, match=r"file could not be fetched .*No space left on device"):
        fetch(address(home, "/file"), tmp_path / "file", KNOWN)
    assert not (tmp_path / "file").exists()


@pytest.fixture
def wheel(tmp_path):
    """An archive built like the real one, with two records."""
    row = {"translation": {"en": "Hi."}, "chinese": "你好。", "hsk_level": 1, "tokens": [{"word": "你好"}]}
    path = tmp_path / "raw" / "hsk.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hsk_sentences_audio/data/sentences.json", json.dumps([row | {"id": "a"}, row | {"id": "b"}]))
    return path


def source(wheel, text: str, **more) -> Source:
    packed = lzma.compress(text.encode(), preset=6)
    known = {"name": "pairs_hsk", "kind": "pair", "licence": "", "attribution": "", "version": "", "home": "h",
             "get": "g", "sha256": hashlib.sha256(packed).hexdigest(), "url": "http://nowhere.invalid/hsk.whl",
             "url_sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(), "left_out": ("b",)}
    return Source(**{**known, **more})


LINE = ('{"id": "a", "en": "Hi.", "zh": "你好。", "level": 1, "words": ["你好"], '
        '"credit": "hsk-sentences-audio contributors"}\n')


def test_records_are_cut_from_the_archive_into_the_known_file(wheel, tmp_path):
    assert lzma.decompress(bring(source(wheel, LINE), tmp_path).read_bytes()).decode() == LINE


def test_other_records_than_the_known_ones_are_not_kept(wheel, tmp_path):
    with pytest.raises(ValueError, match=r"pairs_hsk\.jsonl\.xz was not kept"):
        bring(source(wheel, "something else"), tmp_path)
    assert not (tmp_path / "pairs_hsk.jsonl.xz").exists()


def test_a_source_without_one_archive_says_how_to_get_it(wheel, tmp_path):
    with pytest.raises(ValueError, match=r"cannot be fetched by itself: g \(h\)"):
        bring(source(wheel, LINE, url=""), tmp_path)
