"""Netlink messages about links and addresses as small values, decoded by pyroute2."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any, NamedTuple

from ...protocol.family import Address
from . import frame as netlink

_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK = 16, 17, 18
_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_IFLA_EXT_MASK, _RTEXT_FILTER_SKIP_STATS = 29, 8
_IFINFOMSG = Struct("=BxHiII")
_IFADDRMSG = Struct("=BBBBI")

# Bridges report the comings and goings of their ports as links too, of family AF_BRIDGE.
_LINKS, _ADDRESSES = (socket.AF_UNSPEC,), (socket.AF_INET, socket.AF_INET6)
_FAMILIES = {
    _RTM_NEWLINK: _LINKS,
    _RTM_DELLINK: _LINKS,
    _RTM_NEWADDR: _ADDRESSES,
    _RTM_DELADDR: _ADDRESSES,
}

_PORTS = ("bridge", "bond", "team", "openvswitch")
"""What a link is part of that takes all its packets; others, as VRFs, let them pass to IP."""

_IFA_F_SECONDARY, _IFA_F_DADFAILED, _IFA_F_TENTATIVE = 0x01, 0x08, 0x40


class LinkSeen(NamedTuple):
    """A link as it is now; ``flags`` are IFF_ ones.

    What comes in on a ``port`` goes to the bridge, or what else it is part of, and not to IP.
    """

    ifindex: int
    name: str
    flags: int
    mtu: int
    port: bool


class LinkGone(NamedTuple):
    """A link that does not exist any more."""

    ifindex: int


class AddressSeen(NamedTuple):
    """An address of a link; one that is not ``usable`` is not to be sent from (yet)."""

    ifindex: int
    address: Address
    prefix_length: int
    secondary: bool
    usable: bool


class AddressGone(NamedTuple):
    """An address that a link has no more."""

    ifindex: int
    address: Address
    prefix_length: int


class DumpEnd(NamedTuple):
    """All answers to the request with ``sequence`` were given; ``error`` is an errno or 0."""

    sequence: int
    error: int
    interrupted: bool


Event = LinkSeen | LinkGone | AddressSeen | AddressGone | DumpEnd


def request_links(sequence: int) -> bytes:
    """Asks for all links, without their statistics."""
    body = _IFINFOMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    body += netlink.attribute(_IFLA_EXT_MASK, netlink.INT.pack(_RTEXT_FILTER_SKIP_STATS))
    return netlink.request(_RTM_GETLINK, netlink.NLM_F_DUMP, sequence, body)


def request_addresses(sequence: int) -> bytes:
    """Asks for all addresses of all links and families."""
    body = _IFADDRMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    return netlink.request(_RTM_GETADDR, netlink.NLM_F_DUMP, sequence, body)


class Decoder:
    """Turns what a netlink socket delivers into events."""

    def __init__(self) -> None:
        # Long to import and large in memory: commands that run no proxy go without.
        from pyroute2.netlink.rtnl.marshal import MarshalRtnl

        self._marshal = MarshalRtnl()
        self._interrupted = False

    def decode(self, data: bytes) -> Iterator[Event]:
        """The events in one datagram; messages about anything else are left out."""
        for kind, flags, sequence, start, end in netlink.messages(data):
            self._interrupted |= bool(flags & netlink.NLM_F_DUMP_INTR)
            if kind in (netlink.NLMSG_DONE, netlink.NLMSG_ERROR):
                yield DumpEnd(sequence, _error(data, start, end), self._interrupted)
                self._interrupted = False
            elif kind in _DECODERS and data[start] in _FAMILIES[kind]:
                for message in self._marshal.parse(data[start - netlink.HEADER.size : end]):
                    event = _DECODERS[kind](message)
                    if event is not None:
                        yield event


def _error(data: bytes, start: int, end: int) -> int:
    """The errno of NLMSG_ERROR or NLMSG_DONE, 0 for none."""
    return -netlink.INT.unpack_from(data, start)[0] if end - start >= netlink.INT.size else 0


def _link_seen(message: Any) -> LinkSeen:
    name, mtu = message.get_attr("IFLA_IFNAME"), message.get_attr("IFLA_MTU")
    kind = message.get_nested("IFLA_LINKINFO", "IFLA_INFO_SLAVE_KIND")
    return LinkSeen(message["index"], name or "", message["flags"], mtu or 0, kind in _PORTS)


def _link_gone(message: Any) -> LinkGone:
    return LinkGone(message["index"])


def _address_seen(message: Any) -> AddressSeen | None:
    address = _own_address(message)
    if address is None:
        return None
    flags = message.get_attr("IFA_FLAGS")
    if flags is None:
        flags = message["flags"]
    return AddressSeen(
        message["index"],
        address,
        message["prefixlen"],
        secondary=bool(flags & _IFA_F_SECONDARY),
        usable=not flags & (_IFA_F_TENTATIVE | _IFA_F_DADFAILED),
    )


def _address_gone(message: Any) -> AddressGone | None:
    address = _own_address(message)
    if address is None:
        return None
    return AddressGone(message["index"], address, message["prefixlen"])


def _own_address(message: Any) -> Address | None:
    # On a point-to-point link IFA_ADDRESS is the other side's.
    text = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
    return socket.inet_pton(message["family"], text) if text else None


_DECODERS: dict[int, Callable[[Any], Event | None]] = {
    _RTM_NEWLINK: _link_seen,
    _RTM_DELLINK: _link_gone,
    _RTM_NEWADDR: _address_seen,
    _RTM_DELADDR: _address_gone,
}
