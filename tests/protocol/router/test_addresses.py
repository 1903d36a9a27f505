"""Which groups and sources a router handles."""

from __future__ import annotations

from typing import ClassVar

from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.wire.packets import Leave, OldReport, Query, Record, RecordType

from ..families import (
    ALLOW,
    BLOCK,
    IS_EX,
    IS_IN,
    TO_EX,
    TO_IN,
    both_families,
    group,
    source,
    ssm_group,
)
from .simulated_router import RouterTests, query_at


@both_families
class AddressTests(RouterTests):
    """Groups and sources that a router does not handle (B.12, B.13)."""

    ours: ClassVar = {
        IPV4: "224.0.1.1 239.1.1.1 232.1.1.1",
        IPV6: "ff05::5 ff0e::1 ff15::5 ff3e::8000:1",
    }
    not_ours: ClassVar = {
        IPV4: "224.0.0.1 224.0.0.22 224.0.0.251 10.0.0.1 0.0.0.0",
        IPV6: "ff02::1 ff02::fb ff02::1:ff00:1 ff12::5 ff32::5 ff72::5 ff01::5 ff00::5"
        " 2001:db8::1 ::",
    }
    bad_sources: ClassVar = {
        IPV4: "224.1.1.1 0.0.0.0 255.255.255.255 127.0.0.1",
        IPV6: ":: ::1 ff1e::9 fe80::9",
    }

    def test_reports_for_groups_that_are_not_proxied_are_ignored(self) -> None:
        """ADR-01..08, V-12, IGMP3-R-06, MLD2-R-06, MLD2-R-13, MLD1-03."""
        wanted = frozenset([source(self.family, 1)])
        for address in self.not_ours[self.family].split():
            for kind in RecordType:
                self.reports(Record(kind, packed(address), wanted))
            self.receives(OldReport(1, packed(address)))
            self.receives(Leave(packed(address)))
        self.assertEqual((self.querier.groups, self.changed, self.sent), ({}, [], []))
        for address in self.ours[self.family].split():
            self.reports(Record(ALLOW, packed(address), wanted))
            self.assertIn(packed(address), self.querier.groups)

    def test_invalid_sources_are_removed_from_a_list(self) -> None:
        """IGMP3-R-07, MLD2-R-07: the valid sources of the list count."""
        bad = {packed(address) for address in self.bad_sources[self.family].split()}
        for kind in (IS_IN, ALLOW, TO_IN):
            self.setUp()
            self.reports(Record(kind, group(self.family, 1), self.sources(1) | bad))
            self.check_include({1: 270})
        for kind in (IS_EX, TO_EX):
            self.setUp()
            self.reports(Record(kind, group(self.family, 1), self.sources(1) | bad))
            self.check_exclude({}, {1}, 270)

    def test_record_with_invalid_sources_only_is_ignored(self) -> None:
        """IGMP3-R-07, MLD2-R-07: it is no leave; but IS_EX and TO_EX are joins."""
        bad = frozenset(packed(address) for address in self.bad_sources[self.family].split())
        self.given_exclude(x=(1,))
        for kind in (IS_IN, ALLOW, TO_IN, BLOCK):
            self.reports(Record(kind, group(self.family, 1), bad))
        self.check_exclude({1: 270}, set(), 270)
        self.assertEqual(self.specific_queries(), [])
        for kind in (IS_EX, TO_EX):
            self.setUp()
            self.reports(Record(kind, group(self.family, 1), bad))
            self.check_exclude({}, set(), 270)

    def test_join_of_an_ssm_group_without_sources_is_ignored(self) -> None:
        """SSM-03, PSSM-03: a join with sources counts."""
        g = ssm_group(self.family, 1)
        for kind in (IS_EX, TO_EX):
            self.reports(Record(kind, g, self.sources(1)))
            self.reports(Record(kind, g))
        self.assertEqual(self.querier.groups, {})
        self.reports(Record(ALLOW, g, self.sources(1)), Record(TO_EX, g))
        self.assertEqual(self.querier.subscription(g), self.including(1))

    def test_leave_of_an_ssm_group_queries_its_sources(self) -> None:
        """SSM-04, PSSM-03: the group itself is never queried."""
        g = ssm_group(self.family, 1)
        for leaving in (Record(BLOCK, g, self.sources(1)), Record(TO_IN, g)):
            self.reports(Record(ALLOW, g, self.sources(1)))
            self.reports(leaving)
            self.pass_time(5)
            self.assertEqual({query.sources for _, query in self.sent}, {self.sources(1)})
            self.assertEqual(self.querier.groups, {})

    def test_older_messages_for_ssm_groups_are_ignored(self) -> None:
        """SSM-02, PSSM-03: reports as well as leaves."""
        g = ssm_group(self.family, 1)
        self.receives(OldReport(1, g))
        self.assertEqual(self.querier.groups, {})
        self.reports(Record(ALLOW, g, self.sources(1)))
        self.assertEqual(self.receives(OldReport(2, g)), Effects())
        self.assertEqual(self.receives(Leave(g)), Effects())
        self.pass_time(200)
        self.assertEqual((self.querier.subscription(g), self.sent), (self.including(1), []))

    def test_older_report_joins_and_older_leave_leaves(self) -> None:
        """OLD-01..05: the leave is queried twice."""
        self.receives(OldReport(self.family.current_version - 1, group(self.family, 1)))
        self.check_exclude({}, set(), 270)
        self.receives(Leave(group(self.family, 1)))
        self.pass_time(2)
        self.assertEqual(self.specific_queries(), [query_at(0), query_at(1)])
        self.assertEqual(self.querier.groups, {})

    def test_query_without_election_changes_no_timer(self) -> None:
        """QR-06: the router has no address and takes part in no election."""
        self.given_exclude()
        self.assertEqual(self.receives(Query(3, group(self.family, 1), 1.0)), Effects())
        self.check_exclude({}, set(), 270)
