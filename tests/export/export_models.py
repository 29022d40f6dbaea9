"""What the tests of the exports share: tiny models whose routers are decided, plans with every format, and texts."""

import torch

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.formats import STORAGE_FORMATS
from moe_core.precision.parts import parts
from moe_core.precision.plan import Plan
from moe_core.tokenizer import Tokenizer

TEXTS = ("Once upon a time there was a little cat.", "我喜欢学习AI，也喜欢小猫。", "🐱 sat: 3 + 4 = 7\n\n  鑫 café")


def tiny_tokenizer() -> Tokenizer:
    return Tokenizer.train([*TEXTS, "the cat sat on the mat. the little cat."] * 5, vocab_size=380)


def tiny_model(vocab_size: int, **dials) -> MoEscopeForCausalLM:
    """Two layers, five experts; wide parameters, so that logits are far apart and texts do not repeat one token."""
    torch.manual_seed(3)
    small = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_experts": 5,
             "moe_intermediate_size": 32, "shared_intermediate_size": 64, "max_position_embeddings": 160}
    model = MoEscopeForCausalLM(MoEscopeConfig(vocab_size=vocab_size, **small | dials)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=parameter.shape[-1] ** -0.5 * (3 if ".router." in name else 1.5))
        for norm in [module.weight for name, module in model.named_modules() if name.endswith("norm")]:
            norm.uniform_(0.5, 1.5)
    return model.requires_grad_(False)


def mixed(model: MoEscopeForCausalLM) -> Plan:
    """Every format somewhere, neighbours in one layer unlike each other."""
    formats = list(STORAGE_FORMATS)
    return {part: formats[place % len(formats)] for place, part in enumerate(parts(model))}
