"""prompt -> ids -> trace -> tables -> figures -> page: no room imports from a later one, or more than it needs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from source_tree import ROOT, belongs_to, files, imports, imports_of, tree

TENSORS_ONLY = [f"moe_core/model/{name}.py" for name in
                ("router", "experts", "combine", "moe_layer", "attention", "losses")]
FORBIDDEN = {  # room: what it may not import
    "moe_core": ("gradio", "plotly", "app"),
    **dict.fromkeys(TENSORS_ONLY, ("pandas", "transformers")),
    "moe_core/statistics": ("torch",),
    "app/figures": ("gradio", "torch", "transformers", "moe_core"),
    "app/tabs": ("torch", "transformers", "plotly"),
}
HEAVY = ("torch", "transformers")
LIGHT_MODULES = ("moe_core.tables", "moe_core.tokenizer", "moe_core.sampling",
                 "moe_core.tracing.trace", "moe_core.tracing.bundle",
                 "moe_core.precision.formats", "moe_core.precision.comparison")


def trespasses(room: str) -> list[str]:
    return [f"{file}:{line} imports {name}" for file in files(room) for line, name in imports_of(file)
            if any(belongs_to(name, forbidden) for forbidden in FORBIDDEN[room])]


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_what_it_may(room):
    assert files(room), f"{room} is gone: mend the rules"
    assert trespasses(room) == []


def test_an_import_is_seen_wherever_it_hides():
    source = "def late():\n    import torch.nn as nn\n\nfrom ..tracing import own\nfrom app.theme import INK\n"
    assert list(imports(ast.parse(source), ("moe_core", "precision"))) == [
        (4, "moe_core.tracing.own"), (5, "app.theme.INK"), (2, "torch.nn")]


def test_a_name_that_only_begins_alike_is_no_trespass():
    assert belongs_to("app.theme", "app")
    assert not belongs_to("apparatus", "app")


def test_the_reading_order_imports_nothing():
    assert imports_of(Path("moe_core/__init__.py")) == []
    assert ast.get_docstring(tree(Path("moe_core/__init__.py")))


def heavy_after(statements: str) -> str:
    """Which heavy packages a fresh Python holds after these statements."""
    script = f"{statements}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def module_name(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def test_the_page_is_imported_before_torch():
    modules = [module_name(file) for file in files("app")]
    read_app_py = "import runpy; runpy.run_path('app.py', run_name='opened')"
    assert heavy_after(f"import {', '.join(modules)}\n{read_app_py}") == ""


def test_what_a_recorded_trace_needs_is_free_of_torch():
    modules = [*LIGHT_MODULES, *(module_name(file) for file in files("moe_core/statistics"))]
    assert heavy_after(f"import {', '.join(modules)}") == ""
