"""The README says how the house is built and how to open it: both languages, the same commands, the whole map."""

import ast
import re
from pathlib import Path

import pytest
from source_tree import ROOT, files, tree

READMES = ("README.md", "README.zh.md")
COMMANDS = ("page", "tests")


def text_of(readme: str) -> str:
    return (ROOT / readme).read_text(encoding="utf-8")


def block_after(marker: str, text: str) -> str:
    """The fenced block under this HTML comment."""
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)\n```", text, re.DOTALL)
    assert found, f"no fenced block under <!-- {marker} -->"
    return found[1]


def paths_in(map_text: str) -> dict[str, str]:
    """Path -> what the map says of it; two more spaces mean inside the folder above."""
    paths, folders = {}, []
    for line in filter(str.strip, map_text.splitlines()):
        depth = (len(line) - len(line.lstrip())) // 2
        name, _, meaning = line.strip().partition(" ")
        folders = folders[:depth]
        paths["".join(folders) + name] = meaning.strip()
        if name.endswith("/"):
            folders.append(name)
    return paths


def modules() -> set[str]:
    return {file.as_posix() for file in files("app.py", "app", "moe_core") if file.name != "__init__.py"}


def suggested_line(path: str) -> str:
    return f"{path}  {(ast.get_docstring(tree(Path(path))) or '').splitlines()[0]}"


def test_the_map_names_every_module():
    paths = paths_in(block_after("map", text_of("README.md")))
    assert [suggested_line(path) for path in sorted(modules() - paths.keys())] == []


@pytest.mark.parametrize("readme", READMES)
def test_the_map_names_every_room(readme):
    rooms = {f"{Path(module).parent.as_posix()}/" for module in modules()} - {"./"}
    assert sorted(rooms - paths_in(block_after("map", text_of(readme))).keys()) == []


@pytest.mark.parametrize("readme", READMES)
def test_the_map_names_nothing_that_is_not_there(readme):
    assert [path for path in paths_in(block_after("map", text_of(readme))) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("readme", READMES)
def test_the_map_says_what_each_place_is_for(readme):
    assert [path for path, meaning in paths_in(block_after("map", text_of(readme))).items() if not meaning] == []


def test_a_nested_map_gives_whole_paths():
    lines = ["app.py    opens", "app/      the page", "  tabs/   questions", "    prompt.py  live", "moe_core/  core"]
    assert paths_in("\n".join(lines)) == {"app.py": "opens", "app/": "the page", "app/tabs/": "questions",
                                          "app/tabs/prompt.py": "live", "moe_core/": "core"}


@pytest.mark.parametrize("readme", READMES)
def test_there_are_exactly_two_commands_of_one_line_each(readme):
    assert tuple(re.findall(r"<!-- command: (\w+) -->", text_of(readme))) == COMMANDS
    for name in COMMANDS:
        command = block_after(f"command: {name}", text_of(readme))
        assert "\n" not in command
        assert command == block_after(f"command: {name}", text_of(READMES[0]))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_enough_by_itself(name):
    steps = block_after(f"command: {name}", text_of("README.md")).split(" && ")
    assert [step.split()[0] for step in steps] == ["python3.11", ".venv/bin/pip", ".venv/bin/python"]


@pytest.mark.parametrize("readme", READMES)
def test_links_and_pictures_lead_somewhere(readme):
    targets = re.findall(r"\]\(([^)#\s]+)", text_of(readme))  # a link within the page has no target here
    inside = [target for target in targets if not target.startswith(("http://", "https://"))]
    assert inside
    assert [target for target in inside if not (ROOT / target).exists()] == []


def test_the_space_runs_the_gradio_that_is_tested():
    front = dict(re.findall(r"^(\w+): (.+)$", text_of("README.md").split("---")[1], re.MULTILINE))
    assert front["sdk"] == "gradio"
    assert (ROOT / front["app_file"]).exists()
    assert f"gradio=={front['sdk_version']}" in text_of("requirements.txt").splitlines()
    assert len(front["short_description"]) <= 60  # what the hub shows

