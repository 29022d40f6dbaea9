"""`record`: trace many sentences with a model and keep their routing as one small file for the page.

It computes nothing: moe_core.tracing does, this reads sentences and prints how much was kept.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from moe_core.commands.arguments import add_json, add_model

ASSETS = Path(__file__).resolve().parents[2] / "assets"
PROBES = ASSETS / "probes"                    # one sentence a line: probe_en.txt, probe_zh.txt
DOMAINS = PROBES / "domains.jsonl"            # one {domain, lang, text} a line, as moe_core.corpus writes them
RECORDING = ASSETS / "traces" / "probes.json"
SNAPSHOTS = ASSETS / "traces" / "training.json"


def add(commands: argparse._SubParsersAction) -> None:
    """Make `record` known."""
    parser = commands.add_parser("record", help="trace many sentences into one small file that needs no model")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--probes", action="store_true", help="the shipped probe sentences, English and Chinese")
    source.add_argument("--texts", type=Path, nargs="+", metavar="TEXTFILE", help="files with one sentence a line")
    source.add_argument("--history", type=Path, metavar="RUN", help="instead: what was done to make --model, from its "
                        "run's folder, --corpus and --heldout, as history.json beside it")
    parser.add_argument("--corpus", type=Path, metavar="FILE", help="with --history: JSON Lines that the run read")
    parser.add_argument("--heldout", type=Path, metavar="FILE", help="with --history: and was judged on")
    add_model(parser)
    parser.add_argument("--snapshots", type=Path, nargs="+", metavar="FOLDER",
                        help="how the routing settled: files snapshot-STEP.safetensors, or folders of them, beside the "
                             "finished --model")
    parser.add_argument("--out", type=Path, metavar="FILE",
                        help="where to write (assets/traces/probes.json, with --snapshots training.json, with "
                             "--history a folder: --model)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Trace every sentence, write the file; returns what it holds."""
    if arguments.history:
        return _record_history(arguments)
    files = [*probe_files(), DOMAINS] if arguments.probes else arguments.texts
    texts = [text for file in files for text in texts_of(file)]
    if not texts:
        raise ValueError(f"no sentence found in {', '.join(map(str, files)) or PROBES}")
    if arguments.snapshots:
        return _record_snapshots(arguments, [text.text for text in texts])
    from moe_core.tracing import corpus  # tagging and torch: after the sentences are known to be there

    recorded = routed(arguments.model, texts)
    path = corpus.save(recorded, arguments.out or RECORDING)
    result = {"file": str(path), "bytes": path.stat().st_size, "model": recorded.model, "sentences": len(texts),
              "tokens": len(recorded.tokens), "layers": len(recorded.layers), "experts": recorded.experts}
    print(f"{path}: {result['bytes'] / 1000:.0f} kB, {result['sentences']} sentences, {result['tokens']} tokens, "
          f"{result['layers']} layers of {result['experts']} experts, model {recorded.model}")
    return result


def _record_history(arguments: argparse.Namespace) -> dict:
    if missing := [name for name in ("corpus", "heldout") if getattr(arguments, name) is None]:
        raise ValueError(f"--history reads the run's texts too: give --{', --'.join(missing)}")
    from moe_core.training import history

    found = history.of_run(arguments.history, arguments.model, arguments.corpus, arguments.heldout)
    path = history.save(found, arguments.out or arguments.model)
    data, known = found["data"]["training"], found["training"]
    print(f"{path}: {data['documents']:,} documents, {known['steps']:,} steps, {known['seconds']:.0f} s")
    return {"file": str(path), **found}


def _record_snapshots(arguments: argparse.Namespace, texts: list[str]) -> dict:
    from moe_core.tracing import settling, snapshots

    found = snapshots.settling(arguments.model, snapshots.files_in(arguments.snapshots), texts)
    path = settling.save(found, arguments.out or SNAPSHOTS)
    known = found.settings
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB, {known['tokens']} tokens of {known['texts']} texts "
          f"through {len(known['steps'])} snapshots of {known['model']}")
    return {"file": str(path), "bytes": path.stat().st_size, **found.settings}


def probe_files() -> list[Path]:
    """The shipped probe sentences, English before Chinese."""
    return sorted(PROBES.glob("probe_*.txt"))


class Text(NamedTuple):
    """A text, and what kind of text it is, where that is known."""

    text: str
    domain: str | None = None


def texts_of(file: Path) -> list[Text]:
    """The texts of a .jsonl file with their domains, or the lines of any other file."""
    if file.suffix != ".jsonl":
        return [Text(sentence) for sentence in sentences_of(file)]
    try:
        documents = [json.loads(line) for line in sentences_of(file)]
        return [Text(document["text"], document.get("domain")) for document in documents]
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise ValueError(f"{file} must hold one {{domain, lang, text}} a line ({problem})") from None


def sentences_of(file: Path) -> list[str]:
    """The lines of a file that say something; UTF-8, with or without a byte-order mark."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text ({error.reason} at byte {error.start})") from None
    return [line.strip() for line in lines if line.strip()]


def routed(model: Path, texts: list[Text]):
    """All texts through one model, each from its own beginning, as a RoutedCorpus."""
    from moe_core.tracing.corpus import corpus_of
    from moe_core.tracing.own import load_model, trace_text

    loaded = load_model(model)
    room = loaded.model.config.max_position_embeddings - 1
    parts = [Text(part, text.domain) for text in texts for part in parts_of(text.text, room, loaded.tokenizer.encode)]
    return corpus_of((trace_text(loaded, part.text) for part in parts), [part.domain for part in parts])


def encoded(sentences: list[str], loaded) -> list[list[int]]:
    """Token ids of sentences, those cut into parts that are longer than the model can hold."""
    room, encode = loaded.model.config.max_position_embeddings - 1, loaded.tokenizer.encode
    return [encode(part) for sentence in sentences for part in parts_of(sentence, room, encode)]


def parts_of(text: str, room: int, encode) -> Iterator[str]:
    """The text, halved at a blank or in the middle of a run until every part has at most `room` tokens."""
    if len(encode(text)) <= room:
        yield text
        return
    middle = text.rfind(" ", 1, len(text) // 2 + 1)
    middle = middle if middle > 0 else len(text) // 2
    yield from parts_of(text[:middle], room, encode)
    yield from parts_of(text[middle:], room, encode)
