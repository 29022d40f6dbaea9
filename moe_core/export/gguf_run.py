"""Run a GGUF file by llama.cpp, where the wheel xllamacpp is installed; a library that only checks exports need not.

It knows what llama.cpp answers; it does not know what is right.
"""

import importlib.util
import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from moe_core.export.parity import Read

SECONDS = 60


def missing() -> str | None:
    """What must be installed first, as a sentence; None = all is here."""
    if importlib.util.find_spec("xllamacpp") is None:
        return "llama.cpp is not here to run the GGUF file: pip install xllamacpp"
    return None


@dataclass
class LlamaRunner:
    """llama.cpp with one model; keys and values in fp32, one thread."""

    file: Path
    vocab_size: int
    end_id: int
    positions: int
    ms_per_token: float | None = None  # of the last writing on

    def __post_init__(self):
        if missing():
            raise ValueError(missing())
        self.server = _server(self.file, self.positions)

    def read(self, token_ids: list[int]) -> Read:
        """Log-probabilities after each token; llama.cpp does not say which experts it took."""
        rows = [self._log_probabilities([self.end_id, *token_ids[:upto]]) for upto in range(1, len(token_ids) + 1)]
        return Read(np.stack(rows), None, normalised=True)

    def write_on(self, token_ids: list[int], new_tokens: int) -> list[int]:
        """The greedy new tokens, without END."""
        answer = self._ask("/completion", prompt=[self.end_id, *token_ids], n_predict=new_tokens, return_tokens=True)
        self.ms_per_token = answer["timings"]["predicted_per_token_ms"]
        written = answer["tokens"]
        return written[:written.index(self.end_id)] if self.end_id in written else written

    def encode(self, text: str) -> list[int]:
        """llama.cpp's own tokens of a text, END before them left out."""
        return self._ask("/tokenize", content=text, add_special=True)["tokens"][1:]

    def _log_probabilities(self, token_ids: list[int]) -> np.ndarray:
        # llama.cpp says nothing where END or half a character is likeliest, so it is made to draw the last token of
        # the vocabulary, a whole piece; the probabilities it tells are those from before such wishes.
        answer = self._ask("/completion", prompt=token_ids, n_predict=1, n_probs=self.vocab_size,
                           logit_bias=[[self.vocab_size - 1, 1e6]])
        row = np.full(self.vocab_size, -np.inf, dtype=np.float32)
        for token in answer["completion_probabilities"][0]["top_logprobs"]:
            row[token["id"]] = token["logprob"]
        return row

    def _ask(self, path: str, **request: Any) -> dict:
        body = json.dumps({"temperature": 0, "cache_prompt": True, **request}).encode()
        asked = urllib.request.Request(self.server.listening_address + path, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
            return json.load(answer)


def _server(file: Path, positions: int) -> Any:
    llama = importlib.import_module("xllamacpp")
    dials = llama.CommonParams()
    dials.model.path = str(file)
    dials.n_ctx, dials.n_parallel, dials.n_gpu_layers = positions, 1, 0
    dials.warmup, dials.verbosity = False, -1
    dials.cpuparams.n_threads = dials.cpuparams_batch.n_threads = 1
    dials.cache_type_k = dials.cache_type_v = llama.ggml_type.GGML_TYPE_F32
    dials.flash_attn_type = llama.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    try:
        return llama.Server(dials)
    except RuntimeError as error:
        raise ValueError(f"llama.cpp cannot load {file}: {error}") from None
