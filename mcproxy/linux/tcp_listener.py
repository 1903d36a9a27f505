"""A TCP socket that listens, also on an address that the machine gets later."""

from __future__ import annotations

import socket
from errno import ENODEV
from ipaddress import ip_address

_IP_FREEBIND = 15
"""Python's socket module lacks it (linux/in.h); it also works for IPv6."""

_BACKLOG = 32
"""Clients that wait; so many at most are accepted in one turn of the reactor."""


def listening_socket(address: str, port: int) -> socket.socket:
    """A non-blocking socket that listens; OSError.

    ``address`` is an IP address, which may have a scope (``fe80::1%eth0``); its interface must be
    there.
    """
    family = socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    try:
        *_, where = socket.getaddrinfo(address, port, family, socket.SOCK_STREAM, 0, numeric)[0]
    except socket.gaierror as error:
        scope = address.partition("%")[2]
        raise OSError(ENODEV, f"there is no interface {scope}") from error
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # An interface may get its address after the daemon's start.
        sock.setsockopt(socket.SOL_IP, _IP_FREEBIND, 1)
        sock.bind(where)
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock
