"""The messages that a proxy instance receives: small values, delivered in arrival order."""

from __future__ import annotations

from typing import NamedTuple

from .linux.netlink.links import Link
from .protocol.family import Address
from .protocol.wire.packets import Packet


class PacketReceived(NamedTuple):
    """An IGMP or MLD packet that arrived on ``interface``.

    ``direct`` marks a general query of IGMP that was sent to this machine alone: it may be
    answered, but it does not tell which querier or version the link has (RFC 9776, 9.1).
    """

    interface: str
    source: Address
    packet: Packet
    direct: bool = False


class OwnPacketReceived(NamedTuple):
    """A packet that the kernel, or another program, of this machine sent on ``interface``.

    The packets of this daemon do not return to it.
    """

    interface: str
    packet: Packet


class HeardQuery(NamedTuple):
    """The last query of another router on a link: who sent it, in which version, and when.

    ``interval`` is the querier's query interval in seconds; 0 where the version carries none.
    """

    router: Address
    version: int
    when: float
    interval: int = 0


class WrongInterface(NamedTuple):
    """Data of (``source``, ``group``) arrived on ``interface``, which is not its entry's iif."""

    interface: str
    source: Address
    group: Address


class CacheMiss(NamedTuple):
    """Data of (``source``, ``group``) arrived on ``interface``, and no entry matches it."""

    interface: str
    source: Address
    group: Address


class LinkChanged(NamedTuple):
    """A link appeared (no ``before``), changed, or went (no ``after``)."""

    before: Link | None
    after: Link | None

    @property
    def interface(self) -> str:
        """The name of the link."""
        link = self.after or self.before
        if link is None:
            raise ValueError("a link change needs a link before or after")
        return link.name


Message = PacketReceived | OwnPacketReceived | CacheMiss | WrongInterface | LinkChanged
