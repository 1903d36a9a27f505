"""The unicast routes of this machine, which say where sources may send from."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from ...protocol.family import Address, Family
from ..netlink.dumps import dump, values

_RTM_GETROUTE = 26
_RTMSG = Struct("=BBBBBBBBI")
_RTA_DST, _RTA_OIF, _RTA_GATEWAY = 1, 4, 5
_RTPROT_KERNEL, _RTN_UNICAST = 2, 1
_CLONED = 0x200
_U32 = Struct("=I")


class UnicastRoute(NamedTuple):
    """A route to a prefix over the interface with index ``oif``.

    ``connected``: the kernel made it for an address of the interface.
    """

    destination: Address
    prefix_length: int
    oif: int
    connected: bool


def read_unicast_routes(family: Family) -> list[UnicastRoute]:
    """The routes of all tables that leave by one interface; OSError. Blocks."""
    routes = []
    body = _RTMSG.pack(family.socket_family, 0, 0, 0, 0, 0, 0, 0, 0)
    for message in dump(_RTM_GETROUTE, body):
        one_family, length, _, _, _, protocol, _, kind, flags = _RTMSG.unpack_from(message)
        found = values(message, _RTMSG.size)
        if one_family != family.socket_family or kind != _RTN_UNICAST or flags & _CLONED:
            continue
        if _RTA_OIF in found:
            connected = protocol == _RTPROT_KERNEL and _RTA_GATEWAY not in found
            destination = found.get(_RTA_DST, family.unspecified)
            (oif,) = _U32.unpack(found[_RTA_OIF])
            routes.append(UnicastRoute(destination, length, oif, connected))
    return routes
