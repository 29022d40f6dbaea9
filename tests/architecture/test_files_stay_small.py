"""A file is read in one go and a function seen at a glance: 300 and 60 lines at the very most."""

import ast

from source_tree import ROOT, SOURCE, files, tree

LONGEST_FILE, LONGEST_FUNCTION = 300, 60
MODULES = files(*SOURCE)
TESTS = files("tests")


def lines_of_functions(module: ast.Module) -> dict[str, int]:
    """Name and line of every function, however deep, with its length."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {f"{node.lineno} {node.name}": node.end_lineno - node.lineno + 1 for node in functions}


def test_a_file_is_read_in_one_go():
    lengths = {str(file): len((ROOT / file).read_text(encoding="utf-8").splitlines())
               for file in files(*SOURCE, "tests", endings=(".py", ".js", ".css"))}
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_a_function_is_seen_at_a_glance():
    lengths = {f"{file}:{name}": lines for file in MODULES + TESTS
               for name, lines in lines_of_functions(tree(file)).items()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_a_module_says_what_it_is_for():
    assert [str(file) for file in MODULES + TESTS if not ast.get_docstring(tree(file))] == []


def test_the_length_of_a_function_counts_every_line_of_it():
    source = "class A:\n    def one(self): return 1\n\nasync def three():\n    def two():\n        return 2\n"
    assert lines_of_functions(ast.parse(source)) == {"4 three": 3, "2 one": 1, "5 two": 2}
