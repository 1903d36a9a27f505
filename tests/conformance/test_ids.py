"""Ids of requirements in the texts of the project: each of them exists."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ..source import PROJECT
from .citations import NO_IDS, ids
from .requirements import load

ID = re.compile(r"\b([A-Z][A-Z0-9]*(?:-[A-Z]+)?)-\d{1,3}\b")
"""What looks like an id, whatever the number of its digits is."""

PART = re.compile(r"(?<![\w.])[A-Z]\.\d{1,2}\b")
"""The number of a part, or of an appendix of an RFC."""

NAMES = NO_IDS | {"SHA"}
"""What stands before a number, but is the name of something else."""

EXAMPLES = PROJECT / "tests" / "conformance"
"""Where texts are examples."""


def texts(path: Path) -> Iterator[str]:
    """Yield the comments, docstrings and other documentation in a module."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def unknown_ids(text: str, known: set[str]) -> list[str]:
    """Return what looks like an id or a part in a text, and is not known."""
    found = {match[0] for match in ID.finditer(text) if match[1] not in NAMES}
    found |= set(ids(text)) | set(PART.findall(text))
    return sorted(found - known)


class IdTests(SynchronousTestCase):
    def setUp(self) -> None:
        """The ids of all rules, and the numbers of their parts."""
        rules = load()
        parts = {rule.part for rule in rules.values()}
        self.known = {*rules, *PART.findall("\n".join(parts))}

    def test_unknown_ids_and_parts_are_found(self) -> None:
        """One by one, in lists and in ranges; other words with a number are none."""
        unknown = unknown_ids("HS-01, T-040, GC-98..99 (B.2, X.4), SHA-256, UTF-8", self.known)
        self.assertEqual(unknown, ["GC-98", "GC-99", "T-040", "X.4"])

    def test_all_ids_in_the_code_and_the_tests_exist(self) -> None:
        """In docstrings and comments."""
        unknown = {}
        for path in (*PROJECT.glob("tests/**/*.py"), *PROJECT.glob("mcproxy/**/*.py")):
            found = [] if path.parent == EXAMPLES else list(texts(path))
            if wrong := unknown_ids("\n".join(found), self.known):
                unknown[str(path.relative_to(PROJECT))] = wrong
        self.assertEqual(unknown, {})

    def test_all_ids_in_the_documentation_exist(self) -> None:
        """In prose, and in the reasons of the requirements."""
        unknown = {}
        for path in (*PROJECT.glob("*.rst"), *PROJECT.glob("docs/**/*.rst")):
            if wrong := unknown_ids(path.read_text(encoding="utf-8"), self.known):
                unknown[path.name] = wrong
        self.assertEqual(unknown, {})
        reasons = "\n".join(rule.reason for rule in load().values())
        self.assertEqual(unknown_ids(reasons, self.known), [])
