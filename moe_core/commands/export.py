"""`export`: a planned model as a file for onnxruntime, llama.cpp or a C compiler, with a verification card.

It computes nothing: moe_core.export does, this prints.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryFile

from moe_core.commands.arguments import add_json, add_model
from moe_core.commands.printing import columns
from moe_core.commands.record import probe_files, sentences_of

TARGETS = ("onnx", "gguf", "c")


def add(commands: argparse._SubParsersAction) -> None:
    """Make `export` known."""
    parser = commands.add_parser("export", help="write a planned model for other programs and small devices")
    parser.add_argument("--plan", default="fp32", metavar="PLAN",
                        help="fp32, fp16, bf16, int8, int4, int2, or a plan file, also what `budget` wrote (fp32)")
    parser.add_argument("--to", choices=TARGETS, required=True, help="onnxruntime, llama.cpp, or C99 source")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the files go")
    parser.add_argument("--no-emulators", action="store_true", help="do not try ARM under qemu")
    add_model(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Export, verify, print the card; returns it."""
    made_ready(arguments.out)
    from moe_core.export.card import card, rows  # imports torch: after the arguments are known good
    from moe_core.export.plan_file import named_plan
    from moe_core.export.targets import export
    from moe_core.tracing.own import load_model

    loaded = load_model(arguments.model)
    asked = named_plan(arguments.plan, loaded.model)
    exported = export(arguments.to, loaded, asked.plan, arguments.out)
    found = rows(arguments.to, loaded, exported, texts_for(loaded), not arguments.no_emulators)
    made = card(arguments.to, loaded, asked, exported, found)
    print(shown(made, arguments.out))
    return made


def made_ready(folder: Path) -> None:
    """The folder exists and can be written, or a ValueError says why not, before anything slow happens."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"cannot write into {folder}: {error.strerror}") from None


def texts_for(loaded) -> list[list[int]]:
    """Probe sentences, English and Chinese in turn, cut to what the model can hold."""
    files = [sentences_of(file) for file in probe_files()]
    room = loaded.model.config.max_position_embeddings // 2
    return [loaded.tokenizer.encode(text)[:room] for pair in zip(*files, strict=False) for text in pair]


def shown(card: dict, folder: Path) -> str:
    """The card for a terminal."""
    head = ["runs on", "tokens", "mean KL", "max KL", "same best", "flips", "greedy", "ms a token", "program"]
    table = columns([head, *([row["place"], *cells(row)] for row in card["devices"] if row["parity"])])
    notes = [f"not run on {row['place']}: {row['missing']}" for row in card["devices"] if row["missing"]]
    if card["raised"]:
        parts = ", ".join(f"{part} {change['asked']} -> {change['written']}" for part, change in
                          list(card["raised"].items())[:4])
        notes.append(f"{len(card['raised'])} parts were raised to what GGUF can say: {parts}"
                     f"{', ...' if len(card['raised']) > 4 else ''}; what the plan's file says of the gate is left out")
    measured = [f"{title}: {said(card[key])}" for key, title in (("gate", "gate"), ("third_split", "third split"))
                if card[key]]
    return "\n".join([
        f"{card['model']} as planned in {card['plan']}: {card['bytes']:,} bytes, of these parameters "
        f"{card['parameter_bytes']:,}; {', '.join(card['files'])} in {folder}",
        "", table, "", *measured, *notes,
        "KL in nats and flips against the planned model in torch (storage engine, fp32 on CPU); n = tokens of probe "
        "sentences read; greedy = new tokens that are the same"])


def cells(row: dict) -> list[str]:
    """One place's numbers."""
    found, time, size = row["parity"], row["ms_per_token"], row["program_bytes"]
    return [f"n = {found['tokens']}", f"{found['mean_kl']:.2e}", f"{found['max_kl']:.2e}", f"{found['top1']:.2%}",
            "not told" if found["flips"] is None else f"{found['flips']} of {found['choices']}",
            f"{found['greedy_equal']} of {found['greedy_tokens']}", "-" if time is None else f"{time:.2f}",
            "-" if size is None else f"{size:,}"]


def said(measured: dict) -> str:
    """What the search for the plan measured, as far as its file says."""
    words = []
    if "delta_perplexity" in measured or "delta" in measured:
        words.append(f"perplexity {measured.get('delta_perplexity', measured.get('delta')):+.3%}")
    if "upper" in measured:
        words.append(f"at most {measured['upper']:+.3%} (95 % interval)")
    if "passed" in measured:
        words.append("passed" if measured["passed"] else "failed")
    return ", ".join(words)
