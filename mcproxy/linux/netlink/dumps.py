"""Dumps of the kernel's lists, as raw messages, for readers that ask once and do not listen."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing

from . import frame as netlink
from .frame import ATTRIBUTE, INT

_BUFFER = 1 << 17
_TIMEOUT = 10.0
_TYPE_MASK = 0x3FFF


def dump(request: int, body: bytes, protocol: int = netlink.NETLINK_ROUTE) -> Iterator[bytes]:
    """The body of each message of a dump; OSError. Blocks."""
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with closing(socket.socket(socket.AF_NETLINK, kind, protocol)) as sock:
        sock.settimeout(_TIMEOUT)
        sock.bind((0, 0))
        sock.send(netlink.request(request, netlink.NLM_F_DUMP, 1, body))
        while True:
            data = sock.recv(_BUFFER)
            for message, _, _, start, end in netlink.messages(data):
                if message in (netlink.NLMSG_DONE, netlink.NLMSG_ERROR):
                    _check(data, start, end)
                    return
                yield data[start:end]


def _check(data: bytes, start: int, end: int) -> None:
    """Raise the error that ends a dump, if it is one."""
    if end - start >= INT.size:
        (result,) = INT.unpack_from(data, start)
        if result < 0:
            raise OSError(-result, os.strerror(-result))


def walk(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Type and value of each attribute from ``start`` on, also of repeated ones."""
    while start + ATTRIBUTE.size <= len(data):
        size, kind = ATTRIBUTE.unpack_from(data, start)
        if size < ATTRIBUTE.size or start + size > len(data):
            return
        yield kind & _TYPE_MASK, data[start + ATTRIBUTE.size : start + size]
        start += (size + 3) & ~3


def values(data: bytes, start: int = 0) -> dict[int, bytes]:
    """The attributes from ``start`` on by type; of repeated ones the last."""
    return dict(walk(data, start))


def text_of(value: bytes) -> str:
    """The text of an attribute that ends with a zero."""
    return value.split(b"\0", 1)[0].decode(errors="replace")
