"""The table of hosts that want a group."""

from __future__ import annotations

from mcproxy.protocol.router.tracking import HostTable
from mcproxy.protocol.wire.packets import Record

from ..families import (
    ALLOW,
    BLOCK,
    IS_EX,
    IS_IN,
    TO_EX,
    TO_IN,
    FamilyTests,
    both_families,
    host,
    source,
)


@both_families
class HostTableTests(FamilyTests):
    """The table of hosts of a group: which host wants which sources."""

    def setUp(self) -> None:
        """No host has reported."""
        self.table = HostTable()

    def note(self, number: int, record: Record, now: float = 0.0) -> None:
        """Let a host report; the report counts for 260 s."""
        self.table.note(host(self.family, number), record, now, now + 260)

    def unwanted(self, *numbers: int, now: float = 0.0) -> frozenset[bytes]:
        """Return those of some sources that no host lists."""
        return self.sources(*numbers).difference(self.table.wanted(now))

    def test_empty_table_wants_nothing(self) -> None:
        """No host, no sources."""
        self.assertFalse(self.table.wants_any(0))
        self.assertEqual((self.table.wanted(0), len(self.table)), ({}, 0))

    def test_allowed_source_is_wanted_until_it_is_blocked(self) -> None:
        """Per host."""
        self.note(1, self.record(ALLOW, 1, 2))
        self.note(2, self.record(IS_IN, 2, 3))
        self.note(1, self.record(BLOCK, 2))
        self.assertEqual(self.unwanted(1, 2, 3, 4), self.sources(4))
        self.note(2, self.record(BLOCK, 2, 3))
        self.assertEqual(self.unwanted(1, 2, 3), self.sources(2, 3))
        self.assertEqual(len(self.table), 1)

    def test_source_is_wanted_until_its_last_report_expires(self) -> None:
        """Whichever host reported it."""
        self.note(1, self.record(ALLOW, 1, 2))
        self.note(2, self.record(ALLOW, 1, 3), now=50)
        self.note(1, self.record(ALLOW, 2), now=100)
        expected = {source(self.family, n): until for n, until in ((1, 360), (2, 360), (3, 310))}
        self.assertEqual(self.table.wanted(100), expected)

    def test_exclude_wants_all_sources_and_to_in_only_its_list(self) -> None:
        """TO_IN without a list removes the host."""
        self.note(1, self.record(ALLOW, 1))
        self.note(1, self.record(TO_EX, 2))
        self.assertTrue(self.table.wants_any(0))
        self.assertEqual(self.table.wanted(0), {})
        self.note(1, self.record(TO_IN, 3))
        self.assertFalse(self.table.wants_any(0))
        self.assertEqual(self.unwanted(1, 2, 3), self.sources(1, 2))
        self.note(1, self.record(TO_IN))
        self.assertEqual(len(self.table), 0)

    def test_host_counts_until_its_last_report_expires(self) -> None:
        """Then ``forget`` removes it."""
        self.note(1, self.record(IS_EX))
        self.note(2, self.record(ALLOW, 1))
        self.note(3, self.record(ALLOW, 2), now=1)
        self.assertTrue(self.table.wants_any(259))
        self.assertFalse(self.table.wants_any(260))
        self.assertEqual(self.unwanted(1, 2, now=259), frozenset())
        self.assertEqual(self.unwanted(1, 2, now=260), self.sources(1))
        self.table.expire(260)
        self.assertEqual(len(self.table), 1)

    def test_is_in_of_a_host_in_exclude_mode_counts_beside_its_exclude(self) -> None:
        """With a time of its own."""
        self.note(1, self.record(IS_EX))
        self.note(1, self.record(IS_IN, 1), now=100)
        self.assertEqual(len(self.table), 1)
        self.assertTrue(self.table.wants_any(259))
        self.assertFalse(self.table.wants_any(300))
        self.assertEqual(self.unwanted(1, 2, 3, now=300), self.sources(2, 3))

    def test_expired_source_is_not_revived_by_a_later_report(self) -> None:
        """The host reported other sources."""
        self.note(1, self.record(ALLOW, 1))
        self.note(1, self.record(ALLOW, 2), now=260)
        self.assertEqual(self.unwanted(1, 2, now=260), self.sources(1))
        self.note(1, self.record(ALLOW, 3), now=519)
        self.assertEqual(self.unwanted(1, 2, 3, now=519), self.sources(1))

    def test_refresh_applies_only_to_hosts_that_want_any_source(self) -> None:
        """The return value says so."""
        self.assertFalse(self.table.refresh(host(self.family, 1), 260))
        self.note(1, self.record(ALLOW, 1))
        self.assertFalse(self.table.refresh(host(self.family, 1), 300))
        self.note(1, self.record(TO_EX))
        self.assertTrue(self.table.refresh(host(self.family, 1), 300))
        self.assertTrue(self.table.wants_any(299))
