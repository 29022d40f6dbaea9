"""The command line: python -m moe_core trace "PROMPT" | compare "PROMPT" --formats fp32,fp16 (--json: one object last).

It knows the commands' names; what each does is in moe_core/commands.
"""

import json
import os
import sys

from moe_core.commands import (
    budget,
    compare,
    effect,
    evaluate,
    export,
    exports,
    record,
    regret,
    statistics,
    trace,
    train,
)
from moe_core.commands.arguments import Parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 = done, 2 = bad input, with one line on stderr."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when torch is imported
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("OMP_NUM_THREADS", "1")        # one token at a time is too little for two threads to share
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    sys.stdout.reconfigure(errors="backslashreplace")    # a terminal without Chinese still gets its answer
    arguments = parser().parse_args(argv)
    try:
        result = arguments.run(arguments)
    except (ValueError, OSError) as error:
        print(f"moe_core {arguments.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False, allow_nan=False))
    return 0


def parser() -> Parser:
    """All commands and their arguments."""
    whole = Parser(prog="moe_core", description="Watch a mixture-of-experts model choose its experts.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (trace, compare, budget, statistics, record, effect, evaluate, export, exports, regret, train):
        command.add(commands)
    return whole


if __name__ == "__main__":
    sys.exit(main())
