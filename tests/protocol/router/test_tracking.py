"""Explicit tracking and immediate leave: what may be cut at once, and what never."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.host.host import Host
from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.router.tracking import HostTable, LinkHosts
from mcproxy.protocol.sources import (
    ANY_SOURCE,
    EXCLUDE,
    INCLUDE,
    NOTHING,
    FilterMode,
    SourceFilter,
    merge,
)
from mcproxy.protocol.wire.packets import Leave, OldReport, Query, Record, Report, Send

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
    examples,
    group,
    host,
    source,
)


@both_families
class HostTableTests(FamilyTests):
    """Who wants what."""

    def setUp(self) -> None:
        """Nobody has reported."""
        self.table = HostTable()

    def note(self, number: int, record: Record, now: float = 0.0) -> None:
        """A host reports; it counts for 260 s."""
        self.table.note(host(self.family, number), record, now, now + 260)

    def unwanted(self, *numbers: int, now: float = 0.0) -> frozenset[bytes]:
        """Those of some sources that nobody listed."""
        return self.sources(*numbers).difference(self.table.wanted(now))

    def test_nobody(self) -> None:
        """No host wants anything."""
        self.assertFalse(self.table.wants_any(0))
        self.assertEqual((self.table.wanted(0), len(self.table)), ({}, 0))

    def test_lists(self) -> None:
        """What is allowed is wanted until it is blocked."""
        self.note(1, self.record(ALLOW, 1, 2))
        self.note(2, self.record(IS_IN, 2, 3))
        self.note(1, self.record(BLOCK, 2))
        self.assertEqual(self.unwanted(1, 2, 3, 4), self.sources(4))
        self.note(2, self.record(BLOCK, 2, 3))
        self.assertEqual(self.unwanted(1, 2, 3), self.sources(2, 3))
        self.assertEqual(len(self.table), 1)

    def test_until_when(self) -> None:
        """A source counts as long as the last report of it, whoever made it."""
        self.note(1, self.record(ALLOW, 1, 2))
        self.note(2, self.record(ALLOW, 1, 3), now=50)
        self.note(1, self.record(ALLOW, 2), now=100)
        expected = {source(self.family, n): until for n, until in ((1, 360), (2, 360), (3, 310))}
        self.assertEqual(self.table.wanted(100), expected)

    def test_modes(self) -> None:
        """EXCLUDE wants all; TO_IN wants its list and nothing else."""
        self.note(1, self.record(ALLOW, 1))
        self.note(1, self.record(TO_EX, 2))
        self.assertTrue(self.table.wants_any(0))
        self.assertEqual(self.table.wanted(0), {})
        self.note(1, self.record(TO_IN, 3))
        self.assertFalse(self.table.wants_any(0))
        self.assertEqual(self.unwanted(1, 2, 3), self.sources(1, 2))
        self.note(1, self.record(TO_IN))
        self.assertEqual(len(self.table), 0)

    def test_silent_hosts(self) -> None:
        """A host counts as long as its last report does."""
        self.note(1, self.record(IS_EX))
        self.note(2, self.record(ALLOW, 1))
        self.note(3, self.record(ALLOW, 2), now=1)
        self.assertTrue(self.table.wants_any(259))
        self.assertFalse(self.table.wants_any(260))
        self.assertEqual(self.unwanted(1, 2, now=259), frozenset())
        self.assertEqual(self.unwanted(1, 2, now=260), self.sources(1))
        self.table.expire(260)
        self.assertEqual(len(self.table), 1)

    def test_answers_of_hosts_in_exclude(self) -> None:
        """What it said about one source counts from then on, beside its EXCLUDE."""
        self.note(1, self.record(IS_EX))
        self.note(1, self.record(IS_IN, 1), now=100)
        self.assertEqual(len(self.table), 1)
        self.assertTrue(self.table.wants_any(259))
        self.assertFalse(self.table.wants_any(300))
        self.assertEqual(self.unwanted(1, 2, 3, now=300), self.sources(2, 3))

    def test_sources_that_do_not_count_any_more(self) -> None:
        """What a host says later does not bring back what it said too long ago."""
        self.note(1, self.record(ALLOW, 1))
        self.note(1, self.record(ALLOW, 2), now=260)
        self.assertEqual(self.unwanted(1, 2, now=260), self.sources(1))
        self.note(1, self.record(ALLOW, 3), now=519)
        self.assertEqual(self.unwanted(1, 2, 3, now=519), self.sources(1))

    def test_refresh(self) -> None:
        """Only of a host that wants any source, and nothing else, which it tells."""
        self.assertFalse(self.table.refresh(host(self.family, 1), 260))
        self.note(1, self.record(ALLOW, 1))
        self.assertFalse(self.table.refresh(host(self.family, 1), 300))
        self.note(1, self.record(TO_EX))
        self.assertTrue(self.table.refresh(host(self.family, 1), 300))
        self.assertTrue(self.table.wants_any(299))


@both_families
class ImmediateLeaveTests(LinkTests):
    """SQ-13, TU-02: ``immediate-leave``."""

    settings = QuerierSettings(immediate_leave=True)

    def test_last_host_leaves(self) -> None:
        """Cut in the same call, and nothing is asked."""
        self.says(TO_EX)
        effects = self.says(TO_IN)
        self.assertEqual(effects.changed, [group(self.family, 1)])
        self.assertEqual((self.querier.groups, self.heard()), ({}, []))

    def test_last_host_of_a_source_leaves(self) -> None:
        """Each source is cut by itself."""
        self.says(ALLOW, 1, 2)
        self.says(BLOCK, 1)
        self.check_include({2: 260})
        self.says(BLOCK, 2)
        self.assertEqual((self.querier.groups, self.heard()), ({}, []))

    def test_another_host_stays(self) -> None:
        """As long as one wants it, leaving is asked about as ever."""
        for number in (1, 2):
            self.says(TO_EX, host_number=number)
        self.says(TO_IN, host_number=1)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.assertEqual(self.heard(), [about(0)])
        self.passes(1)
        self.says(TO_IN, host_number=2)
        self.assertEqual(self.querier.groups, {})

    def test_another_host_stays_with_a_source(self) -> None:
        """The source is asked about, since two wanted it."""
        for number in (1, 2):
            self.says(ALLOW, 1, host_number=number)
        self.says(BLOCK, 1, host_number=1)
        self.check_include({1: 2})
        self.assertEqual(self.heard(), [about(0, 1)])

    def test_change_of_mode(self) -> None:
        """From any source to one: the others are cut at once."""
        self.says(TO_EX)
        self.says(TO_IN, 1)
        self.check_include({1: 260})
        self.assertEqual(self.heard(), [])

    def test_source_that_exclude_had_covered(self) -> None:
        """Host 1 wants a source still, which the group's EXCLUDE state had no need to list."""
        self.says(ALLOW, 1, host_number=1)
        self.says(TO_EX, host_number=2)
        self.says(TO_IN, host_number=2)
        self.check_include({1: 260})

    def test_refresh_and_leave(self) -> None:
        """Repeated reports are not forgotten: both hosts are known all the time."""
        for _ in range(5):
            self.says(IS_EX, host_number=1)
            self.says(IS_EX, host_number=2)
            self.passes(200)
        self.says(TO_IN, host_number=1)
        self.assertEqual(self.subscription(), ANY_SOURCE)

    def test_host_that_vanished(self) -> None:
        """It does not keep others from leaving for longer than its report counts."""
        self.says(IS_EX, host_number=1)
        self.passes(200)
        self.says(IS_EX, host_number=2)
        self.passes(60)
        self.says(TO_IN, host_number=2)
        self.assertEqual(self.querier.groups, {})

    def test_older_hosts(self) -> None:
        """One's report suppresses the others': who is there cannot be known."""
        self.hears(OldReport(self.family.current_version - 1, group(self.family, 1)), host_number=1)
        self.hears(Leave(group(self.family, 1)), host_number=1)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.assertEqual(self.heard(), [about(0)])

    def test_older_hosts_are_gone(self) -> None:
        """After the membership interval all is known again."""
        self.hears(OldReport(self.family.current_version - 1, group(self.family, 1)), host_number=1)
        self.passes(200)
        self.says(IS_EX, host_number=2)
        self.passes(60)
        self.says(TO_IN, host_number=2)
        self.assertEqual(self.querier.groups, {})

    def test_hosts_without_an_address(self) -> None:
        """IP4-SD-08: 0.0.0.0 may be several hosts, of which one leaves."""
        nobody = self.family.unspecified
        joins, leaves = self.record(TO_EX), self.record(TO_IN)
        self.note(self.querier.receive(Report((joins,)), nobody, self.now))
        self.note(self.querier.receive(Report((leaves,)), nobody, self.now))
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.assertEqual(self.heard(), [about(0)])

    def test_leave_at_the_end_of_a_timer(self) -> None:
        """A source that nobody claimed runs out just when another record comes in."""
        for number in (1, 2):
            self.says(ALLOW, 1, 2, host_number=number)
        self.says(BLOCK, 1, host_number=1)
        self.now += 2
        self.says(TO_IN, host_number=1)
        self.check_include({2: 2})

    def test_refused_group(self) -> None:
        """LIM-01 holds here as well."""
        settings = QuerierSettings(immediate_leave=True, max_groups=0)
        self.note(self.querier.reconfigure(settings, self.now))
        self.says(TO_EX)
        self.says(TO_IN)
        self.assertEqual(self.querier.groups, {})
        self.assertEqual(self.querier.refused, {Refusal.MAX_GROUPS: 1})


@both_families
class ExplicitTrackingTests(LinkTests):
    """TU-02: ``explicit-tracking`` alone knows who is there, and asks all the same."""

    settings = QuerierSettings(explicit_tracking=True)

    def test_the_last_host_is_asked(self) -> None:
        """Leaves take their time."""
        self.says(TO_EX)
        self.says(TO_IN)
        self.assertEqual((self.subscription(), self.heard()), (ANY_SOURCE, [about(0)]))
        self.passes(2)
        self.assertEqual(self.querier.groups, {})

    def test_who_wants_what(self) -> None:
        """Host by host, with the time until which it counts."""
        self.says(TO_EX, host_number=1)
        self.now += 10
        self.says(ALLOW, 1, host_number=2)
        self.says(IS_EX, host_number=1)
        table = self.querier.groups[group(self.family, 1)].hosts
        assert table is not None
        until = self.now + 260
        self.assertEqual(
            table,
            {
                host(self.family, 1): until,
                host(self.family, 2): (0.0, self.sources(1), until),
            },
        )


@both_families
class BoundTests(LinkTests):
    """SEC-04, TU-02: who is beyond the bounds is not forgotten, only not known by name."""

    settings = QuerierSettings(immediate_leave=True, max_hosts=4, max_group_hosts=2)

    @property
    def hosts(self) -> LinkHosts:
        """Those of the link."""
        assert self.querier.hosts is not None
        return self.querier.hosts

    def test_hosts_of_a_group(self) -> None:
        """With one too many it is asked about, until that one's report counts no more."""
        for number in (1, 2, 3):
            self.says(TO_EX, host_number=number)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (3, 1))
        self.says(TO_IN, host_number=1)
        self.says(TO_IN, host_number=2)
        self.assertEqual((self.subscription(), self.heard()[:1]), (ANY_SOURCE, [about(0)]))
        self.passes(1)
        self.says(IS_EX, host_number=3)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.passes(200)
        self.says(IS_EX, host_number=3)
        self.passes(60)
        self.says(TO_IN, host_number=3)
        self.assertEqual(self.querier.groups, {})

    def test_hosts_of_the_link(self) -> None:
        """One too many makes its own group unknowable, and no other."""
        for number in range(1, 6):
            self.says(TO_EX, host_number=number, group_number=number)
        self.says(TO_IN, host_number=5, group_number=5)
        self.assertEqual(self.subscription(5), ANY_SOURCE)
        self.says(TO_IN, host_number=4, group_number=4)
        self.assertEqual(self.subscription(4), NOTHING)

    def test_room_comes_back(self) -> None:
        """Hosts that have gone are forgotten when there is need, and not at each attempt."""
        for number in range(1, 5):
            self.says(TO_EX, host_number=number, group_number=number)
        self.passes(249)
        self.says(TO_EX, host_number=5, group_number=5)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (4, 1))
        self.passes(11)  # the first four have gone just now
        self.says(TO_EX, host_number=6, group_number=6)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (1, 1))

    def test_nobody_looks_for_room_all_the_time(self) -> None:
        """SEC-04: forged addresses would make work."""
        for number in range(1, 5):
            self.says(TO_EX, host_number=number, group_number=number)
        self.passes(255)
        self.says(TO_EX, host_number=5, group_number=5)
        self.passes(9)  # the first four have gone: but somebody has just looked
        self.says(TO_EX, host_number=6, group_number=6)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (4, 2))
        self.passes(1)
        self.says(TO_EX, host_number=7, group_number=7)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (1, 2))

    def test_room_in_a_group_comes_back(self) -> None:
        """Hosts that vanished make room for others."""
        for number in (1, 2):
            self.says(TO_EX, host_number=number)
        self.passes(200)
        self.says(TO_EX, host_number=2)
        self.passes(60)
        self.says(TO_EX, host_number=3)
        self.assertEqual(self.hosts.untracked, 0)

    def test_one_name_for_all_groups(self) -> None:
        """There may be many groups: a host's address is kept once."""
        for number in (1, 2):
            sender = bytes(bytearray(host(self.family, 1)))
            report = Report((self.record(TO_EX, group_number=number),))
            self.querier.receive(report, sender, self.now)
        tables = [self.querier.groups[group(self.family, n)].hosts for n in (1, 2)]
        names = [name for table in tables for name in table or ()]
        self.assertIs(names[0], names[1])


# -- real hosts on the link

NAMES = (1, 2, 3)
Wish = tuple[int, FilterMode, frozenset[int], float]

histories: st.SearchStrategy[list[Wish]] = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from([INCLUDE, EXCLUDE]),
        st.frozensets(st.integers(1, 3)),
        st.sampled_from([0.0, 0.25, 1.0, 3.0, 60.0, 140.0]),
    ),
    min_size=2,
    max_size=15,
)


@both_families
class CompanyTests(FamilyTests):
    """Hosts of ours and a router of ours on one link on which nothing is lost."""

    def setUp(self) -> None:
        """Three hosts and a router that has just started."""
        self.now = START
        self.delays = iter(range(1, 10**9))
        self.hosts = {name: Host(self.family, self.random) for name in NAMES}
        self.wanted = dict.fromkeys(NAMES, NOTHING)

    def random(self) -> float:
        """Delays that are all different."""
        return next(self.delays) * 0.37 % 1.0

    def begin(self, immediate: bool, most: int = 1000) -> None:
        """Start the router, which tracks so many hosts at the most."""
        settings = QuerierSettings(immediate_leave=immediate, max_hosts=most, max_group_hosts=most)
        self.querier = Querier(self.family, settings)
        self.ask(self.querier.start(self.now).send)

    def ask(self, queries: Sequence[Send]) -> None:
        """The hosts hear what the router asks."""
        for _, query in queries:
            assert isinstance(query, Query)
            for one in self.hosts.values():
                one.receive(query, self.now)

    def tell(self, name: int, reports: Sequence[Send]) -> None:
        """The router hears what a host reports."""
        for _, report in reports:
            sender = host(self.family, name)
            self.ask(self.querier.receive(report, sender, self.now).send)

    def wishes(self, name: int, wanted: SourceFilter) -> None:
        """A host's applications want something else now."""
        self.wanted[name] = wanted
        changes = [(group(self.family, 1), wanted)]
        self.tell(name, self.hosts[name].update(changes, self.now))

    def passes(self, seconds: float) -> None:
        """Time goes on; nobody ever misses what he wants."""
        end = self.now + seconds
        machines: list[Querier | Host] = [self.querier, *self.hosts.values()]
        while True:
            times = [when for one in machines if (when := one.next_deadline()) is not None]
            when = min(times, default=end + 1)
            if when > end:
                break
            self.now = when
            for name, one in self.hosts.items():
                self.tell(name, one.advance(self.now))
            self.ask(self.querier.advance(self.now).send)
            self.check_nobody_misses_anything()
        self.now = end

    def got(self) -> SourceFilter:
        """What the router forwards."""
        return self.querier.subscription(group(self.family, 1))

    def check_nobody_misses_anything(self) -> None:
        """Each source that a host wants is forwarded."""
        for number in (1, 2, 3, 9):
            one = source(self.family, number)
            if any(wanted.wants(one) for wanted in self.wanted.values()):
                self.assertTrue(self.got().wants(one), f"source {number} is cut")

    @given(st.booleans(), st.sampled_from([1, 2, 1000]), histories)
    @examples(5)
    def test_nobody_misses_anything(self, immediate: bool, most: int, history: list[Wish]) -> None:
        """TU-02: with immediate leave or without, what any host wants is always forwarded."""
        CompanyTests.setUp(self)
        self.begin(immediate, most)
        for name, mode, numbers, pause in history:
            self.wishes(name, SourceFilter(mode, self.sources(*numbers)))
            self.check_nobody_misses_anything()
            self.passes(pause)
        for name in NAMES:
            self.wishes(name, NOTHING)
        if immediate and most >= len(NAMES):
            self.assertIs(self.got(), NOTHING)
        self.passes(2)
        self.assertIs(self.got(), NOTHING)

    @given(st.booleans(), histories)
    @examples(3)
    def test_lists_are_followed_exactly(self, immediate: bool, history: list[Wish]) -> None:
        """Among hosts in INCLUDE mode nothing else is forwarded, after 2 s or at once."""
        CompanyTests.setUp(self)
        self.begin(immediate)
        for name, _, numbers, pause in history:
            self.wishes(name, SourceFilter(INCLUDE, self.sources(*numbers)))
            if not immediate:
                self.passes(2)
            self.assertEqual(self.got(), merge(self.wanted.values()))
            self.passes(pause)
