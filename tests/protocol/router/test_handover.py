"""What a router that loses the election reports to the new querier."""

from __future__ import annotations

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.router.handover import GROUPS_A_PART, PART_INTERVAL
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire.packets import OldReport, Packet, Record, Report

from ..families import ALLOW, BLOCK, IS_EX, IS_IN, START, TO_EX, both_families, group, host
from .simulated_election import HIGHER, LOWER, LOWEST, OURS, ElectionTests


@both_families
class HandoverTests(ElectionTests):
    """QE-16: the groups of the link, as a host of it would report them."""

    def records(self) -> list[Record]:
        """Return what was handed over since the last call, record by record."""
        packets, self.handed_over = self.handed_over, []
        return [one for _, packet in packets for one in self.records_of(packet)]

    def records_of(self, packet: Packet) -> tuple[Record, ...]:
        self.assertIsInstance(packet, Report)
        return packet if isinstance(packet, Report) else ()

    def test_loser_reports_its_groups_at_once(self) -> None:
        """QE-16: with their source filters."""
        self.says(IS_EX)
        self.says(ALLOW, 1, 2, group_number=2)
        self.says(IS_EX, 3, group_number=3)
        self.query()
        self.assertEqual(
            self.records(),
            [
                self.record(IS_EX),
                self.record(IS_IN, 1, 2, group_number=2),
                self.record(IS_EX, 3, group_number=3),
            ],
        )

    def test_new_querier_knows_the_groups_at_once(self) -> None:
        """QE-16: before a host has answered."""
        new = Querier(self.family, self.settings, address=host(self.family, LOWER))
        [(_, query)] = new.start(self.now).send
        self.says(IS_EX)
        self.says(ALLOW, 1, 2, group_number=2)
        self.receives(query, LOWER)
        for _, packet in self.handed_over:
            new.receive(packet, host(self.family, OURS), self.now)
        self.assertEqual(list(new.groups), list(self.querier.groups))
        for each in new.groups:
            self.assertEqual(new.subscription(each), self.querier.subscription(each))

    def test_next_queries_of_the_querier_are_not_answered(self) -> None:
        """QE-16: hosts answer them; what they do not want expires."""
        self.says(IS_EX)
        self.query()
        self.records()
        for about_group in (False, True):
            self.query(about_group=about_group)
            self.pass_time(10)
        self.query(of=LOWEST)  # the querier hands over itself
        self.assertEqual(self.records(), [])

    def test_query_that_does_not_win_is_not_answered(self) -> None:
        """QE-16: from a higher address, from one that may not query, or about a group in IGMP."""
        self.says(IS_EX)
        self.query(of=HIGHER)
        if self.family is IPV4:
            self.query(about_group=True)
        self.querier.reconfigure(QuerierSettings(allowed_queriers=frozenset()), self.now)
        self.query()
        self.assertEqual(self.records(), [])

    def test_older_querier_gets_reports_that_it_can_read(self) -> None:
        """QE-16: one for each group."""
        older = self.family.current_version - 1
        self.says(IS_EX)
        self.says(ALLOW, 1, group_number=2)
        self.query(version=older)
        expected = [OldReport(older, group(self.family, number)) for number in (1, 2)]
        self.assertEqual([packet for _, packet in self.handed_over], expected)

    def test_router_of_an_older_version_sends_reports_of_it(self) -> None:
        """QE-16: the querier of the link speaks it, too."""
        older = self.family.current_version - 1
        self.serves(QuerierSettings(version=older))
        self.receives(OldReport(older, group(self.family, 1)))
        self.query(version=older)
        expected = [(0.0, OldReport(older, group(self.family, 1)))]
        self.assertEqual(self.handed_over, expected)

    def many(self) -> list[bytes]:
        """Let hosts join groups for more than two parts."""
        groups = [group(self.family, number) for number in range(1, 2 * GROUPS_A_PART + 11)]
        for each in groups:
            self.reports(Record(TO_EX, each))
        return groups

    def test_many_groups_are_reported_in_parts(self) -> None:
        """QE-16: each group once, in packets that fit the link."""
        groups = self.many()
        self.query()
        self.assertLessEqual(len(self.records()), GROUPS_A_PART)
        self.handed_over.clear()
        self.querier.receive(Report((Record(BLOCK, groups[0]),)), host(self.family, 1), self.now)
        self.pass_time(PART_INTERVAL)
        self.pass_time(PART_INTERVAL)
        self.assertEqual([one.group for one in self.records()], groups[GROUPS_A_PART:])
        self.pass_time(1)
        self.assertEqual(self.records(), [])

    def test_parts_end_when_the_router_is_the_querier_again(self) -> None:
        """QE-16: as after a change of the settings."""
        self.many()
        self.query()
        self.records()
        self.note(self.querier.reconfigure(QuerierSettings(allowed_queriers=frozenset()), self.now))
        self.assertTrue(self.querier.is_querier)
        self.pass_time(1)
        self.assertEqual(self.records(), [])

    def test_group_that_expires_meanwhile_is_not_reported(self) -> None:
        """QE-16: what is left are the groups that there are."""
        groups = self.many()
        self.query()
        self.records()
        del self.querier.groups[groups[-1]]
        self.pass_time(1)
        self.assertEqual([one.group for one in self.records()], groups[GROUPS_A_PART:-1])

    def test_router_that_starts_hands_nothing_over(self) -> None:
        """QE-16: it knows no group."""
        self.query()
        self.assertEqual((self.records(), self.now), ([], START))
