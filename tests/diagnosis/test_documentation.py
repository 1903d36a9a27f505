"""The troubleshooting page has a section with a sample for each trap, and for no other."""

from __future__ import annotations

import ast
import re

from twisted.trial.unittest import SynchronousTestCase

from ..source import sources
from .documentation import PAGE, sections

MAKERS = {"problem", "warning", "Finding"}


def traps() -> set[str]:
    """The names of all traps that the program knows."""
    return {
        str(node.args[0].value)
        for folder in ("mcproxy/diagnosis", "mcproxy/cli")
        for tree in sources(folder).values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in MAKERS
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


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
