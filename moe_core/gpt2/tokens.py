"""GPT-2's kind of token: a run of bytes. Counted, cut and learnt without torch.

GPT-2's own merges are not in this project. What is certain without them: its vocabulary holds every single byte, so a
text never takes more tokens than it has bytes in UTF-8.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"  # GPT-2's name for the end of a document


def most_tokens(text: str) -> int:
    """The bytes of a text in UTF-8: what a byte-level tokenizer takes when none of its merges applies."""
    return len(text.encode())


class ByteTokenizer:
    """Byte-level BPE as GPT-2 has it; the same file opens in transformers' GPT2Tokenizer."""

    def __init__(self, backend: tokenizers.Tokenizer):
        self.backend = backend
        self.end_id = backend.token_to_id(END)
        if self.end_id is None:
            raise ValueError(f"a GPT-2 tokenizer must have the token {END}")

    @property
    def vocab_size(self) -> int:
        return self.backend.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without END."""
        return self.backend.encode(text, add_special_tokens=False).ids

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for many texts at once."""
        return [one.ids for one in self.backend.encode_batch_fast(list(texts), add_special_tokens=False)]

    def pieces(self, token_ids: Iterable[int]) -> list[str]:
        """Every token as its text, or as its bytes where they form no whole character."""
        return [piece_of(self.backend.id_to_token(token)) for token in token_ids]

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> "ByteTokenizer":
        """Learn merges from texts; all 256 bytes are always there."""
        if vocab_size <= 257:
            raise ValueError(f"vocab_size must be above 257 ({END} and the bytes), got {vocab_size}")
        backend = tokenizers.Tokenizer(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = decoders.ByteLevel()
        backend.train_from_iterator(texts, trainers.BpeTrainer(
            vocab_size=vocab_size, special_tokens=[END], show_progress=False,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
        return cls(backend)

    @classmethod
    def load(cls, folder: str | Path) -> "ByteTokenizer":
        """Read the tokenizer.json of a GPT-2 folder."""
        path = Path(folder) / "tokenizer.json"
        try:
            return cls(tokenizers.Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # the wheel raises bare Exception
            raise ValueError(f"{path} holds no GPT-2 tokenizer ({str(error).splitlines()[0]})") from error


def piece_of(token: str) -> str:
    """A token of GPT-2's alphabet, in which every byte is a printable character, as text or as hexadecimal bytes."""
    raw = bytes(_BYTES.get(character, 0x3F) for character in token) if token != END else token.encode()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.hex(" ").upper()


def _alphabet() -> dict[str, int]:
    """GPT-2's alphabet: printable bytes stand for themselves, the others for the characters from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + place): byte for place, byte in enumerate(others)}


_BYTES = _alphabet()
