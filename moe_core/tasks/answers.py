"""The model's answers: greedy, up to the end of the line or of the document.

It knows no job; a prompt comes in, a text goes out.
"""

from collections.abc import Callable, Iterable

from moe_core.model.generation import generate
from moe_core.sampling import Sampling
from moe_core.tracing.own import LoadedModel

LINE_END = "\n"


def answer(loaded: LoadedModel, prompt: str, most_tokens: int, one_line: bool = True) -> str:
    """What the model writes after the prompt, without blanks around it; nothing if the prompt leaves no room."""
    prompt_ids = loaded.tokenizer.encode(prompt)
    room = loaded.model.config.max_position_embeddings - 1
    if not 1 <= len(prompt_ids) < room:
        return ""
    stop = loaded.tokenizer.encode(LINE_END)[-1] if one_line else None
    written: list[int] = []
    for number, fed in enumerate(generate(loaded.model, prompt_ids, Sampling(max_new_tokens=most_tokens))):
        if number and fed.token_ids[0] == stop:
            break
        written += fed.token_ids if number else []
    return loaded.tokenizer.decode(written).strip()


def answers(loaded: LoadedModel, prompts: Iterable[str], most_tokens: int,
            progress: Callable[[int], None] = lambda done: None) -> list[str]:
    """The answers to many prompts, one after another."""
    found = []
    for prompt in prompts:
        found.append(answer(loaded, prompt, most_tokens))
        progress(len(found))
    return found
