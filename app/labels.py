"""Which sentence each fixed label of the page shows, so that all of them can change language at once."""

from collections.abc import Callable

import gradio as gr

from app.words import say


class Labels:
    """Makes components and remembers the words they wear: {"label": "prompt.seed"} or {"choices": {value: key}}."""

    def __init__(self, language: str = "en"):
        self.language = language
        self.components: list = []
        self._keys: list[dict] = []

    def make(self, kind: Callable, words: dict, **properties):
        """Build `kind` with its words in the page's first language."""
        component = kind(**_spoken(words, self.language), **properties)
        self.components.append(component)
        self._keys.append(words)
        return component

    def in_language(self, language: str) -> list[dict]:
        """One gradio update per component, in the order of `components`."""
        return [gr.update(**_spoken(words, language)) for words in self._keys]


def _spoken(words: dict, language: str) -> dict:
    return {attribute: _one(key, language) for attribute, key in words.items()}


def _one(key, language: str):
    if callable(key):
        return key(language)
    if isinstance(key, dict):
        return [(say(language, label), value) for value, label in key.items()]
    return say(language, key)
