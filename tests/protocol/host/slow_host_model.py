"""A slow model of the host, and parts of it, that tests compare with the real host.

Written from RFC 9776, 5.1, 5.2 and 7.2, and RFC 9777, 6.1, 6.2 and 8.2, and for the older
versions from RFC 2236 and RFC 2710.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mcproxy.protocol.family import IPV4, Address, Family
from mcproxy.protocol.sources import EXCLUDE, NOTHING, SourceFilter
from mcproxy.protocol.wire.packets import NO_SOURCES, Leave, OldReport, Packet, Query, Record

from ..families import ALLOW, BLOCK, IS_EX, IS_IN, TO_EX, TO_IN


@dataclass
class ChangeTransmissions:
    """What the transmissions of a group must contain, by their number (HS-05..08).

    A change is part of ``robustness`` transmissions, the first of which it caused.
    """

    robustness: int
    wanted: SourceFilter = NOTHING
    number: int = 0
    mode_since: int | None = None
    source_since: dict[Address, int] = field(default_factory=dict)

    def change(self, wanted: SourceFilter) -> None:
        """Change what is wanted from the next transmission on."""
        if wanted.mode is not self.wanted.mode:
            self.mode_since, self.source_since = self.number, {}
        else:
            for one in wanted.sources ^ self.wanted.sources:
                self.source_since[one] = self.number
        self.wanted = wanted

    def _fresh(self, since: int | None) -> bool:
        return since is not None and self.number < since + self.robustness

    def outstanding(self) -> bool:
        """Return whether there is a further transmission."""
        return any(map(self._fresh, [self.mode_since, *self.source_since.values()]))

    def expected(self, address: Address) -> set[Record]:
        """Return the records of the next transmission."""
        if self._fresh(self.mode_since):
            kind = TO_EX if self.wanted.mode is EXCLUDE else TO_IN
            return {Record(kind, address, self.wanted.sources)}
        fresh = frozenset(one for one, n in self.source_since.items() if self._fresh(n))
        allowed = frozenset(filter(self.wanted.wants, fresh))
        both = (Record(ALLOW, address, allowed), Record(BLOCK, address, fresh - allowed))
        return {record for record in both if record.sources}


@dataclass
class SlowAnswers:
    """The pending answers, by the rows of C.2."""

    general: float | None = None
    groups: dict[Address, tuple[float, frozenset[Address]]] = field(default_factory=dict)

    def ask(self, query: Query, when: float, known: bool) -> None:
        """HQ-01..06: apply the first row that fits; ``known`` says whether the group has state."""
        if self.general is not None and self.general <= when:
            return
        if not any(query.group):
            self.general = when
        elif known and query.group not in self.groups:
            self.groups[query.group] = (when, query.sources)
        elif known:
            pending, listed = self.groups[query.group]
            whole = not query.sources or not listed
            both = NO_SOURCES if whole else listed | query.sources
            self.groups[query.group] = (min(pending, when), both)

    def due(self, until: float, wanted: dict[Address, SourceFilter]) -> Counter:
        """HR-01..05: return the answers up to a time, each with its time."""
        answers: Counter = Counter()
        if self.general is not None and self.general <= until:
            for address, one in wanted.items():
                answers[self.general, self.whole(address, one)] += 1
            self.general = None
        for address, (when, listed) in list(self.groups.items()):
            if when <= until:
                del self.groups[address]
                one = wanted.get(address, NOTHING)
                if not listed and one != NOTHING:
                    answers[when, self.whole(address, one)] += 1
                elif some := frozenset(filter(one.wants, listed)):
                    answers[when, Record(IS_IN, address, some)] += 1
        return answers

    def whole(self, address: Address, wanted: SourceFilter) -> Record:
        """Return the record with the state of a group."""
        return Record(IS_EX if wanted.mode is EXCLUDE else IS_IN, address, wanted.sources)


@dataclass
class SlowHost:
    """The host part on one link, in all versions; each delay is ``part`` times the longest.

    ``sent`` are records and packets of older versions, each with its time.
    """

    family: Family
    configured: int
    part: float
    robustness: int
    version: int = 0
    clock: float = 0.0
    interval: float = 125.0
    wanted: dict[Address, SourceFilter] = field(default_factory=dict)
    older: dict[int, float] = field(default_factory=dict)
    told: dict[Address, ChangeTransmissions] = field(default_factory=dict)
    repeats: dict[Address, float] = field(default_factory=dict)
    answers: SlowAnswers = field(default_factory=SlowAnswers)
    timers: dict[Address, float] = field(default_factory=dict)
    left: dict[Address, int] = field(default_factory=dict)
    sent: list[tuple[float, Record | Packet]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.version = self.configured

    def update(self, changes: Iterable[tuple[Address, SourceFilter]]) -> None:
        """Change what is wanted."""
        for group, after in changes:
            before = self.wanted.pop(group, NOTHING)
            if after != NOTHING:
                self.wanted[group] = after
            if after != before:
                self._change(group, before, after)

    def _change(self, group: Address, before: SourceFilter, after: SourceFilter) -> None:
        if self.version == self.family.current_version:
            told = self.told.setdefault(group, ChangeTransmissions(self.robustness))
            told.change(after)
            self._transmit(group)
        elif self.family.is_ssm(group):
            return  # SSM-05
        elif before == NOTHING:  # H2-02
            self.left[group] = self.robustness
            self._report(group)
        elif after == NOTHING:  # H2-05, H2-06
            self._forget(group)
            if self.family is not IPV4 or self.version != 1:
                self.sent.append((self.clock, Leave(group)))

    def _transmit(self, group: Address) -> None:
        """HS-04: report now, and again if there is more to report."""
        told = self.told[group]
        self.sent += [(self.clock, record) for record in told.expected(group)]
        told.number += 1
        self.repeats.pop(group, None)
        if told.outstanding():
            self.repeats[group] = self.clock + self.part

    def _report(self, group: Address) -> None:
        """H2-02: report now, and again as often as the robustness says."""
        self.sent.append((self.clock, OldReport(self.version, group)))
        self.timers.pop(group, None)
        self.left[group] = self.left.get(group, 1) - 1
        if self.left[group] > 0:
            self.timers[group] = self.clock + 10 * self.part
        else:
            self._forget(group)

    def _forget(self, group: Address) -> None:
        self.timers.pop(group, None)
        self.left.pop(group, None)

    def hear(self, packet: Packet) -> None:
        """Receive a query, or the report of another host."""
        if isinstance(packet, Query):
            self._note_version(packet)
            self._hear_query(packet)
        elif isinstance(packet, OldReport):  # H2-04
            self._forget(packet.group)

    def _note_version(self, query: Query) -> None:
        """HC-01, HC-05, HC-06."""
        if query.version == self.family.current_version:
            self.interval = query.interval or 125.0
        elif self.configured == self.family.current_version:
            if self.family is IPV4 and query.version == 2 and any(query.group):
                return
            present = self.robustness * self.interval + query.max_response
            if self.family is IPV4:
                present = 2 * 125.0 + 10 * query.max_response
            self.older[query.version] = self.clock + present
            self._choose_version(report=any(query.group))

    def _choose_version(self, report: bool = True) -> None:
        """HC-02, HC-03, HC-07."""
        running = [version for version, until in self.older.items() if until > self.clock]
        version = min(running, default=self.configured)
        if version == self.version:
            return
        self.version = version
        self.told, self.repeats, self.answers = {}, {}, SlowAnswers()
        self.timers, self.left = {}, {}
        if not report:
            return
        for group, wanted in self.wanted.items():
            self._change(group, NOTHING, wanted)

    def _hear_query(self, query: Query) -> None:
        when = self.clock + query.max_response * self.part
        if self.version == self.family.current_version:
            self.answers.ask(query, when, query.group in self.wanted)
            return
        for group in self.wanted:  # H2-03
            if query.group == group or not any(query.group):
                latest = self.clock + query.max_response
                running = self.timers.get(group)
                if not self.family.is_ssm(group) and (running is None or running > latest):
                    self.timers[group] = when

    def advance(self, until: float) -> None:
        """Do all that is due up to ``until``, each at its time."""
        while (now := min(self._times(), default=until + 1)) <= until:
            self.clock = now
            self._choose_version()
            for group in [g for g, when in self.repeats.items() if when == now]:
                self._transmit(group)
            self.sent += self.answers.due(now, self.wanted).elements()
            for group in [g for g, when in self.timers.items() if when == now]:
                self._report(group)
            self.older = {v: when for v, when in self.older.items() if when > now}
        self.clock = until

    def _times(self) -> list[float]:
        times = [*self.repeats.values(), *self.timers.values(), *self.older.values()]
        times += [when for when, _ in self.answers.groups.values()]
        if self.answers.general is not None:
            times.append(self.answers.general)
        return times
