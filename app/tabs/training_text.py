"""A run that can learn what the visitor brings: a text that is typed, or a file."""

import base64
import secrets
from dataclasses import replace

import gradio as gr

from app.labels import Labels
from app.session import Session
from app.tabs.training_part import RunPart
from app.tabs.wiring import SLIDING
from app.words import say

LONGEST_TYPED = 100_000  # characters; more comes as a file


class TextRunPart(RunPart):
    """What was typed or chosen last is read."""

    def take_file(self, session: Session, content: bytes | None) -> dict:
        """A file was chosen: it is read in the place of what is typed."""
        key = session.training.key or secrets.token_hex(16)
        session = session.but(training=replace(session.training, key=key))
        if content:
            self.foreman.bench(key).files[self.kind] = ("", bytes(content))
        text = say(session.language, "training.file", size=f"{len(content or b''):,}")
        return {self.session: session, self.own: "", self.status: {"kind": "done", "text": text}}

    def forget_file(self, session: Session) -> None:
        """What is typed takes the place of the file."""
        self.foreman.bench(session.training.key).files.pop(self.kind, None)

    def own_text(self, session: Session, values: dict) -> str:
        """What the visitor brought, for a JSON line; the file if there is one."""
        file = self.foreman.bench(session.training.key).files.get(self.kind)
        typed = (values[self.own] or "").encode("utf-8", "ignore")
        return base64.b64encode(file[1] if file else typed).decode()

    def _lay_out_brought(self, labels: Labels) -> list:
        with gr.Row(elem_classes="ask"):
            words = {"label": f"training.{self.room}.own", "placeholder": f"training.{self.room}.own.empty"}
            self.own = labels.make(gr.Textbox, words, value="", lines=2, max_lines=8, scale=8, min_width=200,
                                   max_length=LONGEST_TYPED, container=False, elem_id=f"training-{self.room}-own")
            self.upload = labels.make(gr.UploadButton, {"label": "training.upload"}, type="binary", scale=1,
                                      min_width=120, file_types=["text"], elem_id=f"training-{self.room}-upload")
        return [self.own]

    def _connect(self) -> None:
        super()._connect()
        self.upload.upload(self.take_file, [self.session, self.upload], [self.session, self.own, self.status],
                           **SLIDING)
        self.own.input(self.forget_file, self.session, None, **SLIDING)
