"""The project's own source files, and what each of them imports; shared by the architecture tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ("app.py", "app", "moe_core", "benchmarks", ".ci")  # code that runs outside the tests


def files(*places: str, endings: tuple[str, ...] = (".py",)) -> list[Path]:
    """Files with these endings in these places (folders or single files), as paths from the root."""
    found = []
    for place in places:
        path = ROOT / place
        found += [path] if path.is_file() else [file for file in path.rglob("*") if "__pycache__" not in file.parts]
    return sorted(file.relative_to(ROOT) for file in found if file.suffix in endings)


def tree(file: Path) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), str(file))


def imports(module: ast.Module, package: tuple[str, ...] = ()) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, wherever in the file; `package` is where the file lives."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (start, node.module) if part)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def imports_of(file: Path) -> list[tuple[int, str]]:
    return list(imports(tree(file), file.parts[:-1]))


def belongs_to(name: str, forbidden: str) -> bool:
    """torch.nn belongs to torch; torchvision does not."""
    return name == forbidden or name.startswith(forbidden + ".")
