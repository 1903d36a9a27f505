"""Netlink frames, multicast routes in them, and the watch over these."""

import errno
import random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute import dump as mroutedump
from mcproxy.linux.mroute.dump import InstalledRoute, dump_routes
from mcproxy.linux.mroute.watch import RouteWatch
from mcproxy.linux.netlink import frame as netlink
from mcproxy.linux.route_lookup import RouteLookup
from mcproxy.protocol.family import IPV4, IPV6, packed

from .. import messages

S4, G4 = packed("10.0.0.9"), packed("239.1.2.3")
S6, G6 = packed("2001:db8::9"), packed("ff1e::3")
IPMR, IP6MR = 128, 129


class FrameTests(SynchronousTestCase):
    def test_all_messages_of_a_datagram_are_found(self) -> None:
        data = messages.message(20, b"12345") + messages.message(3, b"abcd", sequence=7)
        found = [(kind, number, data[a:b]) for kind, _, number, a, b in netlink.messages(data)]
        self.assertEqual(found, [(20, 0, b"12345"), (3, 7, b"abcd")])

    def test_attributes_are_found_by_type_whatever_their_flags(self) -> None:
        data = netlink.attribute(1, b"abc") + netlink.attribute(0x8002, b"defg")
        self.assertEqual(netlink.attributes(data, 0, len(data)), {1: b"abc", 2: b"defg"})

    def test_impossible_length_ends_the_walk(self) -> None:
        noise = random.Random(2)
        whole = messages.route(IPMR, 253, S4, G4, outgoing=(1, 2))
        for _ in range(3000):
            data = bytearray(whole[: noise.randrange(len(whole) + 1)])
            for _ in range(noise.randrange(4)):
                if data:
                    data[noise.randrange(len(data))] = noise.randrange(256)
            for _, _, _, start, end in netlink.messages(bytes(data)):
                self.assertLessEqual(end, len(data))
                netlink.attributes(bytes(data), start, end)

    def test_request_is_one_message_with_header(self) -> None:
        data = netlink.request(26, netlink.NLM_F_DUMP, 5, b"body")
        self.assertEqual(list(netlink.messages(data)), [(26, 0x301, 5, 16, 20)])


class FakeSocket:
    """Answers each request with the next script of datagrams."""

    def __init__(self, *scripts: list[bytes]) -> None:
        self.scripts = list(scripts)
        self.queue: list[bytes] = []
        self.requests: list[bytes] = []

    def __enter__(self) -> "FakeSocket":
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def settimeout(self, _: float) -> None:
        pass

    def setsockopt(self, *_: int) -> None:
        pass

    def close(self) -> None:
        pass

    def send(self, data: bytes) -> None:
        self.requests.append(data)
        self.queue += self.scripts.pop(0)

    def recv(self, _: int) -> bytes:
        return self.queue.pop(0)


def answers(*parts: bytes, sequence: int = 1) -> bytes:
    """``parts`` with the sequence number of the request that they answer."""
    data = bytearray(b"".join(parts))
    for _, _, _, start, _ in list(netlink.messages(bytes(data))):
        data[start - 8 : start - 4] = sequence.to_bytes(4, "little")
    return bytes(data)


class DumpTests(SynchronousTestCase):
    def dump(self, *scripts: list[bytes], family: Any = IPV4, table: int = 0) -> Any:
        self.sock = FakeSocket(*scripts)
        self.patch(mroutedump.netlink, "open_netlink", lambda **_: self.sock)
        return dump_routes(family, table)

    def test_dump_lists_entries_of_all_kinds(self) -> None:
        any4 = IPV4.unspecified
        first = answers(
            messages.route(
                IPMR, 253, S4, G4, gone=False, parent=3, outgoing=(5, 7), counted=(9, 900)
            ),
            messages.route(IPMR, 253, any4, G4, gone=False, parent=3, outgoing=(3, 5)),
        )
        second = answers(messages.route(IPMR, 253, any4, any4, gone=False), messages.done(1))
        self.assertEqual(
            self.dump([first, second]),
            [
                InstalledRoute(S4, G4, 3, (5, 7), 9, 900),
                InstalledRoute(any4, G4, 3, (3, 5), 0, 0),
                InstalledRoute(any4, any4, 0, (), 0, 0),
            ],
        )

    def test_dump_lists_ipv6_entries(self) -> None:
        data = answers(
            messages.route(IP6MR, 254, S6, G6, gone=False, parent=3, outgoing=(5,)),
            messages.done(1),
        )
        self.assertEqual(self.dump([data], family=IPV6), [InstalledRoute(S6, G6, 3, (5,), 0, 0)])

    def test_dump_leaves_out_other_tables_and_unresolved_entries(self) -> None:
        data = answers(
            messages.route(IPMR, 7, S4, G4, gone=False, parent=3),
            messages.route(IPMR, 253, S4, G4, gone=False, flags=0x20),
            messages.done(1),
        )
        self.assertEqual(self.dump([data]), [])
        self.assertEqual(len(self.dump([data], table=7)), 1)

    def test_dump_of_missing_table_is_empty(self) -> None:
        self.assertEqual(self.dump([messages.failed(1, errno.ENOENT)], table=9), [])

    def test_dump_error_is_raised(self) -> None:
        error = self.assertRaises(OSError, self.dump, [messages.failed(1, errno.EPERM)])
        self.assertEqual(error.errno, errno.EPERM)

    def test_interrupted_dump_is_requested_again(self) -> None:
        entry = messages.route(IPMR, 253, S4, G4, gone=False, parent=3)
        found = self.dump(
            [answers(entry), messages.done(1, interrupted=True)],
            [answers(entry, entry, sequence=2), messages.done(2)],
        )
        self.assertEqual(len(found), 2)

    def test_dump_that_is_always_interrupted_ends(self) -> None:
        scripts = [[messages.done(number, interrupted=True)] for number in range(1, 100)]
        self.assertEqual(self.dump(*scripts), [])
        self.assertEqual(len(self.sock.requests), 4)


class LocatorTests(SynchronousTestCase):
    def locate(self, *parts: bytes) -> int | None:
        locator = RouteLookup()
        sock = FakeSocket([answers(*parts)])
        locator._socket = sock  # type: ignore[assignment]
        return locator.interface_towards(S4)

    def answer(self, kind: int) -> bytes:
        body = bytes([2, 32, 0, 0, 254, 2, 0, kind, 0, 0, 0, 0])
        return messages.message(24, body + netlink.attribute(4, netlink.INT.pack(6)))

    def test_lookup_gives_the_interface_of_a_unicast_route(self) -> None:
        self.assertEqual(self.locate(self.answer(1)), 6)

    def test_lookup_returns_none_for_local_and_unreachable_address(self) -> None:
        for kind in (2, 7):
            self.assertIsNone(self.locate(self.answer(kind)))
        self.assertIsNone(self.locate(messages.failed(1, errno.ENETUNREACH)))


class WatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.told: list[Any] = []
        self.watch = RouteWatch(
            lambda *route: self.told.append(route),
            lambda: self.told.append("lost"),
            lambda *interface: self.told.append(interface),
            lambda *rule: self.told.append(rule),
        )

    def receive(self, *parts: bytes) -> list[Any]:
        self.told.clear()
        self.watch.datagramReceived(b"".join(parts), [], (0, 0))
        return list(self.told)

    def test_removed_entry_is_reported_with_its_table(self) -> None:
        found = self.receive(
            messages.route(IPMR, 253, S4, G4),
            messages.route(IPMR, 77, S4, G4),
            messages.route(IP6MR, 254, IPV6.unspecified, G6),
        )
        self.assertEqual(
            found,
            [(IPV4, 0, S4, G4), (IPV4, 77, S4, G4), (IPV6, 0, IPV6.unspecified, G6)],
        )

    def test_removed_unresolved_entry_is_not_reported(self) -> None:
        self.assertEqual(self.receive(messages.route(IPMR, 253, S4, G4, flags=0x20)), [])

    def test_removed_vif_is_reported(self) -> None:
        self.assertEqual(self.receive(messages.mc_forwarding(2, 5, 1)), [])
        self.assertEqual(self.receive(messages.mc_forwarding(2, 5, 0)), [(IPV4, 5)])
        self.assertEqual(self.receive(messages.mc_forwarding(10, 6, 0)), [(IPV6, 6)])

    def test_removed_vif_of_one_of_two_tables_is_reported(self) -> None:
        self.receive(messages.mc_forwarding(2, 5, 1))
        self.assertEqual(self.receive(messages.mc_forwarding(2, 5, 2)), [])
        self.assertEqual(self.receive(messages.mc_forwarding(2, 5, 1)), [(IPV4, 5)])

    def test_count_of_tables_is_not_reported(self) -> None:
        self.assertEqual(self.receive(messages.mc_forwarding(2, -1, 0)), [])

    def test_lost_events_are_reported(self) -> None:
        self.watch.receiveFailed(OSError(errno.ENOBUFS, "full"))
        self.assertEqual(self.told, ["lost"])
        self.watch.receiveFailed(OSError(errno.ECONNREFUSED, "something else"))
        self.assertEqual(self.told, ["lost"])
