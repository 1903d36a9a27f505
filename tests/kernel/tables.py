"""Multicast routing tables of the kernel, for tests of single system calls."""

import socket

from mcproxy.linux.mroute.dump import InstalledRoute, dump_routes
from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.protocol.family import IPV4, IPV6, Family

from .support import KernelTestCase

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
