"""The host part on an upstream link: the proxy as one host that wants what its links want.

Each change of a group goes out at once, in a report with all groups that changed with it,
and again after a random delay until it was sent ``robustness`` times (RFC 9776, 5.1;
RFC 9777, 6.1). Groups that were reported together are repeated together, as one Batch.
While a group has transmissions left its Pending tells which record they carry: a change of
filter mode carries the whole list and goes first; single sources follow as ALLOW and BLOCK.

Queries are answered after a random delay within the time that they give (5.2; 6.2). The
key of the general response among the deadlines is the unspecified address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count

from .datagram import destination
from .deadlines import Deadlines
from .family import Address, Family
from .packets import NO_SOURCES, Packet, Query, Record, RecordType, Send, Sources
from .sources import EXCLUDE, INCLUDE, NOTHING, SourceFilter
from .wire import pack_reports

DEFAULT_ROBUSTNESS = 2
UNSOLICITED_REPORT_INTERVAL = 1.0


class Pending:
    """Transmissions that a change of one group has left (RFC 9776, section 5.1).

    ``mode_count`` are those of a change of filter mode, ``source_counts`` those of single
    sources; each transmission takes one from all of them.
    """

    __slots__ = ("batch", "mode_count", "source_counts")

    def __init__(self) -> None:
        self.batch = 0
        self.mode_count = 0
        self.source_counts: dict[Address, int] = {}

    def __bool__(self) -> bool:
        return self.mode_count > 0 or bool(self.source_counts)

    def note(self, before: SourceFilter, after: SourceFilter, robustness: int) -> None:
        """Merge the change from ``before`` to ``after`` into what is to be told."""
        if before.mode is not after.mode:
            self.mode_count = robustness
            self.source_counts = {}
        else:
            changed = before.sources ^ after.sources
            self.source_counts.update(dict.fromkeys(changed, robustness))

    def transmit(self, group: Address, wanted: SourceFilter) -> list[Record]:
        """The records of the next transmission; counts it."""
        counts = self.source_counts
        if self.mode_count:
            self.mode_count -= 1
            excluding = wanted.mode is EXCLUDE
            kind = _TO_EXCLUDE if excluding else _TO_INCLUDE
            records = [Record(kind, group, wanted.sources)]
        else:
            allowed = frozenset(filter(wanted.wants, counts))
            records = [
                Record(kind, group, sources)
                for kind, sources in ((_ALLOW, allowed), (_BLOCK, frozenset(counts) - allowed))
                if sources
            ]
        if counts:
            self.source_counts = {s: left - 1 for s, left in counts.items() if left > 1}
        return records


_ALLOW = RecordType.ALLOW_NEW_SOURCES
_BLOCK = RecordType.BLOCK_OLD_SOURCES
_TO_EXCLUDE = RecordType.CHANGE_TO_EXCLUDE_MODE
_TO_INCLUDE = RecordType.CHANGE_TO_INCLUDE_MODE


class Host:
    """IGMPv3's or MLDv2's host on one link.

    ``groups`` is what it wants, by group; ``random`` gives numbers in [0, 1). ``mtu`` bounds
    the packets and may be changed at any time.
    """

    def __init__(self, family: Family, random: Callable[[], float], mtu: int = 1500) -> None:
        self.family = family
        self.mtu = mtu
        self.groups: dict[Address, SourceFilter] = {}
        self.robustness = DEFAULT_ROBUSTNESS
        self.last_query: float | None = None
        self.last_report: float | None = None
        self._random = random
        self._pending: dict[Address, Pending] = {}
        self._batches: dict[int, list[Address]] = {}
        self._batch_numbers = count(1)
        self._repeats: Deadlines[int] = Deadlines()
        self._answers: Deadlines[Address] = Deadlines()
        self._asked: dict[Address, Sources] = {}
        self._answer_times: dict[Address, float] = {}

    def next_deadline(self) -> float | None:
        """When ``advance`` is to be called."""
        repeat, answer = self._repeats.next(), self._answers.next()
        if repeat is None or answer is None:
            return answer if repeat is None else repeat
        return min(repeat, answer)

    # -- changes

    def update(self, changes: Iterable[tuple[Address, SourceFilter]], now: float) -> list[Send]:
        """Take over what is wanted of some groups now, and report what that changes."""
        records: list[Record] = []
        members: list[Address] = []
        batch = next(self._batch_numbers)
        for group, wanted in changes:
            before = self.groups.get(group, NOTHING)
            if wanted == before:
                continue
            if wanted == NOTHING:
                del self.groups[group]
            else:
                self.groups[group] = wanted
            pending = self._pending.get(group)
            if pending is None:
                pending = self._pending[group] = Pending()
            pending.note(before, wanted, self.robustness)
            pending.batch = batch
            members.append(group)
        self._transmit(batch, members, records, now)
        return self._reports(records, now)

    def rejoin(self, now: float) -> list[Send]:
        """Report all groups as joined just now: the link, or its address, is new."""
        groups = list(self.groups.items())
        self.silence()
        self.groups = {}
        return self.update(groups, now)

    def leave(self, now: float) -> list[Send]:
        """One last report that leaves all groups; nothing is pending after it."""
        groups = [(group, NOTHING) for group in self.groups]
        self.silence()
        sends = self.update(groups, now)
        self.silence()
        return sends

    def silence(self) -> None:
        """Forget all transmissions and answers that are due: the link is gone."""
        self._pending.clear()
        self._batches.clear()
        self._asked.clear()
        self._answer_times.clear()
        self._repeats = Deadlines()
        self._answers = Deadlines()

    def _transmit(
        self, batch: int, members: list[Address], records: list[Record], now: float
    ) -> None:
        """Add the next transmission of ``members`` to ``records``; schedule the one after."""
        left = []
        for group in members:
            pending = self._pending.get(group)
            if pending is None or pending.batch != batch:
                continue  # changed again meanwhile, and went into a later batch
            records += pending.transmit(group, self.groups.get(group, NOTHING))
            if pending:
                left.append(group)
            else:
                del self._pending[group]
        if left:
            self._batches[batch] = left
            self._repeats.schedule(batch, now + self._delay(UNSOLICITED_REPORT_INTERVAL))

    # -- queries

    def receive(self, packet: Packet, now: float) -> None:
        """Schedule the answer that a query asks for (RFC 9776, section 5.2)."""
        if not isinstance(packet, Query):
            return
        if packet.version == self.family.current_version:
            self.robustness = packet.robustness or DEFAULT_ROBUSTNESS
        self.last_query = now
        when = now + self._delay(packet.max_response)
        general = self._answer_times.get(self.family.unspecified)
        if general is not None and general <= when:
            return  # the answer about all groups comes first
        if packet.group == self.family.unspecified:
            self._answer_at(packet.group, when)
        elif packet.group in self.groups:
            self._note_specific(packet, when)

    def _note_specific(self, query: Query, when: float) -> None:
        group = query.group
        pending = self._answer_times.get(group)
        if pending is None:
            self._asked[group] = query.sources
        elif query.sources and self._asked[group]:
            self._asked[group] |= query.sources
        else:
            self._asked[group] = NO_SOURCES  # all of it is asked about
        if pending is None or when < pending:
            self._answer_at(group, when)

    def _answer_at(self, key: Address, when: float) -> None:
        self._answer_times[key] = when
        self._answers.schedule(key, when)

    def advance(self, now: float) -> list[Send]:
        """Send the repeats and answers that are due."""
        records: list[Record] = []
        while (batch := self._repeats.pop(now)) is not None:
            self._transmit(batch, self._batches.pop(batch), records, now)
        while (key := self._answers.pop(now)) is not None:
            del self._answer_times[key]
            if key == self.family.unspecified:
                records += [_current_state(g, wanted) for g, wanted in self.groups.items()]
            else:
                records += self._specific_answer(key, self._asked.pop(key))
        return self._reports(records, now)

    def _specific_answer(self, group: Address, asked: Sources) -> list[Record]:
        wanted = self.groups.get(group)
        if wanted is None:
            return []
        if not asked:
            return [_current_state(group, wanted)]
        sources = frozenset(filter(wanted.wants, asked))
        return [Record(RecordType.MODE_IS_INCLUDE, group, sources)] if sources else []

    # -- sending

    def _delay(self, longest: float) -> float:
        return longest * (1.0 - self._random())

    def _reports(self, records: list[Record], now: float) -> list[Send]:
        if not records:
            return []
        self.last_report = now
        reports = list(pack_reports(records, self.family, self.mtu))
        return [Send(destination(self.family, report), report) for report in reports]


def _current_state(group: Address, wanted: SourceFilter) -> Record:
    including = wanted.mode is INCLUDE
    kind = RecordType.MODE_IS_INCLUDE if including else RecordType.MODE_IS_EXCLUDE
    return Record(kind, group, wanted.sources)
