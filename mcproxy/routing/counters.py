"""The sampler: what the kernel counts for entries and interfaces, read while somebody asks.

One reading serves all who ask meanwhile. It consists of two samples of all tables, for rates, and
of a look at data that arrives, between them. Nothing is read without a reader, and nothing is kept
once nobody has asked for FORGET_TIME.

Tables are read in a thread of the reactor's pool. The routing thread is not used, since joins wait
for it. The reading thread sleeps after each slice, so that the reactor and the routing thread get
the interpreter at once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from ..linux.arrivals import MOST_GROUPS, Arrival, ArrivalLook
from ..linux.host_counters import HostCounters, read_host_counters
from ..linux.mroute.counters import (
    Entries,
    EntryCounters,
    VifCounters,
    read_entries,
    read_vif,
    unpack_entry,
)
from ..protocol.family import Address, Family
from .table import ForwardingTable

LOOK_TIME = 0.3
"""Seconds between the two samples, unless there is a recent one."""

FRESH_TIME = 0.25
"""Seconds for which a reading also answers later readers."""

FORGET_TIME = 30.0
"""Seconds after which a sample is too old for rates, and is not kept without readers."""

PAUSE = 0.0005
"""Seconds that the reading thread sleeps after each slice."""

_SILENT = 1.0
"""Seconds without a packet after which the look includes a group."""

TableKey = tuple[Family, int]
VifKey = tuple[Family, int, str]


class Sample(NamedTuple):
    """Counters at one time: entries by table, interfaces by table and name, the machine."""

    when: float
    entries: Mapping[TableKey, Entries]
    vifs: Mapping[VifKey, VifCounters]
    host: HostCounters


class Look(NamedTuple):
    """Packets that arrived within LOOK_TIME, of ``groups`` and of small TTL; see ArrivalLook."""

    groups: frozenset[Address] = frozenset()
    seen: Mapping[Arrival, int] = {}


class Moved(NamedTuple):
    """An entry's counters, and the differences to the sample before; None without one."""

    total: EntryCounters
    packets: int | None = None
    bytes: int | None = None
    wrong_interface: int | None = None


class Reading(NamedTuple):
    """Two samples and the look between them; ``look`` is None where it was not permitted."""

    before: Sample
    after: Sample
    look: Look | None

    @property
    def span(self) -> float:
        """Seconds between the samples."""
        return self.after.when - self.before.when

    def entry(self, table: TableKey, key: bytes) -> Moved | None:
        """The counters of an entry (see ``entry_key``); None if the kernel has none."""
        packed = self.after.entries.get(table, {}).get(key)
        if packed is None:
            return None
        total = unpack_entry(packed)
        earlier = self.before.entries.get(table, {}).get(key)
        if earlier is None:
            return Moved(total)
        old = unpack_entry(earlier)
        if old.packets > total.packets:
            return Moved(total)  # the entry is a new one
        return Moved(
            total,
            total.packets - old.packets,
            total.bytes - old.bytes,
            total.wrong_interface - old.wrong_interface,
        )

    def packets_out(self, key: VifKey) -> int:
        """How many packets the kernel routed to this interface between the samples."""
        after, before = self.after.vifs.get(key), self.before.vifs.get(key)
        if after is None or before is None:
            return 0
        return max(0, after.packets_out - before.packets_out)


class CounterSampler:
    """Reads the counters of ``tables`` for all who ask; closed, it reads nothing more."""

    def __init__(self, reactor: Any, tables: Mapping[TableKey, ForwardingTable]) -> None:
        self._reactor = reactor
        self._tables = tables
        self._last: Reading | None = None
        self._waiting: list[Deferred[Reading]] | None = None
        self._forgetting: Any = None
        self._closed = False

    @property
    def last(self) -> Reading | None:
        """The latest reading, while it is kept."""
        return self._last

    def read(self, wanted: Iterable[Address] = ()) -> Deferred[Reading]:
        """Counters of now and their rates; OSError, or CancelledError once closed.

        The look includes the ``wanted`` groups, for which there may be no entries.
        """
        answer: Deferred[Reading] = Deferred()
        if self._closed:
            answer.errback(CancelledError())
        elif self._waiting is not None:
            self._waiting.append(answer)
        elif self._last is not None and self._age(self._last.after) < FRESH_TIME:
            answer.callback(self._last)
        else:
            self._waiting = [answer]
            reading = Deferred.fromCoroutine(self._read(list(wanted)))
            reading.addBoth(self._answer)
        return answer

    def close(self) -> None:
        """End a reading under way, and forget all samples."""
        self._closed = True
        self._forget()

    def vifs(self) -> dict[VifKey, VifCounters]:
        """The counters of all virtual interfaces now; it takes a microsecond for each."""
        found: dict[VifKey, VifCounters] = {}
        for (family, number), table in self._tables.items():
            descriptor = table.kernel.socket.fileno()
            for name, vif in table.vifs.by_name.items():
                counters = read_vif(descriptor, vif.number)
                if counters is not None:
                    found[family, number, name] = counters
        return found

    # -- one reading

    async def _read(self, wanted: list[Address]) -> Reading:
        last = self._last
        if last is not None and self._age(last.after) <= FORGET_TIME:
            before = last.after
        else:
            before = await self._sample()
        levels = (table.vifs.thresholds.values() for table in self._tables.values())
        hops = max(chain.from_iterable(levels), default=1)
        look = await self._in_thread(_look, before.entries, wanted, hops, self._check)
        return Reading(before, await self._sample(), look)

    async def _sample(self) -> Sample:
        when, vifs = self._reactor.seconds(), self.vifs()
        names = sorted({name for _, _, name in vifs})
        tables = list(self._tables)
        entries, host = await self._in_thread(_read_tables, tables, names, self._check)
        return Sample(when, entries, vifs, host)

    def _in_thread(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        pool = self._reactor.getThreadPool()
        return deferToThreadPool(self._reactor, pool, function, *arguments)

    def _check(self) -> None:
        """CancelledError once closed; the reading thread asks after each slice."""
        if self._closed:
            raise CancelledError

    def _age(self, sample: Sample) -> float:
        age: float = self._reactor.seconds() - sample.when
        return age

    def _answer(self, result: Reading | Failure) -> None:
        waiting, self._waiting = self._waiting or [], None
        if isinstance(result, Reading) and not self._closed:
            self._keep(result)
        for one in waiting:
            one.callback(result) if isinstance(result, Reading) else one.errback(result)

    def _keep(self, reading: Reading) -> None:
        self._forget()
        self._last = reading
        self._forgetting = self._reactor.callLater(FORGET_TIME, self._forget)

    def _forget(self) -> None:
        self._last = None
        if self._forgetting is not None and self._forgetting.active():
            self._forgetting.cancel()
        self._forgetting = None


# -- in the reading thread


def _read_tables(
    tables: Collection[TableKey], interfaces: Collection[str], check: Callable[[], None]
) -> tuple[dict[TableKey, Entries], HostCounters]:
    host = read_host_counters(interfaces)
    found: dict[TableKey, Entries] = {}
    for key in tables:
        found[key] = {}
        for _ in read_entries(*key, found[key]):
            check()
            time.sleep(PAUSE)
    return found, host


def _look(
    tables: Mapping[TableKey, Entries],
    wanted: Iterable[Address],
    hops: int,
    check: Callable[[], None],
) -> Look | None:
    """Wait for LOOK_TIME, and look meanwhile; None where that is not permitted."""
    groups: dict[Address, None] = {}
    sizes: Counter[int] = Counter()
    for group in (*wanted, *_silent(tables, check)):
        if group not in groups and sizes[len(group)] < MOST_GROUPS:
            groups[group] = None
            sizes[len(group)] += 1
    try:
        look = ArrivalLook(groups, hops)
    except OSError:
        time.sleep(LOOK_TIME)
        return None
    try:
        time.sleep(LOOK_TIME)
        return Look(frozenset(groups), look.take())
    finally:
        look.close()


def _silent(tables: Mapping[TableKey, Entries], check: Callable[[], None]) -> Iterator[Address]:
    """Groups with entries that get nothing now, or mostly from another interface than the iif."""
    for (family, _), entries in tables.items():
        size, left = family.address_size, MOST_GROUPS
        for number, (key, packed) in enumerate(entries.items()):
            if number % 200 == 199:
                check()
                time.sleep(PAUSE)
            if not left:
                break
            counters = unpack_entry(packed)
            idle = counters.idle is None or counters.idle > _SILENT
            if idle or 2 * counters.wrong_interface > counters.packets:
                left -= 1
                yield key[size : 2 * size]
