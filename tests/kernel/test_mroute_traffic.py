"""Data, upcalls, counters and reports at multicast routing tables of the kernel."""

import os
import socket

from mcproxy.linux.mroute.socket import Counters, MulticastTable
from mcproxy.linux.mroute.upcall import Upcall, UpcallKind, parse_upcall
from mcproxy.linux.report_groups import ReportGroups
from mcproxy.protocol.family import FAMILIES, IPV4, Address, Family, packed

from .support import await_datagram, await_datagrams, drain, readable
from .tables import ELSEWHERE, GROUPS, SOURCES, TableTestCase


class TrafficTests(TableTestCase):
    def await_upcall(self, table: MulticastTable, kind: UpcallKind) -> Upcall:
        def wanted(data: bytes) -> bool:
            upcall = parse_upcall(table.family, data)
            return upcall is not None and upcall.kind is kind

        upcall = parse_upcall(table.family, await_datagram(table.socket, wanted))
        assert upcall is not None
        return upcall

    def test_data_without_an_entry_makes_a_cache_miss(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            self.send_data("down0", ELSEWHERE[family], GROUPS[family])
            upcall = self.await_upcall(table, UpcallKind.NOCACHE)
            self.assertEqual(
                upcall,
                (UpcallKind.NOCACHE, 1, packed(ELSEWHERE[family]), packed(GROUPS[family])),
            )

    def test_wrong_interface_is_reported_where_it_is_no_oif_either(self) -> None:
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

    def test_forwarding_by_entries_makes_no_upcall_and_counts(self) -> None:
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

    def test_missing_entry_has_no_counters(self) -> None:
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

    def test_reports_arrive_once_the_report_groups_are_joined(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            groups = self.open(self.router, ReportGroups, family, self.indexes[1])
            member = self.joined(family)
            await_datagram(table.socket, lambda data, f=family: self.is_report(f, data))
            member.close()
            groups.close()

    def test_no_report_arrives_without_the_report_groups(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            seen = self.sniff(self.router, "down0", family)
            self.joined(family)
            report = packed(GROUPS[family])
            await_datagram(seen, lambda data, r=report: r in data)
            readable(table.socket, 0.2)
            self.assertFalse(any(self.is_report(family, d) for d in drain(table.socket)))

    def test_report_groups_are_joined_on_as_many_interfaces_as_a_table_has(self) -> None:
        names = [f"x{number}" for number in range(26)]
        for name in names:
            self.router.ip(f"link add {name} type veth peer name y{name}")
        for family in FAMILIES:
            for name in names:
                self.open(self.router, ReportGroups, family, self.router.index(name))

    def test_report_groups_on_a_missing_interface_leave_no_descriptor(self) -> None:
        for family in FAMILIES:
            before = len(os.listdir("/proc/self/fd"))
            self.assertRaises(OSError, self.open, self.router, ReportGroups, family, 12345)
            self.assertEqual(len(os.listdir("/proc/self/fd")), before)
