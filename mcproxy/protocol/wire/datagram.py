"""IGMP and MLD messages in IP packets: headers are written, and checked on receipt.

Packets that we send meet every requirement of the RFCs. A received packet is dropped only
where an RFC says so; the DropReason tells why.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from ..family import IPV4, OWN_FLOW_LABEL, Address, Family
from . import igmp, mld
from .encoding import checksum
from .packets import (
    DropReason,
    Leave,
    OldReport,
    Packet,
    Query,
    Report,
    RouterAdvertisement,
    RouterSolicitation,
    RouterTermination,
    WireError,
    new_tuple,
)

_IPV4_HEADER = Struct("!BBHHHBBH4s4s")
_RECEIVED_IPV4_HEADER = Struct("!BxHxxHBBxx4s4s")  # without the fields that do not count
_IPV6_HEADER = Struct("!IHBB16s16s")
_IPV4_ROUTER_ALERT = bytes.fromhex("94040000")
_ALERT_TYPE = _IPV4_ROUTER_ALERT[:2]
IPV6_ROUTER_ALERT = bytes.fromhex("3a00050200000100")
_LINK_LOCAL_START = b"\xfe\x80"
_PAD1, _ROUTER_ALERT = 0, 5
_INTERNETWORK_CONTROL = 0xC0
_DISCOVERY = frozenset((RouterAdvertisement, RouterSolicitation, RouterTermination))
_IPPROTO_IGMP = 2
_MORE_FRAGMENTS_OR_OFFSET = 0x3FFF


class Datagram(NamedTuple):
    """A received message with the fields of its IP header."""

    source: Address
    destination: Address
    hops: int
    router_alert: bool
    message: bytes


def encode(family: Family, source: Address, send_to: Address, packet: Packet) -> bytes:
    """The IP datagram of ``packet`` with hop limit 1, Router Alert option and checksums."""
    if family is IPV4:
        message = igmp.encode(packet)
        return _ipv4_header(source, send_to, len(message)) + message
    message = mld.encode(packet, source, send_to)
    length = len(IPV6_ROUTER_ALERT) + len(message)
    header = _IPV6_HEADER.pack(6 << 28 | OWN_FLOW_LABEL, length, 0, 1, source, send_to)
    return header + IPV6_ROUTER_ALERT + message


@lru_cache(maxsize=256)
def _ipv4_header(source: Address, destination: Address, length: int) -> bytes:
    total = IPV4.header_size + length
    fields = (0x46, _INTERNETWORK_CONTROL, total, 0, 0, 1, _IPPROTO_IGMP)
    header = _IPV4_HEADER.pack(*fields, 0, source, destination) + _IPV4_ROUTER_ALERT
    return _IPV4_HEADER.pack(*fields, checksum(header), source, destination) + _IPV4_ROUTER_ALERT


def decode_ipv4(packet: bytes) -> Datagram:
    """The IGMP message in an IPv4 packet; the header tells its length."""
    if len(packet) < _IPV4_HEADER.size:
        raise WireError(DropReason.HEADER, "shorter than an IPv4 header")
    fields = _RECEIVED_IPV4_HEADER.unpack_from(packet)
    first, total, fragment, hops, protocol, source, destination = fields
    header_size = (first & 0x0F) * 4
    if first >> 4 != 4 or header_size < 20 or not header_size <= total <= len(packet):
        raise WireError(DropReason.HEADER, "inconsistent lengths")
    if protocol != _IPPROTO_IGMP:
        raise WireError(DropReason.HEADER, f"protocol {protocol}")
    if fragment & _MORE_FRAGMENTS_OR_OFFSET:
        raise WireError(DropReason.FRAGMENT)
    # Nearly always it is the first option, and to look for it costs 9 us with cold caches.
    alert = header_size > 20 and (
        packet[20:22] == _ALERT_TYPE or _ALERT_TYPE in packet[20:header_size]
    )
    return new_tuple(Datagram, (source, destination, hops, alert, packet[header_size:total]))


def decode_sent(family: Family, packet: bytes) -> Packet:
    """The message in an IP packet that this machine sent; WireError.

    In IPv6 it is behind a hop-by-hop header of eight bytes.
    """
    if family is IPV4:
        return igmp.decode(decode_ipv4(packet).message)
    if len(packet) < _IPV6_HEADER.size:
        raise WireError(DropReason.HEADER, "shorter than an IPv6 header")
    end = _IPV6_HEADER.size + _IPV6_HEADER.unpack_from(packet)[1]
    return mld.decode(packet[_IPV6_HEADER.size + len(IPV6_ROUTER_ALERT) : end])


def ipv6_router_alert(options: bytes) -> bool:
    """Whether a hop-by-hop header has a Router Alert option for MLD (RFC 2711, 2.1)."""
    at = 2
    while at + 1 < len(options):
        kind, length = options[at], options[at + 1]
        if kind == _PAD1:
            at += 1
            continue
        if kind == _ROUTER_ALERT and options[at + 2 : at + 2 + length] == b"\0\0":
            return True
        at += 2 + length
    return False


def accept(family: Family, datagram: Datagram, require_router_alert: bool = False) -> Packet:
    """The packet in ``datagram``; WireError if it must be dropped.

    ``require_router_alert`` is for IGMP: many real routers and hosts leave the option out, and
    the RFC makes it a SHOULD (9776, 9.1, 9.2). Queries of IGMPv1 never have it. For IGMP see
    RFC 9776, sections 4 and 9. MLD requires hop limit 1, a Router Alert option and a link-local
    source (RFC 9777, sections 6.2 and 7.4). Messages of router discovery must be sent to their
    group (RFC 4286, sections 3.5, 4.4, 5.4).
    """
    source, send_to, hops, router_alert, message = datagram
    packet: Packet
    if family is IPV4:
        packet = igmp.decode(message)
    else:
        packet = mld.decode(message)
        # The first bytes of nearly all such addresses; a call costs 5 us more with cold caches.
        if source[:2] != _LINK_LOCAL_START and not family.is_link_local(source):
            reason = DropReason.QUERY_SOURCE if type(packet) is Query else DropReason.SOURCE
            raise WireError(reason, "not link-local")
    if hops != 1:
        raise WireError(DropReason.TTL, str(hops))
    if not router_alert and (
        family is not IPV4 or (require_router_alert and not _is_igmpv1_query(packet))
    ):
        raise WireError(DropReason.ROUTER_ALERT)
    if type(packet) is not Report:  # of its destination, nothing is required
        _require_destination(family, send_to, packet)
    return packet


def is_direct(family: Family, datagram: Datagram, query: Query) -> bool:
    """Whether ``query`` is a general query of IGMP that was sent to one machine alone.

    Hosts must answer it (RFC 9776, 4.1.12), but the querier of a link sends its general queries
    to all (4.1.12, 9.1), so it tells nothing of the querier. In MLD any query does (RFC 9777).
    """
    return (
        family is IPV4
        and query.group == family.unspecified
        and not family.is_multicast(datagram.destination)
    )


def _is_igmpv1_query(packet: Packet) -> bool:
    return isinstance(packet, Query) and packet.version == 1


def _require_destination(family: Family, send_to: Address, packet: Packet) -> None:
    """A message other than a report comes to the address that its kind is sent to; WireError.

    No general query of IGMP comes to another group than all hosts (RFC 9776, 9.1).
    """
    if isinstance(packet, OldReport):
        if not _is_ours(family, send_to, packet.group):
            raise WireError(DropReason.DESTINATION, "report sent to another group")
    elif isinstance(packet, Query):
        is_general = family is IPV4 and packet.group == IPV4.unspecified
        if is_general and IPV4.is_multicast(send_to) and send_to != IPV4.all_nodes:
            raise WireError(DropReason.DESTINATION, "general query not sent to all hosts")
    elif type(packet) in _DISCOVERY and send_to != destination(family, packet):
        raise WireError(DropReason.DESTINATION, "router discovery sent to another address")


def _is_ours(family: Family, destination: Address, group: Address) -> bool:
    """Whether a router accepts a report of an older version for ``group`` that was sent there.

    It accepts the group, and each unicast or multicast address of the interface: the kernel
    delivers unicast packets to our own addresses only (RFC 9776, section 4.2.15; RFC 9777,
    section 5.2.15). A report that was sent to another group contradicts itself.
    """
    if destination == group or not family.is_multicast(destination):
        return True
    return destination in (family.all_nodes, family.all_routers, family.report_destination)


def destination(family: Family, packet: Packet) -> Address:
    """The address that ``packet`` is sent to.

    See RFC 9776, sections 4.1.12 and 4.2.15, and RFC 9777, sections 5.1.15 and 5.2.15; for
    router discovery RFC 4286.
    """
    match packet:
        case Report():
            return family.report_destination
        case Leave() | RouterSolicitation():
            return family.all_routers
        case RouterAdvertisement() | RouterTermination():
            return family.all_snoopers
        case Query(group=group) if group == family.unspecified:
            return family.all_nodes
        case Query(group=group) | OldReport(group=group):
            return group
