"""Why an interface of a proxy instance cannot be used, and what to do: the one place for it.

The log, the views and ``mcproxy show status`` use these sentences.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from ..config.model import DOWNSTREAM
from ..linux.netlink.links import DISABLED, DUPLICATE, NO_CARRIER, TENTATIVE, Link
from ..protocol.family import IPV4, Family


class State(Enum):
    """What an interface is for its instance; the values are those of ``state`` in views."""

    UP = "up"
    HELD = "held"
    """An upstream that works again and is not preferred yet (``upstream-hold-time``)."""
    DOWN = "down"


class Obstacle(NamedTuple):
    """Why an interface is not used: ``reason`` is short, ``cure`` says what to do about it."""

    reason: str
    cure: str


ABSENT = Obstacle("absent", "it will be used as soon as it appears; check the spelling of its name")
TABLE_FULL = Obstacle(
    "kernel table full",
    'it will be used as soon as there is room (see "More than 31 downstreams" in '
    "docs/reference/configuration.rst)",
)
NOT_USED = Obstacle("not used", "the log says what failed")

_CURES = {
    DISABLED: "set it up: ip link set {name} up",
    NO_CARRIER: "check its cable, its radio or what is at its other end",
}

_LINK_LOCAL_CURES = {
    TENTATIVE: "it will be used as soon as the kernel has checked the address",
    DUPLICATE: "another host has the same address: give one of them another MAC address",
}


def obstacle(
    link: Link | None, family: Family, role: str, refused: bool = False
) -> Obstacle | None:
    """Why ``link`` cannot be used in a role now; None if nothing is in the way.

    ``refused`` says that the kernel table has no room for it. A downstream needs an address to
    query from; pass its link with its ``query-address``.
    """
    if link is None:
        return ABSENT
    if not link.up:
        return _down(link)
    if refused:
        return TABLE_FULL
    if role != DOWNSTREAM or link.source[family] is not None:
        return None
    return _without_address(link, family)


def _down(link: Link) -> Obstacle:
    reason = link.why_down or "down"
    if reason.startswith("port of "):
        kind, _, master = reason.removeprefix("port of ").partition(" ")
        return Obstacle(reason, f"configure the {kind} {master or 'itself'} in its place")
    return Obstacle(reason, _CURES.get(reason, "set it up").format(name=link.name))


def _without_address(link: Link, family: Family) -> Obstacle:
    if family is IPV4:
        cure = f"give it one: ip address add ADDRESS/LENGTH dev {link.name}; or set query-address"
        return Obstacle("no IPv4 address", cure)
    if link.link_local:
        return Obstacle(f"link-local address {link.link_local}", _LINK_LOCAL_CURES[link.link_local])
    return Obstacle(
        "no link-local address",
        f"let the kernel make one (sysctl net.ipv6.conf.{link.name}.disable_ipv6 and addr_gen_mode)"
        ", or disable IPv6 in this instance with mld-version = 0",
    )
