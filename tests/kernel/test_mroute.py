"""Multicast routing tables of the kernel: what goes in, what is told, what is taken away."""

import errno
import os
import socket

from twisted.internet.testing import MemoryReactor

from mcproxy.linux.datagram_port import DatagramPort
from mcproxy.linux.mroute.dump import InstalledRoute, dump_routes
from mcproxy.linux.mroute.errors import MulticastRoutingError, TableInUse
from mcproxy.linux.mroute.operations import ADD
from mcproxy.linux.mroute.socket import Counters, MulticastTable
from mcproxy.linux.mroute.upcall import Upcall, UpcallKind, parse_upcall
from mcproxy.linux.mroute.watch import RouteWatch, make_route_watch_socket
from mcproxy.linux.report_groups import ReportGroups
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, Address, Family, packed

from .support import KernelTestCase, await_datagram, await_datagrams, drain, readable, run_ports

GROUPS = {IPV4: "239.1.2.3", IPV6: "ff1e::3"}
SOURCES = {IPV4: "10.0.0.2", IPV6: "2001:db8:0::2"}
ELSEWHERE = {IPV4: "10.0.1.2", IPV6: "2001:db8:1::2"}
LEVELS = {IPV4: 0, IPV6: 41}
FLUSH = 212


class TableTestCase(KernelTestCase):
    def table(self, family: Family, number: int = 0, vifs: int = 3) -> MulticastTable:
        table: MulticastTable = self.open(self.router, MulticastTable, family, number)
        for vif, index in enumerate(self.indexes[:vifs]):
            table.add_interface(vif, index)
        return table

    def dump(self, family: Family, number: int = 0) -> list[InstalledRoute]:
        with self.router:
            return dump_routes(family, number)

    def stranger(self, family: Family) -> socket.socket:
        """A socket by which another program can meddle with tables."""
        protocol = socket.IPPROTO_IGMP if family is IPV4 else socket.IPPROTO_ICMPV6
        sock: socket.socket = self.open(
            self.router, socket.socket, family.socket_family, socket.SOCK_RAW, protocol
        )
        return sock


class EntryTests(TableTestCase):
    def test_entries_of_all_kinds_come_back_as_they_were_added(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            any_, group = family.unspecified, packed(GROUPS[family])
            source = packed(SOURCES[family])
            entries = {(any_, any_): (0, [0, 1, 2]), (any_, group): (0, [0, 1])}
            entries[source, group] = (1, [])
            for (one, other), (parent, outgoing) in entries.items():
                table.add(table.pack(one, other, parent, outgoing))
            expected = {
                InstalledRoute(
                    *key, self.indexes[parent], tuple(self.indexes[v] for v in outgoing), 0, 0
                )
                for key, (parent, outgoing) in entries.items()
            }
            self.assertEqual(set(self.dump(family)), expected)

    def test_adding_again_replaces_the_interfaces(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            for source in (packed(SOURCES[family]), family.unspecified):
                group = packed(GROUPS[family])
                table.add(table.pack(source, group, 0, [0, 1]))
                table.add(table.pack(source, group, 0, [0, 2]))
                [route] = self.dump(family)
                self.assertEqual(route.outgoing, (self.indexes[0], self.indexes[2]))
                table.remove(table.pack(source, group, 0, []))
                self.assertEqual(self.dump(family), [])

    def test_entries_for_any_source_belong_to_their_parent(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            any_, group = family.unspecified, packed(GROUPS[family])
            for parent in (0, 1):
                table.add(table.pack(any_, group, parent, [parent, 2]))
            self.assertEqual(len(self.dump(family)), 2)
            table.remove(table.pack(any_, group, 0, []))
            [route] = self.dump(family)
            self.assertEqual(route.parent, self.indexes[1])

    def test_removing_what_is_not_there_is_no_error(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            table.remove_interface(20)
            for source in (packed(SOURCES[family]), family.unspecified):
                table.remove(table.pack(source, packed(GROUPS[family]), 0, []))

    def test_a_batch_goes_on_after_failures_and_names_them(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            unicast = packed(SOURCES[family])
            tail = table.route_tail(0, [1])
            operations = [
                table.addition(unicast, packed(GROUPS[family]), tail),
                table.addition(unicast, unicast, tail),
                table.vif_addition(9, 12345),
                table.addition(family.unspecified, packed(GROUPS[family]), tail),
                table.vif_addition(32, self.indexes[0]),
            ]
            failures = table.apply(operations)
            self.assertEqual([position for position, _ in failures], [1, 2, 4])
            self.assertEqual(
                [error.errno for _, error in failures],
                [errno.EINVAL, errno.EADDRNOTAVAIL, errno.ENFILE],
            )
            self.assertEqual(len(self.dump(family)), 2)
            error = self.assertRaises(OSError, table.add, table.pack(unicast, unicast, 0, []))
            self.assertEqual(error.errno, errno.EINVAL)

    def test_a_missing_vif_is_restored_and_a_present_one_left(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            self.assertFalse(table.restore_vif(1, self.indexes[1]))
            table.remove_interface(1)
            self.assertTrue(table.restore_vif(1, self.indexes[1]))
            self.assertFalse(table.restore_vif(9, 12345))

    def test_many_entries(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            tail = table.route_tail(0, [0, 1])
            base = int.from_bytes(packed(GROUPS[family]), "big")
            groups = [(base + n).to_bytes(family.address_size, "big") for n in range(3000)]
            added = [table.addition(family.unspecified, group, tail) for group in groups]
            self.assertEqual(added[0][0], ADD)
            self.assertEqual(table.apply(added), [])
            self.assertEqual(sorted(route.group for route in self.dump(family)), groups)

    def test_close_empties_the_table(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            table.add(table.pack(family.unspecified, packed(GROUPS[family]), 0, [0]))
            table.close()
            self.assertEqual(self.dump(family), [])
            self.table(family)  # and it can be had again


class TakingTests(TableTestCase):
    def test_a_table_that_is_taken_names_who_has_it(self) -> None:
        for family in FAMILIES:
            for number in (0, 77):
                self.table(family, number)
                error = self.assertRaises(TableInUse, self.table, family, number)
                self.assertIn(f"(pid {os.getpid()})", str(error))
                self.assertIn(f"table {number}" if number else "default table", str(error))

    def test_tables_are_apart(self) -> None:
        for family in FAMILIES:
            self.table(family)
            table = self.table(family, 77)
            table.add(table.pack(family.unspecified, packed(GROUPS[family]), 1, [1]))
            self.assertEqual(len(self.dump(family, 77)), 1)
            self.assertEqual(self.dump(family), [])
            self.assertEqual(self.dump(family, 78), [])

    def test_a_number_that_cannot_be_a_table(self) -> None:
        for family in FAMILIES:
            error = self.assertRaises(MulticastRoutingError, self.table, family, 2_000_000_000)
            self.assertIn("2000000000", str(error))

    def test_no_socket_is_left_when_a_table_cannot_be_had(self) -> None:
        self.table(IPV4)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            self.assertRaises(TableInUse, self.table, IPV4)
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)


class TrafficTests(TableTestCase):
    def await_upcall(self, table: MulticastTable, kind: UpcallKind) -> Upcall:
        def wanted(data: bytes) -> bool:
            upcall = parse_upcall(table.family, data)
            return upcall is not None and upcall.kind is kind

        upcall = parse_upcall(table.family, await_datagram(table.socket, wanted))
        assert upcall is not None
        return upcall

    def test_data_without_an_entry_is_told(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            self.send_data("down0", ELSEWHERE[family], GROUPS[family])
            upcall = self.await_upcall(table, UpcallKind.NOCACHE)
            self.assertEqual(
                upcall,
                (UpcallKind.NOCACHE, 1, packed(ELSEWHERE[family]), packed(GROUPS[family])),
            )

    def test_a_wrong_interface_is_told_where_the_entry_does_not_go_out_either(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            source, group = packed(ELSEWHERE[family]), packed(GROUPS[family])
            table.add(table.pack(source, group, 0, [2]))
            self.send_data("down0", ELSEWHERE[family], GROUPS[family])
            upcall = self.await_upcall(table, UpcallKind.WRONG_INTERFACE)
            self.assertEqual(upcall, (UpcallKind.WRONG_INTERFACE, 1, source, group))
            self.assertEqual(
                table.counters(source, group),
                Counters(1, 32, 1)._replace(bytes=32 if family is IPV4 else 52),
            )

    def test_forwarding_asks_nothing_and_counts(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            any_, group = family.unspecified, packed(GROUPS[family])
            table.add(table.pack(any_, any_, 0, [0, 1, 2]))
            table.add(table.pack(any_, group, 0, [0, 1]))
            out = [self.sniff(self.peer, name, family) for name in self.links]
            drain(table.socket)
            for _ in range(5):
                self.send_data("up0", SOURCES[family], GROUPS[family])
            await_datagrams(out[1], lambda data: data.endswith(b"data"), 5)
            self.assertEqual([d for d in drain(out[2]) if d.endswith(b"data")], [])
            self.assertEqual([d for d in drain(out[0]) if d.endswith(b"data")], [])
            counters = table.counters(any_, group)
            assert counters is not None
            self.assertEqual((counters.packets, counters.wrong_interface), (5, 0))
            [route] = [route for route in self.dump(family) if route.group == group]
            self.assertEqual((route.packets, route.bytes), counters[:2])
            for data in drain(table.socket):
                self.assertIsNone(parse_upcall(family, data))

    def test_no_entry_no_counters(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            self.assertIsNone(table.counters(packed(SOURCES[family]), packed(GROUPS[family])))


class MembershipTests(TableTestCase):
    def reports(self, family: Family) -> tuple[bytes, Address]:
        """The beginning of a v3 or v2 report as the socket gives it, and where it goes."""
        return (b"\x22" if family is IPV4 else b"\x8f"), family.report_destination

    def joined(self, family: Family) -> socket.socket:
        """Let the peer join a group on the first downstream, which makes it report."""
        sock: socket.socket = self.open(
            self.peer, socket.socket, family.socket_family, socket.SOCK_DGRAM
        )
        group, index = packed(GROUPS[family]), self.peer.index("down0")
        if family is IPV4:
            request = group + bytes(4) + index.to_bytes(4, "little")
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        else:
            request = group + index.to_bytes(4, "little")
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        return sock

    def is_report(self, family: Family, data: bytes) -> bool:
        if parse_upcall(family, data):
            return False
        message = data[(data[0] & 15) * 4 :] if family is IPV4 else data
        return message[:1] == self.reports(family)[0] and packed(GROUPS[family]) in message

    def test_reports_come_up_once_the_groups_are_joined(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            groups = self.open(self.router, ReportGroups, family, self.indexes[1])
            member = self.joined(family)
            await_datagram(table.socket, lambda data, f=family: self.is_report(f, data))
            member.close()
            groups.close()

    def test_no_report_comes_up_without(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            seen = self.sniff(self.router, "down0", family)
            self.joined(family)
            report = packed(GROUPS[family])
            await_datagram(seen, lambda data, r=report: r in data)
            readable(table.socket, 0.2)
            self.assertFalse(any(self.is_report(family, d) for d in drain(table.socket)))

    def test_as_many_interfaces_as_a_table_has(self) -> None:
        names = [f"x{number}" for number in range(26)]
        for name in names:
            self.router.ip(f"link add {name} type veth peer name y{name}")
        for family in FAMILIES:
            for name in names:
                self.open(self.router, ReportGroups, family, self.router.index(name))

    def test_an_interface_that_is_not_there(self) -> None:
        for family in FAMILIES:
            before = len(os.listdir("/proc/self/fd"))
            self.assertRaises(OSError, self.open, self.router, ReportGroups, family, 12345)
            self.assertEqual(len(os.listdir("/proc/self/fd")), before)


class WatchTests(TableTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.removed: list[tuple[Family, int, Address, Address]] = []
        self.interfaces: list[tuple[Family, int]] = []
        self.lost = 0
        watch = RouteWatch(
            lambda *route: self.removed.append(route),
            self.lose,
            lambda *interface: self.interfaces.append(interface),
        )
        with self.router:
            self.socket = make_route_watch_socket()
        self.port = DatagramPort(self.socket, watch, MemoryReactor())
        self.addCleanup(self.port.stopListening)
        self.port.startListening()

    def lose(self) -> None:
        self.lost += 1

    def settle(self) -> None:
        """Read what our own virtual interfaces gave rise to."""
        while readable(self.socket, 0.05):
            self.port.doRead()
        self.interfaces.clear()

    def test_own_additions_wake_nobody(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            self.settle()
            for number in range(100):
                group = packed(GROUPS[family])[:-1] + bytes([number])
                table.add(table.pack(family.unspecified, group, 0, [0, 1]))
                table.add(table.pack(family.unspecified, group, 0, [0, 2]))
            self.assertEqual(len(self.dump(family)), 100)
            self.assertFalse(readable(self.socket, 0.1))

    def test_entries_that_another_program_flushes(self) -> None:
        for family in FAMILIES:
            for number in (0, 77):
                table = self.table(family, number)
                any_, group = family.unspecified, packed(GROUPS[family])
                source = packed(SOURCES[family])
                table.add(table.pack(any_, group, 0, [0, 1]))
                table.add(table.pack(source, group, 0, [1]))
                self.settle()
                stranger = self.stranger(family)
                if number:
                    stranger.setsockopt(LEVELS[family], 209, number)
                stranger.setsockopt(LEVELS[family], FLUSH, 1)
                run_ports([self.port], lambda: len(self.removed) == 2)
                self.assertEqual(
                    set(self.removed),
                    {(family, number, any_, group), (family, number, source, group)},
                )
                self.removed.clear()
                self.assertEqual(self.interfaces, [])

    def test_virtual_interfaces_that_another_program_takes(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            self.settle()
            self.stranger(family).setsockopt(LEVELS[family], *table.vif_removal(1))
            run_ports([self.port], lambda: len(self.interfaces) == 1)
            self.assertEqual(self.interfaces, [(family, self.indexes[1])])
            self.assertTrue(table.restore_vif(1, self.indexes[1]))
            self.settle()
            self.stranger(family).setsockopt(LEVELS[family], FLUSH, 4)
            run_ports([self.port], lambda: len(self.interfaces) == 3)
            self.assertEqual(set(self.interfaces), {(family, index) for index in self.indexes})

    def test_one_of_two_tables_of_an_interface(self) -> None:
        for family in FAMILIES:
            self.table(family)
            other = self.table(family, 77, vifs=1)
            self.settle()
            other.remove_interface(0)
            run_ports([self.port], lambda: len(self.interfaces) == 1)
            self.assertEqual(self.interfaces, [(family, self.indexes[0])])

    def test_a_link_that_is_deleted_is_not_mistaken_for_the_next_of_its_index(self) -> None:
        index = self.indexes[2]
        for family in FAMILIES:
            table = self.table(family, vifs=0)
            for number in (0, 77):
                other = self.table(family, number, vifs=0) if number else table
                other.add_interface(2, index)
            self.settle()
            self.router.ip("link del down1")
            self.router.ip(f"link add down1 index {index} type veth peer name other1")
            self.settle()
            table.add_interface(2, index)
            readable(self.socket, 0.1)
            self.port.doRead()
            self.assertEqual(self.interfaces, [])

    def test_more_events_than_fit(self) -> None:
        table = self.table(IPV4)
        self.settle()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        tail = table.route_tail(0, [0])
        entries = [(packed(f"239.1.{n >> 8}.{n & 255}")) for n in range(500)]
        table.apply([table.addition(IPV4.unspecified, group, tail) for group in entries])
        table.apply([table.removal(IPV4.unspecified, group, tail) for group in entries])
        run_ports([self.port], lambda: self.lost > 0)
        self.assertLess(len(self.removed), 500)
        self.assertEqual(self.port.errors, {errno.ENOBUFS: 1})
