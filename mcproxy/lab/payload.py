"""Numbered packets: what streams send and members count, and group options for both families."""

from __future__ import annotations

import ipaddress
import socket
from struct import Struct

PAYLOAD = Struct("!IIQ")
"""Stream number, sequence number, time of sending in ns."""

_SOCKADDR_IN = Struct("=HH4s120x")
_SOCKADDR_IN6 = Struct("=HHI16sI100x")


def family_of(address: str) -> int:
    """AF_INET or AF_INET6."""
    return socket.AF_INET if ipaddress.ip_address(address).version == 4 else socket.AF_INET6


def level_of(family: int) -> int:
    """The option level of a family's sockets."""
    return socket.IPPROTO_IP if family == socket.AF_INET else socket.IPPROTO_IPV6


def storage(address: str) -> bytes:
    """A struct sockaddr_storage (128 bytes) of ``address``."""
    packed = ipaddress.ip_address(address).packed
    if len(packed) == 4:
        return _SOCKADDR_IN.pack(socket.AF_INET, 0, packed)
    return _SOCKADDR_IN6.pack(socket.AF_INET6, 0, 0, packed, 0)
