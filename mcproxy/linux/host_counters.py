"""Counters of the whole machine that tell why multicast data is not forwarded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..protocol.family import IPV4, IPV6, Family

_FOLDER = "/proc/thread-self/net"
"""Of the calling thread: a test may have moved it into another network namespace."""

ANY_INTERFACE = ""


class HostCounters(NamedTuple):
    """What the kernel has counted by now, in packets.

    ``reverse_path`` were dropped by rp_filter (IPv4). ``sent`` is multicast that left the machine,
    ``not_fragmented`` was larger than the MTU of its way out: both by family and interface, for
    IPv4 on ANY_INTERFACE. What the kernel does not tell is missing, or 0.
    """

    reverse_path: int
    sent: dict[tuple[Family, str], int]
    not_fragmented: dict[tuple[Family, str], int]


def read_host_counters(interfaces: Iterable[str]) -> HostCounters:
    """The counters now; ``interfaces`` are those to read for IPv6."""
    found = {**_table("netstat"), **_table("snmp")}
    sent: dict[tuple[Family, str], int] = {}
    not_fragmented: dict[tuple[Family, str], int] = {}
    if "IpExt.OutMcastPkts" in found:
        sent[IPV4, ANY_INTERFACE] = found["IpExt.OutMcastPkts"]
    not_fragmented[IPV4, ANY_INTERFACE] = found.get("Ip.FragFails", 0)
    for name in interfaces:
        of_link = _pairs(f"dev_snmp6/{name}")
        if "Ip6OutMcastPkts" in of_link:
            sent[IPV6, name] = of_link["Ip6OutMcastPkts"]
        not_fragmented[IPV6, name] = of_link.get("Ip6FragFails", 0)
    return HostCounters(found.get("TcpExt.IPReversePathFilter", 0), sent, not_fragmented)


def _lines(name: str) -> list[list[str]]:
    """The words of each line of a file; nothing where the kernel has no such file."""
    try:
        with open(f"{_FOLDER}/{name}", encoding="ascii") as file:
            return [line.split() for line in file]
    except OSError:
        return []


def _table(name: str) -> dict[str, int]:
    """A file of line pairs: the names of counters, and their values."""
    lines = _lines(name)
    return {
        f"{names[0].removesuffix(':')}.{key}": int(value)
        for names, values in zip(lines[::2], lines[1::2], strict=False)
        for key, value in zip(names[1:], values[1:], strict=False)
    }


def _pairs(name: str) -> dict[str, int]:
    """A file with a counter and its value on each line."""
    return {words[0]: int(words[1]) for words in _lines(name) if len(words) == 2}
