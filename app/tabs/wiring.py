"""What the events of all tabs have in common."""

from collections.abc import Callable
from functools import partial

import gradio as gr

from app import limits
from app.views.panel import Drawer, csv_file

# Progress is shown nowhere: at every event the browser visits each component that was ever named as its place, and by
# default every output of every event is.
SILENT = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
QUIET = {"queue": False, **SILENT}
HEAVY = {"concurrency_id": "model", "concurrency_limit": limits.HEAVY_RUNS_AT_ONCE, **SILENT}
# By default gradio drops an event while its predecessor is answered; of these the last one waits for that answer.
SLIDING = {**QUIET, "trigger_mode": "always_last"}
# For an event of several components: none of them waits for the answer to another.
SHARED = {**QUIET, "trigger_mode": "multiple"}
HEAVY_SLIDING = {**HEAVY, "trigger_mode": "always_last"}


def visible(yes: bool) -> dict:
    """Seen or not, but always mounted: when gradio mounts a component it sets others back to what they held before."""
    return gr.update(visible=yes or "hidden")


def either(choices: dict, answer: Callable) -> Callable:
    """One event for several components: `answer(*inputs, choice)`, the choice being that of the one that was clicked.

    Before gradio shows a page it goes through every event for each component: a hundred events take it a second. It
    tells of a component by its copy, made anew with every update; only its elem_id stays.
    """
    by_name = {component.elem_id: choice for component, choice in choices.items()}
    if None in by_name or len(by_name) < len(choices):
        raise ValueError("each component needs its own elem_id")

    def answered(event: gr.EventData, *given):
        return answer(*given, by_name[event.target.elem_id])

    return answered


def offer_csv(panels: dict, drawers: dict[str, Drawer]) -> None:
    """Let every panel hand out the table behind its figure."""
    for name, panel in panels.items():
        panel.hands_out = partial(csv_file, name, drawers[name])


def within(value, last: int) -> int:
    """A number from the browser as a whole number 0..last, such as an index or a seed; an emptied box is 0."""
    return min(max(int(value or 0), 0), last)
