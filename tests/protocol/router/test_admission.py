"""What may be brought about on a link: limits, policy, static groups, other settings."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from mcproxy.protocol.family import IPV4, Address
from mcproxy.protocol.router.admission import RateLimit, Refusal, SsmPolicy
from mcproxy.protocol.router.queries import Queries
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, NOTHING, SourceFilter
from mcproxy.protocol.wire.datagram import encode
from mcproxy.protocol.wire.encoding import pack_reports
from mcproxy.protocol.wire.packets import (
    NO_SOURCES,
    Leave,
    OldReport,
    Query,
    Record,
    Report,
    Sources,
)

from ..bench import START, LinkTests, about
from ..support import (
    ALLOW,
    BLOCK,
    IS_EX,
    IS_IN,
    TO_EX,
    TO_IN,
    FamilyTests,
    both_families,
    group,
    host,
    source,
    ssm_group,
)


@both_families
class SourceLimitTests(LinkTests):
    """LIM-01, LIM-02: ``max-group-sources``."""

    settings = QuerierSettings(max_group_sources=2)

    def refusals(self) -> int:
        """How often the limit was hit."""
        return self.querier.refused[Refusal.MAX_SOURCES]

    def test_one_source_too_many(self) -> None:
        """LIM-01: it is refused and counted; those there are, and are refreshed."""
        self.says(ALLOW, 1, 2)
        self.says(ALLOW, 3)
        self.check_include({1: 260, 2: 260})
        self.assertEqual((self.refusals(), self.changed), (1, [group(self.family, 1)]))
        self.passes(100)
        self.says(IS_IN, 1, 2, 3)
        self.check_include({1: 260, 2: 260})

    def test_as_many_as_there_is_room_for(self) -> None:
        """LIM-01: the lowest of the new ones, so that a restart changes nothing."""
        self.says(ALLOW, 3, 1, 2)
        self.check_include({1: 260, 2: 260})

    def test_a_group_does_not_end_by_it(self) -> None:
        """LIM-01: a list of which nothing is left is no leave, and blocks nothing."""
        self.says(ALLOW, 1, 2)
        self.says(TO_IN, 3)
        self.says(BLOCK, 3)
        self.check_include({1: 260, 2: 260})
        self.assertEqual(self.heard(), [])

    def test_leaving_asks_for_no_room(self) -> None:
        """LIM-01: nor does blocking what is known."""
        self.says(ALLOW, 1, 2)
        self.says(BLOCK, 1)
        self.passes(2)
        self.check_include({2: 258})
        self.says(TO_IN)
        self.passes(2)
        self.assertEqual((self.querier.groups, self.refusals()), ({}, 0))

    def test_too_many_unwanted_sources(self) -> None:
        """LIM-02: none is left out then: too much comes rather than too little."""
        for number, kind in ((1, IS_EX), (2, TO_EX)):
            self.says(kind, 1, 2, group_number=number)
            self.assertEqual(self.subscription(number), self.excluding(1, 2))
            self.says(kind, 1, 2, 3, group_number=number)
            self.assertEqual(self.subscription(number), ANY_SOURCE)
        self.assertEqual(self.refusals(), 2)

    def test_blocking_more_than_there_is_room_for(self) -> None:
        """LIM-02: in EXCLUDE a blocked source must be kept, or goes on."""
        self.given_exclude(y=(1, 2))
        self.says(BLOCK, 3)
        self.passes(2)
        self.assertEqual(self.subscription(), self.excluding(1, 2))

    def test_source_specific_groups_are_never_widened(self) -> None:
        """LIM-02, DB-08: a source more is refused."""
        group_one = ssm_group(self.family, 1)
        for numbers in ((1, 2), (3,)):
            self.reports(Record(ALLOW, group_one, self.sources(*numbers)))
        self.assertEqual(self.querier.subscription(group_one), self.including(1, 2))
        self.assertEqual(self.refusals(), 1)


@both_families
class RateTests(LinkTests):
    """LIM-03, SEC-04: ``max-report-rate``."""

    settings = QuerierSettings(max_report_rate=3)

    def test_too_many_reports(self) -> None:
        """LIM-03: they are counted and not acted upon; queries and timers are not held up."""
        for number in range(1, 6):
            self.says(TO_EX, group_number=number)
        self.assertEqual(len(self.querier.groups), 3)
        self.assertEqual(self.querier.refused, {Refusal.RATE: 2})
        self.querier.election.address = host(self.family, 5)
        self.hears(Query(self.family.current_version, self.family.unspecified, 10.0))
        self.assertFalse(self.querier.is_querier)

    def test_room_comes_back(self) -> None:
        """LIM-03: by the second, and no more than a second's worth."""
        for wait, passed in ((0, 3), (0.5, 1), (0.5, 2), (100, 3)):
            self.passes(wait)
            before = self.querier.refused[Refusal.RATE]
            for _ in range(5):
                self.says(IS_EX)
            self.assertEqual(self.querier.refused[Refusal.RATE] - before, 5 - passed)

    def test_messages_of_older_hosts_count(self) -> None:
        """LIM-03: reports and leaves."""
        for _ in range(3):
            self.hears(OldReport(self.family.current_version - 1, group(self.family, 1)))
        self.hears(Leave(group(self.family, 1)))
        self.assertEqual((self.subscription(), self.heard()), (ANY_SOURCE, []))

    def test_a_clock_that_stands(self) -> None:
        """Nothing comes back without time."""
        limit = RateLimit(1)
        self.assertEqual([limit.passes(START) for _ in range(3)], [True, False, False])


@both_families
class QuerierListTests(LinkTests):
    """SEC-01, QE-10, T-152: ``allowed-queriers``."""

    def setUp(self) -> None:
        """Ours is address 5, and 2 may go before it."""
        self.settings = QuerierSettings(allowed_queriers=frozenset([host(self.family, 2)]))
        super().setUp()
        self.querier.election.address = host(self.family, 5)

    def query(self, number: int) -> None:
        """Another router queries."""
        version, nothing = self.family.current_version, self.family.unspecified
        self.hears(Query(version, nothing, 10.0), host_number=number)

    def test_a_forged_query(self) -> None:
        """SEC-01: we stay the querier; it is counted."""
        self.query(1)
        self.assertTrue(self.querier.is_querier)
        self.assertEqual(self.querier.refused, {Refusal.QUERIER: 1})
        self.assertEqual(self.sent, [])

    def test_one_that_may(self) -> None:
        """SEC-01: it is the querier, and a forged query does not come between."""
        self.query(2)
        self.assertEqual(self.querier.election.other, host(self.family, 2))
        self.query(1)
        self.assertEqual(self.querier.election.other, host(self.family, 2))

    def test_one_that_comes_after_us(self) -> None:
        """SEC-01: it hears of us, as ever, and nothing is counted."""
        self.query(7)
        self.assertEqual((len(self.sent), self.querier.refused.total()), (1, 0))

    def test_nobody_may(self) -> None:
        """SEC-01: an empty list makes us the querier for good."""
        settings = replace(self.settings, allowed_queriers=frozenset())
        self.note(self.querier.reconfigure(settings, self.now))
        self.query(2)
        self.assertTrue(self.querier.is_querier)


@both_families
class SsmTests(LinkTests):
    """SSM-01..04, SSM-08: source-specific groups."""

    immediate = False

    def setUp(self) -> None:
        """Groups 1 and 2 are, though in no usual range; 1 has sources for who names none."""
        own, mapped = group(self.family, 1), self.sources(1, 2)

        def sources_of(address: Address) -> Sources:
            return mapped if address == own else NO_SOURCES

        policy = SsmPolicy(lambda address: address in (own, group(self.family, 2)), sources_of)
        self.settings = QuerierSettings(
            ssm=policy, last_member_query_interval=1, immediate_leave=self.immediate
        )
        super().setUp()

    def old(self, host_number: int = 1, number: int = 1) -> None:
        """A host of an older version reports."""
        version = self.family.current_version - 1
        self.hears(OldReport(version, group(self.family, number)), host_number)

    def test_other_ranges(self) -> None:
        """SSM-01, SSM-02, SSM-03: groups in them have no any-source members; others may."""
        self.says(TO_EX, group_number=2)
        self.says(IS_EX, 1, group_number=2)
        self.old(number=2)
        self.hears(Leave(group(self.family, 2)))
        self.assertEqual(self.querier.groups, {})
        self.assertEqual(self.querier.refused, {Refusal.SSM: 4})
        self.reports(Record(TO_EX, ssm_group(self.family, 1)))
        self.assertEqual(self.querier.subscription(ssm_group(self.family, 1)), ANY_SOURCE)

    def test_hosts_that_name_no_source(self) -> None:
        """SSM-01: they get those that are said for the group."""
        self.old()
        self.check_include({1: 260, 2: 260})
        self.passes(100)
        self.says(IS_EX, host_number=2)
        self.check_include({1: 260, 2: 260})
        self.assertEqual(self.querier.refused.total(), 0)

    def test_they_leave(self) -> None:
        """SSM-04: the sources are asked about, never the group."""
        self.old()
        self.hears(Leave(group(self.family, 1)))
        self.passes(1.5)
        self.assertEqual(self.heard(), [about(0, 1, 2), about(1, 1, 2)])
        self.passes(0.5)
        self.assertEqual(self.querier.groups, {})

    def test_another_answers(self) -> None:
        """Its report, without sources, keeps them."""
        self.old()
        self.hears(Leave(group(self.family, 1)))
        self.passes(0.5)
        self.old(host_number=2)
        self.passes(10)
        self.assertEqual(self.subscription(), self.including(1, 2))

    def test_not_in_a_compatibility_mode(self) -> None:
        """SSM-02, GC-01: what newer hosts say of sources is acted upon still."""
        self.old()
        self.says(ALLOW, 3, host_number=2)
        self.says(BLOCK, 3, host_number=2)
        self.assertEqual(self.heard(), [about(0, 3)])


@both_families
class ImmediateSsmTests(SsmTests):
    """The same with immediate leave: who keeps silent for another's report may be there."""

    immediate = True

    def test_not_in_a_compatibility_mode(self) -> None:
        """OLD-03: and so nothing of the group ends without a question."""
        self.old()
        self.says(ALLOW, 3, host_number=2)
        self.says(BLOCK, 3, host_number=2)
        self.assertEqual(self.heard(), [about(0, 3)])

    def test_newer_hosts_alone(self) -> None:
        """The last one's sources end at once."""
        self.says(ALLOW, 3, host_number=2)
        self.says(TO_IN, host_number=2)
        self.assertEqual((self.querier.groups, self.heard()), ({}, []))


@both_families
class StaticTests(LinkTests):
    """DB-05: ``static-group``."""

    def setUp(self) -> None:
        """Group 1 is wanted always; of group 2 one source is."""
        static = {group(self.family, 1): ANY_SOURCE, group(self.family, 2): self.including(1)}
        self.settings = QuerierSettings(static=static)
        super().setUp()

    def test_from_the_start(self) -> None:
        """DB-05: without any host."""
        self.note(self.querier.start(self.now))
        groups = [group(self.family, number) for number in (1, 2)]
        self.assertEqual(self.changed, groups)
        self.assertEqual(self.subscription(2), self.including(1))
        self.assertEqual(sorted(self.querier.wanted_groups()), groups)
        self.passes(10_000)
        self.assertEqual(self.subscription(1), ANY_SOURCE)

    def test_hosts_want_more(self) -> None:
        """DB-05, DB-01: what both want."""
        self.says(ALLOW, 2, group_number=2)
        self.says(TO_EX, 1, group_number=3)
        self.assertEqual(self.subscription(2), self.including(1, 2))
        self.assertEqual(
            set(self.querier.wanted_groups()), {group(self.family, number) for number in (1, 2, 3)}
        )
        self.says(TO_IN, group_number=2)
        self.passes(2)
        self.assertEqual(self.subscription(2), self.including(1))

    def test_hosts_block(self) -> None:
        """DB-05: what is wanted always is not blocked."""
        self.says(TO_EX, 1, 2, group_number=2)
        self.assertEqual(self.subscription(2), self.excluding(2))
        self.says(TO_EX, 5)
        self.assertEqual(self.subscription(1), ANY_SOURCE)


@both_families
class SettingsTests(LinkTests):
    """Other settings while it runs: ``reconfigure``."""

    def become(self, **changes: object) -> None:
        """Live by other settings."""
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        self.note(self.querier.reconfigure(self.settings, self.now))

    def general(self) -> list[float]:
        """When general queries were sent since the last look."""
        times = [when - START for when, query in self.sent if not any(query.group)]
        self.sent.clear()
        return times

    def test_nothing_is_lost(self) -> None:
        """Members stay, timers run on, nothing is sent and nothing changes."""
        self.given_exclude(x=(1,), y=(2,))
        self.changed.clear()
        self.become(query_interval=20.0, max_groups=1, max_group_sources=1)
        self.check_exclude({1: 260}, {2}, 260)
        self.assertEqual((self.sent, self.changed), ([], []))
        self.passes(200)
        self.says(IS_EX, 2)
        self.check_exclude({}, {2}, 50)

    def test_a_shorter_interval(self) -> None:
        """TU-01: the next query is sent by it."""
        self.note(self.querier.start(self.now))
        self.passes(100)
        self.general()
        self.become(query_interval=10.0)
        self.passes(30)
        self.assertEqual(self.general(), [100, 110, 120, 130])

    def test_a_refresh_after_a_shorter_interval(self) -> None:
        """TM-01: the group ends by the new one, and in time."""
        self.says(TO_EX)
        self.become(query_interval=20.0)
        self.says(IS_EX)
        self.passes(49.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.passes(0.1)
        self.assertEqual(self.subscription(), NOTHING)

    def test_a_longer_interval(self) -> None:
        """TU-01: after the next query, which may still be sent by the old one."""
        self.note(self.querier.start(self.now))
        self.passes(100)
        self.general()
        self.become(query_interval=1000.0)
        self.passes(2500)
        times = self.general()
        self.assertLessEqual(len(times), 4)
        self.assertEqual({b - a for a, b in pairwise(times[1:])}, {992.0})

    def test_while_another_is_querier(self) -> None:
        """QE-04, QE-05: its timers hold; ours do when we are back."""
        self.querier.election.address = host(self.family, 5)
        version = self.family.current_version
        self.hears(Query(version, self.family.unspecified, 10.0, robustness=3, interval=60))
        self.become(query_interval=20.0, last_member_query_interval=0.5)
        self.assertEqual(self.general(), [])
        settings = self.querier.settings
        self.assertEqual((settings.robustness, settings.query_interval), (3, 60))
        self.assertEqual(settings.last_member_query_interval, 0.5)
        self.passes(185)
        self.assertEqual(self.general(), [185])
        self.assertEqual(self.querier.settings, self.settings)

    def test_other_static_groups(self) -> None:
        """DB-05: those that come and those that go are told."""
        self.become(static={group(self.family, 1): ANY_SOURCE})
        self.become(static={group(self.family, 2): ANY_SOURCE})
        self.assertEqual(set(self.changed), {group(self.family, n) for n in (1, 2)})
        self.assertEqual((self.subscription(1), self.subscription(2)), (NOTHING, ANY_SOURCE))

    def test_tracking_is_switched_on(self) -> None:
        """TU-02: who was there before cannot be known, until all have reported anew."""
        self.says(TO_EX, host_number=1)
        self.says(TO_EX, host_number=2)
        self.now += 1
        self.become(immediate_leave=True)
        self.says(TO_IN, host_number=1)
        self.assertEqual((self.subscription(), self.heard()), (ANY_SOURCE, [about(1)]))
        self.says(IS_EX, host_number=2)
        self.passes(100)
        self.says(IS_EX, host_number=2)
        self.passes(170)
        self.says(TO_IN, host_number=2)
        self.assertEqual(self.querier.groups, {})

    def test_tracking_is_switched_off(self) -> None:
        """TU-02: leaves are asked about again, and refreshes need no table."""
        self.become(immediate_leave=True)
        self.says(TO_EX)
        self.become(immediate_leave=False)
        self.assertIsNone(self.querier.hosts)
        self.says(IS_EX)
        self.says(TO_IN)
        self.assertEqual((self.subscription(), self.heard()), (ANY_SOURCE, [about(0)]))

    def test_other_bounds_of_tracking(self) -> None:
        """SEC-04: they hold at once."""
        self.become(explicit_tracking=True)
        self.says(TO_EX)
        self.become(max_hosts=1, max_group_hosts=1)
        assert self.querier.hosts is not None
        self.assertEqual((self.querier.hosts.most, self.querier.hosts.most_of_a_group), (1, 1))
        self.assertEqual(len(self.querier.hosts.times()), 1)

    def test_counts_go_on(self) -> None:
        """What was refused is not forgotten."""
        self.become(max_groups=0)
        self.says(TO_EX)
        self.become(max_groups=1)
        self.assertEqual(self.querier.refused, {Refusal.MAX_GROUPS: 1})
        self.says(TO_EX)
        self.assertEqual(self.subscription(), ANY_SOURCE)

    def test_who_reported_last(self) -> None:
        """The group tells who was heard of it last, and since when it is there."""
        self.says(TO_EX, host_number=1)
        self.now += 5
        self.says(IS_EX, host_number=2)
        state = self.querier.groups[group(self.family, 1)]
        self.assertEqual((state.last_reporter, state.since), (host(self.family, 2), START))

    def test_records_that_bring_nothing_about(self) -> None:
        """SSM-08, V-14: each has its reason, which is counted."""
        self.reports(Record(TO_EX, self.family.all_nodes))
        self.reports(Record(ALLOW, group(self.family, 1), frozenset([self.family.all_nodes])))
        self.reports(Record(TO_EX, ssm_group(self.family, 1)))
        older = self.family.current_version - 1
        self.hears(OldReport(older, ssm_group(self.family, 1)))
        self.hears(Leave(ssm_group(self.family, 1)))
        expected = {Refusal.SCOPE: 1, Refusal.SOURCES: 1, Refusal.SSM: 3}
        self.assertEqual(self.querier.refused, expected)
        self.assertEqual(self.querier.admission.refusals, 5)
        self.assertEqual(self.querier.groups, {})


@both_families
class OldVersionTests(LinkTests):
    """VM-04: a router that speaks an older version."""

    def setUp(self) -> None:
        """The one before the current."""
        self.settings = QuerierSettings(version=self.family.current_version - 1)
        super().setUp()

    def test_newer_reports(self) -> None:
        """VM-04: they are ignored and counted."""
        self.says(TO_EX)
        self.assertEqual(self.querier.refused, {Refusal.VERSION: 1})
        self.assertEqual(self.querier.groups, {})


@both_families
class ExtensionTests(FamilyTests):
    """EXT-06: nothing that is sent has extensions, and so the MTU is a message's alone."""

    def test_reports_and_queries(self) -> None:
        """EXT-06: of more sources than fit, at any MTU: no E flag, nothing behind, and they fit."""
        listed = frozenset(
            bytes([10 if self.family is IPV4 else 0x20]) + n.to_bytes(self.family.address_size - 1)
            for n in range(1, 600)
        )
        address, us = group(self.family, 1), host(self.family, 1)
        for mtu in (1280, 1500, 9000):
            records = [Record(kind, address, listed) for kind in (ALLOW, TO_EX)]
            questions = Queries(self.family, self.family.current_version, QuerierSettings(), mtu)
            packets = [*pack_reports(records, self.family, mtu), questions.general().packet]
            for packet in packets:
                whole = encode(self.family, us, self.family.all_nodes, packet)
                self.assertLessEqual(len(whole), mtu)
                message = whole[self.family.header_size :]
                if isinstance(packet, Report):
                    self.assertEqual(message[4] & 0x80, 0)
                    size = sum(
                        4 + self.family.address_size * (1 + len(record.sources))
                        for record in packet.records
                    )
                    self.assertEqual(len(message), 8 + size)
                else:
                    self.assertEqual(message[self.family.query_size - 4] & 0x80, 0)
                    self.assertEqual(len(message), self.family.query_size)

    def test_exclude_filters(self) -> None:
        """An EXCLUDE filter says what it does not want."""
        self.assertFalse(SourceFilter(EXCLUDE, self.sources(1)).wants(source(self.family, 1)))
