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
from math import inf
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from ..linux.arrivals import MOST_GROUPS, ArrivalLook
from ..linux.host_counters import HostCounters, read_host_counters
from ..linux.mroute.counters import VifCounters, read_entries, read_vif, unpack_entry
from ..protocol.family import Address, Family
from .readings import FEW, History, Look, Reading, Sample, TableKey, VifKey
from .table import ForwardingTable

LOOK_TIME = 0.2
"""Seconds between the two samples, unless there is a recent one."""

FRESH_TIME = 0.25
"""Seconds for which a reading also answers later readers."""

FORGET_TIME = 30.0
"""Age in seconds at which a sample is too old for rates; without readers it is forgotten then."""

PAUSE = 0.0005
"""Seconds that the reading thread sleeps after each slice."""

_SILENT = 1.0
"""Seconds without a packet after which the look includes a group."""


class CounterSampler:
    """Reads the counters of ``tables`` for all who ask; closed, it reads nothing more."""

    def __init__(self, reactor: Any, tables: Mapping[TableKey, ForwardingTable]) -> None:
        self._reactor = reactor
        self._tables = tables
        self._last: Reading | None = None
        self._histories: dict[TableKey, History] = {}
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
        self._stop_forgetting()
        self._last = None
        self._histories = {}

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
        look = await self._in_thread(_look, self._histories, wanted, hops, self._check)
        reading = Reading(before, await self._sample(), look, self._histories)
        lossy = {family for (family, _), loss in reading.losses().items() if loss.is_some}
        if lossy:
            left = await self._in_thread(_look_at_leaving, self._histories, lossy, self._check)
            reading = reading._replace(left=left)
        return reading

    async def _sample(self) -> Sample:
        when, vifs = self._reactor.seconds(), self.vifs()
        names = sorted({name for _, _, name in vifs})
        tables = {key: self._histories.get(key) or History() for key in self._tables}
        self._histories = tables
        seconds = self._reactor.seconds
        host = await self._in_thread(_read_tables, tables, names, seconds, self._check)
        return Sample(when, vifs, host)

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
            self._last = result
            self._stop_forgetting()
            self._forgetting = self._reactor.callLater(FORGET_TIME, self._forget)
        for one in waiting:
            one.callback(result) if isinstance(result, Reading) else one.errback(result)

    def _forget(self) -> None:
        """Nobody has asked for long. The thread frees the memory, which takes a while."""
        if self._waiting is not None:
            return  # somebody asks just now
        self._last = None
        histories, self._histories = self._histories, {}
        self._in_thread(_free, histories, self._check).addErrback(lambda _: None)

    def _stop_forgetting(self) -> None:
        if self._forgetting is not None and self._forgetting.active():
            self._forgetting.cancel()
        self._forgetting = None


# -- in the reading thread


def _read_tables(
    tables: Mapping[TableKey, History],
    interfaces: Collection[str],
    seconds: Callable[[], float],
    check: Callable[[], None],
) -> HostCounters:
    host = read_host_counters(interfaces)
    for key, history in tables.items():
        begin, count = seconds(), 0
        for part in read_entries(*key):
            history.note(part, seconds())
            count += len(part)
            _pause(check)
        if count < len(history.entries):
            for _ in history.remove_older(begin):
                _pause(check)
    return host


def _pause(check: Callable[[], None]) -> None:
    check()
    time.sleep(PAUSE)


def _free(tables: Mapping[TableKey, History], check: Callable[[], None]) -> None:
    for history in tables.values():
        for _ in history.remove_older(inf):
            _pause(check)


def _look(
    tables: Mapping[TableKey, History],
    wanted: Iterable[Address],
    hops: int,
    check: Callable[[], None],
) -> Look | None:
    """Look at groups of which nothing is counted, and at small TTLs."""
    return _look_at((*wanted, *_silent(tables, check)), hops)


def _look_at_leaving(
    tables: Mapping[TableKey, History], families: Collection[Family], check: Callable[[], None]
) -> Look | None:
    """Look which groups leave the machine: something of these families is lost after routing."""
    return _look_at(_moving(tables, families, check), leaving=True)


def _look_at(wanted: Iterable[Address], hops: int = 1, leaving: bool = False) -> Look | None:
    """Wait for LOOK_TIME, and look meanwhile; None where that is not permitted."""
    groups: dict[Address, None] = {}
    sizes: Counter[int] = Counter()
    for group in wanted:
        if group not in groups and sizes[len(group)] < MOST_GROUPS:
            groups[group] = None
            sizes[len(group)] += 1
    try:
        look = ArrivalLook(groups, hops, leaving)
    except OSError:
        time.sleep(LOOK_TIME)
        return None
    try:
        time.sleep(LOOK_TIME)
        return Look(frozenset(groups), look.take())
    finally:
        look.close()


def _silent(tables: Mapping[TableKey, History], check: Callable[[], None]) -> Iterator[Address]:
    """Groups with entries that get nothing now, or mostly from another interface than the iif."""
    for (family, _), history in tables.items():
        size, left = family.address_size, MOST_GROUPS
        for number, (key, packed) in enumerate(history.entries.items()):
            if number % 200 == 199:
                _pause(check)
            if not left:
                break
            counters = unpack_entry(packed)
            idle = counters.idle is None or counters.idle > _SILENT
            if idle or 2 * counters.wrong_interface > counters.packets:
                left -= 1
                yield key[size : 2 * size]


def _moving(
    tables: Mapping[TableKey, History], families: Collection[Family], check: Callable[[], None]
) -> Iterator[Address]:
    """Groups of these families with entries that have counted something just now."""
    for (family, _), history in tables.items():
        size = family.address_size
        left = MOST_GROUPS if family in families else 0
        for number, key in enumerate(history.entries):
            if number % 200 == 199:
                _pause(check)
            if not left:
                break
            moved = history.moved(key)
            if moved is not None and moved.packets > FEW and any(key[size : 2 * size]):
                left -= 1
                yield key[size : 2 * size]
