"""Several routers on one link: who is the querier, and what the others do meanwhile."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, Address
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.datagram import Datagram
from mcproxy.protocol.wire.igmp import encode as encode_igmp
from mcproxy.protocol.wire.mld import encode as encode_mld
from mcproxy.protocol.wire.packets import DropReason, OldReport, Query, WireError

from ..bench import START, LinkTests, about
from ..support import BLOCK, IS_EX, IS_IN, TO_EX, TO_IN, both_families, group, host, source

OURS = 5
LOWER = 3
LOWEST = 1
HIGHER = 7


class ElectionTests(LinkTests):
    """Tests with a router that has an address, and others with lower and higher ones."""

    def setUp(self) -> None:
        """A router that has started and sent its first query."""
        super().setUp()
        self.serves(self.settings)

    def serves(self, settings: QuerierSettings) -> None:
        """A router with other settings, started anew."""
        self.ours = settings
        self.querier = Querier(self.family, settings, address=host(self.family, OURS))
        self.roles: list[tuple[float, bool]] = []
        self.note(self.querier.start(self.now))
        self.sent.clear()

    def note(self, effects: Effects) -> Effects:
        """Keep the changes of role too: when, and whether we are the querier then."""
        if effects.role_changed:
            self.roles.append((self.now - START, self.querier.is_querier))
        return super().note(effects)

    def query(
        self,
        *numbers: int,
        of: int = LOWER,
        about_group: bool = False,
        suppress: bool = False,
        robustness: int = 2,
        interval: int = 125,
        version: int | None = None,
        within: float | None = None,
    ) -> Effects:
        """A query of another router: a general one, or one about group 1 or sources of it."""
        specific = about_group or bool(numbers)
        packet = Query(
            self.family.current_version if version is None else version,
            group(self.family, 1) if specific else self.family.unspecified,
            (1.0 if specific else 10.0) if within is None else within,
            self.sources(*numbers),
            suppress,
            robustness,
            interval,
        )
        return self.hears(packet, of)

    def general(self) -> list[float]:
        """When general queries were sent since the last look, from the start on."""
        times = [when - START for when, q in self.sent if q.group == self.family.unspecified]
        self.sent.clear()
        return times

    def check_loses_to(self, number: int) -> None:
        """The router with that number is the querier."""
        self.assertFalse(self.querier.is_querier)
        self.assertEqual(self.querier.election.other, host(self.family, number))

    def check_is_querier(self) -> None:
        """We are the querier, and are so by our own settings."""
        self.assertTrue(self.querier.is_querier)
        self.assertIsNone(self.querier.election.other)
        self.assertEqual(self.querier.settings, self.ours)


@both_families
class RoleTests(ElectionTests):
    """Who is the querier (B.8)."""

    def test_alone(self) -> None:
        """GQ-01: a router is the querier from its start, and that is no change."""
        self.passes(1000)
        self.check_is_querier()
        self.assertEqual(self.roles, [])

    def test_lower_address(self) -> None:
        """T-080, QE-01: no more queries; the other one's time is 255 s."""
        self.passes(10)
        self.query()
        self.check_loses_to(LOWER)
        self.passes(254.9)
        self.assertEqual(self.general(), [])
        self.assertEqual(self.roles, [(10, False)])

    def test_higher_address(self) -> None:
        """T-081, QE-02: it is for the other one to give way."""
        self.passes(10)
        self.query(of=HIGHER)
        self.check_is_querier()
        self.passes(200)
        self.assertEqual(self.general(), [10, 31.25, 156.25])
        self.assertEqual(self.roles, [])

    def test_objection(self) -> None:
        """QE-02: it hears at once that we are there, but not from each of many queries."""
        self.passes(10)
        for _ in range(9):
            self.query(of=HIGHER)
            self.query(of=HIGHER, about_group=True)
            self.passes(0.25)
        self.assertEqual(self.general(), [10, 11, 12])

    def test_no_objection(self) -> None:
        """GQ-03: it is for the querier alone, and there is none to ourselves or a switch."""
        self.query(of=OURS)
        general = Query(self.family.current_version, self.family.unspecified, 10.0)
        self.querier.receive(general, self.family.unspecified, self.now)
        self.query()
        self.query(of=HIGHER)
        self.querier.election.address = None
        self.query(of=HIGHER)
        self.assertEqual(self.general(), [])

    def test_equal_address(self) -> None:
        """QR-06, QE-07: our own query, looped back, does not make us silent."""
        self.given_exclude()
        self.query(of=OURS)
        self.query(of=OURS, about_group=True)
        self.check_is_querier()
        self.check_exclude({}, set(), 260)

    def test_unspecified_address(self) -> None:
        """T-083, QE-08, IP4-SD-10: a switch's query takes no part, however low."""
        for version in range(1, self.family.current_version + 1):
            query = Query(version, self.family.unspecified, 10.0, robustness=7, interval=1)
            effects = self.querier.receive(query, self.family.unspecified, self.now)
            self.assertEqual(effects, Effects())
        self.check_is_querier()

    def test_numbers(self) -> None:
        """QE-01: addresses are compared as unsigned numbers."""
        low, high = (bytes([*host(self.family, 1)[:-1], last]) for last in (0x7F, 0x80))
        for ours, theirs, goes_before in ((high, low, True), (low, high, False)):
            self.setUp()
            self.querier.election.address = ours
            general = Query(self.family.current_version, self.family.unspecified, 10.0)
            self.querier.receive(general, theirs, self.now)
            self.assertEqual(self.querier.is_querier, not goes_before)

    def test_without_an_address(self) -> None:
        """QE-07: who does not know his own address gives way to nobody."""
        self.querier.election.address = None
        self.query()
        self.assertTrue(self.querier.is_querier)

    def test_any_query_wins(self) -> None:
        """QE-01: specific ones, with the S flag or without, are as good as general ones."""
        for numbers, suppress in (((), False), ((), True), ((1,), False), ((1,), True)):
            self.setUp()
            self.query(*numbers, about_group=True, suppress=suppress)
            self.check_loses_to(LOWER)
            self.assertEqual(self.roles, [(0, False)])

    def test_any_query_keeps_the_office(self) -> None:
        """QE-01: each begins the time anew."""
        self.query()
        self.passes(250)
        self.query(about_group=True)
        self.passes(250)
        self.query(1, suppress=True)
        self.passes(50)
        self.query(suppress=True)
        self.passes(254.9)
        self.check_loses_to(LOWER)
        self.assertEqual(self.roles, [(0, False)])
        self.passes(0.1)
        self.check_is_querier()

    def test_takeover(self) -> None:
        """T-082, QE-03, GQ-05: after 255 s of silence, with a query at once."""
        self.query()
        self.passes(500)
        self.check_is_querier()
        self.assertEqual(self.general(), [255, 286.25, 411.25])
        self.assertEqual(self.roles, [(0, False), (255, True)])

    def test_lost_again(self) -> None:
        """QE-01, QE-03: as often as the other one comes and goes."""
        for _ in range(3):
            self.query()
            self.passes(300)
        times = [0, 255, 300, 555, 600, 855]
        self.assertEqual(self.roles, [(when, when % 300 == 255) for when in times])
        self.assertEqual(self.general(), [255, 286.25, 555, 586.25, 855, 886.25])

    def test_a_still_lower_one(self) -> None:
        """QE-01: it takes the office of the first; our role is the same."""
        self.query()
        self.passes(100)
        self.query(of=LOWEST, robustness=3)
        self.check_loses_to(LOWEST)
        self.assertEqual(self.querier.settings.robustness, 3)
        self.passes(254)
        self.check_loses_to(LOWEST)
        self.assertEqual(self.roles, [(0, False)])

    def test_any_router_before_us(self) -> None:
        """QE-01: when the querier is silent the next lower one may take over before we do."""
        self.query(of=LOWEST)
        self.passes(254.9)
        self.query(of=LOWER)
        self.passes(10)
        self.check_loses_to(LOWER)
        self.assertEqual(self.general(), [])

    def test_higher_one_while_another_is_querier(self) -> None:
        """QE-02: what it says matters as little as before."""
        self.given_exclude()
        self.query(robustness=3, interval=60)
        before = self.querier.settings
        self.passes(100)
        self.query(of=HIGHER)
        self.query(of=HIGHER, about_group=True)
        self.assertEqual(self.querier.settings, before)
        self.check_loses_to(LOWER)
        self.check_exclude({}, set(), 160)
        self.passes(85)
        self.assertTrue(self.querier.is_querier)

    def test_new_address(self) -> None:
        """QE-07: the election begins anew, with start-up queries."""
        self.query()
        self.passes(10)
        self.querier.election.address = host(self.family, LOWEST)
        self.note(self.querier.start(self.now))
        self.check_is_querier()
        self.query(of=LOWEST)
        self.check_is_querier()
        self.passes(300)
        self.assertEqual(self.general(), [10, 41.25, 166.25, 291.25])
        self.assertEqual(self.roles, [(0, False), (10, True)])

    def test_older_versions(self) -> None:
        """VM-01, QE-01: those but IGMPv1's take part."""
        older = self.family.current_version - 1
        self.query(version=older)
        self.check_loses_to(LOWER)

    def test_configured_version(self) -> None:
        """QE-01: in which we take part ourselves."""
        older = self.family.current_version - 1
        for ours, theirs in ((older, older), (older, self.family.current_version)):
            self.serves(replace(self.settings, version=ours))
            self.query(version=theirs)
            self.check_loses_to(LOWER)
            self.passes(255)
            self.assertTrue(self.querier.is_querier)
            self.assertEqual({query.version for _, query in self.sent}, {older})

    def test_group_of_all_nodes(self) -> None:
        """ADR-01: a record of that group is not taken for the other querier's time."""
        self.query()
        self.reports(self.record(IS_EX)._replace(group=self.family.all_nodes))
        self.passes(254.9)
        self.check_loses_to(LOWER)


@both_families
class EachForItselfTests(ElectionTests):
    """No election, as between peers (RFC 7287, section 4.3)."""

    def test_nobody_goes_before_us(self) -> None:
        """We ask on, object to nobody, and take queries for no word about members."""
        self.serves(replace(self.settings, elects=False))
        self.says(IS_EX)
        for number in (LOWER, HIGHER):
            self.query(of=number)
            self.query(of=number, about_group=True)
        self.passes(200)
        self.check_is_querier()
        self.assertEqual(self.general(), [31.25, 156.25])
        self.assertEqual((self.roles, self.subscription()), ([], ANY_SOURCE))

    def test_from_now_on(self) -> None:
        """Another router is the querier no more, at once."""
        self.passes(10)
        self.query()
        self.ours = replace(self.settings, elects=False)
        self.note(self.querier.reconfigure(self.ours, self.now))
        self.sent.clear()
        self.passes(1)
        self.check_is_querier()
        self.assertEqual(self.roles, [(10, False), (10, True)])
        self.assertEqual(self.general(), [10])


@both_families
class AdoptionTests(ElectionTests):
    """Whose timers are in force (B.8)."""

    def test_adopted(self) -> None:
        """T-084, QE-04, QE-06: robustness 3 and 60 s make 190 s and 185 s."""
        self.query(robustness=3, interval=60)
        settings = self.querier.settings
        self.assertEqual((settings.robustness, settings.query_interval), (3, 60))
        self.assertEqual(settings.group_membership_interval, 190)
        self.assertEqual(settings.other_querier_present_interval, 185)
        self.given_exclude(x=(1,))
        self.check_exclude({1: 190}, set(), 190)
        self.passes(184.9)
        self.check_loses_to(LOWER)
        self.passes(0.1)
        self.check_is_querier()

    def test_not_told(self) -> None:
        """T-085, QE-04: 0 means the defaults, not what is configured here."""
        self.serves(replace(self.settings, robustness=3, query_interval=60))
        self.query(robustness=0, interval=0)
        settings = self.querier.settings
        self.assertEqual((settings.robustness, settings.query_interval), (2, 125))

    def test_the_last_query_counts(self) -> None:
        """QE-04, TM-01: its values are adopted; timers that run are not rescaled."""
        self.query(robustness=3, interval=60)
        self.given_exclude()
        self.query(robustness=2, interval=20)
        self.check_exclude({}, set(), 190)
        self.says(IS_EX)
        self.check_exclude({}, set(), 50)
        self.passes(45)
        self.check_is_querier()
        self.check_exclude({}, set(), 10)
        self.passes(10)
        self.assertEqual(self.subscription(), NOTHING)

    def test_older_versions_tell_nothing(self) -> None:
        """QE-04: what was in force stays so."""
        self.serves(replace(self.settings, robustness=3, query_interval=60))
        older = self.family.current_version - 1
        self.query(version=older, robustness=0, interval=0)
        self.assertEqual(self.querier.settings.group_membership_interval, 190)
        self.query(robustness=2, interval=20)
        self.query(version=older, robustness=0, interval=0)
        self.assertEqual(self.querier.settings.group_membership_interval, 50)

    def test_older_hosts(self) -> None:
        """QE-04, GC-05: how long they count follows from what is adopted."""
        self.query(robustness=2, interval=20)
        address = group(self.family, 1)
        self.hears(OldReport(1, address))
        older = self.querier.groups[address].older
        assert older is not None
        self.assertEqual(older.next_expiry(self.now), self.now + 50)

    def test_own_settings(self) -> None:
        """QE-05: are in force again with the office, and in its queries."""
        self.serves(replace(self.settings, robustness=3, query_interval=60))
        self.query(robustness=2, interval=20)
        self.passes(45)
        self.check_is_querier()
        [(_, query)] = self.sent
        self.assertEqual((query.robustness, query.interval), (3, 60))

    def test_configured_interval_stays(self) -> None:
        """D: the response interval and the others are not told, and are ours."""
        ours = replace(self.settings, query_response_interval=5, last_member_query_interval=0.5)
        self.serves(ours)
        self.query()
        self.assertEqual(self.querier.settings, ours)


@both_families
class OtherQuerierTests(ElectionTests):
    """Groups while another router is the querier (B.7, B.9)."""

    def setUp(self) -> None:
        """The other one is in office."""
        super().setUp()
        self.query()

    def test_groups_are_kept(self) -> None:
        """QE-09: as reports say, with all their timers."""
        self.given_exclude(x=(1,), y=(2,))
        self.check_exclude({1: 260}, {2}, 260)
        self.says(TO_EX, 3)
        self.check_exclude({3: 260}, set(), 260)
        self.query()
        self.passes(200)
        self.query()
        self.passes(60)
        self.assertEqual((self.subscription(), self.heard()), (NOTHING, []))

    def test_leave(self) -> None:
        """T-086, GQ-03, QE-09, QR-01: it is for the other one to ask, and its query counts."""
        self.given_exclude()
        self.says(TO_IN)
        self.check_exclude({}, set(), 260)
        self.passes(0.5)
        self.query(about_group=True)
        self.check_exclude({}, set(), 2)
        self.passes(1.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.passes(0.1)
        self.assertEqual((self.subscription(), self.heard()), (NOTHING, []))
        self.assertEqual(self.changed[-1:], [group(self.family, 1)])

    def test_leave_with_another_member(self) -> None:
        """QR-01, QR-03: its report is heard by us, and seen in the other one's next query."""
        self.given_exclude()
        self.query(about_group=True)
        self.passes(0.5)
        self.says(IS_EX)
        self.passes(0.5)
        self.query(about_group=True, suppress=True)
        self.check_exclude({}, set(), 259.5)

    def test_changes_that_ask(self) -> None:
        """GQ-03: whatever is left, nothing is sent and nothing lowered."""
        for kind in (BLOCK, TO_EX, TO_IN):
            self.setUp()
            self.given_exclude(x=(1, 2))
            self.says(kind, 1)
            self.check_exclude({1: 260, 2: 260} if kind is not TO_EX else {1: 260}, set(), 260)
            self.passes(10)
            self.assertEqual(self.heard(), [])

    def test_sources(self) -> None:
        """QR-02: those that are named, and are not blocked."""
        self.given_exclude(x=(1, 2), y=(3,))
        self.query(1, 3, 4)
        self.check_exclude({1: 2, 2: 260}, {3}, 260)
        self.passes(2)
        self.check_exclude({2: 258}, {1, 3}, 258)

    def test_sources_in_include(self) -> None:
        """QR-02: they are forgotten when nobody claims them."""
        self.given_include(1, 2)
        self.query(1)
        self.check_include({1: 2, 2: 260})
        self.passes(1)
        self.says(IS_IN, 1)
        self.query(2)
        self.passes(2)
        self.check_include({1: 258})

    def test_suppress_flag(self) -> None:
        """T-087, QR-03: no timer changes."""
        self.given_exclude(x=(1,))
        self.query(about_group=True, suppress=True)
        self.query(1, suppress=True)
        self.check_exclude({1: 260}, set(), 260)

    def test_general_query(self) -> None:
        """QR-04: no timer changes."""
        self.given_exclude(x=(1,))
        self.query()
        self.check_exclude({1: 260}, set(), 260)

    def test_group_in_include(self) -> None:
        """QR-01: it has no group timer that could be lowered."""
        self.given_include(1)
        self.query(about_group=True)
        self.check_include({1: 260})
        self.assertIsNotNone(self.querier.next_deadline())

    def test_unknown_group(self) -> None:
        """QR-01: no state."""
        self.query(about_group=True)
        self.query(1)
        self.assertEqual(self.querier.groups, {})

    def test_timers_are_lowered_only(self) -> None:
        """QR-01, QR-02: never set to more."""
        self.given_exclude(x=(1,))
        self.query(1, about_group=True)
        self.query(about_group=True)
        self.passes(1)
        self.query(about_group=True, within=100)
        self.query(1, within=100)
        self.check_exclude({1: 1}, set(), 1)

    def test_time_of_the_other_one(self) -> None:
        """QR-05: what its query tells, by the robustness adopted from it."""
        self.given_exclude()
        self.query(about_group=True, robustness=4, within=0.5)
        self.check_exclude({}, set(), 2)
        self.query(about_group=True, robustness=3, within=0.5)
        self.check_exclude({}, set(), 1.5)

    def test_query_of_an_older_version(self) -> None:
        """QR-01: which has no S flag."""
        self.given_exclude()
        older = self.family.current_version - 1
        self.query(about_group=True, version=older, robustness=0, interval=0)
        self.check_exclude({}, set(), 2)

    def test_query_that_wins(self) -> None:
        """QR-01: the one that takes the office lowers timers too."""
        ElectionTests.setUp(self)
        self.given_exclude()
        self.query(about_group=True)
        self.check_exclude({}, set(), 2)

    def test_questions_end(self) -> None:
        """T-088, SQ-10: the second query is not sent; the timers stay lowered."""
        ElectionTests.setUp(self)
        self.given_exclude(x=(1,))
        self.says(TO_IN)
        self.passes(0.5)
        self.query()
        self.check_exclude({1: 1.5}, set(), 1.5)
        self.passes(10)
        self.assertEqual(self.heard(), [about(0, 1), about(0)])
        self.assertEqual(self.querier.groups, {})

    def test_questions_do_not_come_back(self) -> None:
        """SQ-10: with the office; new ones are asked."""
        ElectionTests.setUp(self)
        self.serves(replace(self.settings, last_member_query_interval=100))
        self.given_exclude()
        self.says(TO_IN)
        self.query(interval=10)
        self.says(IS_EX)
        self.passes(25)
        self.check_office_and_group()
        self.passes(100)
        self.assertNotIn(group(self.family, 1), {query.group for _, query in self.sent[1:]})

    def check_office_and_group(self) -> None:
        """We are the querier, and there is a member."""
        self.assertTrue(self.querier.is_querier)
        self.assertEqual(self.subscription(), ANY_SOURCE)

    def test_takeover_has_the_groups(self) -> None:
        """QE-09: with what they had left, and from then on it is ours to ask."""
        self.passes(55)
        self.given_exclude(x=(1,), y=(2,))
        self.passes(200)
        self.assertEqual(self.general(), [255])
        self.check_exclude({1: 60}, {2}, 60)
        self.says(TO_IN)
        self.passes(5)
        self.assertEqual(self.heard(), [about(255, 1), about(255), about(256, 1), about(256)])
        self.assertEqual(self.querier.groups, {})

    def test_takeover_waits_for_answers(self) -> None:
        """QE-03, QE-09: nothing ends before hosts had the time to answer the first query.

        By its own timer a group may end half a response interval after the takeover, and be
        without its stream for a second, short time.
        """
        self.query()
        self.given_exclude(x=(1,))
        self.passes(255)
        self.check_exclude({1: 10}, set(), 10)
        self.passes(9.9)
        self.says(IS_EX)
        self.check_exclude({}, set(), 260)

    def test_takeover_shortens_nothing(self) -> None:
        """QE-09: what is to last longer does."""
        self.query()
        self.passes(200)
        self.given_exclude(x=(1,), y=(2,))
        self.passes(55)
        self.check_is_querier()
        self.check_exclude({1: 205}, {2}, 205)

    def test_immediate_leave(self) -> None:
        """GQ-03: who is not the querier cuts nothing off, but knows who is there afterwards."""
        ElectionTests.setUp(self)
        self.serves(replace(self.settings, immediate_leave=True))
        self.query()
        self.passes(250)
        for number in (1, 2):
            self.says(TO_EX, host_number=number)
        self.says(TO_EX, group_number=2)
        self.says(TO_IN, group_number=2)
        self.says(TO_IN, host_number=1)
        self.assertEqual((self.subscription(2), self.heard()), (ANY_SOURCE, []))
        self.passes(5)
        self.sent.clear()
        self.says(TO_IN, host_number=2)
        self.assertEqual((self.subscription(), self.heard()), (NOTHING, []))


class IGMPv1QuerierTests(ElectionTests, SynchronousTestCase):
    """IGMPv1, which has no election."""

    family = IPV4

    def test_no_part(self) -> None:
        """QE-11: neither general queries, nor what has a group."""
        self.given_exclude()
        self.query(version=1)
        self.query(version=1, about_group=True)
        self.query(of=HIGHER, version=1)
        self.check_is_querier()
        self.check_exclude({}, set(), 260)
        self.assertEqual(self.sent, [])

    def test_router_of_version_1(self) -> None:
        """QE-11: one that speaks it does not object, since nobody would give way."""
        self.serves(replace(self.settings, version=1))
        self.query(of=HIGHER, version=2)
        self.assertEqual(self.sent, [])

    def test_of_the_querier(self) -> None:
        """QE-11: nor do they keep anybody in office."""
        self.query()
        self.passes(200)
        self.query(version=1)
        self.passes(55)
        self.check_is_querier()


class MLDv1QuerierTests(ElectionTests, SynchronousTestCase):
    """MLDv1, which has one."""

    family = IPV6

    def test_part(self) -> None:
        """QE-11: that is of IGMPv1 alone."""
        self.query(version=1)
        self.check_loses_to(LOWER)


@both_families
class WireTests(ElectionTests):
    """Queries as they come in from the link."""

    def arrives(self, sender: Address, query: Query) -> None:
        """A datagram with a query of ``sender``."""
        there = datagram.destination(self.family, query)
        message = encode_igmp(query) if self.family is IPV4 else encode_mld(query, sender, there)
        packet = datagram.accept(self.family, Datagram(sender, there, 1, True, message))
        self.note(self.querier.receive(packet, sender, self.now))

    def test_two_of_us(self) -> None:
        """QE-01..04: the higher one gives way to the queries of the lower, with its values."""
        settings = QuerierSettings(query_interval=20, robustness=3)
        lower = Querier(self.family, settings, address=host(self.family, LOWER))
        [(_, query)] = lower.start(self.now).send
        assert isinstance(query, Query)
        self.arrives(host(self.family, LOWER), query)
        self.check_loses_to(LOWER)
        self.assertEqual(self.querier.settings, settings)
        [answer] = lower.receive(query, host(self.family, OURS), self.now).send
        self.assertEqual(answer.packet, query)
        self.assertTrue(lower.is_querier)

    def test_long_interval(self) -> None:
        """QE-04, TU-04: an interval that the wire cannot carry is the same for both."""
        settings = QuerierSettings(query_interval=150)
        lower = Querier(self.family, settings, address=host(self.family, LOWER))
        [(_, query)] = lower.start(self.now).send
        assert isinstance(query, Query)
        self.arrives(host(self.family, LOWER), query)
        ours = self.querier.settings
        self.assertEqual(ours.group_membership_interval, settings.group_membership_interval)

    def test_foreign_address(self) -> None:
        """QE-08, IP6-03: MLD's queriers have link-local addresses, or are not heard at all."""
        general = Query(self.family.current_version, self.family.unspecified, 10.0)
        foreign = source(self.family, 1)
        if self.family is IPV4:
            self.arrives(foreign, general)
            self.assertEqual(self.querier.election.other, foreign)
            return
        for address in (foreign, self.family.unspecified):
            error = self.assertRaises(WireError, self.arrives, address, general)
            self.assertEqual(error.reason, DropReason.SOURCE)
        self.check_is_querier()
