"""A multicast routing socket with a filter for the packets of some interfaces."""

from __future__ import annotations

import socket

from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.linux.report_groups import ReportGroups
from mcproxy.protocol.family import FAMILIES, IPV4, Family, packed

from . import test_mroute_traffic as traffic
from .support import await_datagram, drain, readable
from .tables import GROUPS


class OwnInterfaceTests(traffic.MembershipTests):
    """A filter that names all interfaces changes nothing."""

    def table(self, family: Family, *arguments: int) -> MulticastTable:
        table: MulticastTable = super().table(family, *arguments)
        table.accept_from(self.indexes)
        return table


class OwnUpcallTests(traffic.TrafficTests):
    """Upcalls pass a filter that names no interface."""

    def table(self, family: Family, *arguments: int) -> MulticastTable:
        table: MulticastTable = super().table(family, *arguments)
        table.accept_from([])
        return table


class OtherInterfaceTests(traffic.MembershipTests):
    def test_report_on_an_interface_outside_the_filter_is_not_received(self) -> None:
        """The filter names the other interfaces, so the kernel drops the report."""
        for family in FAMILIES:
            table, group = self.table(family), packed(GROUPS[family])
            self.open(self.router, ReportGroups, family, self.indexes[1])
            table.accept_from([self.indexes[0], self.indexes[2]])
            seen = self.sniff(self.router, "down0", family)
            member = self.joined(family)
            await_datagram(seen, lambda data, g=group: g in data)
            readable(table.socket, 0.2)
            self.assertFalse(any(self.is_report(family, d) for d in drain(table.socket)))
            table.accept_from(self.indexes)
            member.close()
            await_datagram(table.socket, lambda data, g=group: g in data)

    def reporting_host(self, family: Family) -> tuple[MulticastTable, socket.socket, bytes, bytes]:
        """A table, a socket that sees all packets of the link, a group, and who reported it."""
        table, group = self.table(family), packed(GROUPS[family])
        self.open(self.router, ReportGroups, family, self.indexes[1])
        seen = self.sniff(self.router, "down0", family)
        other = self.joined(family)
        packet = await_datagram(seen, lambda data: group in data)
        host = packet[12:16] if family is IPV4 else packet[8:24]
        other.close()
        await_datagram(table.socket, lambda data: group in data)
        return table, seen, group, host

    def test_report_of_a_refused_host_is_not_received_until_it_is_accepted(self) -> None:
        """SEC-04: the kernel drops what a flooding host sends; other hosts are received."""
        for family in FAMILIES:
            table, seen, group, host = self.reporting_host(family)
            table.accept_from(self.indexes, [(self.indexes[1], host)])
            drain(table.socket)
            drain(seen)
            member = self.joined(family)
            await_datagram(seen, lambda data, g=group: g in data)
            readable(table.socket, 0.2)
            self.assertFalse(any(self.is_report(family, d) for d in drain(table.socket)))
            stranger = host[:-1] + bytes([host[-1] ^ 1])
            table.accept_from(self.indexes, [(self.indexes[1], stranger), (self.indexes[0], host)])
            member.close()
            await_datagram(table.socket, lambda data, g=group: g in data)

    def test_only_named_hosts_of_an_interface_are_received(self) -> None:
        """SEC-08: known hosts are heard while the kernel drops what strangers send."""
        for family in FAMILIES:
            table, seen, group, host = self.reporting_host(family)
            strangers = [host[:-2] + (0xFD00 + number).to_bytes(2, "big") for number in range(199)]
            here = self.indexes[1]
            table.accept_from([self.indexes[0]], (), [(here, one) for one in strangers])
            drain(table.socket)
            drain(seen)
            member = self.joined(family)
            await_datagram(seen, lambda data, g=group: g in data)
            readable(table.socket, 0.2)
            self.assertFalse(any(self.is_report(family, d) for d in drain(table.socket)))
            table.accept_from([], (), [(here, one) for one in (*strangers, host)])
            member.close()
            await_datagram(table.socket, lambda data, g=group: g in data)
