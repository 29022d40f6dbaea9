"""Watchers of the routers: called at every routing decision, able to replace it.

Traces, replays and interventions are all watchers; the model's own code knows none of them.
One forward call at a time: a watcher is set around each call, in that call's own context,
so that one visitor's watcher never sees another visitor's tokens.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from torch import Tensor, nn

from moe_core.model.router import Routing, TopKRouter

Watcher = Callable[[int, Tensor, Routing], Routing | None]  # (layer, hidden (N, D), routing) -> its replacement

_watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())


@contextmanager
def watching(*watchers: Watcher) -> Iterator[None]:
    """Inside this block (one forward call, no yield) every router asks these watchers, in order."""
    token = _watchers.set(_watchers.get() + watchers)
    try:
        yield
    finally:
        _watchers.reset(token)


def let_watch(model: nn.Module) -> None:
    """Make every router of this model ask the watchers of the moment; called once when a model is built."""
    routers = (module for module in model.modules() if isinstance(module, TopKRouter))
    for layer, router in enumerate(routers):
        router.register_forward_hook(partial(_ask, layer))


class Recorder:
    """Keeps every decision, in order of layers."""

    def __init__(self):
        self.routings: list[Routing] = []

    def __call__(self, layer: int, hidden: Tensor, routing: Routing) -> None:
        self.routings.append(routing)


def _ask(layer: int, router: TopKRouter, inputs: tuple[Tensor], routing: Routing) -> Routing:
    for watcher in _watchers.get():
        routing = watcher(layer, inputs[0], routing) or routing
    return routing
