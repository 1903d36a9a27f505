"""Immediate leave where an IP address is seen with two link-layer addresses."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.link_layer import LinkLayer
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.packets import RecordType

from ..families import IS_EX, TO_EX, TO_IN, both_families, group, host
from .simulated_router import RouterTests, query_at

OWN, OTHER = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"


@both_families
class ForgedLeaveTests(RouterTests):
    """SQ-15: a leave in the name of another host does not end the stream without a query."""

    settings = QuerierSettings(immediate_leave=True)

    def says_from(
        self, key: bytes, kind: RecordType, host_number: int = 1, group_number: int = 1
    ) -> Effects:
        """A report that comes from a link-layer address."""
        self.querier.note_link_layer(host(self.family, host_number), key, self.now)
        return self.says(kind, host_number=host_number, group_number=group_number)

    def test_leave_from_the_same_address_is_immediate(self) -> None:
        self.says_from(OWN, TO_EX)
        self.says_from(OWN, TO_IN)
        self.assertEqual((self.querier.groups, self.specific_queries()), ({}, []))

    def test_leave_from_another_address_is_queried(self) -> None:
        """The stream goes on when the host answers, each time."""
        self.says_from(OWN, TO_EX)
        for begin in (0, 3, 6):
            self.says_from(OTHER, TO_IN)
            self.assertEqual(self.specific_queries(), [query_at(begin)])
            self.pass_time(0.5)
            self.says_from(OWN, IS_EX)
            self.pass_time(2.5)
            self.assertEqual(self.subscription(), ANY_SOURCE)
            self.sent.clear()
        self.pass_time(200)
        self.assertEqual(self.subscription(), ANY_SOURCE)

    def test_group_ends_where_nobody_answers_the_query(self) -> None:
        """A host has another network card, and leaves."""
        self.says_from(OWN, TO_EX)
        self.says_from(OTHER, TO_IN)
        self.pass_time(1.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.pass_time(0.1)
        self.assertEqual(self.subscription(), NOTHING)

    def test_another_host_s_leave_is_queried_after_a_forged_one(self) -> None:
        """The host whose name was used is tracked no longer, but may be there."""
        self.says_from(OWN, TO_EX, 1)
        self.says_from(OTHER, TO_EX, 2)
        self.says_from(OTHER, TO_IN, 1)
        self.assertEqual((self.subscription(), self.specific_queries()), (ANY_SOURCE, []))
        self.says_from(OTHER, TO_IN, 2)
        self.assertEqual(
            (self.subscription(), self.specific_queries()), (ANY_SOURCE, [query_at(0)])
        )

    def test_leaves_of_other_hosts_in_other_groups_stay_immediate(self) -> None:
        self.says_from(OWN, TO_EX)
        self.says_from(OTHER, TO_IN)
        self.sent.clear()
        self.says_from(OWN, TO_EX, 3, 2)
        self.says_from(OWN, TO_IN, 3, 2)
        self.assertEqual((self.subscription(2), self.specific_queries()), (NOTHING, []))

    def test_leave_is_immediate_again_when_the_other_address_is_forgotten(self) -> None:
        """A membership interval later, and as long after the last report of the doubtful host."""
        self.says_from(OWN, TO_EX)
        self.says_from(OTHER, IS_EX)
        for _ in range(6):
            self.pass_time(100)
            self.says_from(OTHER, IS_EX)
        self.says_from(OTHER, TO_IN)
        self.assertEqual((self.querier.groups, self.specific_queries()), ({}, []))

    def test_first_report_of_a_host_that_was_tracked_unseen_is_doubtful(self) -> None:
        """The link-layer address of its earlier reports is unknown."""
        self.says(TO_EX)
        self.says_from(OTHER, TO_IN)
        self.assertEqual(
            (self.subscription(), self.specific_queries()), (ANY_SOURCE, [query_at(0)])
        )

    def test_leave_is_queried_shortly_after_reports_were_lost(self) -> None:
        self.says_from(OWN, TO_EX)
        self.querier.note_lost_link_layer(self.now + 10)
        self.says_from(OWN, TO_IN)
        self.assertEqual(
            (self.subscription(), self.specific_queries()), (ANY_SOURCE, [query_at(0)])
        )

    def test_every_leave_is_trusted_with_always(self) -> None:
        settings = replace(self.settings, immediate_leave="always")
        self.says_from(OWN, TO_EX)
        self.note(self.querier.reconfigure(settings, self.now))
        self.assertIsNone(self.querier.link_layer)
        self.says_from(OTHER, TO_IN)
        self.assertEqual((self.querier.groups, self.specific_queries()), ({}, []))

    def test_groups_of_a_doubtful_host_are_refreshed(self) -> None:
        self.says_from(OWN, TO_EX)
        self.says_from(OTHER, IS_EX)
        self.pass_time(200)
        self.says_from(OWN, IS_EX)
        self.pass_time(200)
        self.assertEqual(list(self.querier.groups), [group(self.family, 1)])


@both_families
class LinkLayerTests(RouterTests):
    """SQ-15, LIM-01: the table of link-layer addresses."""

    def setUp(self) -> None:
        super().setUp()
        self.table = LinkLayer(2)

    def test_hosts_beyond_the_limit_are_doubtful_until_others_expire(self) -> None:
        first, second, third = (host(self.family, number) for number in (1, 2, 3))
        self.table.note(first, OWN, 0, 270)
        self.table.note(second, OWN, 10, 280)
        self.table.note(third, OWN, 10, 280)
        self.assertEqual([self.table.is_doubtful(h, 20) for h in (first, second, third)], [0, 0, 1])
        self.table.note(third, OWN, 275, 545)
        self.assertFalse(self.table.is_doubtful(third, 275))
        self.assertEqual(set(self.table.hosts), {second, third})

    def test_host_that_was_silent_for_long_may_have_another_address(self) -> None:
        first = host(self.family, 1)
        self.table.note(first, OWN, 0, 270)
        self.table.note(first, OTHER, 270, 540)
        self.assertFalse(self.table.is_doubtful(first, 270))
