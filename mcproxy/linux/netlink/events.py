"""Netlink messages about links and addresses as small values, decoded by pyroute2.

A message need not describe its link in full: after each Wi-Fi scan cfg80211 sends an
RTM_NEWLINK with the interface's name and IFLA_WIRELESS and nothing else. An attribute that a
message does not carry is None here, which means "unchanged".
"""

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

# Bridges send link messages of family AF_BRIDGE about their ports; the ports remain links.
_LINKS, _ADDRESSES = (socket.AF_UNSPEC,), (socket.AF_INET, socket.AF_INET6)
_FAMILIES = {
    _RTM_NEWLINK: _LINKS,
    _RTM_DELLINK: _LINKS,
    _RTM_NEWADDR: _ADDRESSES,
    _RTM_DELADDR: _ADDRESSES,
}

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
        # Slow to import and large in memory; commands that run no proxy do without it.
        from pyroute2.netlink.rtnl.marshal import MarshalRtnl

        self._marshal = MarshalRtnl()
        self._interrupted = False

    def decode(self, data: bytes) -> Iterator[Event]:
        """The events in one datagram; messages of other types are skipped."""
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
    # A message in full has an MTU. Only there the lack of a kind means that there is no master:
    # a network card without one has no IFLA_LINKINFO at all.
    port = None if mtu is None and kind is None else kind if kind in PORT_KINDS else ""
    # The same with other names, and with the list that they are in.
    properties = message.get_attr("IFLA_PROP_LIST")
    altnames = () if mtu is not None else None
    if properties is not None:
        altnames = tuple(properties.get_attrs("IFLA_ALT_IFNAME"))
    losses = message.get_attr("IFLA_CARRIER_DOWN_COUNT")
    master = message.get_attr("IFLA_MASTER", 0 if mtu is not None else None)
    index, flags = message["index"], message["flags"]
    return LinkSeen(index, name, flags, mtu, port, altnames, losses, master)


def _link_gone(message: Any) -> LinkGone:
    return LinkGone(message["index"])


def _address_seen(message: Any) -> AddressSeen | None:
    address = _own_address(message)
    if address is None:
        return None
    flags = message.get_attr("IFA_FLAGS")
    if flags is None:
        flags = message["flags"]  # the lower eight bits of the same
    return AddressSeen(
        message["index"],
        address,
        message["prefixlen"],
        secondary=bool(flags & _IFA_F_SECONDARY),
        usable=not flags & (_IFA_F_TENTATIVE | _IFA_F_DADFAILED),
        peer=_peer(message, address),
        duplicate=bool(flags & _IFA_F_DADFAILED),
    )


def _address_gone(message: Any) -> AddressGone | None:
    address = _own_address(message)
    if address is None:
        return None
    return AddressGone(message["index"], address, message["prefixlen"])


def _own_address(message: Any) -> Address | None:
    # On a point-to-point link IFA_ADDRESS is the peer's, and IFA_LOCAL ours.
    text = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
    return socket.inet_pton(message["family"], text) if text else None


def _peer(message: Any, own: Address) -> Address | None:
    text = message.get_attr("IFA_ADDRESS")
    other = socket.inet_pton(message["family"], text) if text else own
    return other if other != own else None


_DECODERS: dict[int, Callable[[Any], Event | None]] = {
    _RTM_NEWLINK: _link_seen,
    _RTM_DELLINK: _link_gone,
    _RTM_NEWADDR: _address_seen,
    _RTM_DELADDR: _address_gone,
}
