"""The sizes of files, functions and classes are limited, so that they stay easy to read."""

from __future__ import annotations

import ast

from twisted.trial.unittest import SynchronousTestCase

from .source import PROJECT, sources

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef

MAX_FILE = 350
"""Lines of a file of the project."""

MAX_FUNCTION = 40
"""Lines of a function in mcproxy, with its docstring."""

MAX_METHODS = 25
"""Methods of a class in mcproxy."""


class SizeTests(SynchronousTestCase):
    """The limits hold in the whole project."""

    def test_no_file_is_longer_than_350_lines(self) -> None:
        for folder in ("mcproxy", "tests"):
            for path in sorted((PROJECT / folder).rglob("*.py")):
                lines = len(path.read_text(encoding="utf-8").splitlines())
                self.assertLessEqual(lines, MAX_FILE, path.relative_to(PROJECT))

    def test_no_function_of_mcproxy_is_longer_than_40_lines(self) -> None:
        for name, tree in sources("mcproxy").items():
            for node in ast.walk(tree):
                if isinstance(node, FUNCTION):
                    lines = (node.end_lineno or node.lineno) - node.lineno + 1
                    self.assertLessEqual(lines, MAX_FUNCTION, f"{name}.{node.name}")

    def test_no_class_of_mcproxy_has_more_than_25_methods(self) -> None:
        for name, tree in sources("mcproxy").items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    methods = [part for part in node.body if isinstance(part, FUNCTION)]
                    self.assertLessEqual(len(methods), MAX_METHODS, f"{name}.{node.name}")
