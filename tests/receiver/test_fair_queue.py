"""FairQueue and Brakes: no host takes the room or the turns of another one (SEC-08)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import packed
from mcproxy.receiver.brake import MOST_HOSTS, Brakes
from mcproxy.receiver.fair_queue import ITEM_BYTES, FairQueue, Sender
from mcproxy.receiver.known_hosts import KnownHosts

FLOODING, QUIET, ELSEWHERE = Sender(1, "10.0.0.9"), Sender(1, "10.0.0.2"), Sender(2, "10.1.0.2")


class FairQueueTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.queue: FairQueue[int] = FairQueue(100 * ITEM_BYTES)

    def put(self, sender: Sender, *items: int) -> list[bool]:
        return [self.queue.put(sender, item, 0) for item in items]

    def take_all(self) -> list[int]:
        taken = []
        while self.queue:
            taken.append(self.queue.take()[1])
        return taken

    def test_links_and_hosts_are_served_in_turns(self) -> None:
        self.put(FLOODING, 1, 2, 3, 4)
        self.put(QUIET, 10)
        self.put(ELSEWHERE, 20, 21)
        self.assertEqual(self.take_all(), [1, 20, 10, 21, 2, 3, 4])

    def test_host_fills_half_of_its_link_and_no_other_link(self) -> None:
        accepted = self.put(FLOODING, *range(200))
        self.assertEqual(accepted, [True] * 50 + [False] * 150)
        self.assertEqual(self.put(QUIET, *range(30)), [True] * 25 + [False] * 5)
        self.assertEqual(self.put(ELSEWHERE, 1), [True])

    def test_items_that_were_taken_make_room(self) -> None:
        self.put(FLOODING, *range(50))
        for _ in range(10):
            self.queue.take()
        self.assertEqual(self.put(FLOODING, *range(11)), [True] * 10 + [False])

    def test_rest_of_an_item_comes_before_others_of_its_host(self) -> None:
        self.put(FLOODING, 1, 2)
        sender, _ = self.queue.take()
        self.queue.put_back(sender, 3)
        self.put(QUIET, 10)
        self.assertEqual(self.take_all(), [3, 10, 2])

    def test_discarded_link_has_nothing_waiting(self) -> None:
        self.put(FLOODING, 1, 2)
        self.put(ELSEWHERE, 20)
        self.queue.discard(1)
        self.queue.discard(7)
        self.assertEqual(self.take_all(), [20])

    def test_heaviest_is_the_host_with_the_most_waiting(self) -> None:
        self.assertIsNone(self.queue.heaviest())
        self.put(ELSEWHERE, 1)
        self.put(QUIET, 1)
        self.put(FLOODING, 1, 2)
        self.assertEqual(self.queue.heaviest(), FLOODING)


class FilteredSocket:
    """Notes the filters."""

    def __init__(self) -> None:
        self.filters: list[tuple[list[int], list[tuple[int, bytes]]]] = []

    def accept_from(self, indexes: Any, refused: Any = (), only: Any = ()) -> None:
        self.filters.append((sorted(indexes), sorted(refused)))


class BrakesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.queue: FairQueue[int] = FairQueue(100 * ITEM_BYTES)
        self.socket = FilteredSocket()
        self.interfaces = {1: "", 2: ""}
        self.brakes = Brakes(
            self.socket, self.interfaces, self.queue, KnownHosts(), lambda: 0.0, self.pause
        )

    def pause(self, seconds: float, sender: Sender) -> None:
        """No host floods twice here."""
        raise AssertionError

    def fill(self, sender: Sender) -> None:
        while self.queue.put(sender, 0, 0):
            pass

    def applied(self) -> tuple[list[int], list[tuple[int, bytes]]]:
        self.brakes.apply()
        return self.socket.filters[-1]

    def test_flooding_host_is_refused_until_its_packets_are_worked_off(self) -> None:
        self.fill(FLOODING)
        self.assertTrue(self.brakes.refuse(FLOODING))
        self.assertFalse(self.brakes.refuse(FLOODING))
        self.assertEqual(self.applied(), ([1, 2], [(1, packed("10.0.0.9"))]))
        released = []
        while self.queue:
            sender, _ = self.queue.take()
            released.append(self.brakes.release(sender))
        self.assertEqual(released, [False] * 49 + [True])
        self.assertEqual(self.applied(), ([1, 2], []))

    def test_link_of_many_hosts_is_refused_until_it_is_half_empty(self) -> None:
        """Forged addresses must not cost other links anything."""
        senders = [Sender(1, f"10.0.1.{number}") for number in range(100)]
        for sender in senders:
            self.queue.put(sender, 0, 0)
        self.assertTrue(self.brakes.refuse(Sender(1, "10.0.2.1")))
        self.assertEqual(self.applied(), ([2], []))
        released = [self.brakes.release(self.queue.take()[0]) for _ in range(60)]
        self.assertEqual(released.index(True), 49)
        self.assertEqual(self.applied(), ([1, 2], []))

    def test_many_flooding_hosts_have_their_link_refused(self) -> None:
        """The filter has room for some hosts only."""
        for number in range(MOST_HOSTS + 1):
            self.brakes.refuse(Sender(2, f"10.1.0.{number}"))
        indexes, refused = self.applied()
        self.assertEqual((indexes, len(refused)), ([1], MOST_HOSTS))

    def test_ipv6_host_is_refused_by_its_address_without_scope(self) -> None:
        self.brakes.refuse(Sender(1, "fe80::9%eth0"))
        self.assertEqual(self.applied(), ([1, 2], [(1, packed("fe80::9"))]))

    def test_interface_that_is_gone_is_in_no_filter(self) -> None:
        self.brakes.refuse(FLOODING)
        del self.interfaces[1]
        self.assertEqual(self.applied(), ([2], []))
