"""Every number on the page comes from a run or a recording, nothing is fetched from outside, and no file runs code."""

import ast
import re

import pytest
from source_tree import ROOT, SOURCE, belongs_to, files, imports_of, tree

CHANCE = re.compile(r"Math\.random|\bnp\.random|\bnumpy\.random|\bdefault_rng\b")
HOST = re.compile(r"""https?://([^/\s"'`<>)\\]*)""")
OURS = re.compile(r"(localhost|127\.0\.0\.1)(:|$)|www\.w3\.org$|^\{")  # this machine; a name space; a variable
CODE_IN_DATA = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
UNSAFE_ARGUMENTS = ("trust_remote_code", "allow_pickle")


def unsafe(node: ast.AST) -> bool:
    """torch.load, or an argument that lets a file bring its own code."""
    if isinstance(node, ast.keyword):
        refused = isinstance(node.value, ast.Constant) and node.value.value is False
        return node.arg in UNSAFE_ARGUMENTS and not refused
    return (isinstance(node, ast.Attribute) and node.attr == "load"
            and isinstance(node.value, ast.Name) and node.value.id == "torch")


@pytest.mark.parametrize("file", files("app", "app.py", endings=(".py", ".js")), ids=str)
def test_the_page_draws_nothing_by_chance(file):
    assert CHANCE.findall((ROOT / file).read_text(encoding="utf-8")) == []
    if file.suffix == ".py":
        assert [name for _, name in imports_of(file) if belongs_to(name, "random")] == []


@pytest.mark.parametrize("file", files("app", "app.py", endings=(".py", ".js", ".css", ".json", ".html")), ids=str)
def test_the_page_asks_no_other_host(file):
    hosts = HOST.findall((ROOT / file).read_text(encoding="utf-8"))
    assert [host for host in hosts if not OURS.search(host)] == []


@pytest.mark.parametrize("file", files(*SOURCE, "tests"), ids=str)
def test_a_file_that_is_read_cannot_run_code(file):
    assert [name for _, name in imports_of(file) if any(belongs_to(name, risk) for risk in CODE_IN_DATA)] == []
    assert [node.lineno for node in ast.walk(tree(file)) if unsafe(node)] == []


def test_an_outside_host_is_told_from_our_own():
    text = "fetch('https://cdn.example.org/x.js'); open('http://127.0.0.1:7860/'); ns='http://www.w3.org/2000/svg'"
    assert [host for host in HOST.findall(text) if not OURS.search(host)] == ["cdn.example.org"]


def test_unsafe_loading_is_told_from_safe():
    unsafe_lines = ["torch.load(path)", "AutoModel.from_pretrained(name, trust_remote_code=True)",
                    "np.load(path, allow_pickle=choice)"]
    safe_lines = ["np.load(path, allow_pickle=False)", "json.load(file)"]
    found = [any(map(unsafe, ast.walk(ast.parse(line)))) for line in unsafe_lines + safe_lines]
    assert found == [True] * 3 + [False] * 2
