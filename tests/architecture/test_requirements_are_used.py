"""What is imported is pinned, and what is pinned is imported: nobody installs a package for nothing."""

import re
import sys
from importlib.metadata import packages_distributions

from source_tree import ROOT, files, imports_of

OURS = {"app", "moe_core", "benchmarks", *(file.stem for file in files("tests"))}
INSTALLED_AS = packages_distributions()
BY_WAY_OF = {"starlette": "gradio", "huggingface_hub": "transformers"}  # pinned by the package that brings it
TOOLS = {"ruff", "pytest-playwright", "pytest-xdist"}  # run, never imported


def pinned(file: str) -> set[str]:
    """The packages a requirements file names, without those of the file it builds on."""
    names = re.findall(r"^([\w-]+)[=<>]", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    return {name.lower().replace("_", "-") for name in names}


def used(*places: str) -> set[str]:
    """The packages these places import, by the names they are installed under."""
    modules = {name.split(".")[0] for file in files(*places) for _, name in imports_of(file)}
    foreign = {BY_WAY_OF.get(name, name) for name in modules - OURS - sys.stdlib_module_names}
    return {INSTALLED_AS.get(name, [name])[0].lower().replace("_", "-") for name in foreign}


def test_the_page_and_the_library_import_exactly_what_is_pinned():
    assert used("app.py", "app", "moe_core") == pinned("requirements.txt")


def test_the_tests_import_only_what_is_pinned():
    more = used("tests", "benchmarks") - pinned("requirements.txt")
    assert more <= pinned("requirements-dev.txt")
    assert pinned("requirements-dev.txt") <= more | TOOLS


def test_every_pin_is_exact_but_torchs():
    lines = [line.split("#")[0].strip() for file in ("requirements.txt", "requirements-dev.txt")
             for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    loose = [line for line in lines if line and "==" not in line and not line.startswith("-r ")]
    assert [line.split(">")[0] for line in loose] == ["torch"]
