"""Tests of the tests: each test runs, and each can fail."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from twisted.trial.unittest import SynchronousTestCase

from .source import sources

ASSERTS = re.compile(r"assert\w*|fail|\w+ResultOf|flushLoggedErrors|AssertionError|FailTest")
"""Names that make a test fail; a helper that uses one of them makes a test fail, too."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield all functions and methods in a module."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


@cache
def names_in(function: Function) -> frozenset[str]:
    """Return all names that a function uses, and ``assert`` if it has that statement."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Assert):
            names.add("assert")
    return frozenset(names)


def asserts(function: Function) -> bool:
    """Return whether a function asserts something itself."""
    return any(ASSERTS.fullmatch(name) for name in names_in(function))


class TestTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.modules = sources("tests")

    def test_synchronous_test_case_has_no_coroutine(self) -> None:
        """Nothing would await it, and it would pass."""
        asynchronous = self.subclasses("TestCase") - self.subclasses("SynchronousTestCase")
        for name, tree in self.modules.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and (name, node.name) not in asynchronous:
                    for part in node.body:
                        if isinstance(part, ast.AsyncFunctionDef):
                            self.assertFalse(part.name.startswith("test"), f"{name}.{part.name}")

    def subclasses(self, base: str) -> set[tuple[str, str]]:
        """Return module and name of each class that inherits from ``base``, by name."""
        classes = {
            (name, node.name): {ast.unparse(each).rpartition(".")[2] for each in node.bases}
            for name, tree in self.modules.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
        }
        found: set[tuple[str, str]] = set()
        while more := {
            key
            for key, bases in classes.items()
            if key not in found and bases & {base, *(name for _, name in found)}
        }:
            found |= more
        return found

    def test_every_test_asserts_something(self) -> None:
        failing = self.failing_helpers()
        for name, tree in self.modules.items():
            for function in functions(tree):
                if function.name.startswith("test"):
                    can = asserts(function) or names_in(function) & failing
                    self.assertTrue(can, f"{name}.{function.name} asserts nothing")

    def failing_helpers(self) -> set[str]:
        """Return the names of helpers that assert, or that call one that does."""
        bodies = {
            function.name: function
            for modules in (self.modules, sources("mcproxy/lab"))
            for tree in modules.values()
            for function in functions(tree)
            if not function.name.startswith("test")
        }
        failing: set[str] = set()
        while more := {
            name
            for name, body in bodies.items()
            if name not in failing and (asserts(body) or names_in(body) & failing)
        }:
            failing |= more
        return failing

    def test_every_folder_with_tests_is_a_package(self) -> None:
        for name in self.modules:
            parent, _, last = name.rpartition(".")
            if last.startswith("test_"):
                self.assertIn(parent, self.modules)

    def test_names_of_tests_are_unique_in_their_class(self) -> None:
        """A second test with the same name would replace the first."""
        for name, tree in self.modules.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    names = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
                    doubles = {one for one in names if names.count(one) > 1 and "test" in one}
                    self.assertEqual(doubles, set(), name)

    def test_every_test_module_has_tests(self) -> None:
        for name, tree in self.modules.items():
            if name.rpartition(".")[2].startswith("test_"):
                self.assertTrue(any(f.name.startswith("test") for f in functions(tree)), name)
