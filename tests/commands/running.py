"""What the tests of the commands share: a tiny model on disk, and a command's exit code and JSON."""

import json
from pathlib import Path

import torch

from moe_core.__main__ import main
from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.tokenizer import Tokenizer


def save_tiny_model(parent: Path, **changed) -> str:
    """A random model of 2 layers, 4 experts, top-2 in a new folder; what is given changes its configuration."""
    folder = parent / "tiny"
    tokenizer = Tokenizer.train(["the cat sat on the mat. ", "我喜欢学习AI。"] * 4, vocab_size=300)
    torch.manual_seed(0)
    usual = {"vocab_size": tokenizer.vocab_size, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
             "num_experts": 4, "moe_intermediate_size": 8, "shared_intermediate_size": 0,
             "max_position_embeddings": 64, "initializer_range": 0.5}
    MoEscopeForCausalLM(MoEscopeConfig(**usual | changed)).save_pretrained(folder)
    tokenizer.save(folder)
    return str(folder)


def exit_code(arguments: list[str]) -> int:
    """Whether returned or raised by argparse."""
    try:
        return main(arguments)
    except SystemExit as stopped:
        return stopped.code


def json_of(capsys, *arguments: object) -> dict:
    """The object on the last line of a command that ends well."""
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])
