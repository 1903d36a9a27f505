"""The frame of netlink messages: enough to send requests and to walk through answers fast."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from struct import Struct

NETLINK_ROUTE = 0
NLM_F_REQUEST = 0x1
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3

HEADER = Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port."""

ATTRIBUTE = Struct("=HH")
"""struct rtattr: length with this header, type. Each starts at a multiple of 4 bytes."""

INT = Struct("=i")

SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_GET_STRICT_CHK = 270, 1, 12

_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER


def open_netlink(groups: tuple[int, ...] = (), blocking: bool = False) -> socket.socket:
    """A NETLINK_ROUTE socket that receives events of ``groups`` (RTNLGRP numbers up to 32)."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
    sock.setblocking(blocking)
    sock.bind((0, sum(1 << (group - 1) for group in groups)))
    return sock


def request(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """A request message with its header."""
    size = HEADER.size + len(body)
    return HEADER.pack(size, kind, flags | NLM_F_REQUEST, sequence, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded."""
    size = ATTRIBUTE.size + len(value)
    return ATTRIBUTE.pack(size, kind) + value + bytes(-size & 3)


def messages(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """Type, flags, sequence, start and end of the body of each message in ``data``.

    Stops silently at a message whose length is impossible.
    """
    offset, end = 0, len(data)
    while offset + HEADER.size <= end:
        size, kind, flags, sequence, _ = HEADER.unpack_from(data, offset)
        if size < HEADER.size or offset + size > end:
            return
        yield kind, flags, sequence, offset + HEADER.size, offset + size
        offset += (size + 3) & ~3


def attributes(data: bytes, start: int, end: int) -> dict[int, bytes]:
    """The attributes in ``data[start:end]`` by type; stops at a length that is impossible."""
    return dict(each_attribute(data, start, end))


def each_attribute(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Type and value of each attribute in ``data[start:end]``, as ``attributes``.

    For lists in which a type comes several times.
    """
    while start + ATTRIBUTE.size <= end:
        size, kind = ATTRIBUTE.unpack_from(data, start)
        if size < ATTRIBUTE.size or start + size > end:
            return
        yield kind & _TYPE_MASK, data[start + ATTRIBUTE.size : start + size]
        start += (size + 3) & ~3
