"""`record`: trace many sentences with a model and keep their routing as one small file for the page.

It computes nothing: moe_core.tracing does, this reads sentences and prints how much was kept.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from moe_core.commands.arguments import EMBEDDED_MODEL

ASSETS = Path(__file__).resolve().parents[2] / "assets"
PROBES = ASSETS / "probes"                    # one sentence a line: probe_en.txt, probe_zh.txt
RECORDING = ASSETS / "traces" / "probes.json"


def add(commands: argparse._SubParsersAction) -> None:
    """Make `record` known."""
    parser = commands.add_parser("record", help="trace many sentences into one small file that needs no model")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--probes", action="store_true", help="the shipped probe sentences, English and Chinese")
    source.add_argument("--texts", type=Path, nargs="+", metavar="TEXTFILE", help="files with one sentence a line")
    parser.add_argument("--model", type=Path, default=EMBEDDED_MODEL, metavar="FOLDER",
                        help="a model folder (default: the embedded model)")
    parser.add_argument("--out", type=Path, default=RECORDING, metavar="FILE", help="where to write (assets/traces)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Trace every sentence, write the file; returns what it holds."""
    files = sorted(PROBES.glob("probe_*.txt")) if arguments.probes else arguments.texts
    sentences = [sentence for file in files for sentence in sentences_of(file)]
    if not sentences:
        raise ValueError(f"no sentence found in {', '.join(map(str, files)) or PROBES}")
    from moe_core.tracing import corpus  # tagging and torch: after the sentences are known to be there

    recorded = routed(arguments.model, sentences)
    path = corpus.save(recorded, arguments.out)
    result = {"file": str(path), "bytes": path.stat().st_size, "model": recorded.model, "sentences": len(sentences),
              "tokens": len(recorded.tokens), "layers": len(recorded.layers), "experts": recorded.experts}
    print(f"{path}: {result['bytes'] / 1000:.0f} kB, {result['sentences']} sentences, {result['tokens']} tokens, "
          f"{result['layers']} layers of {result['experts']} experts, model {recorded.model}")
    return result


def sentences_of(file: Path) -> list[str]:
    """The lines of a file that say something; UTF-8, with or without a byte-order mark."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text ({error.reason} at byte {error.start})") from None
    return [line.strip() for line in lines if line.strip()]


def routed(model: Path, sentences: list[str]):
    """All sentences through one model, each from its own beginning, as a RoutedCorpus."""
    from moe_core.tracing.corpus import corpus_of
    from moe_core.tracing.own import load_model, trace_text

    loaded = load_model(model)
    room = loaded.model.config.max_position_embeddings - 1
    parts = (part for sentence in sentences for part in parts_of(sentence, room, loaded.tokenizer.encode))
    return corpus_of(trace_text(loaded, part) for part in parts)


def parts_of(text: str, room: int, encode) -> Iterator[str]:
    """The text, halved at a blank or in the middle of a run until every part has at most `room` tokens."""
    if len(encode(text)) <= room:
        yield text
        return
    middle = text.rfind(" ", 1, len(text) // 2 + 1)
    middle = middle if middle > 0 else len(text) // 2
    yield from parts_of(text[:middle], room, encode)
    yield from parts_of(text[middle:], room, encode)
