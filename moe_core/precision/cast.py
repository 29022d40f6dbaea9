"""The same model in another number format, by one of two engines that are never mixed.

"storage": parameters are rounded to the format and all arithmetic stays fp32, the same on every machine.
"compute": parameters and arithmetic are in the format, as this machine's kernels do it.
Knows nothing of texts.
"""

import copy
import threading
from collections import OrderedDict
from collections.abc import Callable
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.formats import format_named

ENGINES = ("compute", "storage")
KEPT_PER_MODEL = 4  # casts that stay in memory; the one used longest ago goes first

_casts: WeakKeyDictionary[MoEscopeForCausalLM, OrderedDict] = WeakKeyDictionary()
_lock = threading.Lock()


def stored(model: MoEscopeForCausalLM, format: str, router_fp32: bool = False) -> MoEscopeForCausalLM:
    """A copy whose parameters were rounded to the format and that computes in fp32."""
    dtype = torch_format(format)
    return _copied(model, lambda tensor: tensor.to(dtype).to(tensor.dtype), router_fp32, buffers=False)


def computed(model: MoEscopeForCausalLM, format: str, router_fp32: bool = False) -> MoEscopeForCausalLM:
    """A copy that keeps its parameters and rotary tables in the format and computes in it.

    Norms and the routers' softmax stay in fp32, as the model's own code has them (Micikevicius et al. 2018);
    router_fp32 also keeps the routers' parameters and scores there (Switch Transformers 2021, section 2.4).
    """
    dtype = torch_format(format)
    return _copied(model, lambda tensor: tensor.to(dtype), router_fp32, buffers=True)


def cast(model: MoEscopeForCausalLM, format: str, engine: str, router_fp32: bool = False) -> MoEscopeForCausalLM:
    """The copy that this engine makes, made once and remembered; the model must not be trained meanwhile."""
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine}")
    make = stored if engine == "storage" else computed
    with _lock:
        made = _casts.setdefault(model, OrderedDict())
        key = (format, engine, router_fp32)
        if key not in made:
            made[key] = make(model, format, router_fp32)
        made.move_to_end(key)
        while len(made) > KEPT_PER_MODEL:
            made.popitem(last=False)
        return made[key]


def torch_format(format: str) -> torch.dtype:
    """torch's own name of a format."""
    return getattr(torch, format_named(format).torch_name)


def _copied(model: MoEscopeForCausalLM, change: Callable[[Tensor], Tensor], router_fp32: bool,
            buffers: bool) -> MoEscopeForCausalLM:
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    for name, tensor in (*twin.named_parameters(), *(twin.named_buffers() if buffers else ())):
        if not (router_fp32 and ".router." in name):
            tensor.data = change(tensor.data)  # in place, so that the head stays tied to the embedding
    return twin
