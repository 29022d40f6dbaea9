"""Where should the bits go? The smallest plan that passes the gate, what surrounds it, and the precision bisector."""

import gradio as gr

from app import planning
from app.budgeting import BEST, DIRECTIONS, KINDS, LOW_FORMATS, MEASURES, SMALLEST, Dials, refuse_dials
from app.components import FigurePanel, Numbers, PlanTable, StatusLine
from app.engine import Engine
from app.labels import Labels
from app.runs import Runs
from app.session import Session
from app.tabs.wiring import HEAVY, QUIET, SLIDING, offer_csv, visible
from app.views import budget as views
from app.views.status import refusal_line, stage_line
from app.words import say
from moe_core.precision.optimise import BudgetError

SEARCHING = {**HEAVY, "concurrency_id": "budget", "concurrency_limit": 2}  # each holds a second copy of the model


class BudgetTab:
    """The tab's components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine):
        self.session, self.engine, self.runs = session, engine, Runs()
        self.done: dict = {}  # visitor -> what a run has found, until it is taken
        self.excused: dict = {}  # visitor -> why a run found nothing, on which line, until it is said
        self.tab = labels.make(gr.Tab, {"label": "tab.budget"}, id="budget")
        with self.tab:
            with gr.Column(elem_classes="sheet"):
                self._lay_out_question(labels)
                self.status = StatusLine(elem_id="budget-status")
                self.source = StatusLine(elem_id="budget-source")
                self.numbers = Numbers([], elem_id="budget-numbers")
            with gr.Column(elem_classes="results"):
                self._lay_out_results(labels)
            self._lay_out_culprit(labels)
        self.shown = [self.source, self.numbers, self.back, self.plan, self.culprit, self.measure,
                      *self.panels.values()]
        self._connect()

    def show(self, session: Session) -> dict:
        """Everything this tab draws of a session; nothing before it is opened for the first time."""
        asked = session.budgeting
        if not asked.opened:
            return {}
        return {
            self.source: views.source_line(session), self.numbers: views.numbers_value(session),
            self.plan: views.plan_value(session),
            self.back: visible(not asked.recorded and views.first_found() is not None),
            self.culprit: views.culprit_lines(session), self.measure: asked.measure,
            **{panel: views.panel_value(name, session) for name, panel in self.panels.items()}}

    def open(self, session: Session) -> dict:
        """The shipped search, the first time."""
        if session.budgeting.opened:
            return {self.status: gr.skip()}
        session = session.budget(opened=True, found=views.first_found())
        return {self.session: session, **self.show(session)}

    def search(self, values: dict, request: gr.Request):
        """Refuse what cannot be, wait for the model if need be, then search."""
        dials = self._dials(values)
        yield from self._try(values[self.session], planning.searched, (dials,), request.session_hash, self.status)

    def bisect(self, values: dict, request: gr.Request):
        """Find the first part that must stay high."""
        format, direction = values[self.low], values[self.direction]
        asked = (self._dials(values), format if format in LOW_FORMATS else LOW_FORMATS[1],
                 direction if direction in DIRECTIONS else DIRECTIONS[0])
        yield from self._try(values[self.session], planning.bisected, asked, request.session_hash, self.hunting)

    def take(self, session: Session, request: gr.Request) -> dict:
        """What a run has found goes into the session as it is now: much may have happened since the run began.

        Or why it found nothing: said here, for what is said twice in one moment may arrive in the other order.
        """
        found = self.done.pop(request.session_hash, None)
        if found is None:
            return self.excused.pop(request.session_hash, {self.session: gr.skip()})
        if isinstance(found, dict):
            session = session.budget(culprits=(*session.budgeting.culprits, found)[-8:])
            line = {self.hunting: {"kind": "done", "text": say(session.language, "budget.culprit.done")}}
        else:
            session = session.budget(found=found, recorded=False)
            line = {self.status: {"kind": "done", "text": say(
                session.language, "budget.done", plans=found.settings["plans_measured"],
                seconds=f"{found.settings['cpu_seconds']:.0f}")}}
        return {self.session: session, **self.show(session), **line}

    def cancel(self, request: gr.Request) -> None:
        """End this visitor's search after the step it is in; what was found before stays."""
        self.runs.stop(request.session_hash)

    def show_recording(self, session: Session) -> dict:
        """The shipped search in place of the visitor's own."""
        session = session.budget(found=views.first_found() or session.budgeting.found, recorded=True)
        return {self.session: session, **self.show(session), self.status: {}}

    def change_measure(self, session: Session, measure: str) -> dict:
        """Draw the sizes against another measure."""
        session = session.budget(measure=measure if measure in MEASURES else MEASURES[0])
        return {self.session: session, self.panels["pareto"]: views.panel_value("pareto", session)}

    def _try(self, session: Session, steps, asked: tuple, visitor: str, line: StatusLine):
        refusal = refuse_dials(asked[0])
        if refusal is not None:
            yield {line: refusal_line(refusal, session.language)}
            return
        if self.engine.stage.name != "ready":
            yield {line: {"kind": "busy", "text": say(session.language, "run.waiting")}}
            if self.engine.wait().name != "ready":
                yield {line: stage_line(self.engine.stage, session.language)}
                return
        sign = self.runs.begin(visitor)
        try:
            yield {line: {"kind": "busy", "text": say(session.language, "budget.stage.reading", plans=0)},
                   **self._busy(True)}
            yield from self._walk(session, steps(self.engine, *asked, sign), visitor, line)
        except planning.Ended as ended:
            text = say(self._language(session, visitor), f"budget.{ended}")
            self.excused[visitor] = {line: {"kind": "done", "text": text}}
        except BudgetError as error:
            text = say(self._language(session, visitor), "budget.refuse.impossible", least=f"{error.least / 1e6:.3f}",
                       megabytes=f"{asked[0].megabytes:g}")
            self.excused[visitor] = {line: {"kind": "problem", "text": text}}
        finally:
            self.runs.end(visitor, sign)
        yield self._busy(False)

    def _walk(self, session: Session, steps, visitor: str, line: StatusLine):
        """All steps, told on a line; the last one is what was found."""
        told, found = None, None
        for step in steps:
            if not isinstance(step, tuple):
                found = step
            elif (step.stage, step.measured) != told:
                told = step.stage, step.measured
                yield {line: {"kind": "busy", "text": self._progress(step, self._language(session, visitor))}}
        if found is not None:
            self.done[visitor] = found

    def _language(self, session: Session, visitor: str) -> str:
        """The language of this moment, which may have changed since the run began."""
        return self.runs.looked(visitor).get("language", session.language)

    def _progress(self, progress, language: str) -> str:
        said = say(language, f"budget.stage.{progress.stage}", plans=progress.measured)
        if progress.passed is None:
            return said
        return say(language, "budget.so_far", said=said, size=f"{progress.passed / 1e6:.2f}")

    def _dials(self, values: dict) -> Dials:
        return Dials(goal=values[self.goal], percent=values[self.percent], megabytes=values[self.megabytes],
                     kind=values[self.kind], routers_fp32=bool(values[self.routers]))

    def _busy(self, running: bool) -> dict:
        return {self.start: visible(not running), self.halt: visible(running),
                self.hunt: gr.update(interactive=not running)}

    def _lay_out_question(self, labels: Labels) -> None:
        usual = Dials()
        with gr.Row(elem_classes="choices"):
            self.goal = labels.make(gr.Radio, {"label": "budget.goal", "choices": {
                SMALLEST: "budget.goal.smallest", BEST: "budget.goal.best"}}, value=usual.goal,
                elem_classes="pills", elem_id="budget-goal")
            self.kind = labels.make(gr.Radio, {"label": "budget.size", "choices": {
                kind: f"budget.size.{kind}" for kind in KINDS}}, value=usual.kind, elem_classes="pills")
        with gr.Row(elem_classes="choices"):
            self.percent = labels.make(gr.Number, {"label": "budget.tolerance", "info": "budget.tolerance.info"},
                                       value=usual.percent, step=0.1, elem_id="budget-tolerance")
            self.megabytes = labels.make(gr.Number, {"label": "budget.budget", "info": "budget.budget.info"},
                                         value=usual.megabytes, step=0.1, visible="hidden", elem_id="budget-megabytes")
            self.routers = labels.make(gr.Checkbox, {"label": "budget.routers"}, value=usual.routers_fp32)
        with gr.Row(elem_classes="ask"):
            self.start = labels.make(gr.Button, {"value": "budget.start"}, variant="primary", scale=0, min_width=220,
                                     elem_id="budget-start")
            self.halt = labels.make(gr.Button, {"value": "budget.cancel"}, variant="stop", scale=0, min_width=220,
                                    visible="hidden", elem_id="budget-cancel")
            self.back = labels.make(gr.Button, {"value": "budget.back"}, scale=0, min_width=220, visible="hidden")

    def _lay_out_results(self, labels: Labels) -> None:
        self.measure = labels.make(gr.Radio, {"label": "budget.measure", "choices": {
            measure: f"budget.measure.{measure}" for measure in MEASURES}}, value=MEASURES[0], elem_classes="pills",
            elem_id="budget-measure")
        self.panels = {"pareto": FigurePanel(elem_id="budget-pareto", elem_classes="wide")}
        for pair in (("bits", "damage"), ("sensitivity", "load")):
            with gr.Row(elem_classes="panels even"):
                self.panels |= {name: FigurePanel(elem_id=f"budget-{name}", elem_classes="wide") for name in pair}
        self.plan = PlanTable(elem_id="budget-plan")

    def _lay_out_culprit(self, labels: Labels) -> None:
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"kind": "heading",
                                                                "text": say(language, "budget.culprit.ask")}})
            labels.make(StatusLine, {"value": lambda language: {"text": say(language, "budget.culprit.how")}})
            with gr.Row(elem_classes="choices"):
                self.direction = labels.make(gr.Radio, {"label": "budget.direction", "choices": {
                    name: f"budget.direction.{name}" for name in DIRECTIONS}}, value=DIRECTIONS[0],
                    elem_classes="pills")
                self.low = labels.make(gr.Radio, {"label": "budget.low"}, choices=list(LOW_FORMATS),
                                       value=LOW_FORMATS[1], elem_classes="pills")
            with gr.Row(elem_classes="examples"):
                self.hunt = labels.make(gr.Button, {"value": "budget.culprit.start"}, size="sm",
                                        elem_id="budget-hunt")
            self.hunting = StatusLine(elem_id="budget-hunting")
            self.culprit = StatusLine(elem_id="budget-culprit")

    def _connect(self) -> None:
        asked = {self.session, self.goal, self.kind, self.percent, self.megabytes, self.routers}
        answered = [self.session, self.status, *self.shown, self.start, self.halt, self.hunt, self.hunting]
        telling = [self.status, self.hunting, self.start, self.halt, self.hunt]
        searched = self.start.click(self.search, asked, telling, **SEARCHING)
        hunted = self.hunt.click(self.bisect, {*asked, self.direction, self.low}, telling, **SEARCHING)
        for run in (searched, hunted):
            run.then(self.take, self.session, answered, **QUIET)
        self.halt.click(self.cancel, None, None, **QUIET)
        self.tab.select(self.open, self.session, answered, **QUIET)
        self.back.click(self.show_recording, self.session, answered, **QUIET)
        self.measure.input(self.change_measure, [self.session, self.measure], answered, **SLIDING)
        self.goal.input(lambda goal: visible(goal == BEST), self.goal, self.megabytes, **SLIDING)
        self.plan.hands_out = views.plan_file
        offer_csv(self.panels, views.DRAWERS)
