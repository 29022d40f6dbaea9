"""What a visitor may do to the routers: checked, frozen, and small enough for a link.

It does not know tensors, so the page can hold a what-if before torch is there; apply.py carries it out.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

FUSIONS = ("weighted", "uniform", "best")
END_POSITION = -1  # the END token that every walk begins with; the first visible token has position 0
FARTHEST_NUDGE = 1000.0        # a softmax is long since 0 or 1 there, and fp32 still far from infinity
TEMPERATURES = (0.01, 100.0)


@dataclass(frozen=True)
class Change:
    """One thing done differently, in some layers and at some positions; None = in all of them."""

    layers: tuple[int, ...] | None = None
    positions: tuple[int, ...] | None = None         # only for off, force, swap and nudges; -1 = END
    off: tuple[int, ...] = ()                        # experts that nobody gets; the next best step in
    force: tuple[int, ...] = ()                      # experts that everybody gets, in place of the least wanted ones
    swap: bool = False                               # the runner-up takes the first choice's place and weight
    nudges: tuple[tuple[int, float], ...] = ()       # (expert, what is added to its logit)
    k: int | None = None                             # experts per token
    fusion: str | None = None                        # weighted: by softmax; uniform: all alike; best: the first alone
    temperature: float | None = None                 # logits are divided by it
    capacity: float | None = None                    # slots an expert may serve, relative to an even share

    def __post_init__(self):
        for name in ("layers", "positions", "off", "force"):
            object.__setattr__(self, name, _whole_numbers(name, getattr(self, name)))
        object.__setattr__(self, "nudges", _nudges(self.nudges))
        _require(isinstance(self.swap, bool), "swap", "true or false", self.swap)
        _require(self.k is None or (_is_whole(self.k) and self.k >= 1), "k", "1 or more", self.k)
        _require(self.fusion in (None, *FUSIONS), "fusion", ", ".join(FUSIONS), self.fusion)
        low, high = TEMPERATURES
        _require(self.temperature is None or (_is_finite(self.temperature) and low <= self.temperature <= high),
                 "temperature", f"{low}..{high:g}", self.temperature)
        _require(self.capacity is None or (_is_finite(self.capacity) and self.capacity > 0),
                 "capacity", "the numbers above 0", self.capacity)
        _require(min(self.positions or (0,)) >= END_POSITION, "positions", "-1 (END) or more", self.positions)
        for name in ("k", "fusion", "temperature", "capacity"):
            if self.positions is not None and getattr(self, name) is not None:
                raise ValueError(f"{name} holds for every token of a layer: leave positions out, got {self.positions}")

    def touches(self, layer: int) -> bool:
        """Whether this layer is meant."""
        return self.layers is None or layer in self.layers


@dataclass(frozen=True)
class LayerPlan:
    """Everything that is different in one layer; where two changes set the same dial, the later one holds."""

    k: int
    fusion: str
    temperature: float
    capacity: float | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class WhatIf:
    """Changes that hold together; none = the model as it is. The last one is what an undo takes back."""

    changes: tuple[Change, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "changes", tuple(self.changes))

    def plan(self, layer: int, k: int) -> LayerPlan:
        """What holds in this layer of a model that gives every token k experts."""
        here = tuple(change for change in self.changes if change.touches(layer))
        return LayerPlan(_last(here, "k", k), _last(here, "fusion", "weighted"), _last(here, "temperature", 1.0),
                         _last(here, "capacity", None), here)

    def check(self, layers: int, experts: int, k: int) -> None:
        """Refuse what a model of this shape cannot do, by name."""
        for change in self.changes:
            _within("layer", change.layers or (), layers)
            _within("expert", (*change.off, *change.force, *(expert for expert, _ in change.nudges)), experts)
            _require(change.k is None or change.k <= experts, "k", f"1..{experts}", change.k)
        for layer in range(layers):
            plan = self.plan(layer, k)
            for position in _distinct_positions(plan.changes):
                _check_choice(plan, layer, position, experts)

    def to_json(self) -> list[dict]:
        """Plain lists and numbers; what was left alone is left out."""
        defaults = {field.name: field.default for field in fields(Change)}
        said = [{name: value for name, value in asdict(change).items() if value != defaults[name]}
                for change in self.changes]
        return json.loads(json.dumps(said))

    @classmethod
    def from_json(cls, changes: list[dict]) -> "WhatIf":
        """The what-if that to_json wrote, or a ValueError that says what is wrong with it."""
        if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
            raise ValueError(f"a what-if must be a list of changes, got {changes!r}")
        known = [field.name for field in fields(Change)]
        for name in {name for change in changes for name in change} - set(known):
            raise ValueError(f"a change must be one of {', '.join(known)}, got {name}")
        return cls(tuple(Change(**change) for change in changes))


def _check_choice(plan: LayerPlan, layer: int, position: int | None, experts: int) -> None:
    """Enough experts must be left for what is asked of one position."""
    here = [change for change in plan.changes if change.positions is None or position in change.positions]
    off = {expert for change in here for expert in change.off}
    forced = {expert for change in here for expert in change.force}
    left = experts - len(off)
    if not left:
        raise ValueError(f"layer {layer}: at most {experts - 1} of its {experts} experts may be off, got {len(off)}")
    if off & forced:
        raise ValueError(f"layer {layer}: an expert is either off or forced, got both for {min(off & forced)}")
    if len(forced) > plan.k:
        raise ValueError(f"layer {layer}: at most k = {plan.k} experts may be forced, got {len(forced)}")
    if any(change.swap for change in here) and left <= plan.k:
        raise ValueError(f"layer {layer}: a swap needs a runner-up: k must lie in 1..{left - 1}, got {plan.k}")


def _distinct_positions(changes: Iterable[Change]) -> set[int | None]:
    """Every position that is named, and None for all others."""
    return {None, *(position for change in changes for position in change.positions or ())}


def _last(changes: Iterable[Change], name: str, default):
    given = [getattr(change, name) for change in changes if getattr(change, name) is not None]
    return given[-1] if given else default


def _within(name: str, numbers: Iterable[int], count: int) -> None:
    for number in numbers:
        _require(0 <= number < count, name, f"0..{count - 1}", number)


def _whole_numbers(name: str, numbers) -> tuple[int, ...] | None:
    if numbers is None and name in ("layers", "positions"):
        return None
    if not isinstance(numbers, list | tuple | set | range) or not all(map(_is_whole, numbers)):
        raise ValueError(f"{name} must be a list of whole numbers, got {numbers!r}")
    return tuple(sorted(set(numbers)))


def _nudges(pairs) -> tuple[tuple[int, float], ...]:
    if not isinstance(pairs, list | tuple):
        raise ValueError(f"nudges must be a list of pairs of expert and number, got {pairs!r}")
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not _is_whole(pair[0]):
            raise ValueError(f"a nudge must be a pair of expert and number, got {pair!r}")
        _require(_is_finite(pair[1]) and abs(pair[1]) <= FARTHEST_NUDGE, "a nudge",
                 f"{-FARTHEST_NUDGE:g}..{FARTHEST_NUDGE:g}", pair[1])
    return tuple((expert, float(amount)) for expert, amount in pairs)


def _is_whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _require(holds: bool, name: str, allowed: str, value) -> None:
    if not holds:
        raise ValueError(f"{name} must lie in {allowed}, got {value}")
