"""What the events of all tabs have in common."""

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
HEAVY_SLIDING = {**HEAVY, "trigger_mode": "always_last"}


def visible(yes: bool) -> dict:
    """Seen or not, but always mounted: when gradio mounts a component it sets others back to what they held before."""
    return gr.update(visible=yes or "hidden")


def offer_csv(panels: dict, drawers: dict[str, Drawer]) -> None:
    """Let every panel hand out the table behind its figure."""
    for name, panel in panels.items():
        panel.hands_out = partial(csv_file, name, drawers[name])


def within(value, last: int) -> int:
    """A number from the browser as a whole number 0..last, such as an index or a seed; an emptied box is 0."""
    return min(max(int(value or 0), 0), last)
