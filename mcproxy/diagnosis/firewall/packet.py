"""The packets that the daemon lives by, as the packet filters of the kernel would see them."""

from __future__ import annotations

from dataclasses import dataclass

from ...linux.firewall.ruleset import (
    EGRESS,
    FORWARD,
    INGRESS,
    INPUT,
    OUTPUT,
    POSTROUTING,
    PREROUTING,
)
from ...linux.host.links import HostLink
from ...protocol.family import IPV4, Address, Family

RECEIVED = (INGRESS, PREROUTING, INPUT)
FORWARDED = (INGRESS, PREROUTING, FORWARD, POSTROUTING, EGRESS)
SENT = (OUTPUT, POSTROUTING, EGRESS)
"""The hooks that a packet passes, in order."""

IGMP, UDP, ICMPV6 = 2, 17, 58
NEW, UNTRACKED = 8, 64
"""States of connection tracking: multicast gets no answer, and MLD is not tracked."""

_TO_HOST, _MULTICAST = 0, 2
_PORT_AT = 2
"""The offset of the destination port in UDP; the source port, the length and the sum vary."""

_ROUTER_ALERT = bytes.fromhex("94040000")
_HOP_BY_HOP = bytes.fromhex("3a00050200000100")


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet: its IP header, the beginning of what follows, and the links that it passes.

    ``port`` is the destination port of UDP; None where any is possible. ``on_port``: a bridge
    sees it, on one of its ports, which is not known.
    """

    family: Family
    hooks: tuple[int, ...]
    source: Address
    destination: Address
    protocol: int
    header: bytes
    payload: bytes
    incoming: HostLink | None = None
    outgoing: HostLink | None = None
    port: int | None = None
    on_port: bool = False

    def payload_part(self, offset: int, size: int) -> bytes | None:
        """Some bytes after the IP header; None if real packets have others there."""
        if self.protocol != UDP:
            part = self.payload[offset : offset + size]
            return part if len(part) == size else None
        is_port = offset >= _PORT_AT and offset + size <= _PORT_AT + 2
        if self.port is None or not is_port:
            return None
        return self.port.to_bytes(2)[offset - _PORT_AT :][:size]

    @property
    def state(self) -> int:
        """Its state in connection tracking."""
        return UNTRACKED if self.protocol == ICMPV6 else NEW

    @property
    def kind(self) -> int:
        """Its type (PACKET_HOST and so on)."""
        return _TO_HOST if self.incoming is None else _MULTICAST


def report(family: Family, link: HostLink) -> Packet:
    """A report that a host on ``link`` sends."""
    kind = 0x22 if family is IPV4 else 143
    source = neighbour(family, link, routable=False)
    return _message(family, RECEIVED, source, family.report_destination, kind, link, None)


def query(family: Family, link: HostLink) -> Packet:
    """A general query that the router on ``link`` sends."""
    source = neighbour(family, link, routable=False)
    return _message(family, RECEIVED, source, family.all_nodes, _query(family), link, None)


def own_report(family: Family, link: HostLink) -> Packet:
    """A report that the daemon sends on ``link``."""
    kind = 0x22 if family is IPV4 else 143
    source = _own(family, link)
    return _message(family, SENT, source, family.report_destination, kind, None, link)


def own_query(family: Family, link: HostLink) -> Packet:
    """A general query that the daemon sends on ``link``."""
    source = _own(family, link)
    return _message(family, SENT, source, family.all_nodes, _query(family), None, link)


def data(
    family: Family,
    source: Address,
    group: Address,
    incoming: HostLink,
    outgoing: HostLink,
    port: int | None = None,
) -> Packet:
    """A datagram of a stream from ``incoming`` to ``outgoing``; without ``port``, to any port."""
    header = _header(family, source, group, UDP, hops=8, messages=False)
    return Packet(family, FORWARDED, source, group, UDP, header, b"", incoming, outgoing, port)


def neighbour(family: Family, link: HostLink, routable: bool) -> Address:
    """An address of another machine in a subnet of the link; ``routable``: no link-local one."""
    for one in link.addresses_of(family):
        if family is IPV4 or family.is_link_local(one.address) is not routable:
            last = one.address[-1]
            beside = last + 1 if (last & 1 and last < 255) or not last else last - 1
            return one.address[:-1] + bytes([beside])
    return family.unspecified


def _own(family: Family, link: HostLink) -> Address:
    addresses = link.needed_addresses(family)
    return addresses[0].address if addresses else family.unspecified


def _query(family: Family) -> int:
    return 0x11 if family is IPV4 else 130


def _message(
    family: Family,
    hooks: tuple[int, ...],
    source: Address,
    destination: Address,
    kind: int,
    incoming: HostLink | None,
    outgoing: HostLink | None,
) -> Packet:
    protocol = IGMP if family is IPV4 else ICMPV6
    header = _header(family, source, destination, protocol, hops=1, messages=True)
    payload = bytes([kind]) + bytes(27)
    return Packet(family, hooks, source, destination, protocol, header, payload, incoming, outgoing)


def _header(
    family: Family, source: Address, destination: Address, protocol: int, hops: int, messages: bool
) -> bytes:
    """The IP header, with the Router Alert option of IGMP and MLD."""
    if family is IPV4:
        options = _ROUTER_ALERT if messages else b""
        words = 5 + len(options) // 4
        start = bytes([0x40 | words, 0xC0 if messages else 0, 0, 60, 0, 0, 0, 0, hops, protocol])
        return start + bytes(2) + source + destination + options
    extension = _HOP_BY_HOP if messages else b""
    start = bytes([0x60, 0, 0, 0, 0, 60, 0 if messages else protocol, hops])
    return start + source + destination + extension
