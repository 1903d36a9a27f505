"""Source-by-source forwarding: upcalls and counters of the kernel, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.forwarding_plan import LOOK_INTERVAL
from mcproxy.instance.group_forwarding import GroupForwarding
from mcproxy.instance.links import LinkSet
from mcproxy.instance.source_forwarding import SourceForwarding
from mcproxy.linux.mroute.dump import InstalledRoute
from mcproxy.messages import CacheMiss, WrongInterface
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.forwarding.observed_sources import IDLE_TIME, UNWANTED_IDLE_TIME
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.policy.directional_filters import FilterPolicy
from mcproxy.protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter
from mcproxy.protocol.upstreams.selection import Join, Selection
from mcproxy.timer import Timer

ANY = IPV4.unspecified
G = packed("239.1.1.1")
S1, S2, S3 = (packed(f"192.0.2.{n}") for n in (1, 2, 3))
LINKS = {"d1": 11, "d2": 12}


def links(downstreams: Mapping[str, int], *upstreams: str) -> LinkSet:
    """The usable links, on all of which we are the querier."""
    made = LinkSet()
    for name, index in downstreams.items():
        made = made.with_downstream(name, index, is_querier=True)
    for index, name in enumerate(upstreams):
        made = made.with_upstream(name, index)
    return made


class FakeTable:
    """Notes what is to be planned anew, and has counters."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.counts: dict[bytes, int] = {}
        self.wrong: dict[bytes, int] = {}
        self.forwarded: set[bytes] = set()
        self.asked = 0
        self.broken = False
        self.error: Exception = OSError("no answer")
        self.answers: list[Callable[[], None]] | None = None

    def changed(self, groups: Iterable[bytes]) -> None:
        self.told += groups

    def source_changed(self, group: bytes, source: bytes) -> None:
        self.told.append((group, source))

    def counters(self) -> Deferred[list[InstalledRoute]]:
        """Answer at once, or when the test calls the answer in ``answers``, if that is a list."""
        self.asked += 1
        answer: Deferred[list[InstalledRoute]] = Deferred()
        if self.answers is None:
            self.answer(answer)
        else:
            self.answers.append(lambda: self.answer(answer))
        return answer

    def answer(self, answer: Deferred[list[InstalledRoute]]) -> None:
        if self.broken:
            answer.errback(self.error)
        else:
            answer.callback(
                [
                    InstalledRoute(
                        s, G, 1, (2,) if s in self.forwarded else (), n, 0, self.wrong.get(s, 0)
                    )
                    for s, n in self.counts.items()
                ]
            )


class SourceForwardingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.table = Clock(), FakeTable()
        self.asked: list[bytes] = []
        self.routes: dict[bytes, int] = {}
        self.make(Join.FIRST, LOOK_INTERVAL)

    def make(self, join: Join, look_interval: float, **limit: int) -> None:
        self.selection = Selection(FilterPolicy(), join)
        self.selection.usable = ("up1", "up2")
        table: Any = self.table
        self.forwarding = SourceForwarding(
            "tv", IPV4, FilterPolicy(), self.selection, look_interval, self.routes.get,
            Timer(self.clock), table, self.asked.extend, **limit,
        )  # fmt: skip
        self.forwarding.links_changed(links(LINKS, "up1", "up2"))
        self.table.told.clear()

    def miss(self, source: bytes, interface: str = "up1") -> None:
        self.forwarding.receive(CacheMiss(interface, source, G))

    def told(self) -> list[object]:
        told = list(self.table.told)
        self.table.told.clear()
        return told

    def plan(self, wishes: Mapping[str, SourceFilter] | None = None) -> dict[bytes, Route]:
        wanted = {"d1": ANY_SOURCE} if wishes is None else wishes
        return {route.source: route for route in self.forwarding.plan(G, wanted, None)}

    def test_new_source_is_planned_alone_at_once(self) -> None:
        """FWD-11, FWD-14: it alone is planned, at once."""
        self.miss(S1)
        self.assertEqual(self.told(), [(G, S1)])
        expected = Route(S1, "up1", frozenset(["d1"]))
        self.assertEqual(self.plan(), {S1: expected})
        self.assertEqual(self.forwarding.plan(G, {"d1": ANY_SOURCE}, S1), (expected,))
        self.assertEqual(self.forwarding.plan(G, {"d1": ANY_SOURCE}, S2), ())
        self.assertEqual(list(self.forwarding.groups()), [G])

    def test_listed_source_has_its_entry_before_its_data(self) -> None:
        """Their entries stand before; those of hosts that block them come with the data."""
        wishes = {"d1": SourceFilter(INCLUDE, frozenset([S1, S2]))}
        self.miss(S2, "d2")
        self.assertEqual(
            self.plan(wishes),
            {
                S1: Route(S1, "up1", frozenset(["d1"])),
                S2: Route(S2, "d2", frozenset(["up1", "up2", "d1"])),
            },
        )
        self.assertEqual(
            self.forwarding.plan(G, wishes, S1), (Route(S1, "up1", frozenset(["d1"])),)
        )

    def test_upcall_on_a_foreign_link_is_ignored(self) -> None:
        """Links of other instances, and those that have just gone."""
        self.miss(S1, "elsewhere")
        self.assertEqual((self.told(), self.plan()), ([], {}))

    def test_source_that_moves_has_another_iif(self) -> None:
        """FWD-14: to a downstream, and back; not to an upstream that is not listened to."""
        self.miss(S1)
        self.forwarding.receive(WrongInterface("d2", S1, G))
        self.assertEqual(self.plan()[S1].parent, "d2")
        self.forwarding.receive(WrongInterface("up2", S1, G))
        self.assertEqual(self.plan()[S1].parent, "d2")
        self.forwarding.receive(WrongInterface("up1", S1, G))
        self.assertEqual(self.plan()[S1].parent, "up1")

    def test_returning_upstream_provides_what_it_delivers(self) -> None:
        """MU-08: until then data of the second is accepted."""
        self.miss(S1, "up2")
        self.miss(S2, "up2")
        names = ("up1", "up2")
        for working in names, ("up2",), names, names:
            self.selection.note(names, working, self.clock.seconds())
        self.assertEqual([self.plan()[s].parent for s in (S1, S2)], ["up2", "up2"])
        self.told()
        self.forwarding.receive(WrongInterface("up1", S1, G))
        self.assertEqual(self.told(), [(G, S1)])
        self.forwarding.receive(WrongInterface("up2", S1, G))
        self.miss(S3, "up1")
        parents = [self.plan()[s].parent for s in (S1, S2, S3)]
        self.assertEqual(parents, ["up1", "up2", "up1"])

    def test_downstream_data_that_comes_back_from_upstream_moves_no_source(self) -> None:
        """MS-11: a source stays where it is seen and routed to, unless it moves downstream."""
        self.routes = {S1: LINKS["d1"], S2: LINKS["d2"]}
        self.make(Join.FIRST, LOOK_INTERVAL)
        for source in (S1, S2):
            self.miss(source, "up1")
            self.forwarding.receive(WrongInterface("d1", source, G))
            self.assertEqual(self.plan()[source].parent, "d1")
            self.forwarding.receive(WrongInterface("up1", source, G))
        self.assertEqual([self.plan()[s].parent for s in (S1, S2)], ["d1", "up1"])
        self.forwarding.receive(WrongInterface("d2", S1, G))
        self.assertEqual(self.plan()[S1].parent, "d2")

    def test_lost_link_takes_its_sources_with_it(self) -> None:
        self.miss(S1, "d1")
        self.miss(S2, "up1")
        self.told()
        self.forwarding.links_changed(links({"d2": 12}, "up1"))
        self.assertEqual(self.told(), [ANY, G])
        self.assertEqual(list(self.plan({})), [S2])

    def test_new_source_beyond_the_limit_is_dropped_by_the_kernel(self) -> None:
        """SEC-04: what is known goes on; for the rest the kernel need not ask."""
        warned: list[str] = []
        log = {"warn": lambda *_, **fields: warned.append(fields["interface"])}
        self.patch(SourceForwarding, "log", type("Log", (), log))
        self.make(Join.FIRST, LOOK_INTERVAL, most=2)
        for source in (S1, S2, S3, S3):
            self.miss(source)
        self.assertEqual(self.told(), [(G, S1), (G, S2), ANY])
        self.assertEqual(self.forwarding.base(), (Route(ANY, "up1", frozenset(["up1"])),))
        self.assertEqual((sorted(self.plan()), warned), ([S1, S2], ["up1"]))
        self.assertEqual(self.forwarding.sources.refused["up1"], 2)
        self.miss(S3, "d1")
        self.assertEqual(self.told(), [(G, S3)])
        self.clock.pump([LOOK_INTERVAL] * 10)
        self.assertEqual(self.forwarding.base(), ())
        self.assertIn(ANY, self.told())
        self.miss(S1)
        self.assertEqual(self.told(), [(G, S1)])

    # -- counters

    def test_idle_source_is_forgotten(self) -> None:
        """FWD-13: soon where nobody wants them, else after a while."""
        self.miss(S1)
        self.miss(S2)
        self.table.forwarded = {S1}
        self.table.counts = {S1: 7, S2: 7}
        self.clock.advance(LOOK_INTERVAL)
        self.told()
        self.clock.pump([LOOK_INTERVAL] * int(UNWANTED_IDLE_TIME / LOOK_INTERVAL))
        self.assertEqual((self.told(), list(self.plan())), ([G], [S1]))
        self.clock.pump([LOOK_INTERVAL] * int(IDLE_TIME / LOOK_INTERVAL))
        self.assertEqual((self.told(), self.plan()), ([G], {}))
        looks = self.table.asked
        self.clock.advance(10 * LOOK_INTERVAL)
        self.assertEqual(self.table.asked, looks)  # nothing to look after, no wake-up

    def test_sending_source_is_kept(self) -> None:
        self.miss(S1)
        for count in range(100):
            self.table.counts = {S1: count + 1}
            self.clock.advance(LOOK_INTERVAL)
        self.assertEqual(list(self.plan()), [S1])

    def test_packets_on_a_wrong_interface_do_not_keep_a_source(self) -> None:
        """What comes in on a wrong interface is dropped."""
        self.miss(S1)
        for count in range(8):
            self.table.counts, self.table.wrong = {S1: 7 + count}, {S1: count}
            self.clock.advance(LOOK_INTERVAL)
        self.assertEqual(self.plan(), {})

    def test_counters_that_cannot_be_read_are_read_again_later(self) -> None:
        """Next time, then."""
        self.miss(S1)
        self.table.broken = True
        self.clock.advance(LOOK_INTERVAL)
        self.table.broken = False
        self.clock.pump([LOOK_INTERVAL] * 4)
        self.assertEqual((self.plan(), self.table.asked), ({}, 3))

    def test_closed_forwarding_reads_no_counters(self) -> None:
        self.miss(S1)
        self.forwarding.close()
        self.clock.advance(100)
        self.assertEqual((self.table.asked, self.clock.getDelayedCalls()), (0, []))

    def test_counters_that_fail_are_warned_of_once_until_they_can_be_read(self) -> None:
        warned: list[str] = []
        log = {"warn": lambda told, **_: warned.append(told)}
        self.patch(SourceForwarding, "log", type("Log", (), log))
        self.miss(S1)
        for broken in (True, True, False, True):
            self.table.counts = {S1: self.table.asked}
            self.table.broken = broken
            self.clock.advance(LOOK_INTERVAL)
        self.assertEqual((len(warned), self.table.asked), (2, 4))

    def test_counters_that_fail_by_a_mistake_of_ours_are_logged_and_read_again(self) -> None:
        self.miss(S1)
        self.table.broken, self.table.error = True, KeyError("vif")
        self.clock.pump([LOOK_INTERVAL] * 2)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 2)
        self.assertEqual(self.table.asked, 2)

    # -- the end

    def test_closed_forwarding_ignores_late_counters(self) -> None:
        """An answer that was under way does not start a new cycle."""
        self.table.answers = []
        self.miss(S1)
        self.miss(S2)
        self.clock.advance(LOOK_INTERVAL)
        self.table.counts = {S1: 7}
        self.forwarding.close()
        self.told()
        [answer] = self.table.answers
        answer()
        self.clock.pump([LOOK_INTERVAL] * 100)
        self.assertEqual((self.table.asked, self.told(), self.asked), (1, [], []))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closed_forwarding_ignores_a_late_failure(self) -> None:
        self.table.answers, self.table.broken = [], True
        self.miss(S1)
        self.clock.advance(LOOK_INTERVAL)
        self.forwarding.close()
        [answer] = self.table.answers
        answer()
        self.clock.pump([LOOK_INTERVAL] * 100)
        self.assertEqual((self.table.asked, self.clock.getDelayedCalls()), (1, []))

    def test_closed_forwarding_ignores_late_upcalls(self) -> None:
        self.miss(S1)
        self.told()
        self.forwarding.close()
        self.miss(S2)
        self.forwarding.receive(WrongInterface("d1", S1, G))
        self.forwarding.restore_source(S3, G, "up1")
        self.assertEqual((self.told(), list(self.plan())), ([], [S1]))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closed_forwarding_ignores_a_late_timer(self) -> None:
        self.miss(S1)
        self.forwarding.close()
        self.forwarding._due(LOOK_INTERVAL)
        self.assertEqual((self.table.asked, self.clock.getDelayedCalls()), (0, []))

    def test_closed_forwarding_ends_its_migration(self) -> None:
        table: Any = self.table
        before = GroupForwarding(IPV4, "up1", lambda _: None, table)
        before.links_changed(links(LINKS, "up1"))
        self.forwarding.migrate_from(before, [G])
        self.assertEqual(list(self.plan()), [ANY])
        self.forwarding.close()
        self.clock.pump([1.0] * 10)
        before.receive(WrongInterface("d1", S1, G))
        self.assertEqual((self.told(), self.clock.getDelayedCalls()), ([], []))

    # -- several upstreams at once

    def test_first_upstream_that_delivers_is_asked_alone(self) -> None:
        """MU-09: others are asked no more, and what they send is dropped."""
        self.make(Join.MUTEX, 2.0)
        wishes = {"d1": SourceFilter(INCLUDE, frozenset([S1]))}
        self.assertEqual(self.plan(wishes), {})
        self.miss(S1, "up2")
        self.assertEqual((self.asked, self.told()), ([G], [(G, S1)]))
        self.forwarding.receive(WrongInterface("up1", S1, G))
        self.assertEqual(self.plan(wishes), {S1: Route(S1, "up2", frozenset(["d1"]))})
        self.assertEqual(self.asked, [G])

    def test_upstream_that_delivers_again_must_be_observed_anew(self) -> None:
        """MU-07: another that sends all the time has to be seen anew, and is then kept."""
        self.make(Join.MUTEX, 2.0)
        self.miss(S1, "up1")
        self.forwarding.receive(WrongInterface("up2", S1, G))
        self.selection.usable = ("up2",)
        self.forwarding.links_changed(links(LINKS, "up2"))
        self.assertEqual(self.plan(), {})
        self.miss(S1, "up2")
        self.assertEqual(self.asked, [G, G])
        self.selection.usable = ("up1", "up2")
        self.forwarding.links_changed(links(LINKS, "up1", "up2"))
        self.assertEqual(self.plan()[S1].parent, "up2")

    def test_silent_upstream_is_replaced_by_the_next_that_delivers(self) -> None:
        """MU-07: all are asked again, and the next that delivers takes over."""
        self.make(Join.MUTEX, 2.0)
        self.miss(S1, "up2")
        self.table.counts = {S1: 5}
        self.clock.advance(2)
        self.assertEqual(self.asked, [G])
        self.clock.advance(2)
        self.assertEqual((self.asked, self.plan()), ([G, G], {}))
        self.miss(S1, "up1")
        self.assertEqual(self.plan()[S1].parent, "up1")


class GroupForwardingTests(SynchronousTestCase):
    def test_cache_miss_is_ignored_and_wrong_interface_moves_the_source(self) -> None:
        """Entries for groups leave nothing to ask about but data on links of others."""
        table: Any = FakeTable()
        forwarding = GroupForwarding(IPV4, "up", lambda _: None, table)
        forwarding.links_changed(links(LINKS, "up"))
        forwarding.receive(CacheMiss("d1", S1, G))
        self.assertEqual((table.told, list(forwarding.groups())), ([], []))
        forwarding.receive(WrongInterface("d1", S1, G))
        self.assertEqual(table.told, [G])

    def test_closed_forwarding_ignores_upcalls(self) -> None:
        table: Any = FakeTable()
        forwarding = GroupForwarding(IPV4, "up", lambda _: None, table)
        forwarding.links_changed(links(LINKS, "up"))
        forwarding.close()
        forwarding.receive(WrongInterface("d1", S1, G))
        self.assertEqual(table.told, [])
