"""The rules of iptables before nftables, read with getsockopt; tables are not made by reading."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from ...protocol.family import Family
from .ruleset import (
    ACCEPT,
    DROP,
    GOTO,
    IP,
    IP6,
    JUMP,
    RETURN,
    Chain,
    HeaderMatch,
    Part,
    Rule,
    Verdict,
    XtMatch,
    XtTarget,
)

_GET_INFO, _GET_ENTRIES = 64, 65
_INFO = Struct("=32sI5I5III")
_ENTRIES_AT = 40
_HOOK_NAMES = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
_PRIORITIES = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
_SIZE = Struct("=I")
_OFFSETS = Struct("=HH")
_EXTENSION = Struct("=H29sB")
_VERDICT = Struct("=i")
_GOTO_FLAG = 2
_RETURN = -5
_ERROR, _STANDARD = "ERROR", ""
_INVERTED = {1: "incoming", 2: "outgoing", 8: "source", 16: "destination", 64: "protocol"}

_libc = ctypes.CDLL(None, use_errno=True)


class _Layout(NamedTuple):
    """Where the parts of an entry are; ``header`` has addresses, interfaces, protocol, flags."""

    family: int
    names: str
    level: int
    size: int
    header: Struct
    offsets_at: int
    entry_size: int


_LAYOUTS = {
    "ipv4": _Layout(
        IP, "ip_tables_names", socket.IPPROTO_IP, 4, Struct("=4s4s4s4s16s16s16s16sHBB"), 88, 112
    ),
    "ipv6": _Layout(
        IP6,
        "ip6_tables_names",
        socket.IPPROTO_IPV6,
        16,
        Struct("=16s16s16s16s16s16s16s16sHxBB"),
        140,
        168,
    ),
}


class _Entry(NamedTuple):
    """A rule as it stands at ``offset`` of its table."""

    offset: int
    match: HeaderMatch
    matches: tuple[XtMatch, ...]
    target: str
    data: bytes
    goto: bool


def read_iptables(family: Family) -> list[Chain]:
    """The chains of all tables that are in use; OSError without CAP_NET_ADMIN. Blocks."""
    layout = _LAYOUTS[family.name]
    try:
        names = Path("/proc/thread-self/net", layout.names).read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []
    chains: list[Chain] = []
    with socket.socket(family.socket_family, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        for name in names:
            if name in _PRIORITIES:
                chains += _read_table(sock, layout, name)
    return chains


def _read_table(sock: socket.socket, layout: _Layout, table: str) -> list[Chain]:
    packed_name = table.encode().ljust(32, b"\0")
    info = _INFO.unpack(_get(sock, layout.level, _GET_INFO, packed_name.ljust(_INFO.size, b"\0")))
    valid, heads, ends, size = info[1], info[2:7], info[7:12], info[13]
    request = packed_name + _SIZE.pack(size)
    answer = _get(sock, layout.level, _GET_ENTRIES, request.ljust(_ENTRIES_AT + size, b"\0"))
    entries = list(_entries(layout, answer[_ENTRIES_AT:]))
    bases = {heads[hook]: hook for hook in range(5) if valid >> hook & 1}
    policies = {ends[hook] for hook in bases.values()}
    return list(_chains(layout, table, entries, bases, policies))


def _get(sock: socket.socket, level: int, option: int, request: bytes) -> bytes:
    """getsockopt(2) with a request in the buffer, which Python's own cannot pass; OSError."""
    buffer = ctypes.create_string_buffer(request, len(request))
    length = ctypes.c_uint(len(request))
    if _libc.getsockopt(sock.fileno(), level, option, buffer, ctypes.byref(length)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return buffer.raw


def _entries(layout: _Layout, data: bytes) -> Iterator[_Entry]:
    offset = 0
    while offset + layout.entry_size <= len(data):
        target_at, following = _OFFSETS.unpack_from(data, offset + layout.offsets_at)
        if following < layout.entry_size:
            return
        matches = tuple(_matches(data, offset + layout.entry_size, offset + target_at))
        size, name, _ = _EXTENSION.unpack_from(data, offset + target_at)
        start = offset + target_at + _EXTENSION.size
        header, goto = _header(layout, data, offset)
        yield _Entry(offset, header, matches, _text(name), data[start : start + size - 32], goto)
        offset += following


def _header(layout: _Layout, data: bytes, offset: int) -> tuple[HeaderMatch, bool]:
    fields = layout.header.unpack_from(data, offset)
    source, destination, source_mask, destination_mask, incoming, outgoing = fields[:6]
    incoming_mask, outgoing_mask, protocol, flags, inverted = fields[6:]
    match = HeaderMatch(
        (source, source_mask),
        (destination, destination_mask),
        (incoming, incoming_mask),
        (outgoing, outgoing_mask),
        protocol,
        frozenset(name for bit, name in _INVERTED.items() if inverted & bit),
    )
    goto = bool(flags & (_GOTO_FLAG if layout.family == IP else 4))
    return match, goto


def _matches(data: bytes, at: int, end: int) -> Iterator[XtMatch]:
    while at + _EXTENSION.size <= end:
        size, name, revision = _EXTENSION.unpack_from(data, at)
        if size < _EXTENSION.size:
            return
        yield XtMatch(_text(name), revision, data[at + _EXTENSION.size : at + size])
        at += size


def _chains(
    layout: _Layout, table: str, entries: list[_Entry], bases: dict[int, int], policies: set[int]
) -> Iterator[Chain]:
    """Divide the entries into chains; a user's chain begins after an entry with its name."""
    starts = _starts(entries, bases)
    for number, entry in enumerate(entries):
        if entry.offset not in starts:
            continue
        hook = bases.get(entry.offset)
        rules: list[Rule] = []
        policy = ACCEPT
        for one in entries[number:]:
            is_end = one.target == _ERROR or (one.offset in starts and one is not entry)
            if is_end:
                break
            if hook is not None and one.offset in policies:
                policy = _code(one.data)
                break
            rules.append(Rule(len(rules) + 1, _parts(one, starts)))
        yield Chain(
            layout.family,
            table,
            starts[entry.offset],
            tuple(rules),
            hook=hook,
            priority=_PRIORITIES[table],
            policy=policy,
            legacy=True,
        )


def _starts(entries: list[_Entry], bases: dict[int, int]) -> dict[int, str]:
    """The names of chains by the offset of their first entry."""
    starts = {offset: _HOOK_NAMES[hook] for offset, hook in bases.items()}
    for before, after in pairwise(entries):
        if before.target == _ERROR:
            starts[after.offset] = _text(before.data)
    return starts


def _parts(entry: _Entry, starts: dict[int, str]) -> tuple[Part, ...]:
    parts: list[Part] = [entry.match, *entry.matches]
    if entry.target != _STANDARD:
        return (*parts, XtTarget(entry.target))
    (value,) = _VERDICT.unpack_from(entry.data)
    if value >= 0:
        if value in starts:
            parts.append(Verdict(GOTO if entry.goto else JUMP, starts[value]))
        return tuple(parts)  # a jump to the next rule does nothing
    return (*parts, Verdict(_code(entry.data)))


def _code(data: bytes) -> int:
    (value,) = _VERDICT.unpack_from(data)
    if value == _RETURN:
        return RETURN
    return DROP if value == -1 else ACCEPT


def _text(name: bytes) -> str:
    return name.split(b"\0", 1)[0].decode(errors="replace")
