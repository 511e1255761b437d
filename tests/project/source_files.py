"""The project's own Python files, for the tests that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("annotate", "app", "pipelines")


def python_files(*packages: str) -> list[Path]:
    """Return every Python file of the given packages, sorted."""
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the dotted name that ``path`` is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(source: str) -> Iterator[str]:
    """Yield each module that a source imports, wherever the import stands.

    ``from a import b`` yields ``a.b`` as well, since b may be a module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield "." * node.level
                continue
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
