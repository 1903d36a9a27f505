"""The reference of commands and events is what the program has."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli import SUBCOMMANDS
from mcproxy.events.kinds import KINDS

from .commands import commands_page
from .events import events_page
from .pages import stale
from .table import plain


class ProgramDocumentationTests(SynchronousTestCase):
    def test_pages_are_made_from_the_program(self) -> None:
        self.assertEqual(sorted(stale()), [], "run make reference")

    def test_each_subcommand_has_a_section(self) -> None:
        page = commands_page()
        for name in SUBCOMMANDS:
            self.assertIn(f"\nmcproxy {name}\n---", page)

    def test_each_event_has_one_row(self) -> None:
        page = events_page()
        for kind, event in KINDS.items():
            self.assertEqual(page.count(f"   * - ``{kind}``\n"), 1)
            self.assertTrue(event.__doc__, kind)

    def test_characters_with_a_meaning_are_escaped_outside_of_literals(self) -> None:
        self.assertEqual(plain("a * of\n ``b *`` or |"), "a \\* of ``b *`` or \\|")
