"""Named outside sources: what each is, under which licence, its checksum, and how to read it from a local folder.

It does not know how much of each the mixture takes.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """One outside file of records."""

    name: str
    kind: str  # prose, pair, poem, dictionary, sentiment, code, sentence
    licence: str
    attribution: str
    version: str
    home: str
    get: str  # how a stranger gets the raw text the file was cut from
    sha256: str
    url: str = ""               # one archive of its public home that holds it all; "" where there is none
    url_sha256: str = ""
    left_out: tuple[str, ...] = ()  # records of the archive that are not for children

    @property
    def file(self) -> str:
        """The file's name in the data folder."""
        return f"{self.name}.jsonl.xz"


LONGEST_LINE = 1_000_000  # characters of one record
LISTED = Path(__file__).with_name("sources.json").read_text(encoding="utf-8")
SOURCES = tuple(Source(**row) for row in json.loads(LISTED))


def data_folder() -> Path | None:
    """The folder named by MOESCOPE_DATA, or None: the story world works alone."""
    named = os.environ.get("MOESCOPE_DATA")
    return Path(named) if named else None


def read(source: Source, folder: Path, check: bool = True) -> list[dict]:
    """All records of one source, its checksum proven first."""
    path = folder / source.file
    try:
        packed = path.read_bytes()
    except OSError as missing:
        wanted = f"{path} cannot be read ({missing.strerror}); {source.name} comes from {source.home} ({source.get})"
        raise ValueError(wanted) from missing
    if check and hashlib.sha256(packed).hexdigest() != source.sha256:
        raise ValueError(f"{path} is not the file we know as {source.name} {source.version}: its sha256 differs")
    try:
        text = lzma.decompress(packed).decode("utf-8")
        if not text.strip():
            raise ValueError(f"{path} is empty")
        if (longest := max(map(len, text.splitlines()))) > LONGEST_LINE:
            raise ValueError(f"{path} has a line of {longest} characters, at most {LONGEST_LINE} are read")
        return [json.loads(line) for line in text.splitlines() if line]
    except (lzma.LZMAError, UnicodeDecodeError, json.JSONDecodeError) as broken:
        raise ValueError(f"{path} cannot be read as xz-packed UTF-8 JSON lines: {broken}") from broken
