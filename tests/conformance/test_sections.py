"""The sections that requirements cite."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from .requirements import load
from .sections import unknown_sections


class SectionTests(SynchronousTestCase):
    def test_unknown_sections_are_found(self) -> None:
        self.assertEqual(unknown_sections("9776 4.2.17, 6.6.3.2, 9777 5.2.16, A.2"), [])
        self.assertEqual(unknown_sections("9776 4.2.18, 8"), ["9776 4.2.18"])
        self.assertEqual(unknown_sections("9777 5.2.17, 9776 12, 2236 99"), ["9777 5.2.17"])

    def test_all_cited_sections_exist_in_the_new_editions(self) -> None:
        unknown = {one.id: unknown_sections(one.section) for one in load().values()}
        self.assertEqual({key: found for key, found in unknown.items() if found}, {})
