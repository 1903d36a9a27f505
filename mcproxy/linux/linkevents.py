"""Netlink messages about links and addresses as small values, decoded by pyroute2."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from struct import Struct
from typing import Any, NamedTuple

from ..protocol.family import Address
from . import netlink

_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK = 16, 17, 18
_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_IFLA_EXT_MASK, _RTEXT_FILTER_SKIP_STATS = 29, 8
_IFINFOMSG = Struct("=BxHiII")
_IFADDRMSG = Struct("=BBBBI")

_IFA_F_SECONDARY, _IFA_F_DADFAILED, _IFA_F_TENTATIVE = 0x01, 0x08, 0x40


class LinkSeen(NamedTuple):
    """A link as it is now; ``flags`` are IFF_ ones."""

    ifindex: int
    name: str
    flags: int
    mtu: int


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
        for message in self._marshal.parse(data):
            header = message["header"]
            kind = header["type"]
            self._interrupted |= bool(header["flags"] & netlink.NLM_F_DUMP_INTR)
            if kind in (netlink.NLMSG_DONE, netlink.NLMSG_ERROR):
                error = getattr(header["error"], "code", 0) or 0
                yield DumpEnd(header["sequence_number"], error, self._interrupted)
                self._interrupted = False
            elif kind in (_RTM_NEWLINK, _RTM_DELLINK):
                # Bridges report the comings and goings of their ports as links, too.
                if message["family"] == socket.AF_UNSPEC:
                    yield _link(message, kind == _RTM_NEWLINK)
            elif kind in (_RTM_NEWADDR, _RTM_DELADDR):
                event = _address(message, kind == _RTM_NEWADDR)
                if event is not None:
                    yield event


def _link(message: Any, exists: bool) -> LinkSeen | LinkGone:
    if not exists:
        return LinkGone(message["index"])
    name, mtu = message.get_attr("IFLA_IFNAME"), message.get_attr("IFLA_MTU")
    return LinkSeen(message["index"], name or "", message["flags"], mtu or 0)


def _address(message: Any, exists: bool) -> AddressSeen | AddressGone | None:
    if message["family"] not in (socket.AF_INET, socket.AF_INET6):
        return None
    # On a point-to-point link IFA_ADDRESS is the other side's.
    text = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
    if text is None:
        return None
    address = socket.inet_pton(message["family"], text)
    index, prefix_length = message["index"], message["prefixlen"]
    if not exists:
        return AddressGone(index, address, prefix_length)
    flags = message.get_attr("IFA_FLAGS")
    if flags is None:
        flags = message["flags"]
    return AddressSeen(
        index,
        address,
        prefix_length,
        secondary=bool(flags & _IFA_F_SECONDARY),
        usable=not flags & (_IFA_F_TENTATIVE | _IFA_F_DADFAILED),
    )
