"""The host part in the current version, IGMPv3 or MLDv2.

A change is reported at once, together with all groups that changed with it. The report is
repeated after random delays until it was sent ``robustness`` times, to survive packet loss
(RFC 9776, section 5.1; RFC 9777, section 6.1). Groups that were reported together are repeated
together, as one batch. A change of filter mode goes first and carries the whole source list;
single sources follow as ALLOW and BLOCK records.

Queries are answered after a random delay up to their maximum response time (5.2; 6.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count

from ..deadlines import Deadlines
from ..family import Address, Family
from ..sources import EXCLUDE, INCLUDE, NOTHING, SourceFilter
from ..wire.packets import NO_SOURCES, Packet, Query, Record, RecordType, Sources, new_tuple
from .general_answer import GeneralAnswer

UNSOLICITED_REPORT_INTERVAL = 1.0
"""Longest delay in seconds until a report is repeated (RFC 9776, section 8.11)."""

REPEATED_TOGETHER = 0.02
"""Seconds: repeats that are due within this time of one that is due are sent with it.

Each goes out after a random delay all the same. Where 1,000 hosts a second join one after the
other, the reports of twenty are one, which costs a tenth of the processor time.
"""

MOST_ASKED = 1024
"""The most sources to remember of queries that are still to be answered.

Beyond that the answer names all that is wanted of the group: queries must not fill the memory.
"""

MOST_RECORDS = 1000
"""About the most groups that are reported in one call, so that other work gets its turn."""

Change = tuple[Address, SourceFilter, SourceFilter]
"""A group, its source filter before, and its source filter now."""

_Pending = tuple[int, int, dict[Address, int]]
"""The transmissions that changes of one group have left (RFC 9776, section 5.1).

The number of the batch that repeats the group, what a change of filter mode has left, and what
each changed source has left. A transmission takes one from each. Tuples, because a lone change
finds cold caches: to make an object of a class takes 10 us then, and each method 8 us.
"""

_NO_COUNTS: dict[Address, int] = {}  # all groups without changed sources share it
_NOTHING_PENDING: _Pending = (0, 0, _NO_COUNTS)

_ALLOW = RecordType.ALLOW_NEW_SOURCES
_BLOCK = RecordType.BLOCK_OLD_SOURCES
_TO_EXCLUDE = RecordType.CHANGE_TO_EXCLUDE_MODE
_TO_INCLUDE = RecordType.CHANGE_TO_INCLUDE_MODE


class CurrentVersionHost:
    """Reports the groups of one link with their sources.

    ``groups`` is the owner's mapping, and ``joined`` says when each was joined, in the order of
    these times. ``random`` returns numbers in [0, 1).
    """

    def __init__(
        self,
        family: Family,
        groups: Mapping[Address, SourceFilter],
        joined: dict[Address, float],
        random: Callable[[], float],
    ) -> None:
        self._family = family
        self._groups = groups
        self._random = random
        self._pending: dict[Address, _Pending] = {}
        self._batches: dict[int, list[Address]] = {}
        self._batch_numbers = count(1)
        self._repeats: Deadlines[int] = Deadlines()
        self._answers: Deadlines[Address] = Deadlines()
        self._general = GeneralAnswer(family, groups, joined, random)
        self._asked: dict[Address, Sources] = {}
        self._answer_times: dict[Address, float] = {}

    def next_deadline(self) -> float:
        """When ``advance`` must be called next; infinite for never."""
        return min(self._repeats.next, self._answers.next, self._general.next)

    # -- changes

    def change(self, changes: Iterable[Change], robustness: int, now: float) -> list[Record]:
        """The records that report ``changes`` now; ``advance`` repeats them later.

        If there are very many changes, ``advance`` reports most of them, too; it is due at once.
        """
        first: list[Address] = []
        members, pending = first, self._pending
        number = batch = next(self._batch_numbers)
        for group, before, after in changes:
            if len(members) == MOST_RECORDS:
                batch, members = next(self._batch_numbers), []
                self._batches[batch] = members
                self._repeats.schedule(batch, now)
            members.append(group)
            if before.mode is not after.mode:
                pending[group] = (batch, robustness, _NO_COUNTS)
            else:
                _, mode_count, counts = pending.get(group, _NOTHING_PENDING)
                changed = dict.fromkeys(before.sources ^ after.sources, robustness)
                pending[group] = (batch, mode_count, {**counts, **changed})
        records: list[Record] = []
        self._transmit(number, first, records, now)
        return records

    def _transmit(
        self, batch: int, members: list[Address], records: list[Record], now: float
    ) -> None:
        """Add the next transmission of ``members`` to ``records``; schedule the following one."""
        pending, left = self._pending, []
        for group in members:
            latest, mode_count, counts = pending.get(group, _NOTHING_PENDING)
            if latest != batch:
                continue  # it has changed again and belongs to a later batch
            wanted = self._groups.get(group, NOTHING)
            if mode_count:
                mode_count -= 1
                kind = _TO_EXCLUDE if wanted.mode is EXCLUDE else _TO_INCLUDE
                records.append(new_tuple(Record, (kind, group, wanted.sources)))
            else:
                records += _source_records(group, wanted, counts)
            if counts:
                counts = {source: n - 1 for source, n in counts.items() if n > 1}
            if mode_count or counts:
                pending[group] = (batch, mode_count, counts)
                left.append(group)
            else:
                del pending[group]
        if left:
            self._batches[batch] = left
            delay = UNSOLICITED_REPORT_INTERVAL * (1.0 - self._random())
            self._repeats.schedule(batch, now + delay)

    # -- queries

    def receive(self, packet: Packet, room: int, now: float) -> None:
        """Schedule the answer to a query; reports of other hosts are ignored.

        A report has ``room`` bytes for records.
        """
        if not isinstance(packet, Query):
            return
        if packet.group == self._family.unspecified:
            self._general.ask(packet.max_response, room, now)
        elif packet.group in self._groups:
            when = now + packet.max_response * (1.0 - self._random())
            if not self._general.covers(when):
                self._note_specific(packet, when)

    def _note_specific(self, query: Query, when: float) -> None:
        group = query.group
        pending = self._answer_times.get(group)
        if pending is None:
            self._asked[group] = query.sources
        elif query.sources and self._asked[group]:
            self._asked[group] |= query.sources
        else:
            self._asked[group] = NO_SOURCES  # one of the queries is about the whole group
        if len(self._asked[group]) > MOST_ASKED:
            self._asked[group] = NO_SOURCES
        if pending is None or when < pending:
            self._answer_at(group, when)

    def _answer_at(self, group: Address, when: float) -> None:
        self._answer_times[group] = when
        self._answers.schedule(group, when)

    def advance(self, now: float) -> list[Record]:
        """The records of repeats and answers that are due; what is left is due at once."""
        records: list[Record] = []
        if self._repeats.next <= now:
            self._repeat(records, now)
        while len(records) < MOST_RECORDS and (group := self._answers.pop(now)) is not None:
            del self._answer_times[group]
            records += self._specific_answer(group, self._asked.pop(group))
        while self._general.next <= now and len(records) < MOST_RECORDS:
            wanted = self._groups
            due = self._general.take()
            records += [_current_state(g, wanted[g]) for g in due if g in wanted]
        return records

    def _repeat(self, records: list[Record], now: float) -> None:
        """Add the repeats that are due, and those that soon will be."""
        due: list[int] = []  # all of them before any is scheduled again: that may be soon, too
        count = 0
        while count < MOST_RECORDS:
            batch = self._repeats.pop(now + REPEATED_TOGETHER)
            if batch is None:
                break
            due.append(batch)
            count += len(self._batches[batch])
        for batch in due:
            self._transmit(batch, self._batches.pop(batch), records, now)

    def _specific_answer(self, group: Address, asked: Sources) -> list[Record]:
        wanted = self._groups.get(group)
        if wanted is None:
            return []
        if not asked:
            return [_current_state(group, wanted)]
        sources = frozenset(filter(wanted.wants, asked))
        return [Record(RecordType.MODE_IS_INCLUDE, group, sources)] if sources else []


def _source_records(
    group: Address, wanted: SourceFilter, changed: Mapping[Address, int]
) -> Iterable[Record]:
    """What reports ``changed`` sources of a group; an empty list is left out."""
    allowed = frozenset(filter(wanted.wants, changed))
    if allowed:
        yield Record(_ALLOW, group, allowed)
    if len(allowed) < len(changed):
        yield Record(_BLOCK, group, frozenset(changed) - allowed)


def _current_state(group: Address, wanted: SourceFilter) -> Record:
    including = wanted.mode is INCLUDE
    kind = RecordType.MODE_IS_INCLUDE if including else RecordType.MODE_IS_EXCLUDE
    return Record(kind, group, wanted.sources)
