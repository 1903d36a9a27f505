"""Which test cites which requirement.

Docstrings and comments contain the ids: one by one (``HS-02, HS-04``), as a list (``HS-02, 04``)
or as a range (``HS-01..05``, ``HS-01 to HS-05``). An id in a test is cited by that test; an id in
a class, outside of its functions, by all tests of the class.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..source import PROJECT

FOLDER = PROJECT / "tests"

NO_IDS = frozenset(["UTF"])
"""What stands before a number, but is the name of something else."""

_HEAD = r"[A-Z][A-Z0-9]*(?:-[A-Z]+)?"
_MORE = r"(?:, (?:\d\d\.\.)?\d\d(?=[,;:.)\s]|$)(?! [a-z\d]))"
_CITATION = re.compile(
    rf"\b(?P<head>{_HEAD})-(?P<first>\d{{1,2}})\b(?:(?:\.\.| to {_HEAD}-)(?P<last>\d{{1,2}})\b)?"
    rf"(?P<more>{_MORE}*)"
)
_NUMBERS = re.compile(r"(\d+)(?:\.\.(\d+))?")


class Citation(NamedTuple):
    """A requirement's id, and the test, or class of tests, that cites it (dotted name)."""

    requirement: str
    test: str


def ids(text: str) -> Iterator[str]:
    """Yield the ids in a text; expand lists and ranges."""
    for match in _CITATION.finditer(text):
        head, first = match["head"], match["first"]
        if head in NO_IDS:
            continue
        pairs = [(first, match["last"]), *_NUMBERS.findall(match["more"])]
        for low, high in pairs:
            for number in range(int(low), int(high or low) + 1):
                yield f"{head}-{number:0{len(first)}}"


def citations(folder: Path = FOLDER, root: Path = PROJECT) -> list[Citation]:
    """Return all citations of the tests in a folder and below it."""
    found: list[Citation] = []
    for path in sorted(folder.rglob("test_*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        if name != f"{__package__}.test_conformance":  # its ids are examples
            found += cited_in(name, path.read_text(encoding="utf-8"))
    return found


def cited_in(module: str, source: str) -> list[Citation]:
    """Return the citations of one test module in their order, without duplicates."""
    comments = _comments(source)
    found: dict[Citation, None] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for test, text in _texts(node, comments):
            name = f"{module}.{node.name}.{test}" if test else f"{module}.{node.name}"
            found.update((Citation(each, name), None) for each in ids(text))
    return list(found)


def bases(folder: Path = FOLDER, root: Path = PROJECT) -> dict[str, set[str]]:
    """Return, for each test class, the classes of its module that it inherits from."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        found |= bases_in(name, path.read_text(encoding="utf-8"))
    return found


def bases_in(module: str, source: str) -> dict[str, set[str]]:
    """Return the classes of one module with all their bases in that module."""
    found: dict[str, set[str]] = {}
    for node in ast.parse(source).body:  # a base class stands before its subclasses
        if isinstance(node, ast.ClassDef):
            direct = {f"{module}.{base.id}" for base in node.bases if isinstance(base, ast.Name)}
            above = [found[base] for base in direct & found.keys()]
            found[f"{module}.{node.name}"] = (direct & found.keys()).union(*above)
    return found


def _texts(node: ast.ClassDef, comments: dict[int, str]) -> Iterator[tuple[str, str]]:
    """Yield name and text of each test of a class; for the class itself the name is empty."""
    outside = dict(comments)
    tests = []
    for part in node.body:
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = range(part.lineno, (part.end_lineno or part.lineno) + 1)
            inside = [outside.pop(line) for line in lines if line in outside]
            if part.name.startswith("test"):
                tests.append((part.name, "\n".join([ast.get_docstring(part) or "", *inside])))
    if tests:
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        own = [outside[line] for line in lines if line in outside]
        yield "", "\n".join([ast.get_docstring(node) or "", *own])
    yield from tests


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string for t in tokens if t.type == tokenize.COMMENT}
