"""The host part towards queriers of older versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, Address
from mcproxy.protocol.host.host import Host
from mcproxy.protocol.sources import NOTHING, SourceFilter
from mcproxy.protocol.wire.datagram import destination
from mcproxy.protocol.wire.packets import NO_SOURCES, Leave, OldReport, Packet, Query, Report, Send

from ..bench import START
from ..slowhost import SlowHost
from ..support import (
    ALLOW,
    BLOCK,
    IS_EX,
    TO_EX,
    FamilyTests,
    both_families,
    examples,
    group,
    ssm_group,
)

Told = list[tuple[float, Packet]]


class OldHostTests(FamilyTests):
    """Tests that tell a host what is wanted and asked, and note all that it sends, and when."""

    def setUp(self) -> None:
        """A host that wants nothing; each of its delays is ``delay`` times the longest."""
        self.now = START
        self.delay = 0.5
        self.host = self.make_host()
        self.sent: Told = []

    def make_host(self, version: int | None = None) -> Host:
        """A host that is told which version to speak."""
        return Host(self.family, lambda: 1.0 - self.delay, version=version)

    def note(self, sends: Iterable[Send]) -> None:
        """Keep what was sent, each to its proper destination."""
        for there, packet in sends:
            self.assertEqual(there, destination(self.family, packet))
            self.sent.append((self.now - START, packet))

    @property
    def older(self) -> int:
        """The last version before the current one: IGMPv2 or MLDv1."""
        return self.family.current_version - 1

    def wants(self, *wanted: SourceFilter) -> None:
        """What is wanted of groups 1, 2 and so on, from now on."""
        changes = [(group(self.family, n), one) for n, one in enumerate(wanted, start=1)]
        self.note(self.host.update(changes, self.now))

    def passes(self, seconds: float) -> None:
        """Time goes on, deadline by deadline."""
        end = self.now + seconds
        while (when := self.host.next_deadline()) is not None and when <= end:
            self.now = max(self.now, when)
            self.note(self.host.advance(self.now))
        self.now = end

    def hears(self, packet: Packet) -> None:
        """Something comes in."""
        self.note(self.host.receive(packet, self.now))

    def asked(
        self,
        version: int | None = None,
        group_number: int | None = None,
        *numbers: int,
        within: float = 10.0,
    ) -> None:
        """A query comes in: a general one unless it is about a group; of an older version."""
        about = group(self.family, group_number) if group_number else self.family.unspecified
        spoken = self.older if version is None else version
        current = spoken == self.family.current_version
        robustness, interval = (2, 125) if current else (0, 0)
        listed = self.sources(*numbers)
        self.hears(Query(spoken, about, within, listed, False, robustness, interval))

    def under_an_older_querier(self, version: int | None = None) -> None:
        """It has been heard, at the start."""
        self.asked(version)

    def joins(self, *numbers: int) -> None:
        """Groups are wanted; all that there is to say about it has been said."""
        for number in numbers:
            self.host.update([(group(self.family, number), self.excluding())], self.now)
        self.passes(20)
        self.sent.clear()

    def told(self) -> Told:
        """What was sent since the last look: seconds from the start, and packets."""
        told, self.sent = self.sent, []
        return told

    def report(self, number: int = 1, version: int | None = None) -> OldReport:
        """The report of a group in the older version."""
        return OldReport(self.older if version is None else version, group(self.family, number))

    def leave(self, number: int = 1) -> Leave:
        """The leave of a group in the older version."""
        return Leave(group(self.family, number))


@both_families
class VersionTests(OldHostTests):
    """Which version is spoken (C.3)."""

    def test_older_querier(self) -> None:
        """T-113, HC-01, HC-02: from its query on, for 260 s."""
        self.assertEqual(self.host.version, self.family.current_version)
        self.asked()
        self.assertEqual(self.host.version, self.older)
        self.passes(259.9)
        self.assertEqual(self.host.version, self.older)
        self.passes(0.1)
        self.assertEqual(self.host.version, self.family.current_version)
        self.assertEqual((self.told(), self.host.next_deadline()), ([], None))

    def test_timeout(self) -> None:
        """HC-05, CHG-06: what the last newer query told, and the response time of this one."""
        any_group = self.family.unspecified
        self.hears(Query(self.family.current_version, any_group, 1.0, robustness=3, interval=20))
        self.asked(within=5)
        self.passes(64.9)
        self.assertEqual(self.host.version, self.older)
        self.passes(0.1)
        self.assertEqual(self.host.version, self.family.current_version)

    def test_heard_again(self) -> None:
        """HC-01: the time begins anew with each query."""
        for _ in range(3):
            self.asked()
            self.passes(250)
            self.assertEqual(self.host.version, self.older)
        self.passes(10)
        self.assertEqual(self.host.version, self.family.current_version)

    def test_newer_query_meanwhile(self) -> None:
        """T-114, HC-04: answered in the older version, and it does not end its time."""
        self.under_an_older_querier()
        self.joins(1)
        self.asked(self.family.current_version)
        self.passes(10)
        self.assertEqual(self.told(), [(25, self.report())])
        self.passes(229)
        self.assertEqual(self.host.version, self.older)
        self.passes(1)
        self.assertEqual(self.host.version, self.family.current_version)

    def test_newer_query_about_sources(self) -> None:
        """HC-04: sources are not known to the older version; the group is reported."""
        self.under_an_older_querier()
        self.wants(self.including(1))
        self.passes(10)
        self.told()
        self.asked(self.family.current_version, 1, 9, within=1)
        self.passes(1)
        self.assertEqual([packet for _, packet in self.told()], [self.report()])

    def test_newer_query_tells_its_robustness(self) -> None:
        """HS-10: which counts in all versions."""
        self.under_an_older_querier()
        any_group = self.family.unspecified
        self.hears(Query(self.family.current_version, any_group, 1.0, robustness=3, interval=20))
        self.wants(self.excluding())
        self.passes(20)
        self.assertEqual(self.told(), [(when, self.report()) for when in (0, 5, 10)])

    def test_change_to_the_older_version(self) -> None:
        """T-113, HC-03: what was pending is dropped; all groups are told anew at once."""
        self.wants(self.excluding(1), self.including(2))
        self.asked(self.family.current_version)
        self.asked(self.family.current_version, 1, within=5)
        self.told()
        self.delay = 1.0
        self.asked()
        both = [self.report(1), self.report(2)]
        self.assertEqual(self.told(), [(0, packet) for packet in both])
        self.passes(9)
        self.assertEqual(self.told(), [])
        self.passes(1)
        self.assertEqual(self.told(), [(10, packet) for packet in both])

    def test_change_back(self) -> None:
        """T-113, HC-03: one report with all groups and their sources, repeated once."""
        self.under_an_older_querier()
        self.wants(self.excluding(1), self.including(2))
        self.passes(255)
        self.delay = 1.0
        self.hears(Query(self.family.current_version, self.family.unspecified, 10.0))
        self.told()
        self.delay = 0.5
        self.passes(100)
        both = (self.record(TO_EX, 1), self.record(ALLOW, 2, group_number=2))
        self.assertEqual(self.told(), [(260, Report(both)), (260.5, Report(both))])

    def test_change_with_the_clock_late(self) -> None:
        """HC-02: what has become due besides is not sent in the old version."""
        self.under_an_older_querier()
        self.joins(1)
        self.passes(230)
        self.asked(self.family.current_version)
        self.now = START + 300
        self.passes(10)
        join = Report((self.record(TO_EX),))
        self.assertEqual(self.told(), [(300, join), (300.5, join)])

    def test_link_that_comes_back(self) -> None:
        """HR-07: the querier is the same as long as its time lasts, and no longer."""
        self.under_an_older_querier()
        self.joins(1)
        self.host.cancel_pending()
        self.note(self.host.rejoin(self.now))
        self.assertEqual(self.told(), [(20, self.report())])
        self.host.cancel_pending()
        self.now = START + 300
        self.note(self.host.rejoin(self.now))
        self.passes(10)
        join = Report((self.record(TO_EX),))
        self.assertEqual(self.told(), [(300, join), (300.5, join)])

    def test_reports_of_others_change_nothing(self) -> None:
        """HC-01: a version is the querier's; hosts do not matter."""
        self.hears(self.report())
        self.hears(self.leave())
        self.assertEqual(self.host.version, self.family.current_version)

    def test_update_of_nothing(self) -> None:
        """DB-04: no change, no packet."""
        self.under_an_older_querier()
        self.joins(1)
        self.wants(self.excluding())
        self.passes(20)
        self.assertEqual(self.told(), [])


@both_families
class MembershipTests(OldHostTests):
    """Joins, leaves and answers in the older version (C.3)."""

    def setUp(self) -> None:
        """An older querier is there."""
        super().setUp()
        self.under_an_older_querier()

    def test_join(self) -> None:
        """H2-02, H2-07: at once, and once more within 10 s."""
        self.wants(self.excluding())
        self.passes(100)
        self.assertEqual(self.told(), [(0, self.report()), (5, self.report())])

    def test_robustness(self) -> None:
        """H2-02: as often as the robustness says."""
        for robustness, times in ((1, [0]), (2, [0, 5]), (4, [0, 5, 10, 15])):
            self.setUp()
            self.host.robustness = robustness
            self.wants(self.excluding())
            self.passes(100)
            self.assertEqual([when for when, _ in self.told()], times)

    def test_delays_are_drawn_anew(self) -> None:
        """HS-04, TM-03."""
        self.host.robustness = 3
        self.delay = 0.25
        self.wants(self.excluding())
        self.delay = 1.0
        self.passes(100)
        self.assertEqual([when for when, _ in self.told()], [0, 2.5, 12.5])

    def test_any_wish_is_a_membership(self) -> None:
        """H2-01: whatever its sources; and another list is no news."""
        self.wants(self.including(1))
        self.passes(10)
        self.assertEqual([packet for _, packet in self.told()], [self.report()] * 2)
        for wanted in (self.including(2), self.excluding(), self.excluding(1), self.including(3)):
            self.wants(wanted)
        self.passes(20)
        self.assertEqual(self.told(), [])
        self.wants(NOTHING)
        self.assertEqual([packet for _, packet in self.told()], [self.leave()])

    def test_leave(self) -> None:
        """T-113, H2-05: to all routers, once, whoever reported last."""
        for wanted in (self.excluding(), self.including(1)):
            self.setUp()
            self.wants(wanted)
            self.passes(20)
            self.told()
            self.hears(self.report())
            self.wants(NOTHING)
            self.assertEqual(self.told(), [(20, self.leave())])
            self.passes(20)
            self.assertEqual(self.told(), [])

    def test_leave_ends_what_is_pending(self) -> None:
        """H2-05: neither repeats nor answers come after it."""
        self.wants(self.excluding())
        self.asked()
        self.wants(NOTHING)
        self.passes(20)
        self.assertEqual([packet for _, packet in self.told()], [self.report(), self.leave()])

    def test_join_again(self) -> None:
        """H2-02: as if for the first time."""
        self.wants(self.excluding())
        self.wants(NOTHING)
        self.told()
        self.wants(self.excluding())
        self.passes(20)
        self.assertEqual([packet for _, packet in self.told()], [self.report()] * 2)

    def test_general_query(self) -> None:
        """H2-03: one report per group."""
        self.joins(1, 2)
        self.asked(within=8)
        self.passes(8)
        self.assertEqual(self.told(), [(24, self.report(1)), (24, self.report(2))])

    def test_delays_of_groups(self) -> None:
        """H2-03: each group has its own."""
        self.joins(1, 2)
        fractions = iter([0.75, 0.25])
        self.host = Host(self.family, lambda: 1.0 - next(fractions))
        self.host.groups.update({group(self.family, n): self.excluding() for n in (1, 2)})
        self.host.robustness = 1
        self.asked(within=8)
        self.told()
        self.passes(8)
        self.assertEqual(self.told(), [(22, self.report(2)), (26, self.report(1))])

    def test_group_query(self) -> None:
        """H2-03: about one of them."""
        self.joins(1, 2)
        self.asked(None, 2, within=1)
        self.passes(10)
        self.assertEqual(self.told(), [(20.5, self.report(2))])

    def test_unknown_group(self) -> None:
        """HQ-06: nothing."""
        self.joins(1)
        self.asked(None, 2, within=1)
        self.passes(10)
        self.assertEqual(self.told(), [])

    def test_queries_meanwhile(self) -> None:
        """H2-03: a timer that runs is kept, unless the new query asks for less than is left."""
        for within, when in ((4, 25), (3, 25), (2, 23)):
            self.setUp()
            self.joins(1)
            self.asked(within=10)
            self.passes(2)
            self.asked(within=within)
            self.passes(20)
            self.assertEqual(self.told(), [(when, self.report())])

    def test_at_once(self) -> None:
        """MLD1-02: within 0 s means now."""
        self.joins(1)
        self.asked(within=0)
        self.passes(0)
        self.assertEqual(self.told(), [(20, self.report())])

    def test_suppression(self) -> None:
        """T-116, H2-04: another host's report will do."""
        self.joins(1, 2)
        self.asked()
        self.passes(1)
        self.hears(self.report())
        self.passes(20)
        self.assertEqual(self.told(), [(25, self.report(2))])

    def test_suppression_of_a_repeat(self) -> None:
        """H2-04: of a join, too."""
        self.wants(self.excluding())
        self.hears(self.report())
        self.passes(20)
        self.assertEqual(self.told(), [(0, self.report())])

    def test_no_suppression(self) -> None:
        """H2-04: reports before the query or about other groups, newer ones and leaves."""
        self.joins(1)
        self.hears(self.report())
        self.asked()
        for packet in (self.report(2), self.leave(), Report((self.record(IS_EX),))):
            self.hears(packet)
        self.passes(20)
        self.assertEqual(self.told(), [(25, self.report())])

    def test_answer_takes_the_place_of_a_repeat(self) -> None:
        """H2-03: a group has one timer; its report serves both."""
        self.wants(self.excluding())
        self.asked(None, 1, within=1)
        self.passes(20)
        self.assertEqual(self.told(), [(0, self.report()), (0.5, self.report())])

    def test_end(self) -> None:
        """T-119, HS-11: each group is left."""
        self.joins(1, 2)
        self.asked()
        self.note(self.host.leave(self.now))
        self.assertEqual([packet for _, packet in self.told()], [self.leave(1), self.leave(2)])
        self.assertEqual(self.host.groups, {})
        self.passes(20)
        self.assertEqual(self.told(), [])

    def test_times_are_known(self) -> None:
        """What the daemon shows of its upstream."""
        self.assertEqual((self.host.last_query, self.host.last_report), (START, None))
        self.wants(self.excluding())
        self.passes(10)
        self.assertEqual(self.host.last_report, START + 5)
        self.wants(NOTHING)
        self.assertEqual(self.host.last_report, START + 10)


@both_families
class SourceSpecificTests(OldHostTests):
    """Source-specific groups, which older versions cannot tell (B.13, E.4)."""

    def want(self, *numbers: int) -> None:
        """What is wanted of a source-specific group."""
        changes = [(ssm_group(self.family, 1), self.including(*numbers))]
        self.note(self.host.update(changes, self.now))

    def test_silence(self) -> None:
        """T-117, PSSM-01, SSM-05: neither joins nor answers nor leaves."""
        self.under_an_older_querier()
        self.want(1)
        self.want(1, 2)
        self.asked()
        self.hears(Query(self.older, ssm_group(self.family, 1), 1.0))
        self.passes(20)
        self.want()
        self.passes(20)
        self.assertEqual(self.told(), [])

    def test_beside_others(self) -> None:
        """SSM-05: other groups are told as ever."""
        self.under_an_older_querier()
        self.want(1)
        self.wants(self.excluding())
        self.assertEqual(self.told(), [(0, self.report())])
        self.note(self.host.leave(self.now))
        self.assertEqual(self.told(), [(0, self.leave())])

    def test_change_of_version(self) -> None:
        """SSM-05, HC-03: told when the newer version is back."""
        self.want(1)
        self.told()
        self.under_an_older_querier()
        self.passes(259.9)
        self.assertEqual(self.told(), [])
        self.passes(0.1)
        [(_, report)] = self.told()
        assert isinstance(report, Report)
        self.assertEqual([record.type for record in report.records], [ALLOW])


class IGMPv1QuerierTests(OldHostTests, SynchronousTestCase):
    """Queriers of IGMPv1."""

    family = IPV4

    def test_reports(self) -> None:
        """T-115, H2-06, IGMP1-01: of its own version; answers take up to 10 s."""
        self.asked(1)
        self.wants(self.excluding())
        self.passes(20)
        self.assertEqual(self.told(), [(0, self.report(1, 1)), (5, self.report(1, 1))])
        self.asked(1)
        self.passes(20)
        self.assertEqual(self.told(), [(25, self.report(1, 1))])

    def test_no_leave(self) -> None:
        """T-115, H2-06, IGMP1-02: there is none in that version."""
        self.asked(1)
        self.wants(self.excluding())
        self.asked(1)
        self.told()
        self.wants(NOTHING)
        self.passes(100)
        self.assertEqual(self.told(), [])
        self.wants(self.excluding())
        self.told()
        self.note(self.host.leave(self.now))
        self.assertEqual(self.told(), [])
        self.assertEqual(self.host.groups, {})

    def test_version_1_wins(self) -> None:
        """HC-02: over IGMPv2, as long as its time lasts."""
        self.wants(self.excluding())
        self.asked(1)
        self.passes(100)
        self.asked(2)
        self.assertEqual(self.host.version, 1)
        self.told()
        self.passes(160)
        self.assertEqual(self.host.version, 2)
        self.assertEqual(self.told()[-1], (260, self.report(1, 2)))
        self.passes(100)
        self.assertEqual(self.host.version, 3)
        self.passes(10)
        join = Report((self.record(TO_EX),))
        self.assertEqual(self.told()[-2:], [(360, join), (360.5, join)])

    def test_version_2_ends_first(self) -> None:
        """HC-02: nothing happens then, until version 1's time is over."""
        self.wants(self.excluding())
        self.asked(2)
        self.passes(100)
        self.asked(1)
        self.passes(100)
        self.told()
        self.passes(159.9)
        self.assertEqual((self.host.version, self.told()), (1, []))
        self.passes(0.1)
        self.assertEqual(self.host.version, 3)

    def test_query_of_a_group(self) -> None:
        """HC-01: IGMPv2's queries about a group do not change the version, and are answered."""
        self.wants(self.excluding())
        self.passes(10)
        self.told()
        self.asked(2, 1, within=1)
        self.assertEqual(self.host.version, 3)
        self.passes(1)
        self.assertEqual([packet for _, packet in self.told()], [Report((self.record(IS_EX),))])


class MLDv1QuerierTests(OldHostTests, SynchronousTestCase):
    """Queriers of MLDv1."""

    family = IPV6

    def test_query_of_a_group(self) -> None:
        """HC-01: any of its queries changes the version."""
        self.asked(1, 1, within=1)
        self.assertEqual(self.host.version, 1)
        self.passes(250.9)
        self.assertEqual(self.host.version, 1)
        self.passes(0.1)
        self.assertEqual(self.host.version, 2)

    def test_leave(self) -> None:
        """H2-05: version 1 of MLD has one."""
        self.asked(1)
        self.wants(self.excluding())
        self.told()
        self.wants(NOTHING)
        self.assertEqual(self.told(), [(0, self.leave())])


@both_families
class ForcedVersionTests(OldHostTests):
    """Hosts that are told to speak an older version (HC-06)."""

    def test_always(self) -> None:
        """HC-06: from the start, and whatever the querier speaks."""
        self.host = self.make_host(self.older)
        self.wants(self.excluding(1))
        self.passes(20)
        self.assertEqual(self.told(), [(0, self.report()), (5, self.report())])
        for version in range(1, self.family.current_version + 1):
            self.asked(version)
            self.passes(20)
            self.assertEqual([packet for _, packet in self.told()], [self.report()])
        self.passes(300)
        self.assertEqual(self.host.version, self.older)
        self.wants(NOTHING)
        self.assertEqual([packet for _, packet in self.told()], [self.leave()])
        self.assertIsNone(self.host.next_deadline())

    def test_version_1(self) -> None:
        """HC-06, H2-06: IGMPv1 leaves nothing; MLDv1 does."""
        self.host = self.make_host(1)
        self.asked(self.older)
        self.wants(self.excluding(1))
        self.wants(NOTHING)
        expected: list[Packet] = [self.report(1, 1)]
        if self.family is IPV6:
            expected.append(self.leave())
        self.assertEqual([packet for _, packet in self.told()], expected)

    def test_current_version(self) -> None:
        """HC-01: named as the newest to speak, it gives way all the same."""
        self.host = self.make_host(self.family.current_version)
        self.wants(self.excluding(), NOTHING)
        self.asked()
        self.assertEqual(self.host.version, self.older)
        self.told()
        self.passes(300)
        self.wants(self.excluding(1))
        self.assertEqual(self.told()[-1][1], Report((self.record(BLOCK, 1),)))


# -- random histories

WHAT = ["wish", "wish", "query", "query", "other", "pause", "pause"]


@both_families
class HistoryTests(OldHostTests):
    """The host beside a slow one."""

    @given(st.data())
    @examples(4)
    def test_any_history(self, data: st.DataObject) -> None:
        """HC, H2, HS-04, HQ, HR, SSM-05: whatever happens, both send the same at the same time."""
        OldHostTests.setUp(self)
        self.data = data
        self.delay = data.draw(st.sampled_from([0.125, 0.5, 1.0]))
        forced = data.draw(st.sampled_from([None, None, None, 1, self.older]))
        self.robustness = data.draw(st.integers(1, 3))
        self.host = self.make_host(forced)
        self.host.robustness = self.robustness
        self.slow = SlowHost(self.family, self.host.version, self.delay, self.robustness)
        for _ in range(data.draw(st.integers(1, 30))):
            self.step(data.draw(st.sampled_from(WHAT)))
            self.compare()

    def step(self, what: str) -> None:
        """Something happens."""
        draw = self.data.draw
        if what == "pause":
            seconds = draw(st.sampled_from([0.0, 0.25, 1.0, 9.0, 50.0, 255.0]))
            self.slow.advance(self.now - START + seconds)
            self.passes(seconds)
        elif what == "wish":
            changes = draw(st.lists(st.tuples(self.groups(), self.wishes()), max_size=2))
            changes = list(dict(changes).items())
            self.slow.update(changes)
            self.note(self.host.update(changes, self.now))
        else:
            packet = self.query() if what == "query" else self.word_of_another()
            self.slow.hear(packet)
            self.hears(packet)

    def groups(self) -> st.SearchStrategy[Address]:
        """A few groups."""
        known = [group(self.family, 1), group(self.family, 2), ssm_group(self.family, 1)]
        return st.sampled_from(known)

    def wishes(self) -> st.SearchStrategy[SourceFilter]:
        """What may be wanted; of source-specific groups it does not matter here."""
        some = [self.excluding(), self.excluding(1), self.including(1), self.including(1, 2)]
        return st.sampled_from([NOTHING, *some])

    def any_older(self) -> int:
        """A version that is not the current one."""
        return self.data.draw(st.integers(1, self.older))

    def query(self) -> Query:
        """What a querier asks."""
        draw = self.data.draw
        group_or_all = draw(st.one_of(st.just(self.family.unspecified), self.groups()))
        within = draw(st.sampled_from([0.0, 1.0, 10.0]))
        if draw(st.booleans()):
            version = self.any_older()
            if self.family is IPV4 and version == 1:
                return Query(1, self.family.unspecified, 10.0)
            return Query(version, group_or_all, within)
        listed = NO_SOURCES
        if any(group_or_all):
            listed = self.sources(*draw(st.frozensets(st.integers(1, 3))))
        interval = draw(st.sampled_from([0, 20, 125]))
        current = self.family.current_version
        return Query(current, group_or_all, within, listed, False, self.robustness, interval)

    def word_of_another(self) -> Packet:
        """What another host says."""
        address = self.data.draw(self.groups())
        packets: list[Packet] = [Leave(address), Report((self.record(TO_EX),))]
        packets += [OldReport(1, address), OldReport(self.older, address)]
        return self.data.draw(st.sampled_from(packets))

    def compare(self) -> None:
        """Both have sent the same, in the same version, and have as much to do."""
        said: Counter[tuple[float, object]] = Counter()
        for when, packet in self.sent:
            each = packet.records if isinstance(packet, Report) else (packet,)
            said.update((when, one) for one in each)
        self.assertEqual(said, Counter(self.slow.sent))
        self.assertEqual(self.host.version, self.slow.version)
        self.assertEqual(self.host.groups, self.slow.wanted)
