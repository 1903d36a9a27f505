"""The election in IGMPv1 and MLDv1, switched off, and with encoded queries."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, Address, packed
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.datagram import Datagram
from mcproxy.protocol.wire.igmp import encode as encode_igmp
from mcproxy.protocol.wire.mld import encode as encode_mld
from mcproxy.protocol.wire.packets import DropReason, Query, WireError

from ..families import IS_EX, both_families, host, source
from .simulated_election import HIGHER, LOWER, LOWEST, OURS, ElectionTests


@both_families
class NoElectionTests(ElectionTests):
    """No election, as between peers (RFC 7287, section 5)."""

    def test_router_without_election_ignores_all_other_queriers(self) -> None:
        """It sends queries, answers none, and lowers no timer."""
        self.serves(replace(self.settings, elects=False))
        self.says(IS_EX)
        for number in (LOWER, HIGHER):
            self.query(of=number)
            self.query(of=number, about_group=True)
        self.pass_time(200)
        self.check_is_querier()
        self.assertEqual(self.general(), [31.25, 156.25])
        self.assertEqual((self.roles, self.subscription()), ([], ANY_SOURCE))

    def test_switching_the_election_off_ends_the_role_of_the_other_querier(self) -> None:
        """At once."""
        self.pass_time(10)
        self.query()
        self.ours = replace(self.settings, elects=False)
        self.note(self.querier.reconfigure(self.ours, self.now))
        self.pass_time(1)
        self.check_is_querier()
        self.assertEqual(self.roles, [(10, False), (10, True)])
        self.assertEqual(self.general(), [10])


class IGMPv1QuerierTests(ElectionTests, SynchronousTestCase):
    """IGMPv1 has no election."""

    family = IPV4

    def test_igmpv1_query_takes_no_part_in_the_election(self) -> None:
        """QE-11: general queries and those with a group."""
        self.given_exclude()
        self.query(version=1)
        self.query(version=1, about_group=True)
        self.query(of=HIGHER, version=1)
        self.check_is_querier()
        self.check_exclude({}, set(), 270)
        self.assertEqual(self.sent, [])

    def test_igmpv1_router_does_not_answer_a_higher_address(self) -> None:
        """QE-11: nobody would give way."""
        self.serves(replace(self.settings, version=1))
        self.query(of=HIGHER, version=2)
        self.assertEqual(self.sent, [])

    def test_igmpv1_query_does_not_extend_the_time_of_the_querier(self) -> None:
        """QE-11: we become the querier as planned."""
        self.query()
        self.pass_time(200)
        self.query(version=1)
        self.pass_time(55)
        self.check_is_querier()


SPECIFIC: list[tuple[tuple[int, ...], bool]] = [
    ((), False),
    ((), True),
    ((1,), False),
    ((1,), True),
]
"""Specific queries: the sources, and whether the S flag is set."""


class IGMPElectionTests(ElectionTests, SynchronousTestCase):
    """In IGMP, only general queries take part in the election."""

    family = IPV4

    def test_specific_query_of_a_lower_address_changes_nothing(self) -> None:
        """QE-12, QR-06: a snooping switch that queries a group is no querier."""
        self.given_exclude(x=(1,))
        for numbers, suppress in SPECIFIC:
            for version in (2, 3):
                self.query(*numbers, about_group=True, suppress=suppress, version=version)
        self.check_is_querier()
        self.check_exclude({1: 270}, set(), 270)
        self.pass_time(200)
        self.assertEqual((self.roles, self.general()), ([], [31.25, 156.25]))
        self.assertEqual(self.querier.refused.total(), 0)

    def test_specific_query_of_a_higher_address_is_not_answered(self) -> None:
        """QE-12: with our general query, all hosts would report all of their groups."""
        self.pass_time(10)
        self.query(of=HIGHER, about_group=True)
        self.query(1, of=HIGHER)
        self.assertEqual(self.general(), [])

    def test_specific_query_of_the_querier_does_not_extend_its_time(self) -> None:
        """QE-12, QE-04: but its settings are adopted."""
        self.query()
        self.pass_time(100)
        self.query(about_group=True, robustness=3, interval=20)
        self.assertEqual(self.querier.settings.robustness, 3)
        self.pass_time(154.9)
        self.check_other_querier(LOWER)
        self.pass_time(0.1)
        self.check_is_querier()

    def test_specific_query_of_a_third_router_lowers_no_timer(self) -> None:
        """QR-06: only the elected querier is followed."""
        self.query()
        self.given_exclude(x=(1,))
        self.query(of=LOWEST, about_group=True)
        self.query(1, of=HIGHER)
        self.check_exclude({1: 270}, set(), 270)
        self.check_other_querier(LOWER)

    def test_address_that_no_router_can_have_does_not_win(self) -> None:
        """QE-08: 0.0.0.1 and 127.0.0.1 are lower than all addresses of routers."""
        for address in ("0.0.0.1", "127.0.0.1"):
            general = Query(3, self.family.unspecified, 10.0, robustness=7, interval=31744)
            self.note(self.querier.receive(general, packed(address), self.now))
            self.check_is_querier()


class MLDElectionTests(ElectionTests, SynchronousTestCase):
    """In MLD, all queries take part in the election."""

    family = IPV6

    def test_specific_query_of_a_lower_address_wins_the_election(self) -> None:
        """QE-13: with the S flag or without."""
        for numbers, suppress in SPECIFIC:
            self.setUp()
            self.query(*numbers, about_group=True, suppress=suppress)
            self.check_other_querier(LOWER)
            self.assertEqual(self.roles, [(0, False)])

    def test_each_query_of_the_querier_extends_its_time(self) -> None:
        """QE-13: specific ones and ones with the S flag, too."""
        self.query()
        self.pass_time(250)
        self.query(about_group=True)
        self.pass_time(250)
        self.query(1, suppress=True)
        self.pass_time(50)
        self.query(suppress=True)
        self.pass_time(254.9)
        self.check_other_querier(LOWER)
        self.assertEqual(self.roles, [(0, False)])
        self.pass_time(0.1)
        self.check_is_querier()

    def test_interface_identifiers_are_compared(self) -> None:
        """QE-14: the 64 bits before them do not count."""
        general = Query(2, self.family.unspecified, 10.0)
        for ours, theirs, wins in (
            ("fe80::5", "fe80:0:0:1::1", True),
            ("fe80:0:0:1::1", "fe80::5", False),
            ("fe80::5", "fe80:0:0:1::5", False),
        ):
            self.setUp()
            self.querier.set_address(packed(ours))
            self.note(self.querier.receive(general, packed(theirs), self.now))
            self.assertEqual(self.querier.is_querier, not wins, theirs)


class MLDv1QuerierTests(ElectionTests, SynchronousTestCase):
    """MLDv1 has an election."""

    family = IPV6

    def test_mldv1_query_wins_the_election(self) -> None:
        """QE-11: only IGMPv1 has none."""
        self.query(version=1)
        self.check_other_querier(LOWER)


@both_families
class ReceivedQueryTests(ElectionTests):
    """Encoded queries that are received from the link."""

    def arrives(self, sender: Address, query: Query) -> None:
        """Receive a datagram with a query of ``sender``."""
        there = datagram.destination(self.family, query)
        message = encode_igmp(query) if self.family is IPV4 else encode_mld(query, sender, there)
        packet = datagram.accept(self.family, Datagram(sender, there, 1, True, message))
        self.note(self.querier.receive(packet, sender, self.now))

    def test_higher_of_two_routers_gives_way_and_adopts_the_settings(self) -> None:
        """QE-01..04: the lower one answers with its query."""
        settings = QuerierSettings(query_interval=20, robustness=3)
        lower = Querier(self.family, settings, address=host(self.family, LOWER))
        [(_, query)] = lower.start(self.now).send
        assert isinstance(query, Query)
        self.arrives(host(self.family, LOWER), query)
        self.check_other_querier(LOWER)
        self.assertEqual(self.querier.settings, settings)
        [answer] = lower.receive(query, host(self.family, OURS), self.now).send
        self.assertEqual(answer.packet, query)
        self.assertTrue(lower.is_querier)

    def test_interval_that_a_query_cannot_carry_is_the_same_for_both_routers(self) -> None:
        """QE-04, TU-04: the membership intervals are equal."""
        settings = QuerierSettings(query_interval=150)
        lower = Querier(self.family, settings, address=host(self.family, LOWER))
        [(_, query)] = lower.start(self.now).send
        assert isinstance(query, Query)
        self.arrives(host(self.family, LOWER), query)
        ours = self.querier.settings
        self.assertEqual(ours.group_membership_interval, settings.group_membership_interval)

    def test_mld_query_without_link_local_source_is_dropped(self) -> None:
        """QE-08, IP6-03: IGMP accepts any address."""
        general = Query(self.family.current_version, self.family.unspecified, 10.0)
        foreign = source(self.family, 1)
        if self.family is IPV4:
            self.arrives(foreign, general)
            self.assertEqual(self.querier.election.other, foreign)
            return
        for address in (foreign, self.family.unspecified):
            error = self.assertRaises(WireError, self.arrives, address, general)
            self.assertEqual(error.reason, DropReason.QUERY_SOURCE)
        self.check_is_querier()
