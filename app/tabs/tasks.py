"""What can so small a model do? Translate, answer, judge, summarise, write on, find; each with the answer's routing."""

import gradio as gr

from app import doing
from app.components import FigurePanel, StatusLine, TextPair, TokenStrip
from app.engine import Engine
from app.labels import Labels
from app.runs import Runs
from app.session import Session, merged
from app.tabs.long_event import Late, LongEvent
from app.tabs.tasks_text import TextPart
from app.tabs.wiring import HEAVY, QUIET, SHARED, SLIDING, either, offer_csv, visible, within
from app.views import tasks as views
from app.views import tasks_scores as score_views
from app.views.status import refusal_line, stage_line
from app.words import say
from app.working import Working
from moe_core.tasks.prompts import ANSWERING, JOBS, RETRIEVAL

SHOWN_SAMPLES = ("question_answering", "translation_en_zh", "translation_zh_en", "sentiment", "summary")


class TasksTab:
    """The tab's components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine):
        self.session, self.engine, self.runs = session, engine, Runs()
        first: Session = session.value
        self.tab = labels.make(gr.Tab, {"label": "tab.tasks"}, id="tasks")
        with self.tab:
            with gr.Column(elem_classes="sheet"):
                self._lay_out_job(labels)
                self.status = StatusLine(elem_id="tasks-status")
            self._lay_out_answer(labels, first)
            self._lay_out_scores(labels)
            self.text_part = TextPart(labels, session, engine)
            self.shown = [self.status, self.hint, self.question, self.answer, self.routing, self.strip,
                          self.layer, *self.found.values(), self.note, *self.panels.values(), self.samples,
                          *self.text_part.shown]
            self._connect()  # within: gradio counts whatever stands between tabs as a tab

    def show(self, session: Session) -> dict:
        """Everything this tab draws of a session; nothing before it is opened for the first time."""
        if not session.working.opened:
            return {}
        return {self.status: views.resting_line(session), **self._show_job(session), **self._show_results(session),
                **self._show_scores(session), **self.text_part.show(session)}

    def open(self, session: Session) -> dict:
        """Draw the scores at the first visit."""
        if session.working.opened:
            return {self.status: gr.skip()}
        session = session.work(opened=True, layer=session.layer)
        return {self.session: session, **self.show(session)}

    def choose(self, session: Session, job: str) -> dict:
        """Another job; its boxes and its example."""
        session = session.work(job=job if job in JOBS else session.working.job, example=None)
        return {self.session: session, self.status: {}, **self._show_job(session), **self._show_results(session)}

    def give_example(self, session: Session, language: str) -> dict:
        """The next held-out example of the chosen job."""
        from moe_core.tasks.examples import examples  # reads the story world: when somebody asks

        working = session.working
        example = examples(working.job, language, working.examples_seen % 20 + 1, seed=11)[-1]
        session = session.work(example=example, examples_seen=working.examples_seen + 1)
        text = example.question if working.job == RETRIEVAL else example.text
        question = "" if working.job == RETRIEVAL else example.question
        return {self.session: session, self.text: text, self.question: gr.update(value=question), self.status: {}}

    def do(self, session: Session, text: str, question: str, request: gr.Request):
        """Refuse what cannot be done, wait for the model if need be, then answer."""
        if self.engine.stage.name != "ready":
            yield {self.status: {"kind": "busy", "text": say(session.language, "run.waiting")}}
            stage = self.engine.wait()
            yield {self.status: stage_line(stage, session.language)}
            if stage.name != "ready":
                return
        job = session.working.job
        question = question if job == ANSWERING else ""
        refusal = doing.refuse(self.engine, job, text, question)
        if refusal is not None:
            yield {self.status: refusal_line(refusal, session.language)}
        elif job == RETRIEVAL:
            yield from self._search(session, text)
        else:
            yield from self._answer(session, text, question, request.session_hash)

    def stop(self, request: gr.Request) -> None:
        """End this visitor's answer after the step it is in."""
        self.runs.stop(request.session_hash)

    def select(self, session: Session, event: gr.EventData) -> dict:
        """Mark the token that was clicked."""
        if session.working.answered is None:
            return {self.strip: gr.skip()}
        last = len(session.working.answered.trace.token_ids) - 1
        session = session.work(position=within(event.position, last))
        return {self.session: session, self.strip: views.strip_value(session)}

    def change_layer(self, session: Session, layer: int) -> dict:
        """The strip in another layer's colours."""
        answered = session.working.answered
        last = len((answered.trace if answered else session.trace).layers) - 1
        session = session.work(layer=within(layer, last))
        return {self.session: session, self.strip: views.strip_value(session)}

    def change_sample(self, session: Session, job: str) -> dict:
        """The recorded answers of another job."""
        return {self.samples: score_views.samples_value(session, job)}

    def _answer(self, session: Session, text: str, question: str, visitor: str):
        sign, example = self.runs.begin(visitor), session.working.example
        known = example is not None and (example.text, example.question) == (text, question)
        try:
            for done in doing.answered(self.engine, session.working.job, text, question, sign):
                done = doing.with_wanted(done, example.wanted if known else "")
                session = session.work(answered=done, position=done.trace.phase.count("prompt") - 1,
                                       layer=min(session.working.layer, len(done.trace.layers) - 1))
                yield {self.answer: views.answer_value(session, self.engine.decode),
                       self.status: views.status_line(session, growing=True), **self._busy(True)}
        finally:
            self.runs.end(visitor, sign)
        yield {self.session: session, **self._show_results(session), **self._busy(False),
               self.status: views.status_line(session, growing=False)}

    def _search(self, session: Session, text: str):
        yield {self.status: {"kind": "busy", "text": say(session.language, "tasks.status.searching")}}
        session = session.work(searched=doing.searched(self.engine, text))
        yield {self.session: session, **self._show_results(session), self.status: views.resting_line(session)}

    def _merge(self, late: Late, now: Session) -> Session:
        """The answer, looked at where the visitor looks by now as far as it has that place."""
        session = merged(*late, now)
        if session.working.answered is None:
            return session
        layers, length = session.working.answered.trace.expert_ids.shape[:2]
        return session.work(layer=within(session.working.layer, layers - 1),
                            position=within(session.working.position, length - 1))

    def _show_job_and_results(self, session: Session) -> dict:
        return {**self._show_job(session), **self._show_results(session)}

    def _show_job(self, session: Session) -> dict:
        return {self.hint: views.hint(session), self.question: visible(session.working.job == ANSWERING)}

    def _show_results(self, session: Session) -> dict:
        working: Working = session.working
        answers = working.answered is not None and working.answered.job == working.job
        return {self.answer: views.answer_value(session, self.engine.decode), self.routing: visible(answers),
                self.strip: views.strip_value(session), self.layer: working.layer,
                **{widget: views.found_value(session, way) for way, widget in self.found.items()}}

    def _show_scores(self, session: Session) -> dict:
        return {self.note: score_views.note(session),
                self.samples: score_views.samples_value(session, SHOWN_SAMPLES[0]),
                **{panel: score_views.panel_value(name, session) for name, panel in self.panels.items()}}

    def _busy(self, running: bool) -> dict:
        return {self.run: visible(not running), self.halt: visible(running)}

    def _lay_out_job(self, labels: Labels) -> None:
        with gr.Row(elem_classes="choices"):
            self.job = labels.make(
                gr.Radio, {"label": "tasks.job", "choices": {job: f"tasks.job.{job}" for job in JOBS}}, value=JOBS[0],
                elem_classes="pills", elem_id="tasks-job")
        self.hint = StatusLine(elem_id="tasks-hint")
        with gr.Row(elem_classes=["ask", "tall"]):
            with gr.Column(scale=8, min_width=200):
                self.text = labels.make(gr.Textbox, {"label": "tasks.text", "placeholder": "tasks.placeholder"},
                                        lines=3, max_lines=12, container=False, elem_id="tasks-text",
                                        value="I like learning AI.")
                self.question = labels.make(
                    gr.Textbox, {"label": "tasks.question", "placeholder": "tasks.question.placeholder"}, lines=1,
                    max_lines=3, container=False, visible="hidden", elem_id="tasks-question")
            self.run = labels.make(gr.Button, {"value": "tasks.run"}, variant="primary", scale=1, min_width=120)
            self.halt = labels.make(gr.Button, {"value": "prompt.stop"}, variant="stop", scale=1, min_width=120,
                                    visible="hidden")
        with gr.Row(elem_classes="examples"):
            self.examples = {language: labels.make(gr.Button, {"value": f"tasks.example.{language}"}, size="sm",
                                                   elem_id=f"tasks-example-{language}")
                             for language in ("en", "zh")}

    def _lay_out_answer(self, labels: Labels, first: Session) -> None:
        self.answer = TextPair(elem_id="tasks-answer")
        self.routing = labels.make(gr.Accordion, {"label": "tasks.routing"}, open=False, elem_classes="sheet",
                                   elem_id="tasks-routing", visible="hidden")
        with self.routing:
            self.strip = TokenStrip({"tokens": []}, elem_id="tasks-strip")
            self.layer = labels.make(
                gr.Slider, {"label": "prompt.layer", "info": "prompt.layer.info"}, minimum=0, step=1,
                maximum=max(len(first.trace.layers) - 1, 1), value=first.layer, buttons=[], elem_classes="layer")
            with gr.Row(elem_classes="examples"):
                self.follow = labels.make(gr.Button, {"value": "tasks.follow"}, size="sm", elem_id="tasks-follow")
        with gr.Row(elem_classes="panels even"):
            by_states, by_words = TextPair(elem_id="tasks-by-states"), TextPair(elem_id="tasks-by-words")
        self.found = {"states": by_states, "words": by_words}

    def _lay_out_scores(self, labels: Labels) -> None:
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"kind": "heading",
                                                                "text": say(language, "tasks.scores.heading")}})
            self.note = StatusLine(elem_id="tasks-note")
        self.panels = {name: FigurePanel(elem_id=f"tasks-{name}") for name in score_views.DRAWERS}
        with labels.make(gr.Accordion, {"label": "tasks.samples"}, open=False, elem_classes="sheet"):
            self.sampled = labels.make(
                gr.Radio, {"label": "tasks.job", "choices": {job: f"tasks.scored.{job}" for job in SHOWN_SAMPLES}},
                value=SHOWN_SAMPLES[0], elem_classes="pills")
            self.samples = TextPair(elem_id="tasks-samples")

    def _connect(self) -> None:
        answered = [self.session, self.status, self.text, self.question, *self.shown, self.run, self.halt]
        answered = list(dict.fromkeys(answered))
        asked = [self.session, self.text, self.question]
        self.doing = LongEvent(self.session, self.do, self._show_job_and_results, self._merge)
        self.doing.connect([self.run.click, self.question.submit], asked, answered, **HEAVY)
        self.tab.select(self.open, self.session, answered, **QUIET)
        self.halt.click(self.stop, None, None, **QUIET)
        self.job.input(self.choose, [self.session, self.job], answered, **SLIDING)
        examples = {button: language for language, button in self.examples.items()}
        gr.on([button.click for button in examples], either(examples, self.give_example), self.session, answered,
              **SHARED)
        self.strip.token_click(self.select, self.session, [self.session, self.strip], **SLIDING)
        self.layer.input(self.change_layer, [self.session, self.layer], [self.session, self.strip], **SLIDING)
        self.sampled.input(self.change_sample, [self.session, self.sampled], self.samples, **SLIDING)
        offer_csv(self.panels, score_views.DRAWERS)
