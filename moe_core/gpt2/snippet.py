"""The article's snippet itself: GPT2LMHeadModel and GPT2Tokenizer write on after a sentence.

The folder is ours, or the name `gpt2` of a hub; nothing is fetched unless the caller says so.
"""

import time
from dataclasses import dataclass
from pathlib import Path

HUB_NAME = "gpt2"
LONGEST = 50  # tokens in all, as the article has it

CODE = """from transformers import GPT2LMHeadModel, GPT2Tokenizer

tokenizer = GPT2Tokenizer.from_pretrained("gpt2")
model = GPT2LMHeadModel.from_pretrained("gpt2")

input_ids = tokenizer.encode("我喜欢学习AI", return_tensors="pt")
output = model.generate(input_ids, max_length=50)
print(tokenizer.decode(output[0], skip_special_tokens=True))"""


class SnippetError(ValueError):
    """The snippet cannot run; the message says why, in one line."""


@dataclass(frozen=True)
class Ran:
    """What came of it."""

    model: str
    parameters: int
    pieces: tuple[str, ...]  # the tokens of the prompt
    text: str                # what was added
    added: int               # tokens
    seconds: float           # of generate


class Gpt2:
    """A GPT-2 that is loaded."""

    def __init__(self, model, tokenizer, name: str):
        self.model, self.tokenizer, self.name = model, tokenizer, name

    @classmethod
    def open(cls, place: str | Path, fetch: bool = False) -> "Gpt2":
        """From a folder, or by name from the hub where `fetch` allows it."""
        from transformers import GPT2LMHeadModel, GPT2Tokenizer

        try:
            options = {"local_files_only": not fetch}
            tokenizer = GPT2Tokenizer.from_pretrained(str(place), **options)
            model = GPT2LMHeadModel.from_pretrained(str(place), use_safetensors=True, **options).eval()
        except Exception as error:  # transformers, the hub and safetensors raise many kinds
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise SnippetError(f"{place} cannot be opened: {lines[0]}") from error
        return cls(model, tokenizer, Path(place).name)

    def run(self, text: str) -> Ran:
        """The snippet, greedy as the article's call is."""
        import torch

        from moe_core.gpt2.tokens import piece_of

        input_ids = self.tokenizer.encode(text, return_tensors="pt")
        room = min(LONGEST, self.model.config.n_positions)
        if input_ids.shape[1] >= self.model.config.n_positions:
            raise SnippetError(f"a text must have 1..{self.model.config.n_positions - 1} tokens, "
                               f"got {input_ids.shape[1]}")
        began = time.perf_counter()
        with torch.inference_mode():
            output = self.model.generate(
                input_ids, attention_mask=torch.ones_like(input_ids), do_sample=False,
                max_length=max(room, input_ids.shape[1] + 1), pad_token_id=self.model.config.eos_token_id)[0]
        added = output[input_ids.shape[1]:]
        pieces = tuple(map(piece_of, self.tokenizer.convert_ids_to_tokens(input_ids[0])))
        return Ran(self.name, self.model.num_parameters(), pieces,
                   self.tokenizer.decode(added, skip_special_tokens=True), len(added), time.perf_counter() - began)
