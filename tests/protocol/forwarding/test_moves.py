"""Moves of sources: what the counters of an entry say about a wrong-interface upcall."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.forwarding.moves import (
    LOOK_TIME,
    MOST_AT_ONCE,
    Delivered,
    Moves,
    Suspect,
    Verdict,
)

A, B, G = b"\1", b"\2", b"\3"


class MovesTests(SynchronousTestCase):
    """FWD-14, FWD-15."""

    def setUp(self) -> None:
        self.moves, self.now = Moves(), 100.0
        self.delivered = Delivered(5, 7)

    def suspect(self, interface: str = "d1", is_routed: bool = False) -> Suspect:
        return Suspect((A, G), interface, is_routed, self.delivered)

    def upcall(
        self, here: int, elsewhere: int, interface: str = "d1", is_routed: bool = False
    ) -> Verdict:
        """The decision on an upcall after which the entry gets these packets."""
        verdict = self.moves.begin(self.suspect(interface, is_routed), self.now)
        if verdict is not Verdict.LOOK:
            return verdict
        self.now += LOOK_TIME
        [due] = self.moves.take_due(self.now)
        self.delivered = Delivered(self.delivered.here + here, self.delivered.elsewhere + elsewhere)
        return self.moves.decide(due, self.delivered)

    def test_entry_moves_if_only_another_interface_delivers(self) -> None:
        self.assertIs(self.upcall(0, 1), Verdict.MOVE)
        self.assertEqual(self.moves.refused, {})

    def test_entry_stays_if_its_iif_delivers(self) -> None:
        self.assertIs(self.upcall(1, 1000), Verdict.STAY)
        self.assertEqual(self.moves.refused, {"d1": 1})

    def test_route_decides_if_both_deliver_and_the_new_one_much_more(self) -> None:
        self.assertIs(self.upcall(10, 20, is_routed=True), Verdict.STAY)
        self.assertIs(self.upcall(10, 21, is_routed=True), Verdict.MOVE)

    def test_slow_source_moves_at_the_second_upcall(self) -> None:
        """One packet between two looks is too much to ask of it."""
        self.assertIs(self.upcall(0, 0), Verdict.STAY)
        self.delivered = Delivered(5, 8)
        self.assertIs(self.upcall(0, 0), Verdict.MOVE)

    def test_slow_source_that_its_iif_delivers_meanwhile_stays(self) -> None:
        self.assertIs(self.upcall(0, 0), Verdict.STAY)
        self.delivered = Delivered(6, 8)
        self.assertIs(self.upcall(0, 0), Verdict.STAY)

    def test_second_upcall_about_another_interface_starts_anew(self) -> None:
        self.assertIs(self.upcall(0, 0), Verdict.STAY)
        self.delivered = Delivered(5, 8)
        self.assertIs(self.upcall(0, 0, interface="d2"), Verdict.STAY)

    def test_entry_made_anew_meanwhile_stays(self) -> None:
        self.assertIs(self.upcall(-5, 1), Verdict.STAY)

    def test_looks_are_due_in_order_and_one_for_each_entry(self) -> None:
        self.assertIsNone(self.moves.next_deadline())
        self.moves.begin(self.suspect(), 1.0)
        self.moves.begin(self.suspect("d2"), 1.1)
        other = Suspect((B, G), "d1", False, Delivered(0, 0))
        self.moves.begin(other, 1.2)
        self.assertEqual(self.moves.next_deadline(), 1.0 + LOOK_TIME)
        self.assertEqual(self.moves.take_due(1.0), [])
        self.assertEqual(self.moves.take_due(1.1 + LOOK_TIME), [self.suspect()])
        self.assertEqual(self.moves.take_due(1.2 + LOOK_TIME), [other])
        self.assertIsNone(self.moves.next_deadline())

    def test_many_looks_are_due_a_few_at_a_time(self) -> None:
        """SEC-08: one host may send with the addresses of thousands of sources."""
        for number in range(2 * MOST_AT_ONCE + 1):
            channel = number.to_bytes(4, "big"), G
            self.moves.begin(Suspect(channel, "d1", False, Delivered(0, 0)), 1.0)
        due = 1.0 + LOOK_TIME
        sizes = [len(self.moves.take_due(due)) for _ in range(3)]
        self.assertEqual(sizes, [MOST_AT_ONCE, MOST_AT_ONCE, 1])
        self.assertIsNone(self.moves.next_deadline())
