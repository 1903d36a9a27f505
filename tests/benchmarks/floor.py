"""The least that a daemon in Python can do for a report: the limit for all figures of ``path``.

``python -m tests.benchmarks.floor reactor|loop UPSTREAM DOWNSTREAM...`` answers each report of one
record that joins a group with one report upstream, and then with one entry in the kernel, in the
same thread. It checks nothing, keeps no state, repeats nothing, and knows IPv4 alone. ``reactor``
runs a FileDescriptor in Twisted's reactor, ``loop`` a plain loop around ``recvfrom``.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
from typing import Any

from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.linux.packet_info import sent_on
from mcproxy.linux.send_socket import open_send_socket
from mcproxy.protocol.family import IPV4, Address
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Query, Record, RecordType, Report

_ANY = IPV4.unspecified
_HEADER, _RECORD = 24, 8
_KIND, _GROUP = _HEADER + _RECORD, _HEADER + _RECORD + 4
_ADD_PROXY = 210
_TO_EXCLUDE = int(RecordType.CHANGE_TO_EXCLUDE_MODE)


class Floor:
    """The table, with a vif for each interface, the first of which is the upstream."""

    def __init__(self, upstream: str, downstreams: list[str]) -> None:
        self.table = MulticastTable(IPV4)
        names = [upstream, *downstreams]
        for number, name in enumerate(names):
            self.table.add_interface(number, socket.if_nametoindex(name))
        everything = range(len(names))
        self.table.add(self.table.pack(_ANY, _ANY, 0, everything))
        self._tail = self.table.route_tail(0, everything)
        self._sender = open_send_socket(IPV4)
        for name in downstreams:
            here = struct.pack("=4s4si", IPV4.report_destination, _ANY, socket.if_nametoindex(name))
            self._sender.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, here)
        self._way = sent_on(IPV4, socket.if_nametoindex(upstream))
        self._to = (socket.inet_ntop(socket.AF_INET, IPV4.report_destination), 0)
        source = bytes([10, 1, 0, 2])
        pattern = Report((Record(RecordType.CHANGE_TO_EXCLUDE_MODE, _ANY),))
        self._report = bytearray(datagram.encode(IPV4, source, IPV4.report_destination, pattern))
        self._sum = int.from_bytes(self._report[_HEADER + 2 : _HEADER + 4], "big")

    def query(self, downstreams: list[str]) -> None:
        """Ask once on each downstream link."""
        query = Query(3, _ANY, 10.0, robustness=2, interval=125)
        for number, name in enumerate(downstreams, 2):
            data = datagram.encode(IPV4, bytes([10, number, 0, 1]), IPV4.all_nodes, query)
            way = sent_on(IPV4, socket.if_nametoindex(name))
            self._sender.sendmsg((data,), way, 0, ("224.0.0.1", 0))

    def read(self) -> None:
        """Handle one report."""
        data = self.table.socket.recv(2048)
        if len(data) > _GROUP and data[_KIND] == _TO_EXCLUDE and data[9]:
            self._join(data[_GROUP : _GROUP + 4])

    def _join(self, group: Address) -> None:
        report = self._report
        report[_GROUP : _GROUP + 4] = group
        total = 0xFFFF - self._sum + int.from_bytes(group, "big") % 0xFFFF
        report[_HEADER + 2 : _HEADER + 4] = (0xFFFF - (total % 0xFFFF or 0xFFFF)).to_bytes(2, "big")
        self._sender.sendmsg((report,), self._way, 0, self._to)
        self.table.socket.setsockopt(0, _ADD_PROXY, _ANY + group + self._tail)


def _react(floor: Floor) -> None:
    from twisted.internet import reactor
    from twisted.internet.abstract import FileDescriptor

    class Port(FileDescriptor):
        """Reads the table's socket."""

        def fileno(self) -> int:
            return floor.table.socket.fileno()

        def doRead(self) -> None:
            floor.read()

    port: Any = Port(reactor)  # type: ignore[no-untyped-call]  # untyped in Twisted
    port.startReading()
    running: Any = reactor
    running.run()


def _loop(floor: Floor) -> None:
    poller = select.epoll()
    poller.register(floor.table.socket, select.EPOLLIN)
    while True:
        poller.poll()
        floor.read()


def main() -> None:
    """Run until a signal comes."""
    kind, upstream, *downstreams = sys.argv[1:]
    floor = Floor(upstream, downstreams)
    floor.query(downstreams)
    (_react if kind == "reactor" else _loop)(floor)


if __name__ == "__main__":
    main()
