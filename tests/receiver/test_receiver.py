"""Receiver: who gets what came in, and why the rest is not acted upon."""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.events.bus import Events
from mcproxy.latency import Latencies
from mcproxy.linux.netlink.links import Link
from mcproxy.messages import CacheMiss, Message, OwnPacketReceived, PacketReceived, WrongInterface
from mcproxy.protocol.family import IPV4, IPV6, packed, text
from mcproxy.protocol.wire import datagram, mld
from mcproxy.protocol.wire.packets import Query, Record, RecordType, Report
from mcproxy.receiver.receiver import Receiver
from mcproxy.receiver.table_reader import TableProtocol

G4, G6 = packed("239.1.1.1"), packed("ff1e::1")
H4, H6 = packed("10.0.2.9"), packed("fe80::9")
OWN4, OWN6 = packed("10.0.2.1"), packed("fe80::1")
LINK = Link("d1", 7, True, 1500, ((OWN4, 24),), ((OWN6, 64),))
JOIN4 = Report((Record(RecordType.CHANGE_TO_EXCLUDE_MODE, G4),))
JOIN6 = Report((Record(RecordType.CHANGE_TO_EXCLUDE_MODE, G6),))


class FakeTable:
    """A table whose socket nobody reads."""

    socket = None
    has_times = False

    def __init__(self, family: Any, table: int = 0) -> None:
        self.family = family
        self.table = table

    def accept_from(self, indexes: Any, refused: Any = (), only: Any = ()) -> None:
        raise OSError(errno.ENOMEM, "no memory")

    def request_arrival_times(self, wanted: bool) -> None:
        self.has_times = wanted

    def request_losses(self) -> int:
        """As if 5 packets had been dropped before."""
        return 5


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Message] = []

    def receive(self, message: Message) -> None:
        self.told.append(message)


class FakeReactor(Clock):
    """Reads when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.remove(reader)


class ReceiverTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.receiver = Receiver(self.reactor, Events())
        self.listener = Listener()
        self.protocols: dict[Any, Any] = {}
        for family in (IPV4, IPV6):
            table: Any = FakeTable(family)
            self.receiver.listen(table, {3: "d1"}.get)
            self.receiver.register(family, 0, LINK, self.listener)
            self.protocols[family] = self.receiver._protocols[family, 0]

    def gets4(self, packet: bytes, index: int = 7) -> None:
        info = struct.pack("=i4s4s", index, bytes(4), bytes(4))
        self.protocols[IPV4].datagramReceived(packet, [(0, 8, info)], ("10.0.2.9", 0))

    def gets6(self, message: bytes, source: bytes = H6, hops: int = 1, alert: bool = True) -> None:
        info = IPV6.report_destination + struct.pack("=i", 7)
        ancillary = [(41, 50, info), (41, 52, struct.pack("=i", hops))]
        if alert:
            ancillary.append((41, 54, bytes.fromhex("3a00050200000100")))
        address = (text(source) + "%d1", 0, 0, 7)
        self.protocols[IPV6].datagramReceived(message, ancillary, address)

    def join4(self, source: bytes = H4) -> bytes:
        return datagram.encode(IPV4, source, IPV4.report_destination, JOIN4)

    def test_report_reaches_the_instance_of_its_interface(self) -> None:
        self.gets4(self.join4())
        self.gets6(mld.encode(JOIN6, H6, IPV6.report_destination))
        self.assertEqual(
            self.listener.told,
            [PacketReceived("d1", H4, JOIN4), PacketReceived("d1", H6, JOIN6)],
        )

    def test_time_of_arrival_is_asked_for_while_somebody_measures(self) -> None:
        tables: list[Any] = [one.table for one in self.protocols.values()]
        latencies = Latencies(self.reactor.seconds, lambda: 1000.5)
        self.receiver.measure(latencies)
        self.assertEqual([one.has_times for one in tables], [True, True])
        table: Any = FakeTable(IPV4, 5)
        self.receiver.listen(table, {3: "d1"}.get)
        self.assertTrue(table.has_times)
        self.receiver.measure(None)
        self.assertEqual([one.has_times for one in (*tables, table)], [False] * 3)

    def test_packet_is_measured_from_its_time_stamp(self) -> None:
        latencies = Latencies(self.reactor.seconds, lambda: 1000.5)
        self.receiver.measure(latencies)
        stamp = socket.SOL_SOCKET, 35, struct.pack("@ll", 1000, 250_000_000)
        info = struct.pack("=i4s4s", 7, bytes(4), bytes(4))

        def receive(message: Message) -> None:
            latencies.begin("ipv4", "d1", [G4], {G4})
            latencies.reported()
            latencies.end()

        self.patch(self.listener, "receive", receive)
        for lost in ([], [(socket.SOL_SOCKET, 40, struct.pack("=I", 6))]):
            ancillary = [stamp, *lost, (0, 8, info)]
            self.protocols[IPV4].datagramReceived(self.join4(), ancillary, ("10.0.2.9", 0))
        (waits,) = latencies.waits.values()
        self.assertEqual((sum(waits.report.counts), waits.report.sum), (2, 0.5))
        self.assertEqual(self.receiver.dropped["", "receive-queue"], 6)

    def test_report_on_unregistered_interface_is_dropped(self) -> None:
        """V-2."""
        self.gets4(self.join4(), index=8)
        self.assertEqual((self.listener.told, dict(self.receiver.dropped)), ([], {}))

    def test_report_reaches_listeners_of_its_family_only(self) -> None:
        """PX-07: what comes in of one is not told to who is there for the other."""
        other = Listener()
        self.receiver.register(IPV6, 0, LINK, other)
        self.receiver.unregister(IPV6, 0, LINK, self.listener)
        self.gets4(self.join4())
        self.assertEqual((len(self.listener.told), len(other.told)), (1, 0))
        self.gets6(mld.encode(JOIN6, H6, IPV6.report_destination))
        self.assertEqual((len(self.listener.told), len(other.told)), (1, 1))

    def test_own_packet_is_no_packet_of_a_host_and_is_not_counted(self) -> None:
        """V-3, PX-03, LP-01: it is delivered as what another program of this machine sent."""
        self.gets4(self.join4(OWN4))
        self.gets6(mld.encode(JOIN6, OWN6, IPV6.report_destination), source=OWN6)
        own = [OwnPacketReceived("d1", JOIN4), OwnPacketReceived("d1", JOIN6)]
        self.assertEqual((self.listener.told, dict(self.receiver.dropped)), (own, {}))

    def query4(self, version: int, to: bytes, alert: bool = True) -> bytes:
        """Return a general query; without ``alert`` its header has no options."""
        packet = datagram.encode(IPV4, H4, to, Query(version, bytes(4), 1.0))
        if alert:
            return packet
        return (
            b"\x45" + packet[1:2] + struct.pack("!H", len(packet) - 4) + packet[4:20] + packet[24:]
        )

    def test_general_query_to_another_group_than_all_hosts_is_dropped(self) -> None:
        """HQ-07: SHOULD of RFC 9776, 9.1, in every version."""
        for version in (1, 2, 3):
            self.gets4(self.query4(version, packed("224.0.0.22")))
        self.assertEqual(self.listener.told, [])
        self.assertEqual(dict(self.receiver.dropped), {("d1", "destination"): 3})

    def test_general_query_to_our_own_address_is_marked_as_direct(self) -> None:
        """HQ-07, IP4-SD-06: one to all hosts is not."""
        for to in (OWN4, IPV4.all_nodes):
            self.gets4(self.query4(2, to))
        heard = [one.direct for one in self.listener.told if isinstance(one, PacketReceived)]
        self.assertEqual(heard, [True, False])

    def test_query_without_router_alert_is_dropped_where_it_is_required(self) -> None:
        """HQ-08: IGMPv2 and IGMPv3, not IGMPv1, and only while a listener insists."""
        for strict, heard in ((False, [1, 2, 3]), (True, [1]), (False, [1, 2, 3])):
            self.receiver.register(IPV4, 0, LINK, self.listener, strict=strict)
            self.listener.told.clear()
            for version in (1, 2, 3):
                self.gets4(self.query4(version, IPV4.all_nodes, alert=False))
            self.gets4(self.query4(2, IPV4.all_nodes))
            told = [one.packet for one in self.listener.told if isinstance(one, PacketReceived)]
            versions = [one.version for one in told if isinstance(one, Query)]
            self.assertEqual(versions, [*heard, 2])
        self.assertEqual(dict(self.receiver.dropped), {("d1", "router-alert"): 2})

    def test_ipv4_report_from_unspecified_address_is_accepted(self) -> None:
        """IP4-SD-08."""
        self.gets4(self.join4(bytes(4)))
        self.assertEqual(len(self.listener.told), 1)

    def test_filter_that_cannot_be_attached_is_logged_and_every_packet_is_read(self) -> None:
        self.receiver.begin_reading()
        logged: list[str] = []
        log = type("Log", (), {"debug": lambda _, told, **f: logged.append(told.format(**f))})
        self.patch(TableProtocol, "log", log())
        table: Any = FakeTable(IPV4, 7)
        self.receiver.listen(table, {3: "d1"}.get)
        self.assertEqual(
            logged, ["cannot attach the socket filter; every packet is read: no memory"]
        )
        self.receiver.register(IPV4, 7, LINK, self.listener)
        self.protocols[IPV4] = self.receiver._protocols[IPV4, 7]
        self.gets4(self.join4())
        self.assertEqual(self.listener.told, [PacketReceived("d1", H4, JOIN4)])

    def test_each_drop_is_counted_with_its_reason(self) -> None:
        """V-1, V-5..9."""
        good = self.join4()
        self.gets4(good[:-1] + b"\xff")
        self.gets4(good[:8] + b"\x02" + good[9:])
        self.gets4(good[:30])
        message = mld.encode(JOIN6, H6, IPV6.report_destination)
        self.gets6(message, hops=2)
        self.gets6(message, alert=False)
        self.gets6(message, source=packed("2001:db8::9"))
        self.gets6(b"\x80" + message[1:])
        self.assertEqual(self.listener.told, [])
        reasons = ("checksum", "header", "ttl", "router-alert", "source", "type")
        counted = {reason: self.receiver.dropped["d1", reason] for reason in reasons}
        self.assertEqual(counted, dict.fromkeys(reasons, 1) | {"ttl": 2})

    def test_wrong_interface_upcall_reaches_its_instance(self) -> None:
        upcall = struct.pack("=8xBBBB4s4s8x", 2, 0, 3, 0, H4, G4)
        self.protocols[IPV4].datagramReceived(upcall, [], ("10.0.2.9", 0))
        upcall = struct.pack("=BBHI16s16s", 0, 2, 3, 0, packed("2001:db8::9"), G6)
        self.protocols[IPV6].datagramReceived(upcall, [], ("::", 0, 0, 0))
        self.assertEqual(
            self.listener.told,
            [WrongInterface("d1", H4, G4), WrongInterface("d1", packed("2001:db8::9"), G6)],
        )

    def test_cache_miss_upcall_reaches_its_instance(self) -> None:
        upcall = struct.pack("=8xBBBB4s4s8x", 1, 0, 3, 0, H4, G4)
        self.protocols[IPV4].datagramReceived(upcall, [], ("10.0.2.9", 0))
        self.assertEqual(self.listener.told, [CacheMiss("d1", H4, G4)])

    def test_other_upcall_is_ignored(self) -> None:
        upcall = struct.pack("=8xBBBB4s4s8x", 3, 0, 3, 0, H4, G4)
        self.protocols[IPV4].datagramReceived(upcall, [], ("10.0.2.9", 0))
        self.assertEqual(self.listener.told, [])

    def test_report_on_shared_interface_reaches_all_listeners(self) -> None:
        other = Listener()
        self.receiver.register(IPV4, 0, LINK, other)
        self.gets4(self.join4())
        self.receiver.unregister(IPV4, 0, LINK, self.listener)
        self.gets4(self.join4())
        self.receiver.unregister(IPV4, 0, LINK, other)
        self.gets4(self.join4())
        self.assertEqual((len(self.listener.told), len(other.told)), (1, 2))
        self.assertEqual(self.protocols[IPV4].interfaces, {})
