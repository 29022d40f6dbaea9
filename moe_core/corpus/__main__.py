"""Write the corpus: python -m moe_core.corpus --documents N --seed S --out FILE.jsonl; or --report FILE, or --fetch.

One {domain, lang, text} a line. It does not know what is trained on it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from pathlib import Path

from moe_core.corpus.homes import bring
from moe_core.corpus.mixture import stream
from moe_core.corpus.report import documents, overlap, report
from moe_core.corpus.sources import SOURCES, data_folder


def write(documents: int, seed: int, out: Path, folder: Path | None, evaluation: bool = False) -> int:
    """Write the documents through a temporary file; return how many characters of text."""
    characters = 0
    partial = out.with_name(out.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as lines:
            for document in itertools.islice(stream(seed, folder, evaluation), documents):
                lines.write(json.dumps(vars(document), ensure_ascii=False) + "\n")
                characters += len(document.text)
            lines.flush()
            os.fsync(lines.fileno())
        os.replace(partial, out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ValueError(f"{out} could not be written ({error.strerror}); what was there before is unharmed") from error
    return characters


def main() -> None:
    """Read the flags, write the file, say how fast it went."""
    parser = argparse.ArgumentParser(prog="python -m moe_core.corpus", description=__doc__)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--report", type=Path, metavar="FILE", help="instead: how rich a corpus file is, as JSON")
    parser.add_argument("--against", type=Path, metavar="FILE",
                        help="with --report: a held-out file, and how many of its 13-grams are in the first")
    parser.add_argument("--fetch", action="store_true", help="instead: fetch what can be fetched into --data")
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder of outside sources (MOESCOPE_DATA)")
    parser.add_argument("--held-out", action="store_true", help="write the evaluation split instead")
    flags = parser.parse_args()
    try:
        _run(flags, parser)
    except ValueError as error:
        sys.exit(f"moe_core.corpus: {error}")


def _run(flags: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if flags.report:
        print(json.dumps(_report(flags.report, flags.against)))
    elif flags.fetch:
        _fetch_all(flags.data or parser.error("--fetch needs --data or MOESCOPE_DATA"))
    elif flags.out is None:
        parser.error("--out is needed")
    else:
        _write(flags)


def _report(path: Path, against: Path | None) -> dict:
    found = list(documents(path))
    told = {"file": path.name, "languages": report(found)}
    if against is not None:
        kept = list(documents(against))
        told["shared_13_grams"] = {language: round(overlap(*([row["text"] for row in rows if row["lang"] == language]
                                                             for rows in (found, kept))), 5)
                                   for language in sorted({row["lang"] for row in kept})}
    return told


def _fetch_all(folder: Path) -> None:
    for source in SOURCES:
        if not source.url:
            print(f"{source.name}: not one file of a public home; {source.get} ({source.home})")
            continue
        print(f"{source.name}: {bring(source, folder)}")


def _write(flags: argparse.Namespace) -> None:
    start = time.perf_counter()
    characters = write(flags.documents, flags.seed, flags.out, flags.data, flags.held_out)
    seconds = time.perf_counter() - start
    speed = flags.documents / seconds
    print(f"{flags.documents} documents, {characters} characters, {speed:.0f} documents/s -> {flags.out}")


if __name__ == "__main__":
    main()
