"""Traced decoding beside untraced, and beside transformers' generate on the stock twin with the same parameters."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when torch is imported
os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ.setdefault("OMP_NUM_THREADS", "1")        # as the page has it
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.measure import alternate, arguments, report
from moe_core.commands.arguments import EMBEDDED_MODEL
from moe_core.model.convert import to_granite
from moe_core.model.generation import generate
from moe_core.sampling import Sampling
from moe_core.tracing.own import LoadedModel, load_model, trace_stream

PROMPTS = ("Once upon a time", "我喜欢学习AI")


def untraced(loaded: LoadedModel, prompt: str, sampling: Sampling) -> list[int]:
    """Ids of prompt and continuation, by the plain loop."""
    fed = generate(loaded.model, loaded.tokenizer.encode(prompt), sampling)
    return [token for step in fed for token in step.token_ids]


def traced(loaded: LoadedModel, prompt: str, sampling: Sampling) -> list[int]:
    """The same with its trace, as the page asks for it."""
    *_, trace = trace_stream(loaded, prompt, sampling)
    return trace.token_ids.tolist()


def stock(twin, loaded: LoadedModel, prompt: str, sampling: Sampling) -> list[int]:
    """The same by transformers' generate."""
    end = loaded.tokenizer.end_id
    start = torch.tensor([[end, *loaded.tokenizer.encode(prompt)]])
    with torch.inference_mode():
        ids = twin.generate(start, max_new_tokens=sampling.max_new_tokens, do_sample=False, eos_token_id=end,
                            pad_token_id=end)[0].tolist()
    return ids[1:-1] if ids[-1] == end else ids[1:]


def milliseconds_per_token(decode: Callable[[str], list[int]], new_tokens: int) -> float:
    """All prompts once."""
    start = time.perf_counter()
    for prompt in PROMPTS:
        decode(prompt)
    return 1000 * (time.perf_counter() - start) / new_tokens


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--model", type=Path, default=EMBEDDED_MODEL)
    parser.add_argument("--max-new-tokens", type=int, default=100)
    asked = parser.parse_args()
    loaded, sampling = load_model(asked.model), Sampling(max_new_tokens=asked.max_new_tokens)
    twin = to_granite(loaded.model).eval()
    rivals = {"traced": lambda prompt: traced(loaded, prompt, sampling),
              "untraced": lambda prompt: untraced(loaded, prompt, sampling),
              "transformers generate, stock twin": lambda prompt: stock(twin, loaded, prompt, sampling)}
    texts = {name: [decode(prompt) for prompt in PROMPTS] for name, decode in rivals.items()}  # warm-up too
    if not texts["traced"] == texts["untraced"] == texts["transformers generate, stock twin"]:
        raise RuntimeError(f"the rivals wrote different texts: {texts}")
    read = sum(len(loaded.tokenizer.encode(prompt)) for prompt in PROMPTS)
    new_tokens = sum(map(len, texts["traced"])) - read
    print(f"{loaded.name}: {new_tokens} new tokens after {read}, {torch.get_num_threads()} threads")
    timed = {name: lambda decode=decode: milliseconds_per_token(decode, new_tokens) for name, decode in rivals.items()}
    report("greedy decoding", "milliseconds per new token", alternate(timed, asked.runs), asked.json)


if __name__ == "__main__":
    main()
