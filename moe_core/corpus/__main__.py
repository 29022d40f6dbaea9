"""Write the corpus: python -m moe_core.corpus --documents N --seed S --out FILE.jsonl.

One {domain, lang, text} a line. It does not know what is trained on it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
from pathlib import Path

from moe_core.corpus.mixture import stream
from moe_core.corpus.sources import data_folder


def write(documents: int, seed: int, out: Path, folder: Path | None, evaluation: bool = False) -> int:
    """Write the documents through a temporary file; return how many characters of text."""
    characters = 0
    partial = out.with_name(out.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="\n") as lines:
        for document in itertools.islice(stream(seed, folder, evaluation), documents):
            lines.write(json.dumps(vars(document), ensure_ascii=False) + "\n")
            characters += len(document.text)
    os.replace(partial, out)
    return characters


def main() -> None:
    """Read the flags, write the file, say how fast it went."""
    parser = argparse.ArgumentParser(prog="python -m moe_core.corpus", description=__doc__)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder of outside sources (MOESCOPE_DATA)")
    parser.add_argument("--held-out", action="store_true", help="write the evaluation split instead")
    flags = parser.parse_args()
    start = time.perf_counter()
    characters = write(flags.documents, flags.seed, flags.out, flags.data, flags.held_out)
    seconds = time.perf_counter() - start
    speed = flags.documents / seconds
    print(f"{flags.documents} documents, {characters} characters, {speed:.0f} documents/s -> {flags.out}")


if __name__ == "__main__":
    main()
