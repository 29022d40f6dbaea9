"""What one visitor's clicks remember between two events."""

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from app.asking import Asking
from app.budgeting import Budgeting
from app.observing import Observing
from app.shortening import Shortening
from app.training_state import Training
from app.working import Working
from moe_core.tracing.trace import RoutingTrace

if TYPE_CHECKING:
    from moe_core.precision.compare import Comparison
    from moe_core.tracing.lens import LogitLens

ROOMS = ("observing", "asking", "shortening", "working", "training", "budgeting")  # states of single tabs
PLAIN = (str, int, float, frozenset)  # compared by value; everything else by identity


@dataclass(frozen=True)
class Session:
    """One visitor's state; every change is a new Session, so that a running event never sees half of one."""

    trace: RoutingTrace
    language: str = "en"
    recorded: bool = True                    # True until the visitor's own run replaces the recorded trace
    layer: int = 0                           # index into trace.layers
    position: int = 0                        # the selected token
    quantity: str = "probability"            # what the gate heatmap shows: probability, or the weight really applied
    more: bool = False                       # whether the further views of the text are open
    lens: "LogitLens | None" = None          # what every layer said, once the visitor has asked
    comparison: "Comparison | None" = None
    compared_layer: int = 0                  # index into the layers of the comparison
    compared_position: int = 0               # the token selected in the comparison
    taken: str = ""                          # the text that the precision tab took over from the trace last
    observing: Observing = field(default_factory=Observing)  # what the tab Experts shows
    asking: Asking = field(default_factory=Asking)           # what the tab What if shows
    shortening: Shortening = field(default_factory=Shortening)  # what the tab Precision shows
    working: Working = field(default_factory=Working)        # what the tab Tasks shows
    training: Training = field(default_factory=Training)     # what the tab Train it yourself shows
    budgeting: Budgeting = field(default_factory=Budgeting)  # what the tab Where should the bits go? shows
    link: dict = field(default_factory=dict)  # what the address bar needs to restore the run

    def __deepcopy__(self, memo) -> "Session":
        return self  # frozen all the way down: visitors may share the recorded trace

    def but(self, **changes) -> "Session":
        """This session with some fields changed."""
        return replace(self, **changes)

    def observe(self, **changes) -> "Session":
        """This session with something else to look at in the tab Experts."""
        return self.but(observing=replace(self.observing, **changes))

    def work(self, **changes) -> "Session":
        """This session with another job in the tab Tasks."""
        return self.but(working=replace(self.working, **changes))

    def ask(self, **changes) -> "Session":
        """This session with another question in the tab What if."""
        return self.but(asking=replace(self.asking, **changes))

    def train(self, **changes) -> "Session":
        """This session with something else to look at in the tab Train it yourself."""
        return self.but(training=replace(self.training, **changes))

    def budget(self, **changes) -> "Session":
        """This session with another search in the tab Where should the bits go?"""
        return self.but(budgeting=replace(self.budgeting, **changes))

    def shorten(self, **changes) -> "Session":
        """This session with something else to look at in the tab Precision."""
        return self.but(shortening=replace(self.shortening, **changes))

    def with_trace(self, trace: RoutingTrace) -> "Session":
        """The visitor's own trace takes the place of the recorded one; the selection stays inside it."""
        last = max(len(trace.token_ids) - 1, 0)
        layer = min(self.layer, len(trace.layers) - 1)
        return self.but(trace=trace, recorded=False, lens=None, layer=layer, position=min(self.position, last))


def merged(before: Session, after: Session, now: Session) -> Session:
    """`now` with everything that became different between `before` and `after`, in the states of single tabs too."""
    changes = _changes(before, after)
    for room in changes.keys() & set(ROOMS):
        changes[room] = replace(getattr(now, room), **_changes(getattr(before, room), getattr(after, room)))
    return now.but(**changes)


def _changes(before, after) -> dict:
    pairs = {field.name: (getattr(before, field.name), getattr(after, field.name)) for field in fields(after)}
    return {name: new for name, (old, new) in pairs.items()
            if new is not old and not (isinstance(new, PLAIN) and type(new) is type(old) and new == old)}
