"""What local programs have joined on an interface, as the kernel reports it in /proc/net."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from ..protocol.family import IPV4, Address, Family
from ..protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, SourceFilter

LocalFilters = dict[Address, SourceFilter]
"""Source filters by group."""

_NATIVE = Struct("=I")


class CountedSource(NamedTuple):
    """How many sockets include a source of a group, and how many exclude it."""

    address: Address
    including: int
    excluding: int


def local_filters(family: Family, ifindex: int) -> LocalFilters:
    """The source filter of each proxied group that local sockets have joined on an interface.

    OSError when /proc cannot be read.
    """
    joined = _ipv4_groups if family is IPV4 else _ipv6_groups
    users = {group: count for group, count in joined(ifindex) if family.is_proxied(group)}
    sources: dict[Address, list[CountedSource]] = {}
    if users:
        for group, source in _sources(family, ifindex):
            sources.setdefault(group, []).append(source)
    return {group: local_filter(count, sources.get(group, [])) for group, count in users.items()}


def local_filter(sockets: int, sources: Iterable[CountedSource]) -> SourceFilter:
    """The filter of a group that ``sockets`` have joined, from what the kernel counts by source.

    The kernel does not tell how many of them exclude. Where that leaves a doubt, a source is
    wanted rather than not; sockets that may all include count as including.
    """
    listed = list(sources)
    including = frozenset(one.address for one in listed if one.including)
    most = max((one.including for one in listed), default=0)
    if including and not any(one.excluding for one in listed):
        total = sum(one.including for one in listed)
        return SourceFilter(INCLUDE, including) if sockets <= total else ANY_SOURCE
    blocked = frozenset(
        one.address for one in listed if not one.including and one.excluding >= sockets - most
    )
    return SourceFilter(EXCLUDE, blocked) if blocked else ANY_SOURCE


def joined_groups(family: Family) -> dict[int, list[Address]]:
    """The proxied groups that local sockets have joined, by interface index; OSError."""
    joined: dict[int, list[Address]] = {}
    for ifindex, group, _ in _all_ipv4_groups() if family is IPV4 else _all_ipv6_groups():
        if family.is_proxied(group):
            joined.setdefault(ifindex, []).append(group)
    return joined


def _lines(name: str) -> list[str]:
    """The lines of a file in /proc/net; none if the kernel lacks the file."""
    try:
        text = Path("/proc/thread-self/net", name).read_text("ascii", errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()


def _ipv4_groups(ifindex: int) -> Iterator[tuple[Address, int]]:
    return ((group, count) for index, group, count in _all_ipv4_groups() if index == ifindex)


def _all_ipv4_groups() -> Iterator[tuple[int, Address, int]]:
    """Interface index, group and number of sockets; a line for each interface comes first."""
    current = 0
    for line in _lines("igmp")[1:]:
        words = line.split()
        if not line.startswith("\t"):
            current = int(words[0])
        else:
            # The address is in network order, printed as a number of this machine.
            yield current, _NATIVE.pack(int(words[0], 16)), int(words[1])


def _ipv6_groups(ifindex: int) -> Iterator[tuple[Address, int]]:
    return ((group, count) for index, group, count in _all_ipv6_groups() if index == ifindex)


def _all_ipv6_groups() -> Iterator[tuple[int, Address, int]]:
    for words in map(str.split, _lines("igmp6")):
        yield int(words[0]), bytes.fromhex(words[2]), int(words[3])


def _sources(family: Family, ifindex: int) -> Iterator[tuple[Address, CountedSource]]:
    name = "mcfilter" if family is IPV4 else "mcfilter6"
    for words in map(str.split, _lines(name)[1:]):
        if int(words[0]) == ifindex:
            group, source = (bytes.fromhex(word.removeprefix("0x")) for word in words[-4:-2])
            yield group, CountedSource(source, int(words[-2]), int(words[-1]))
