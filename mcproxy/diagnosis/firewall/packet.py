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

    What is not known, because real packets differ in it, is None: bytes of the ``header``, the
    ``source``, and the destination ``port`` of UDP. ``on_port``: a bridge sees the packet, on
    one of its ports, which is not known.
    """

    family: Family
    hooks: tuple[int, ...]
    source: Address | None
    destination: Address
    protocol: int
    header: tuple[int | None, ...]
    payload: bytes
    incoming: HostLink | None = None
    outgoing: HostLink | None = None
    port: int | None = None
    on_port: bool = False

    def header_part(self, offset: int, size: int) -> bytes | None:
        """Some bytes of the IP header; None if one of them is not known."""
        part = [byte for byte in self.header[offset : offset + size] if byte is not None]
        return bytes(part) if len(part) == size else None

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
    source: Address | None,
    group: Address,
    incoming: HostLink,
    outgoing: HostLink,
    port: int | None = None,
) -> Packet:
    """A datagram of a stream from ``incoming`` to ``outgoing``; None stands for any."""
    header = _header(family, source, group, UDP, None)
    return Packet(family, FORWARDED, source, group, UDP, header, b"", incoming, outgoing, port)


def neighbour(family: Family, link: HostLink, routable: bool) -> Address | None:
    """An address of another machine in a subnet of the link; ``routable``: no link-local one.

    None if there is no such subnet, as on a link to one machine.
    """
    for one in link.addresses_of(family):
        is_subnet = one.prefix_length < 8 * family.address_size - 1
        if is_subnet and (family is IPV4 or family.is_link_local(one.address) is not routable):
            last = one.address[-1]
            beside = last + 1 if (last & 1 and last < 255) or not last else last - 1
            return one.address[:-1] + bytes([beside])
    return None


def _own(family: Family, link: HostLink) -> Address | None:
    addresses = link.needed_addresses(family)
    return addresses[0].address if addresses else None


def _query(family: Family) -> int:
    return 0x11 if family is IPV4 else 130


def _message(
    family: Family,
    hooks: tuple[int, ...],
    source: Address | None,
    destination: Address,
    kind: int,
    incoming: HostLink | None,
    outgoing: HostLink | None,
) -> Packet:
    protocol = IGMP if family is IPV4 else ICMPV6
    header = _header(family, source, destination, protocol, hops=1)
    payload = bytes([kind]) + bytes(27)
    return Packet(family, hooks, source, destination, protocol, header, payload, incoming, outgoing)


def _header(
    family: Family, source: Address | None, destination: Address, protocol: int, hops: int | None
) -> tuple[int | None, ...]:
    """The IP header; with ``hops`` that of a message, which has a Router Alert option."""
    is_message = hops is not None
    sent_from = source or (None,) * family.address_size
    if family is IPV4:
        options = _ROUTER_ALERT if is_message else b""
        length, identification, offset, check = (None, None), (None, None), (0, 0), (None, None)
        first = 0x40 | 5 + len(options) // 4
        fields = (first, None, *length, *identification, *offset, hops, protocol, *check)
        return (*fields, *sent_from, *destination, *options)
    extension = _HOP_BY_HOP if is_message else b""
    following = 0 if is_message else protocol
    return (*(None,) * 6, following, hops, *sent_from, *destination, *extension)
