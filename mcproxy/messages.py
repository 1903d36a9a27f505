"""What the modules tell a proxy instance: small values, handed over in arrival order."""

from __future__ import annotations

from typing import NamedTuple

from .linux.netlink.links import Link
from .protocol.family import Address
from .protocol.wire.packets import Packet


class PacketReceived(NamedTuple):
    """An IGMP or MLD packet that came in on ``interface``."""

    interface: str
    source: Address
    packet: Packet


class WrongInterface(NamedTuple):
    """Data of (``source``, ``group``) came in on ``interface``, which its entry forbids."""

    interface: str
    source: Address
    group: Address


class CacheMiss(NamedTuple):
    """Data of (``source``, ``group``) came in on ``interface``, and there is no entry for it."""

    interface: str
    source: Address
    group: Address


class LinkChanged(NamedTuple):
    """A link of this name appeared (no ``before``), changed, or went (no ``after``)."""

    before: Link | None
    after: Link | None

    @property
    def interface(self) -> str:
        """The name of the link."""
        link = self.after or self.before
        if link is None:
            raise ValueError("a change of no link")
        return link.name


Message = PacketReceived | CacheMiss | WrongInterface | LinkChanged
