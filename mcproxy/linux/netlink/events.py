"""Netlink messages about links and addresses as small values.

They are decoded here: pyroute2's decoders of all kinds of links take 8 MiB for as long as the
daemon runs.

A message need not describe its link in full: after each Wi-Fi scan cfg80211 sends an
RTM_NEWLINK with the interface's name and IFLA_WIRELESS and nothing else. An attribute that a
message does not carry is None here, which means "unchanged".
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from struct import Struct
from typing import NamedTuple

from ...protocol.family import Address
from . import frame as netlink

_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK = 16, 17, 18
_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_IFLA_EXT_MASK, _RTEXT_FILTER_SKIP_STATS = 29, 8
_IFLA_IFNAME, _IFLA_MTU, _IFLA_MASTER, _IFLA_LINKINFO = 3, 4, 10, 18
_IFLA_CARRIER_DOWN_COUNT, _IFLA_PROP_LIST, _IFLA_ALT_IFNAME = 48, 52, 53
_IFLA_INFO_SLAVE_KIND = 4
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_IFINFOMSG = Struct("=BxHiII")
_IFADDRMSG = Struct("=BBBBI")

# Bridges send link messages of family AF_BRIDGE about their ports; the ports remain links.
_LINKS, _ADDRESSES = (socket.AF_UNSPEC,), (socket.AF_INET, socket.AF_INET6)
_FAMILIES = {
    _RTM_NEWLINK: _LINKS,
    _RTM_DELLINK: _LINKS,
    _RTM_NEWADDR: _ADDRESSES,
    _RTM_DELADDR: _ADDRESSES,
}

_ADDRESS_SIZES: dict[int, int] = {socket.AF_INET: 4, socket.AF_INET6: 16}

PORT_KINDS = ("bridge", "bond", "team", "openvswitch")
"""Kinds of master that take all packets of their ports; a VRF, for one, leaves them to IP."""

_IFA_F_SECONDARY, _IFA_F_DADFAILED, _IFA_F_TENTATIVE = 0x01, 0x08, 0x40


class LinkSeen(NamedTuple):
    """What a message says of a link; None for what it does not say. ``flags`` are IFF_ ones.

    Packets that arrive on a port go to its bridge or bond and never reach IP; ``port`` is the kind
    of that one, or empty. ``altnames``
    are its other names (``ip link property add``). ``carrier_losses`` is how often the link has
    lost its carrier. ``master`` is the index of the bridge, bond or VRF that it is a port of, 0
    for none.
    """

    ifindex: int
    name: str | None
    flags: int
    mtu: int | None
    port: str | None
    altnames: tuple[str, ...] | None = None
    carrier_losses: int | None = None
    master: int | None = None


class LinkGone(NamedTuple):
    """A link that no longer exists."""

    ifindex: int


class AddressSeen(NamedTuple):
    """An address of a link; packets may be sent from it only when it is ``usable``.

    One that is not is tentative, or ``duplicate``: another host has it (RFC 4862, section 5.4).
    ``peer`` is the address at the other end of a point-to-point link, if the address has one.
    The prefix is then the peer's.
    """

    ifindex: int
    address: Address
    prefix_length: int
    secondary: bool
    usable: bool
    peer: Address | None = None
    duplicate: bool = False


class AddressGone(NamedTuple):
    """An address that was removed from its link."""

    ifindex: int
    address: Address
    prefix_length: int


class DumpEnd(NamedTuple):
    """The answer to the request with ``sequence`` is complete; ``error`` is an errno or 0."""

    sequence: int
    error: int
    interrupted: bool


Event = LinkSeen | LinkGone | AddressSeen | AddressGone | DumpEnd


def request_links(sequence: int) -> bytes:
    """A request for all links, without their statistics."""
    return netlink.request(_RTM_GETLINK, netlink.NLM_F_DUMP, sequence, _link_request(0))


def request_link(ifindex: int) -> bytes:
    """A request for one link; its sequence number is 0, which no other request has."""
    return netlink.request(_RTM_GETLINK, 0, 0, _link_request(ifindex))


def request_addresses(sequence: int) -> bytes:
    """A request for all addresses of all links and families."""
    body = _IFADDRMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    return netlink.request(_RTM_GETADDR, netlink.NLM_F_DUMP, sequence, body)


def _link_request(ifindex: int) -> bytes:
    body = _IFINFOMSG.pack(socket.AF_UNSPEC, 0, ifindex, 0, 0)
    return body + netlink.attribute(_IFLA_EXT_MASK, netlink.INT.pack(_RTEXT_FILTER_SKIP_STATS))


class Decoder:
    """Turns the datagrams of a netlink socket into events."""

    def __init__(self) -> None:
        self._interrupted = False

    def decode(self, data: bytes) -> Iterator[Event]:
        """The events in one datagram; messages of other types are skipped."""
        for kind, flags, sequence, start, end in netlink.messages(data):
            self._interrupted |= bool(flags & netlink.NLM_F_DUMP_INTR)
            if kind in (netlink.NLMSG_DONE, netlink.NLMSG_ERROR):
                yield DumpEnd(sequence, _error(data, start, end), self._interrupted)
                self._interrupted = False
            elif kind in _DECODERS and data[start] in _FAMILIES[kind]:
                event = _DECODERS[kind](data, start, end)
                if event is not None:
                    yield event


def _error(data: bytes, start: int, end: int) -> int:
    """The errno of NLMSG_ERROR or NLMSG_DONE, 0 for none."""
    return -netlink.INT.unpack_from(data, start)[0] if end - start >= netlink.INT.size else 0


def _link_seen(data: bytes, start: int, end: int) -> LinkSeen | None:
    if end - start < _IFINFOMSG.size:
        return None
    _, _, index, flags, _ = _IFINFOMSG.unpack_from(data, start)
    found = netlink.attributes(data, start + _IFINFOMSG.size, end)
    mtu = _number(found, _IFLA_MTU)
    # A message in full has an MTU. Only there the lack of a kind means that there is no master:
    # a network card without one has no IFLA_LINKINFO at all.
    nothing = None if mtu is None else ""
    return LinkSeen(
        index,
        _text(found[_IFLA_IFNAME]) if _IFLA_IFNAME in found else None,
        flags,
        mtu,
        _port(found.get(_IFLA_LINKINFO, b""), nothing),
        # The same with other names, and with the list that they are in.
        _altnames(found.get(_IFLA_PROP_LIST), None if mtu is None else ()),
        _number(found, _IFLA_CARRIER_DOWN_COUNT),
        _number(found, _IFLA_MASTER, None if mtu is None else 0),
    )


def _port(link_info: bytes, otherwise: str | None) -> str | None:
    """The kind of the master in IFLA_LINKINFO, if it takes the packets of its ports."""
    kind = netlink.attributes(link_info, 0, len(link_info)).get(_IFLA_INFO_SLAVE_KIND)
    if kind is None:
        return otherwise
    return _text(kind) if _text(kind) in PORT_KINDS else ""


def _altnames(
    properties: bytes | None, otherwise: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    if properties is None:
        return otherwise
    each = netlink.each_attribute(properties, 0, len(properties))
    return tuple(_text(value) for kind, value in each if kind == _IFLA_ALT_IFNAME)


def _link_gone(data: bytes, start: int, end: int) -> LinkGone | None:
    if end - start < _IFINFOMSG.size:
        return None
    return LinkGone(_IFINFOMSG.unpack_from(data, start)[2])


def _address_seen(data: bytes, start: int, end: int) -> AddressSeen | None:
    if end - start < _IFADDRMSG.size:
        return None
    family, prefix_length, short_flags, _, index = _IFADDRMSG.unpack_from(data, start)
    found = netlink.attributes(data, start + _IFADDRMSG.size, end)
    address = _own_address(found, family)
    if address is None:
        return None
    flags = _number(found, _IFA_FLAGS)
    if flags is None:
        flags = short_flags  # the lower eight bits of the same
    peer = found.get(_IFA_ADDRESS, address)
    return AddressSeen(
        index,
        address,
        prefix_length,
        secondary=bool(flags & _IFA_F_SECONDARY),
        usable=not flags & (_IFA_F_TENTATIVE | _IFA_F_DADFAILED),
        peer=peer if peer != address else None,
        duplicate=bool(flags & _IFA_F_DADFAILED),
    )


def _address_gone(data: bytes, start: int, end: int) -> AddressGone | None:
    if end - start < _IFADDRMSG.size:
        return None
    family, prefix_length, _, _, index = _IFADDRMSG.unpack_from(data, start)
    address = _own_address(netlink.attributes(data, start + _IFADDRMSG.size, end), family)
    return None if address is None else AddressGone(index, address, prefix_length)


def _own_address(found: dict[int, bytes], family: int) -> Address | None:
    # On a point-to-point link IFA_ADDRESS is the peer's, and IFA_LOCAL ours.
    address = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)
    return address if address and len(address) == _ADDRESS_SIZES[family] else None


def _number(found: dict[int, bytes], kind: int, otherwise: int | None = None) -> int | None:
    """The unsigned 32-bit number in an attribute."""
    value = found.get(kind, b"")
    return int.from_bytes(value, sys.byteorder) if len(value) == 4 else otherwise


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


_DECODERS: dict[int, Callable[[bytes, int, int], Event | None]] = {
    _RTM_NEWLINK: _link_seen,
    _RTM_DELLINK: _link_gone,
    _RTM_NEWADDR: _address_seen,
    _RTM_DELADDR: _address_gone,
}
