"""Can so small a model run here? The visitor's own browser runs an exported file and shows what it routes."""

import time

import gradio as gr

from app import limits
from app.components import DeviceRunner, StatusLine
from app.components.device_runner import BROWSER, address
from app.engine import Engine
from app.exporting import OPTIMISED, UNIFORM, Exports
from app.labels import Labels
from app.session import Session
from app.tabs.wiring import HEAVY_SLIDING, QUIET
from app.views.device import runner_value
from app.views.status import stage_line
from app.words import say
from moe_core.commands.exports import optimised_plan

FIRST = "int4"
PASSED_ON = "(...dials) => { window.moescopeRun?.(...dials); }"


class DeviceTab:
    """The tab's components; the server is asked for files and for its own answer, nothing else."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine):
        self.session, self.engine, self.exports = session, engine, Exports(engine)
        gr.set_static_paths([BROWSER, self.exports.folder])
        first: Session = session.value
        self.tab = labels.make(gr.Tab, {"label": "tab.device"}, id="device")
        with self.tab:
            with gr.Column(elem_classes="sheet"):
                self._lay_out_question(labels, first)
                self._lay_out_dials(labels)
            self.runner = DeviceRunner(self._value(first), elem_id="device-runner")
        self.shown = [self.runner]
        self._connect()

    def show(self, session: Session) -> dict:
        """The same run in another language; the text itself stays in the browser."""
        return {self.runner: self._value(session)}

    def provide(self, session: Session, event: gr.EventData):
        """Make the file of the plan that the browser asks for."""
        plan = str(getattr(event, "plan", ""))
        stage = self.engine.wait()
        try:
            if stage.name != "ready":
                raise ValueError(stage_line(stage, session.language)["text"])
            made = self.exports.file(plan)
            file = {"url": address(made.path), "tokenizer": address(made.path.with_name("tokenizer.json")),
                    "bytes": made.bytes, "shape": made.shape}
        except (ValueError, OSError) as error:
            file = {"problem": str(error)}
        file["serial"] = time.monotonic_ns()  # the same problem twice is told twice
        return gr.update(files={plan: file}, value=self._value(session))

    def answer(self, session: Session, event: gr.EventData):
        """What this machine makes of the tokens that the browser has read and written."""
        asked = [getattr(event, name, None) for name in ("plan", "prompt", "token_ids")]
        try:
            plan, prompt, token_ids = asked
            if not isinstance(prompt, str) or limits.refuse_prompt(prompt) or not isinstance(token_ids, list):
                raise ValueError("no text came")
            found = self.exports.answer(plan, prompt, token_ids)._asdict()
        except (ValueError, TypeError) as error:
            found = {"problem": say(session.language, "device.check.refused", detail=str(error))}
        return gr.update(answer={**found, "serial": time.monotonic_ns()})

    def _value(self, session: Session) -> dict:
        loaded = self.engine.loaded
        return runner_value(session.language, FIRST, loaded.hash if loaded else session.trace.model_hash)

    def _lay_out_question(self, labels: Labels, first: Session) -> None:
        labels.make(StatusLine, {"value": lambda language: {"text": say(language, "device.intro")}})
        with gr.Row(elem_classes="ask"):
            self.text = labels.make(
                gr.Textbox, {"label": "device.text", "placeholder": "prompt.placeholder"},
                value=first.trace.settings.get("prompt") or first.trace.text, lines=1, max_lines=6, container=False,
                scale=8, min_width=200, elem_id="device-text")
            self.run = labels.make(gr.Button, {"value": "device.run"}, variant="primary", scale=1, min_width=200)
            self.halt = labels.make(gr.Button, {"value": "device.stop"}, variant="stop", scale=0, min_width=90)

    def _lay_out_dials(self, labels: Labels) -> None:
        offered = [*UNIFORM, *([OPTIMISED] if optimised_plan() else [])]
        self.plan = labels.make(
            gr.Radio, {"label": "device.plan", "info": "device.plan.info",
                       "choices": {name: f"device.plan.{name}" for name in offered}},
            value=FIRST, elem_classes="pills", elem_id="device-plan")
        with labels.make(gr.Accordion, {"label": "device.dials"}, open=False), gr.Row():
            self.temperature = labels.make(
                gr.Slider, {"label": "device.temperature", "info": "device.temperature.info"}, minimum=0, maximum=2,
                step=0.1, value=0, buttons=[])
            self.new_tokens = labels.make(gr.Slider, {"label": "device.new_tokens"}, minimum=1,
                                          maximum=limits.MAX_NEW_TOKENS, step=1, value=60, buttons=[])
            self.seed = labels.make(gr.Number, {"label": "device.seed", "info": "device.seed.info"}, value=0,
                                    precision=0, minimum=0, maximum=2**32 - 1)

    def _connect(self) -> None:
        dials = [self.text, self.plan, self.temperature, self.seed, self.new_tokens]
        for event in (self.run.click, self.text.submit):
            event(None, dials, None, js=PASSED_ON, **QUIET)
        self.halt.click(None, None, None, js="() => { window.moescopeStop?.(); }", **QUIET)
        self.plan.input(None, self.plan, None, js="(plan) => { window.moescopePlan?.(plan); }", **QUIET)
        self.runner.file_wanted(self.provide, self.session, self.runner, **HEAVY_SLIDING)
        self.runner.answer_wanted(self.answer, self.session, self.runner, **HEAVY_SLIDING)
