"""Every number on the page comes from a run or a recording, nothing is fetched from outside, and no file runs code."""

import ast
import re

from source_tree import ROOT, SOURCE, belongs_to, files, imports_of, tree

CHANCE = re.compile(r"Math\.random|\bnp\.random|\bnumpy\.random|\bdefault_rng\b")
HOST = re.compile(r"""https?://([^/\s"'`<>)\\]*)""")
OURS = re.compile(r"(localhost|127\.0\.0\.1)(:|$)|www\.w3\.org$|^\{")  # this machine; a name space; a variable
CODE_IN_DATA = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
UNSAFE_ARGUMENTS = ("trust_remote_code", "allow_pickle")


def says(keyword: ast.keyword, name: str, value: bool) -> bool:
    """Whether this argument is literally name=value."""
    return keyword.arg == name and isinstance(keyword.value, ast.Constant) and keyword.value.value is value


def unsafe_lines(module: ast.Module) -> list[int]:
    """Lines with an argument that lets a file bring its own code, or torch.load without weights_only=True."""
    nodes = list(ast.walk(module))
    keywords = [node for node in nodes if isinstance(node, ast.keyword) and node.arg in UNSAFE_ARGUMENTS]
    only_numbers = [node.func for node in nodes if isinstance(node, ast.Call)
                    and any(says(keyword, "weights_only", True) for keyword in node.keywords)]
    loads = [node for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node) == "torch.load"]
    return sorted([node.lineno for node in keywords if not says(node, node.arg, False)]
                  + [node.lineno for node in loads if node not in only_numbers])


def found(pattern: re.Pattern, *endings: str) -> list[str]:
    """Every match in the page's own files, with the file it stands in."""
    return [f"{file}: {match}" for file in files("app", "app.py", endings=endings)
            for match in pattern.findall((ROOT / file).read_text(encoding="utf-8"))]


def test_the_page_draws_nothing_by_chance():
    assert found(CHANCE, ".py", ".js") == []
    assert [f"{file}: {name}" for file in files("app", "app.py")
            for _, name in imports_of(file) if belongs_to(name, "random")] == []


def test_the_page_asks_no_other_host():
    hosts = found(HOST, ".py", ".js", ".css", ".json", ".html")
    assert [host for host in hosts if not OURS.search(host.partition(": ")[2])] == []


def test_a_file_that_is_read_cannot_run_code():
    assert [f"{file}:{line} {name}" for file in files(*SOURCE, "tests") for line, name in imports_of(file)
            if any(belongs_to(name, risk) for risk in CODE_IN_DATA)] == []
    assert [f"{file}:{line}" for file in files(*SOURCE, "tests") for line in unsafe_lines(tree(file))] == []


def test_an_outside_host_is_told_from_our_own():
    text = "fetch('https://cdn.example.org/x.js'); open('http://127.0.0.1:7860/'); ns='http://www.w3.org/2000/svg'"
    assert [host for host in HOST.findall(text) if not OURS.search(host)] == ["cdn.example.org"]


def test_unsafe_loading_is_told_from_safe():
    source = ("torch.load(path)\nAutoModel.from_pretrained(name, trust_remote_code=True)\n"
              "np.load(path, allow_pickle=choice)\nread = torch.load\ntorch.load(path, weights_only=False)\n"
              "np.load(path, allow_pickle=False)\ntorch.load(path, weights_only=True)\njson.load(file)\n")
    assert unsafe_lines(ast.parse(source)) == [1, 2, 3, 4, 5]
