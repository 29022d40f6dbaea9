"""python -m moe_core.text: how accurate words, tags and names are; --out keeps it for the page."""

import argparse
import json
import os
import sys
from pathlib import Path

from moe_core.text.accuracy import TREEBANKS, measured, measured_names, read_treebank, world_sentences


def main() -> None:
    """Measure every treebank of the folder that is there, and the names of the story world."""
    parser = argparse.ArgumentParser(prog="python -m moe_core.text", description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOESCOPE_DATA"), metavar="FOLDER",
                        help="folder whose eval/ holds the treebanks (MOESCOPE_DATA)")
    parser.add_argument("--sentences", type=int, default=500, metavar="N", help="of each set at most (500)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also keep the result")
    flags = parser.parse_args()
    if flags.sentences < 1:
        parser.error(f"sentences must be 1 or more, got {flags.sentences}")
    try:
        found = everything(flags.data, flags.sentences)
    except (OSError, ValueError) as error:
        sys.exit(f"moe_core.text: {error}")
    line = json.dumps(found, ensure_ascii=False)
    if flags.out:
        flags.out.write_text(line + "\n", encoding="utf-8")
    print(line)


def everything(folder: Path | None, sentences: int) -> dict:
    """Treebanks by name, and the names of the world's sentences by language."""
    files = {name: Path(folder) / "eval" / f"{name}.jsonl.xz" for name in TREEBANKS} if folder else {}
    return {"treebanks": {name: measured(read_treebank(path)[:sentences]) for name, path in files.items()
                          if path.exists()},
            "names": {language: measured_names(world_sentences(language, sentences)) for language in ("en", "zh")}}


if __name__ == "__main__":
    main()
