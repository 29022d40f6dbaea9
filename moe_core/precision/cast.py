"""The same model in another number format, by one of two engines that are never mixed.

"storage": parameters are rounded to the format and all arithmetic stays fp32, the same on every machine.
"compute": parameters and arithmetic are in the format, as this machine's kernels do it.
Knows nothing of texts.
"""

import copy
import threading
from collections import OrderedDict
from weakref import WeakKeyDictionary

import torch

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.formats import ENGINES, ROUTERS, format_named
from moe_core.precision.plan import planned, uniform

KEPT_PER_MODEL = 16  # casts that stay in memory; the one used longest ago goes first

_casts: WeakKeyDictionary[MoEscopeForCausalLM, OrderedDict] = WeakKeyDictionary()
_lock = threading.RLock()  # a cast may be made out of another one


def stored(model: MoEscopeForCausalLM, format: str, routers: str = "short") -> MoEscopeForCausalLM:
    """A copy whose matrices were rounded to the format and that computes in fp32; norms keep their few numbers."""
    rest, router = _formats(format, routers)
    return planned(model, uniform(model, rest, router))


def computed(model: MoEscopeForCausalLM, format: str, routers: str = "short") -> MoEscopeForCausalLM:
    """A copy that keeps its parameters and rotary tables in the format and computes in it.

    Norms and the routers' softmax stay in fp32, as the model's own code has them (Micikevicius et al. 2018);
    with routers "fp32" the routers' parameters and scores stay there too (Switch Transformers 2021, section 2.4),
    with "alone" only they leave it.
    """
    rest, router = (torch_format(name) for name in _formats(format, routers))
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    for name, tensor in (*twin.named_parameters(), *twin.named_buffers()):
        tensor.data = tensor.data.to(router if ".router." in name else rest)  # in place: the head stays tied
    return twin


def cast(model: MoEscopeForCausalLM, format: str, engine: str, routers: str = "short") -> MoEscopeForCausalLM:
    """The copy that this engine makes, made once and remembered; the model must not be trained meanwhile."""
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine}")
    with _lock:
        made = _casts.setdefault(model, OrderedDict())
        key = (format, engine, routers)
        if key not in made:
            made[key] = _made(model, format, engine, routers)
        made.move_to_end(key)
        while len(made) > KEPT_PER_MODEL:
            made.popitem(last=False)
        return made[key]


def torch_format(format: str) -> torch.dtype:
    """torch's own name of a format."""
    return getattr(torch, format_named(format).torch_name)


def _made(model: MoEscopeForCausalLM, format: str, engine: str, routers: str) -> MoEscopeForCausalLM:
    if engine == "compute":
        return computed(model, format, routers)
    if routers != "fp32":
        return stored(model, format, routers)
    twin = copy.deepcopy(cast(model, format, engine))  # to search for codes anew would take ten times as long
    for layer, exact in zip(twin.model.layers, model.model.layers, strict=True):
        layer.moe.router.load_state_dict(exact.moe.router.state_dict())
    return twin


def _formats(format: str, routers: str) -> tuple[str, str]:
    """The format of everything else, and that of the routers."""
    if routers not in ROUTERS:
        raise ValueError(f"routers must be one of {', '.join(ROUTERS)}, got {routers}")
    return {"short": (format, format), "fp32": (format, "fp32"), "alone": ("fp32", format)}[routers]
