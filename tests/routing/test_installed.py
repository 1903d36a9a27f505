"""The entries of a table as they were installed, and how many there are."""

from __future__ import annotations

import random

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import packed
from mcproxy.routing.installed import FEW, InstalledEntries
from mcproxy.routing.plan import Entries, Installed

G1, G2 = packed("239.1.1.1"), packed("239.1.1.2")


def entries(*sources: int) -> Entries:
    """An entry of each source."""
    return tuple(Installed(bytes([10, 0, 0, one]), 0, b"") for one in sources)


class InstalledEntriesTests(SynchronousTestCase):
    def test_count_is_that_of_all_groups_however_entries_come_and_go(self) -> None:
        installed = InstalledEntries({G1: entries(1, 2)})
        choice = random.Random(1)
        for _ in range(500):
            group = choice.choice((G1, G2))
            if choice.random() < 0.3:
                sources = range(1, 1 + choice.choice((0, 1, FEW, 3 * FEW)))
                installed.set(group, entries(*sources))
            else:
                source = choice.randrange(1, 40)
                some = entries(source) if choice.random() < 0.5 else ()
                installed.set_source(group, bytes([10, 0, 0, source]), some)
            self.assertEqual(installed.count, sum(len(installed.of(one)) for one in (G1, G2)))
