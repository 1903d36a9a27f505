"""The host part while the querier speaks an older version: IGMPv1, IGMPv2 or MLDv1.

Each group has its own report, without sources, and a timer that a query starts. If another
host reports the group first, our report is suppressed (RFC 2236, section 3; RFC 2710,
section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..deadlines import Deadlines
from ..family import Address, Family, Predicate
from ..sources import NOTHING, SourceFilter
from ..versions import has_leave_message
from ..wire.datagram import destination
from ..wire.packets import Leave, OldReport, Packet, Query, Send
from .current_version import Change

OLD_UNSOLICITED_REPORT_INTERVAL = 10.0
"""Longest delay in seconds until a report is repeated (RFC 2236, section 8.10)."""

MOST_REPORTS = 200
"""The most reports of one call of ``advance``, so that other work gets its turn."""


class OlderVersionHost:
    """Reports the groups of one link in ``version``; ``groups`` is the owner's mapping."""

    def __init__(
        self,
        family: Family,
        version: int,
        groups: Mapping[Address, SourceFilter],
        random: Callable[[], float],
        is_ssm: Predicate,
    ) -> None:
        self.version = version
        self._is_ssm = is_ssm
        self._family = family
        self._groups = groups
        self._random = random
        self._timers: dict[Address, float] = {}
        self._repeats: dict[Address, int] = {}
        self._deadlines: Deadlines[Address] = Deadlines()

    def next_deadline(self) -> float:
        """When ``advance`` must be called next; infinite for never."""
        return self._deadlines.next

    def change(self, changes: Iterable[Change], robustness: int, now: float) -> list[Send]:
        """Report groups that are joined or left, and schedule the repeats."""
        sends = []
        for group, before, after in changes:
            if self._is_ssm(group):
                continue  # it cannot be reported without sources (RFC 4604, section 2.2)
            if before == NOTHING:
                sends.append(self._report(group))
                self._repeats[group] = robustness - 1
                self._repeat_later(group, now)
            elif after == NOTHING:
                self._forget(group)
                if has_leave_message(self._family, self.version):
                    sends.append(self._send(Leave(group)))
        return sends

    def receive(self, packet: Packet, now: float) -> None:
        """A query starts timers; a report of another host stops the timer of its group."""
        if isinstance(packet, OldReport):
            self._forget(packet.group)
        elif isinstance(packet, Query):
            general = packet.group == self._family.unspecified
            for group in self._groups if general else (packet.group,):
                if group in self._groups and not self._is_ssm(group):
                    self._start(group, packet.max_response, now)

    def advance(self, now: float) -> list[Send]:
        """Send the reports that are due; what is left is due at once."""
        sends: list[Send] = []
        while len(sends) < MOST_REPORTS and (group := self._deadlines.pop(now)) is not None:
            del self._timers[group]
            sends.append(self._report(group))
            self._repeat_later(group, now)
        return sends

    def _start(self, group: Address, longest: float, now: float) -> None:
        running = self._timers.get(group)
        if running is None or running > now + longest:
            self._set(group, now + longest * (1.0 - self._random()))

    def _repeat_later(self, group: Address, now: float) -> None:
        left = self._repeats.pop(group, 0)
        if left > 0:
            self._repeats[group] = left - 1
            self._start(group, OLD_UNSOLICITED_REPORT_INTERVAL, now)

    def _set(self, group: Address, when: float) -> None:
        self._timers[group] = when
        self._deadlines.schedule(group, when)

    def _forget(self, group: Address) -> None:
        self._timers.pop(group, None)
        self._repeats.pop(group, None)
        self._deadlines.cancel(group)

    def _report(self, group: Address) -> Send:
        return self._send(OldReport(self.version, group))

    def _send(self, packet: Packet) -> Send:
        return Send(destination(self._family, packet), packet)
