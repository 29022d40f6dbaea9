"""What lets the page open sooner: to be imported before gradio.

It knows one habit of gradio: while it is imported it parses its own sources and rewrites an editor's stub (.pyi)
beside every component, half of all the time its import takes. Here nobody edits, so no stub is written.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder

WRITER = "gradio.component_meta"  # the module, and below the function in it, that writes the stubs


class _WithoutStubs(MetaPathFinder):
    """Finds that one module as Python would, and silences its writer once it is there."""

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name == WRITER else None
        if spec is None:
            return None
        run = spec.loader.exec_module

        def run_silenced(module) -> None:
            run(module)
            module.create_or_modify_pyi = lambda *component: None

        spec.loader.exec_module = run_silenced
        return spec


def write_no_stubs() -> None:
    """From here on gradio may be imported; without effect where it already is."""
    sys.meta_path.insert(0, _WithoutStubs())
