"""Upstreams that are asked for many groups: a few in each turn of the reactor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.events.bus import Events
from mcproxy.instance.chosen_upstreams import GROUPS_A_TURN, ChosenUpstreams
from mcproxy.latency import Latencies, Waits
from mcproxy.timer import Timer

from ..turns import Turns

MANY = [bytes([239, 2, n >> 8, n & 255]) for n in range(2 * GROUPS_A_TURN + 100)]


class RecordingUpstream:
    """An upstream that notes for how many groups it is asked, and when it is left."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.said: list[Any] = []

    def add_user(self, user: Any) -> None:
        """Note the user."""

    def remove_user(self, user: Any) -> None:
        """Note that it is left."""
        self.said.append("left")

    def link_changed(self, link: Any) -> None:
        """Use the link."""

    def changed(self, groups: Iterable[bytes], now: float) -> None:
        """Note the groups."""
        self.said.append(list(groups))


class FixedSelection:
    """A selection that never changes by itself."""

    usable: tuple[str, ...] = ()

    def note(self, names: Mapping[str, Any], usable: Any, now: float) -> bool:
        """Nothing moves."""
        return False

    def next_deadline(self) -> None:
        """Nothing is due."""


class Links:
    """The links of an instance, all of them usable."""

    usable = SimpleNamespace(upstreams={})

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


class AskingCase(SynchronousTestCase):
    def setUp(self) -> None:
        """An instance with one upstream; when its upstreams change, it asks for many groups."""
        self.clock = Turns()
        self.upstream = RecordingUpstream("up")
        owner: Any = SimpleNamespace(name="a", upstreams_changed=lambda: self.chosen.ask(MANY))
        upstreams: Any = [self.upstream]
        self.events = Events()
        self.planned: list[Any] = []
        plan = self.planned.append
        parts: Any = FixedSelection(), Links(), Timer(self.clock), self.events, plan
        self.chosen = ChosenUpstreams(owner, upstreams, *parts)

    def sizes(self, upstream: RecordingUpstream) -> list[Any]:
        """Return for how many groups an upstream was asked, call by call."""
        return [one if one == "left" else len(one) for one in upstream.said]


class AskingTests(AskingCase):
    def test_many_groups_are_asked_for_in_several_turns(self) -> None:
        """At the same time, in their order, each once."""
        self.chosen.ask(MANY)
        self.assertEqual(self.sizes(self.upstream), [GROUPS_A_TURN])
        for _ in range(3):
            self.clock.advance(0)
        self.assertEqual(self.sizes(self.upstream), [GROUPS_A_TURN, GROUPS_A_TURN, 100])
        self.assertEqual([one for groups in self.upstream.said for one in groups], MANY)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_groups_that_wait_are_asked_for_once(self) -> None:
        """What is wanted of them is pulled in their turn."""
        self.chosen.ask(MANY)
        self.chosen.ask(MANY[-100:])
        for _ in range(5):
            self.clock.advance(0)
        asked = [one for groups in self.upstream.said for one in groups]
        self.assertCountEqual(asked, MANY)

    def test_all_groups_are_taken_only_in_their_turn(self) -> None:
        """In their order; what is asked besides goes first."""
        taken: list[bytes] = []
        self.chosen.ask_all(one for one in MANY if not taken.append(one))  # type: ignore[func-returns-value]
        self.assertEqual((taken, self.upstream.said), ([], []))
        self.chosen.ask([b"other"])
        self.assertEqual(taken, MANY[: GROUPS_A_TURN - 1])
        for _ in range(3):
            self.clock.advance(0)
        asked = [one for groups in self.upstream.said for one in groups]
        self.assertEqual(asked, [b"other", *MANY])
        self.assertLessEqual(max(self.sizes(self.upstream)), GROUPS_A_TURN)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_all_groups_are_asked_for_before_an_upstream_is_left(self) -> None:
        """Also those that wait for their turn."""
        order: list[str] = []
        self.chosen.ask_all(iter(MANY))
        after = RecordingUpstream("up2")
        after.changed = lambda groups, now: order.extend(["asked"] * len(groups))  # type: ignore[method-assign]
        self.upstream.remove_user = lambda user: order.append("left")  # type: ignore[method-assign]
        upstreams: Any = [after]
        self.chosen.exchange(upstreams, {})
        self.assertEqual(set(order[:-1]), {"asked"})
        self.assertGreaterEqual(len(order[:-1]), len(MANY))
        self.assertEqual(order[-1], "left")

    def test_new_upstream_has_all_groups_before_the_old_one_is_left(self) -> None:
        """No stream stops in between."""
        after = RecordingUpstream("up2")
        upstreams: Any = [after]
        order: list[str] = []
        after.changed = lambda groups, now: order.append("asked")  # type: ignore[method-assign]
        self.upstream.remove_user = lambda user: order.append("left")  # type: ignore[method-assign]
        self.chosen.exchange(upstreams, {})
        self.assertEqual(order, ["asked"] * 3 + ["left"])
        self.assertEqual(self.upstream.said, [])

    def test_closed_one_asks_for_nothing_more(self) -> None:
        """The upstream is left."""
        self.chosen.ask(MANY)
        self.chosen.close()
        for _ in range(3):
            self.clock.advance(0)
        self.assertEqual(self.sizes(self.upstream), [GROUPS_A_TURN, "left"])


class ChangedGroupsTests(AskingCase):
    """Groups that hosts changed, more than fit into the turn of their packet."""

    def turns(self) -> None:
        """Let some turns of the reactor pass."""
        for _ in range(5):
            self.clock.turn()

    def test_changed_groups_are_pulled_in_later_turns_and_planned_then(self) -> None:
        self.chosen.pull_later(MANY)
        self.clock.turn()  # the end of the turn in which the packet was read
        self.assertEqual((self.upstream.said, self.planned), ([], []))
        self.turns()
        self.assertEqual(self.sizes(self.upstream), [GROUPS_A_TURN, GROUPS_A_TURN, 100])
        self.assertEqual([one for groups in self.upstream.said for one in groups], MANY)
        self.assertEqual(self.planned, self.upstream.said)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_groups_that_are_only_asked_for_are_not_planned(self) -> None:
        """As each source that is learned asks for its group where one upstream serves it."""
        self.chosen.ask(MANY)
        self.chosen.ask_all(iter(MANY))
        self.turns()
        self.assertEqual(self.planned, [])

    def test_changed_groups_go_first_in_the_turn_after_that_of_their_packet(self) -> None:
        self.chosen.ask_all(iter(MANY))
        self.chosen.pull_later([b"changed"])
        self.turns()
        self.assertEqual(self.upstream.said[0], MANY[:GROUPS_A_TURN])
        following = MANY[GROUPS_A_TURN : 2 * GROUPS_A_TURN - 1]
        self.assertEqual(self.upstream.said[1], [b"changed", *following])

    def test_groups_that_change_meanwhile_wait_for_the_next_turn(self) -> None:
        """Not for all that came before them: these may be many."""
        self.chosen.pull_later([b"first"])
        self.clock.turn()
        self.chosen.pull_later([b"second"])
        self.clock.turn()
        self.assertEqual(self.upstream.said, [[b"first"]])
        self.clock.turn()
        self.assertEqual(self.upstream.said, [[b"first"], [b"second"]])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closing_has_changed_groups_pulled_before_the_upstream_is_left(self) -> None:
        """Another instance may use the upstream, which would keep them for ever."""
        self.chosen.pull_later(MANY)
        self.chosen.close()
        self.assertEqual(self.sizes(self.upstream), [len(MANY), "left"])
        self.turns()
        self.assertEqual(len(self.upstream.said), 2)

    def test_upstream_that_is_replaced_pulls_changed_groups_before_it_is_left(self) -> None:
        after: Any = RecordingUpstream("up2")
        self.chosen.pull_later(MANY)
        self.chosen.exchange([after], {})
        self.assertEqual(self.sizes(self.upstream), [len(MANY), "left"])
        self.assertEqual([one for groups in after.said for one in groups], MANY)

    def test_latency_of_many_groups_is_measured_with_the_last_of_them(self) -> None:
        """From the packet on, once for all of them."""
        latencies = self.events.latencies = Latencies(clock=self.clock.seconds)
        waits = Waits()
        latencies.changes = [(waits, self.clock.seconds())]
        self.chosen.pull_later(MANY)
        latencies.end()
        reported: list[int] = []

        def changed(groups: Iterable[bytes], now: float) -> None:
            latencies.reported()
            reported.append(sum(waits.report.counts))

        self.upstream.changed = changed  # type: ignore[method-assign]
        self.clock.advance(0.02)
        self.turns()
        self.assertEqual(reported, [0, 0, 1])
        self.assertAlmostEqual(waits.report.sum, 0.02)
        self.assertEqual(latencies.changes, ())

    def test_latencies_of_a_storm_are_measured_turn_by_turn(self) -> None:
        """Not when it ends, and not up to its end."""
        latencies = self.events.latencies = Latencies(clock=self.clock.seconds)
        waits = Waits()

        def changed(groups: Iterable[bytes], now: float) -> None:
            latencies.reported()

        self.upstream.changed = changed  # type: ignore[method-assign]
        for number in range(10):
            latencies.changes = [(waits, self.clock.seconds())]
            self.chosen.pull_later([bytes([number])])
            latencies.end()
            self.clock.rightNow += 0.01
            self.clock.turn()
        self.assertEqual(sum(waits.report.counts), 9)
        self.assertAlmostEqual(waits.report.sum, 9 * 0.02)

    def test_learned_source_does_not_let_groups_go_in_the_turn_of_their_packet(self) -> None:
        self.chosen.pull_later([b"changed"])
        self.chosen.ask([b"learned"])
        self.clock.turn()
        self.assertEqual(self.upstream.said, [[b"learned"]])
        self.clock.turn()
        self.assertEqual(self.upstream.said, [[b"learned"], [b"changed"]])

    def test_groups_that_change_after_an_exchange_wait_for_the_next_turn(self) -> None:
        self.chosen.pull_later([b"before"])
        self.clock.turn()
        other: Any = RecordingUpstream("up2")
        upstreams: Any = [self.upstream, other]
        self.chosen.exchange(upstreams, {})
        self.turns()
        self.upstream.said.clear()
        self.chosen.pull_later([b"after"])
        self.clock.turn()
        self.assertEqual(self.upstream.said, [])

    def test_changes_are_forgotten_where_nobody_measures_any_more(self) -> None:
        latencies = self.events.latencies = Latencies(clock=self.clock.seconds)
        latencies.changes = [(Waits(), 0.0)]
        self.chosen.pull_later(MANY)
        self.events.latencies = None
        self.turns()
        self.assertEqual(self.chosen._changes, [])
