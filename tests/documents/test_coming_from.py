"""The way from another proxy names every word of the other's language."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.foreign.words import GROUPS, KEYWORDS, NETS, NUMBERS, ROLES

from ..source import PROJECT

PAGE = PROJECT / "docs/guide/coming-from.rst"

WORDS = {*KEYWORDS, *GROUPS, *NETS, *NUMBERS, *ROLES}
"""Of igmpproxy and igmpv3proxy."""

CLASSIC = {
    *("protocol", "pinstance", "table", "whitelist", "blacklist", "rulematching", "disable"),
    *("upstream", "first", "mutex", "all", "in", "out"),
}
"""Of mcproxy 1.1."""


class ComingFromTests(SynchronousTestCase):
    def test_every_word_of_another_language_is_on_the_page(self) -> None:
        literals = " ".join(re.findall("``(.+?)``", PAGE.read_text(encoding="utf-8")))
        named = set(re.findall(r"[\w.]+", literals))
        self.assertEqual(WORDS - named, set())
        self.assertEqual(CLASSIC - named, set())
