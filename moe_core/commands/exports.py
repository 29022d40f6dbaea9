"""`exports`: export plans as ONNX, run every file, and keep size and measured damage as one small file for the page.

It computes nothing: moe_core.export.onnx_parity does, this reads texts and plans and prints.
"""

import argparse
import json
from pathlib import Path

from moe_core.commands.arguments import add_json, add_model
from moe_core.commands.printing import columns
from moe_core.commands.record import ASSETS, probe_files, sentences_of
from moe_core.precision.formats import STORAGE_FORMATS

RECORDING = ASSETS / "traces" / "exports.json"
OPTIMISED = ASSETS / "traces" / "budget.json"  # what `budget` kept; it holds a plan


def add(commands: argparse._SubParsersAction) -> None:
    """Make `exports` known."""
    parser = commands.add_parser("exports", help="export every format as ONNX, run the files, measure what they lose")
    parser.add_argument("--plan", type=Path, nargs="*", default=[], metavar="FILE",
                        help="also these plans, one JSON object each (default: the recorded optimised one)")
    add_model(parser)
    parser.add_argument("--out", type=Path, metavar="FILE",
                        help="also keep it as a file for the page (assets/traces/exports.json)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Export, run, measure, print; returns rows and settings."""
    from moe_core.export.onnx_parity import exported_row  # torch and onnxruntime: after the arguments are known good
    from moe_core.tracing.own import load_model

    loaded = load_model(arguments.model)
    room = loaded.model.config.max_position_embeddings - 1
    sentences = [sentence for file in probe_files() for sentence in sentences_of(file)]
    texts = [loaded.tokenizer.encode(sentence)[:room] for sentence in sentences]
    rows = [exported_row(loaded, name, plan, texts) for name, plan in _plans(loaded, arguments.plan).items()]
    layers, tokens = loaded.model.config.num_hidden_layers, sum(len(text) + 1 for text in texts)
    settings = {"model": loaded.name, "model_hash": loaded.hash, "text": "probes", "texts": len(texts),
                "tokens": tokens, "decisions": layers * tokens, "device": "CPU", "threads": 1}
    print(table(rows), "", f"{loaded.name}: {tokens} tokens of {len(texts)} texts, END before each; KL in nats and "
          "flips against fp32 and against the simulator; ms = processor time of a token", sep="\n")
    result = {"rows": rows, "settings": settings}
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(f"kept in {arguments.out}")
    return result


def optimised_plan(path: Path = OPTIMISED, model_hash: str | None = None) -> dict[str, str] | None:
    """The plan that `budget` kept, or None: there is no such file, or it was made for other parameters."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        plan, made_for = found["plan"], found.get("model_hash") or found.get("settings", {}).get("model_hash")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    usable = isinstance(plan, dict) and (model_hash is None or made_for == model_hash)
    return plan if usable else None


def table(rows: list[dict]) -> str:
    """One row per exported file."""
    head = ["plan", "bytes", "KL", "flips", "simulator KL", "flips", "greedy", "ms"]
    return columns([head, *([row["plan"], str(row["bytes"]), f"{row['kl']:.2e}", f"{row['flips']:.2%}",
                             f"{row['simulator_kl']:.1e}", f"{row['simulator_flips']:.2%}",
                             f"{row['greedy_same']}/{row['greedy_tokens']}",
                             f"{row['milliseconds_per_token']:.2f}"] for row in rows)])


def _plans(loaded, files: list[Path]) -> dict[str, dict[str, str]]:
    from moe_core.precision.plan import check, read_plan, uniform

    plans = {format: uniform(loaded.model, format) for format in STORAGE_FORMATS}
    found = optimised_plan(model_hash=loaded.hash)
    plans |= {"optimised": found} if found else {}
    return plans | {file.stem: check(read_plan(file), loaded.model) for file in files}
