"""The troubleshooting page has a section with a sample for each trap, and for no other."""

from __future__ import annotations

import ast
import re

from twisted.trial.unittest import SynchronousTestCase

from ..source import sources
from .documentation import PAGE, sections

MAKERS = {"problem", "warning", "Finding", "_judged"}
"""The functions that make findings; the first name among their arguments is the trap's."""


def traps() -> set[str]:
    """The names of all traps that the program knows."""
    return {
        name
        for folder in ("mcproxy/diagnosis", "mcproxy/cli")
        for tree in sources(folder).values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS
        for name in texts(node.args)[:1]
    }


def texts(arguments: list[ast.expr]) -> list[str]:
    """The constant texts among arguments."""
    values = [one.value for one in arguments if isinstance(one, ast.Constant)]
    return [
        value for value in values if isinstance(value, str) and re.fullmatch(r"[a-z0-9-]+", value)
    ]


class DocumentationTests(SynchronousTestCase):
    def test_every_trap_has_a_section_and_no_other_has(self) -> None:
        self.assertEqual(set(sections()), traps())

    def test_every_section_shows_what_the_program_prints(self) -> None:
        for name, text in sections().items():
            self.assertRegex(text, rf"(?m)^    (PROBLEM|WARNING)  {name}:", name)
            self.assertRegex(text, r"(?m)^ {8}Cure: ", name)

    def test_table_names_every_trap(self) -> None:
        page = PAGE.read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"- `([\w-]+)`_", page)), traps())
