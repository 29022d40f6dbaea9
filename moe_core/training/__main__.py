"""python -m moe_core.training: a corpus in, a model folder out; --resume goes on after an interruption.

On many processes or GPUs the same, each with its part of every batch:
accelerate launch --multi_gpu --num_processes 2 -m moe_core.training ... (on CPUs too; they speak through gloo).
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

# glibc hands large blocks back to the system and fetches them again at every step, page by page: keep them.
# Idle threads must sleep: with the default spinning, a busy neighbour makes every step many times slower.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
}


def main() -> None:
    if sys.platform == "linux" and not ENVIRONMENT.keys() <= os.environ.keys():  # all are read at process start
        os.execve(sys.executable, [sys.executable, "-m", "moe_core.training", *sys.argv[1:]], ENVIRONMENT | os.environ)
    arguments = _arguments()
    try:
        train(arguments)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; --resume goes on from the last checkpoint")


def train(arguments: argparse.Namespace) -> None:
    """Tokenizer, token streams, run, model folder: each is made once and kept in the run's folder."""
    from moe_core.training import history
    from moe_core.training.export import export_model
    from moe_core.training.loop import Run
    from moe_core.training.presets import PRESETS
    from moe_core.training.processes import Processes
    from moe_core.training.streams import prepare

    dials = PRESETS[arguments.preset]
    dials = replace(dials, seed=dials.seed if arguments.seed is None else arguments.seed,
                    minutes=dials.minutes if arguments.minutes is None else arguments.minutes or None,
                    precision=arguments.precision)  # fmt: skip
    processes = Processes.of_environment()
    say = print if processes.first else _silent
    files = arguments.corpus, arguments.heldout, arguments.out, dials
    if processes.first:
        prepared = prepare(*files, fresh=not arguments.resume, known=arguments.tokenizer)
    processes.wait()
    tokenizer, streams = prepared if processes.first else prepare(*files, fresh=False)
    run = Run(dials, tokenizer.vocab_size, streams, arguments.out, processes)
    if arguments.resume:
        run.resume()
    say(f"{run.model.num_parameters():,} parameters, {len(streams.training.tokens):,} tokens, "
        f"{dials.steps} steps of {dials.batch_size * dials.length} tokens at most", flush=True)  # fmt: skip
    run.go(lambda line: say(line, flush=True))
    if processes.first:
        print(f"held-out loss {run.validate(batches=32):.4f} nats per token")
        export_model(run, tokenizer, arguments.out / "model", arguments.kept_as)
        history.save(history.of_run(arguments.out, arguments.out / "model", arguments.corpus, arguments.heldout),
                     arguments.out / "model")
        print(f"model: {arguments.out / 'model'}")
    processes.wait()
    processes.leave()


def _silent(*words, **how) -> None:
    """What every process but the first one says."""


def _arguments() -> argparse.Namespace:
    from moe_core.training.presets import PRESETS

    parser = argparse.ArgumentParser(prog="python -m moe_core.training", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help='JSON Lines with a "text" in every line')
    parser.add_argument("--heldout", type=Path, required=True, help="the same, never trained on")
    parser.add_argument("--preset", choices=PRESETS, default="first")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log and model")
    parser.add_argument("--tokenizer", type=Path, help="folder of a tokenizer to take; without it one is learnt")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--seed", type=int, help="instead of the preset's")
    parser.add_argument("--minutes", type=float, help="wall-clock limit instead of the preset's; 0 = none, repeatable")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32",
                        help="bf16 (autocast) is quicker where the processor multiplies it: avx512_bf16, AMX, a GPU")
    parser.add_argument("--kept-as", choices=("fp32", "bf16"), default="fp32",
                        help="how the model folder keeps the parameters; in the run they are fp32")
    return parser.parse_args()


if __name__ == "__main__":
    main()
