"""A file is read in one go and a function seen at a glance: 300 and 60 lines at the very most."""

import ast

import pytest
from source_tree import ROOT, SOURCE, files, tree

LONGEST_FILE, LONGEST_FUNCTION = 300, 60
ALL = files(*SOURCE, "tests", endings=(".py", ".js", ".css"))


@pytest.mark.parametrize("file", ALL, ids=str)
def test_a_file_is_read_in_one_go(file):
    assert len((ROOT / file).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("file", [file for file in ALL if file.suffix == ".py"], ids=str)
def test_a_function_is_seen_at_a_glance(file):
    functions = [node for node in ast.walk(tree(file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f"{file}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1 for node in functions}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("file", [file for file in ALL if file.suffix == ".py" and "tests" not in file.parts], ids=str)
def test_a_module_says_what_it_is_for(file):
    assert ast.get_docstring(tree(file))
