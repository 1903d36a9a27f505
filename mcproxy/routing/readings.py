"""What the sampler has read: counters of two samples, and the look between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import NamedTuple

from ..linux.arrivals import Arrival
from ..linux.host_counters import ANY_INTERFACE, HostCounters
from ..linux.mroute.counters import ENTRY, Entries, EntryCounters, VifCounters, unpack_entry
from ..protocol.family import IPV4, Address, Family

TableKey = tuple[Family, int]
VifKey = tuple[Family, int, str]

_TIME = Struct("=d")
_SIZE = ENTRY.size + _TIME.size
_A_SLICE = 200

FEW = 3
"""Packets that may be missing because counters are not read at the same moment."""


class Moved(NamedTuple):
    """An entry's counters, and what was added since the sample before, ``span`` seconds earlier.

    ``span`` is 0, and nothing was added, where there is no earlier sample of the entry.
    """

    total: EntryCounters
    span: float = 0.0
    packets: int = 0
    bytes: int = 0
    wrong_interface: int = 0


class History:
    """The two latest samples of the entries of one table, by entry (see ``entry_key``).

    A value has the counters and the time of the latest sample, then those of the one before. The
    reading thread replaces them one by one while the reactor reads others.
    """

    def __init__(self) -> None:
        self.entries: Entries = {}

    def note(self, part: Entries, when: float) -> None:
        """Add some entries of a new sample."""
        entries, stamp = self.entries, _TIME.pack(when)
        for key, value in part.items():
            known = entries.get(key)
            entries[key] = value + stamp + known[:_SIZE] if known else value + stamp

    def remove_older(self, when: float) -> Iterator[None]:
        """Forget entries whose latest sample was before ``when``; yields after each slice."""
        for number, key in enumerate(list(self.entries)):
            if number % _A_SLICE == _A_SLICE - 1:
                yield
            if _TIME.unpack_from(self.entries[key], ENTRY.size)[0] < when:
                del self.entries[key]

    def moved(self, key: bytes) -> Moved | None:
        """The counters of an entry and what was added; None without the entry."""
        packed = self.entries.get(key)
        if packed is None:
            return None
        total = unpack_entry(packed)
        if len(packed) == _SIZE:
            return Moved(total)
        old = unpack_entry(packed, _SIZE)
        if old.packets > total.packets:
            return Moved(total)  # the entry is a new one
        (now,), (then,) = (_TIME.unpack_from(packed, n * _SIZE + ENTRY.size) for n in (0, 1))
        return Moved(
            total,
            now - then,
            total.packets - old.packets,
            total.bytes - old.bytes,
            total.wrong_interface - old.wrong_interface,
        )


class Sample(NamedTuple):
    """Counters at one time: of interfaces, by table and name, and of the machine."""

    when: float
    vifs: Mapping[VifKey, VifCounters]
    host: HostCounters


class Look(NamedTuple):
    """Packets that arrived within LOOK_TIME, of ``groups`` and of small TTL; see ArrivalLook."""

    groups: frozenset[Address] = frozenset()
    seen: Mapping[Arrival, int] = {}


class Loss(NamedTuple):
    """Packets that did not leave, of those that were routed."""

    lost: int
    routed: int

    @property
    def is_some(self) -> bool:
        """Whether it is more than what counters read at different moments explain."""
        return self.lost > max(FEW, self.routed // 50)


class Reading(NamedTuple):
    """Two samples and the look between them; ``look`` is None where it was not permitted.

    ``histories`` have the entries, which later readings replace by newer ones. ``left`` is a look
    at moving groups that leave the machine; None if all that was routed has left.
    """

    before: Sample
    after: Sample
    look: Look | None
    histories: Mapping[TableKey, History]
    left: Look | None = None

    def entry(self, table: TableKey, key: bytes) -> Moved | None:
        """The counters of an entry (see ``entry_key``); None if the kernel has none."""
        history = self.histories.get(table)
        return None if history is None else history.moved(key)

    def packets_out(self, key: VifKey) -> int:
        """How many packets the kernel routed to this interface between the samples."""
        after, before = self.after.vifs.get(key), self.before.vifs.get(key)
        if after is None or before is None:
            return 0
        return max(0, after.packets_out - before.packets_out)

    def losses(self) -> dict[tuple[Family, str], Loss]:
        """What was routed to an interface and did not leave it, where the kernel tells.

        For IPv4 it tells that of all interfaces together, which are ANY_INTERFACE here.
        """
        routed: Counter[tuple[Family, str]] = Counter()
        for key in self.after.vifs:
            family, _, name = key
            routed[family, ANY_INTERFACE if family is IPV4 else name] += self.packets_out(key)
        before, after = self.before.host.sent, self.after.host.sent
        return {
            place: Loss(max(0, count - after[place] + before[place]), count)
            for place, count in routed.items()
            if place in before and place in after
        }
