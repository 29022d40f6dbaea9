"""From a public home to the file we know: the archive is fetched, its records cut out, and the checksum must agree.

It knows how each archive is built; sources.py knows where it is.
"""

from __future__ import annotations

import json
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from moe_core.corpus.fetch import digest, fetch
from moe_core.corpus.sources import Source

RAW = "raw"  # the folder of archives inside the data folder


def bring(source: Source, folder: Path) -> Path:
    """The source's file in the data folder, made from its home unless it is there already."""
    path = folder / source.file
    if path.exists() and digest(path) == source.sha256:
        return path
    if source.name not in CUT or not source.url:
        raise ValueError(f"{path} cannot be fetched by itself: {source.get} ({source.home})")
    archive = fetch(source.url, folder / RAW / source.url.rsplit("/", 1)[-1], source.url_sha256)
    try:
        rows = [row for row in CUT[source.name](archive) if row["id"] not in set(source.left_out)]
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{archive} does not hold {source.name} as we know it: {error}") from error
    partial = path.with_name(path.name + ".partial")
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    try:
        partial.write_bytes(lzma.compress(text.encode(), preset=6))
        if digest(partial) != source.sha256:
            raise ValueError(f"{path} was not kept: what was cut from {archive} is not the file we know")
        os.replace(partial, path)
    except OSError as error:
        raise ValueError(f"{path} could not be written ({error.strerror})") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def _hsk(archive: Path) -> list[dict]:
    with zipfile.ZipFile(archive) as wheel:
        listed = json.loads(wheel.read("hsk_sentences_audio/data/sentences.json"))
    return [{"id": row["id"], "en": row["translation"]["en"], "zh": row["chinese"], "level": row["hsk_level"],
             "words": [token["word"] for token in row["tokens"]], "credit": "hsk-sentences-audio contributors"}
            for row in listed]


CUT: dict[str, Callable[[Path], list[dict]]] = {"pairs_hsk": _hsk}
