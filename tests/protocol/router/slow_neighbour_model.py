"""A slow model of a router among hosts of all versions and other routers.

Written from the rows of RFC 9776, 6.6.2 and 7.3, and RFC 9777, 7.6.2 and 8.3. The tests compare
the real router with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mcproxy.protocol.family import IPV4, IPV6, Address, Family
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire.packets import (
    NO_SOURCES,
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    RecordType,
    Report,
)

from ..families import BLOCK, IS_EX, TO_EX, TO_IN
from .slow_router_model import SentQuery, SlowRouter

IGNORED: dict[tuple[Family, int], set[RecordType]] = {
    (IPV4, 3): set(),
    (IPV4, 2): {BLOCK},
    (IPV4, 1): {BLOCK, TO_IN},
    (IPV6, 2): set(),
    (IPV6, 1): {BLOCK},
}
"""B.4: the records that are ignored in a group compatibility mode."""

OBJECTION_INTERVAL = 1.0


class SlowNeighbour(SlowRouter):
    """A router among other routers."""

    def __init__(self, family: Family, settings: QuerierSettings, address: Address) -> None:
        super().__init__(settings)
        self.family = family
        self.configured = settings
        self.version = settings.version or family.current_version
        self.address = address
        self.other: Address | None = None
        self.other_until = 0.0
        self.next_general: float | None = None
        self.starting = 0
        self.objected: float | None = None
        self.older: dict[tuple[Address, int], float] = {}

    def start(self, now: float) -> None:
        """GQ-01, GQ-05, QE-05: become the querier; no timer expires before answers may arrive."""
        ours = self.configured
        for group in self.groups.values():
            group.hold(now + ours.query_response_interval, now + ours.group_membership_interval)
        latest = now + ours.group_membership_interval
        self.older = {key: min(when, latest) for key, when in self.older.items()}
        self.other, self.silent = None, False
        self.settings = self.configured
        self.starting = self.settings.robustness
        self._ask_all(now)

    def _ask_all(self, now: float) -> None:
        self.queries.append(SentQuery(now, self.family.unspecified, NO_SOURCES, False))
        self.starting -= 1
        interval = self.settings.query_interval
        self.next_general = now + (interval / 4 if self.starting > 0 else interval)

    def mode(self, group: Address, now: float) -> int:
        """GC-01: return the oldest version whose timer runs."""
        running = [v for (g, v), until in self.older.items() if g == group and until > now]
        return min(running, default=self.family.current_version)

    def hear(self, packet: Packet, sender: Address, now: float) -> None:
        """Receive any packet of a host or of another router."""
        match packet:
            case Report(records):
                if self.version == self.family.current_version:  # VM-04
                    self._hear_records(records, now)
            case OldReport(version, group):
                self._hear_records([Record(IS_EX, group)], now)
                if group in self.groups and not self.family.is_ssm(group):
                    interval = self.settings.older_host_present_interval
                    self.older[group, version] = now + interval
            case Leave(group):
                if not (self.family is IPV4 and self.version == 1):
                    self._hear_records([Record(TO_IN, group)], now, leave=True)
            case Query():
                self._hear_query(packet, sender, now)
        self._forget_modes()

    def _hear_records(self, records: Iterable[Record], now: float, leave: bool = False) -> None:
        for record in records:
            kind, group, _ = record
            if self.family.is_ssm(group) and (leave or kind in (IS_EX, TO_EX)):
                continue  # SSM-02, SSM-03
            mode = self.mode(group, now)
            if kind in IGNORED[self.family, mode]:
                continue
            if kind is TO_EX and mode != self.family.current_version:
                record = Record(TO_EX, group)
            self.receive([record], now)

    def _hear_query(self, query: Query, sender: Address, now: float) -> None:
        if self.family is IPV4 and query.version == 1:
            return  # QE-11
        takes_part = self.family is IPV6 or not any(query.group)  # QE-12, QE-13
        if takes_part and sender > self.address and self._may_object(now):
            self.objected = now
            self.queries.append(SentQuery(now, self.family.unspecified, NO_SOURCES, False))
        if sender >= self.address or not any(sender):
            return  # QE-02, QE-08
        if not takes_part and sender != self.other:
            return  # QE-12, QR-06
        if not self.silent and self.family is IPV6:
            for group in self.groups.values():  # SQ-10
                group.group_left, group.source_left = 0, {}
        self.other, self.silent, self.next_general = sender, True, None
        self._adopt(query)
        settings = self.settings
        if takes_part:
            self.other_until = now + self._presence()
        if query.group in self.groups and not query.suppress:  # QR-01..05
            self._lower(query, now + query.max_response * settings.robustness)

    def _presence(self) -> float:
        """QE-06, QE-15: as the querier claims, or as our own settings allow."""
        theirs, ours = self.settings, self.configured
        present = min(one.robustness * one.query_interval for one in (theirs, ours))
        return present + ours.query_response_interval / 2

    def _adopt(self, query: Query) -> None:
        if query.version == self.family.current_version:  # QE-04
            self.settings = replace(
                self.configured,
                robustness=query.robustness or 2,
                query_interval=query.interval or 125.0,
            )

    def _may_object(self, now: float) -> bool:
        if self.silent or (self.family is IPV4 and self.version == 1):
            return False
        return self.objected is None or now - self.objected >= OBJECTION_INTERVAL

    def _lower(self, query: Query, limit: float) -> None:
        group = self.groups[query.group]
        if query.sources:
            for source in query.sources & group.x.keys():
                group.x[source] = min(group.x[source], limit)
        else:
            group.timer = min(group.timer, limit)

    def _forget_modes(self) -> None:
        self.older = {key: when for key, when in self.older.items() if key[0] in self.groups}

    def times(self) -> list[float]:
        """Return the times of the router and of its groups."""
        times = super().times()
        if self.next_general is not None:
            times.append(self.next_general)
        if self.other is not None:
            times.append(self.other_until)
        return times

    def happens(self, now: float) -> None:
        """QE-03: do what is due, the general queries first."""
        if self.next_general == now:
            self._ask_all(now)
        if self.other is not None and self.other_until <= now:
            self.start(now)
        super().happens(now)
        self._forget_modes()
