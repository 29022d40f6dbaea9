"""`statistics`: what a text shows about the experts: load, pairs, preferences, repeats, each beside its chance.

It computes nothing: moe_core.statistics does, this prints.
"""

import argparse
from pathlib import Path

import pandas as pd

from moe_core.commands.arguments import add_json, add_model
from moe_core.commands.printing import columns
from moe_core.commands.record import routed, texts_of

KINDS = ("language", "script", "part_of_speech", "language_and_part", "part_of_text", "entity", "domain")


def add(commands: argparse._SubParsersAction) -> None:
    """Make `statistics` known."""
    parser = commands.add_parser("statistics", help="what the experts do with a text file, beside chance")
    parser.add_argument("textfile", type=Path, metavar="TEXTFILE",
                        help="UTF-8; one text a line, or in a .jsonl one {domain, lang, text}")
    add_model(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Trace the file, print one table per question; returns all tables as JSON."""
    texts = texts_of(arguments.textfile)
    if not texts:
        raise ValueError(f"{arguments.textfile} holds no text")
    corpus = routed(arguments.model, texts)
    tables = tables_of(corpus.routing())
    print(f"{corpus.model}: n = {len(corpus.tokens)} tokens in {corpus.tokens['text'].nunique()} texts, "
          f"{corpus.expert_ids.shape[2]} of {corpus.experts} experts per token")
    for name in ("balance", "repeats", "predictability", "portraits"):
        print("", name, printed(tables[name]), sep="\n")
    print("", "mutual information (bits)", printed(pd.concat(
        [table.assign(kind=kind) for kind, table in tables["mutual_information"].items()])), sep="\n")
    return {"model": corpus.model, "tokens": len(corpus.tokens), "texts": int(corpus.tokens["text"].nunique()),
            "layers": list(corpus.layers), "experts": corpus.experts,
            "experts_per_token": corpus.expert_ids.shape[2],
            **{name: {kind: rows(table) for kind, table in found.items()} if isinstance(found, dict) else rows(found)
               for name, found in tables.items()}}


def tables_of(routing: pd.DataFrame) -> dict:
    """Every statistic by its name; those of a label once for each kind of label."""
    from moe_core.statistics.balance import balance_table
    from moe_core.statistics.coactivation import coactivation_table
    from moe_core.statistics.coverage import coverage_table
    from moe_core.statistics.load import load_table
    from moe_core.statistics.portrait import portrait_table
    from moe_core.statistics.predictability import predictability_table
    from moe_core.statistics.reads import reads_table
    from moe_core.statistics.repeats import repeats_table
    from moe_core.statistics.specialisation import mutual_information_table, specialisation_table

    known = tuple(kind for kind in KINDS if routing[kind].notna().any())
    return {"balance": balance_table(routing), "load": load_table(routing), "repeats": repeats_table(routing),
            "coverage": coverage_table(routing), "coactivation": coactivation_table(routing),
            "predictability": predictability_table(routing),
            "mutual_information": {kind: mutual_information_table(routing, kind) for kind in (*known, "token_id")},
            "specialisation": {kind: specialisation_table(routing, kind) for kind in known},
            "reads": reads_table(routing), "portraits": portrait_table(routing, known)}


def printed(table: pd.DataFrame) -> str:
    """A table for a terminal."""
    return columns([list(table.columns), *([_cell(value) for value in row] for row in table.itertuples(index=False))])


def rows(table: pd.DataFrame) -> list[dict]:
    """A table for JSON, where what is not known is null."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _cell(value: object) -> str:
    if value is None or value != value:  # NaN alone differs from itself
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
