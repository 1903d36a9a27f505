"""The source of the project, parsed without importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


@cache
def sources(folder: str) -> dict[str, ast.Module]:
    """Return all modules below a folder of the project, by dotted name."""
    found = {}
    for path in sorted((PROJECT / folder).rglob("*.py")):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def imports(name: str, modules: dict[str, ast.Module], for_types: bool = True) -> set[str]:
    """Return the dotted names that a module imports, with or without imports for types only."""
    found = set()
    for node in _nodes(modules[name], for_types):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(name, node, modules)
            full = {f"{base}.{alias.name}" for alias in node.names}
            # "from .a import b" imports the module a, unless b is a module itself.
            found.update(each if each in modules or not node.module else base for each in full)
    return found


def _nodes(tree: ast.AST, for_types: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not for_types:
            continue
        yield node
        yield from _nodes(node, for_types)


def _base(name: str, node: ast.ImportFrom, modules: dict[str, ast.Module]) -> str:
    if not node.level:
        return node.module or ""
    is_package = any(other.startswith(f"{name}.") for other in modules)
    parts = name.split(".")
    above = parts[: len(parts) - node.level + is_package]
    return ".".join([*above, node.module] if node.module else above)
