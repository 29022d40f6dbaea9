"""A file from its public home: resumed where it broke off, whole or not at all, and only with the known checksum.

It knows addresses and bytes, not what a source holds.
"""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

BLOCK = 1 << 16
SECONDS = 60.0  # without a byte


def fetch(url: str, path: Path, sha256: str, seconds: float = SECONDS) -> Path:
    """The file at `path`, downloaded unless it is there already; ValueError names file and cause."""
    path = Path(path)
    if path.exists():
        if digest(path) == sha256:
            return path
        raise ValueError(f"{path} is there but is not the file we know: its sha256 differs; move it away to fetch anew")
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, partial, seconds)
    except urllib.error.HTTPError as error:
        raise ValueError(f"{path} could not be fetched: {url} answered {error.code} {error.reason}") from None
    except (OSError, EOFError) as error:  # no network, a full disk, a connection that breaks
        kept = f"; {partial.stat().st_size} bytes are kept, the next try goes on" if partial.exists() else ""
        raise ValueError(f"{path} could not be fetched from {url}: {error}{kept}") from None
    if digest(partial) != sha256:
        size = partial.stat().st_size
        partial.unlink()
        raise ValueError(f"{path} was not kept: the {size} bytes from {url} are not the file we know (sha256 differs)")
    os.replace(partial, path)
    return path


def digest(path: Path) -> str:
    """The file's sha256."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()


def _download(url: str, partial: Path, seconds: float) -> None:
    """Append what is missing; a home that cannot resume sends everything, and the file begins anew."""
    done = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        answer = urllib.request.urlopen(request, timeout=seconds)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # nothing is missing; the checksum will tell
            raise
        return
    with answer, partial.open("ab" if answer.status == 206 else "wb") as file:
        wanted, got = answer.headers.get("Content-Length"), 0
        while block := answer.read(BLOCK):
            file.write(block)
            got += len(block)
        file.flush()
        os.fsync(file.fileno())
    if wanted is not None and got < int(wanted):
        raise EOFError(f"the connection ended after {got} of {wanted} bytes")
