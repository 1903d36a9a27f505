"""The router part on one downstream link: its groups, and the queries it sends.

``receive`` takes in a packet, ``advance`` does what has become due; both return Effects:
what to send on the link, and the groups whose subscription changed. One key of the
deadlines stands for general queries, the unspecified address, which is their group; the
others are groups (RFC 9776, section 6; RFC 9777, section 7).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .datagram import destination
from .deadlines import Deadlines
from .family import Address, Family
from .group import NO_DOUBT, Doubt, Group, Inquiry
from .packets import (
    NO_SOURCES,
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    RecordType,
    Report,
    Send,
    Sources,
)
from .sources import EXCLUDE, NOTHING, SourceFilter
from .tracking import HostTable
from .wire import chunks, decode_float, encode_float

MOST_EVENTS = 1000
"""Groups looked after in one call of ``advance``, so that a crowd does not stop the rest."""

_IS_EX = RecordType.MODE_IS_EXCLUDE
_TO_EX = RecordType.CHANGE_TO_EXCLUDE_MODE
_TO_IN = RecordType.CHANGE_TO_INCLUDE_MODE


@dataclass(frozen=True, slots=True)
class QuerierSettings:
    """Timers and limits of one link; times in seconds (RFC 9776, section 8).

    A query interval above 128 s that the wire cannot carry is used as the wire carries it.
    """

    query_interval: float = 125.0
    query_response_interval: float = 10.0
    robustness: int = 2
    last_member_query_interval: float = 1.0
    immediate_leave: bool = False
    max_groups: int | None = None

    @property
    def carried_interval(self) -> float:
        """The query interval as hosts and other routers come to know it."""
        if self.query_interval < 128:
            return self.query_interval
        return float(decode_float(encode_float(int(self.query_interval), 8), 8))

    @property
    def group_membership_interval(self) -> float:
        """How long a group stays that nobody reports; MLD's address listening interval."""
        return self.robustness * self.carried_interval + self.query_response_interval

    @property
    def last_member_query_time(self) -> float:
        """How long after a leave a group stays that nobody claims."""
        return self.last_member_query_interval * self.robustness

    @property
    def startup_query_interval(self) -> float:
        """The time between the first general queries."""
        return self.carried_interval / 4


@dataclass(slots=True)
class Effects:
    """What a state machine wants done; ``changed`` are groups with another subscription."""

    send: list[Send] = field(default_factory=list)
    changed: list[Address] = field(default_factory=list)


class Querier:
    """IGMPv3's or MLDv2's router on one link."""

    def __init__(self, family: Family, settings: QuerierSettings, mtu: int = 1500) -> None:
        self.family = family
        self.settings = settings
        self.mtu = mtu
        self.groups: dict[Address, Group] = {}
        self.refused = 0
        self.last_general_query: float | None = None
        self._deadlines: Deadlines[Address] = Deadlines()
        self._startup_left = 0

    def start(self, now: float) -> Effects:
        """Begin to query: the start-up queries, the first one at once (section 6.1)."""
        self._startup_left = self.settings.robustness
        self._deadlines.cancel(self.family.unspecified)
        effects = Effects()
        self._general_query(effects, now)
        return effects

    def subscription(self, group: Address) -> SourceFilter:
        """What this link wants of ``group``."""
        found = self.groups.get(group)
        return found.subscription() if found else NOTHING

    def next_deadline(self) -> float | None:
        """When ``advance`` is to be called."""
        return self._deadlines.next()

    def receive(self, packet: Packet, source: Address, now: float) -> Effects:
        """React to what a host sent; queries of others are not acted upon here."""
        effects = Effects()
        match packet:
            case Report(records=records):
                self._take(records, source, now, effects)
            case OldReport(group=group):
                self._take((Record(_IS_EX, group),), source, now, effects)
                self._suspect_silent_members(group, now)
            case Leave(group=group) if not self.family.is_ssm(group):  # RFC 4604, section 2.2.1
                self._take((Record(_TO_IN, group),), source, now, effects)
            case _:
                pass
        return effects

    def advance(self, now: float) -> Effects:
        """Do what is due: expiry of timers, queries, at most MOST_EVENTS of them."""
        effects = Effects()
        for _ in range(MOST_EVENTS):
            key = self._deadlines.pop(now)
            if key is None:
                break
            group = self.groups.get(key)
            if group is not None:
                self._look_after(key, group, effects, now)
            elif key == self.family.unspecified:
                self._general_query(effects, now)
        return effects

    # -- reports

    def _take(
        self, records: tuple[Record, ...], source: Address, now: float, effects: Effects
    ) -> None:
        until = now + self.settings.group_membership_interval
        groups = self.groups
        plain = not self.settings.immediate_leave
        for record in records:
            kind, address, listed = record
            group = groups.get(address)
            if (
                plain
                and group is not None
                and (kind is _IS_EX or kind is _TO_EX)
                and group.mode is EXCLUDE
                and not listed
                and not group.sources
            ):
                group.timer = until  # the refresh of an any-source member: nothing else to do
            else:
                self._take_record(record, group, source, until, now, effects)

    def _take_record(
        self,
        record: Record,
        group: Group | None,
        host: Address,
        until: float,
        now: float,
        effects: Effects,
    ) -> None:
        address = record.group
        checked = self._checked(record)
        if checked is None:
            return
        if group is None:
            group = self._new_group(checked)
            if group is None:
                return
        before = group.subscription()
        doubt = group.apply(checked, until)
        if self.settings.immediate_leave:
            doubt = self._settle(group, checked, host, doubt, until, now)
        if not group:
            if before is not NOTHING:
                self._forget(address, effects)
            return
        self.groups[address] = group
        if doubt is not NO_DOUBT:
            self._inquire(address, group, doubt, effects, now)
        self._reschedule(address, group)
        if group.subscription() != before:
            effects.changed.append(address)

    def _checked(self, record: Record) -> Record | None:
        """``record`` without sources that can be none; None if it is not to be acted upon."""
        family = self.family
        if not family.is_proxied(record.group):
            return None
        if family.is_ssm(record.group) and record.type in (_IS_EX, _TO_EX):
            return None  # RFC 4604, section 2.2: such a group has no any-source members
        if not record.sources:
            return record
        usable = frozenset(filter(family.is_source, record.sources))
        if not usable and record.type not in (_IS_EX, _TO_EX):
            return None  # an emptied list would turn into a leave
        return record._replace(sources=usable)

    def _new_group(self, record: Record) -> Group | None:
        """A group for a record that asks for something; None when it does not, or may not."""
        if not record.sources and record.type not in (_IS_EX, _TO_EX):
            return None
        if record.type is RecordType.BLOCK_OLD_SOURCES:
            return None
        limit = self.settings.max_groups
        if limit is not None and len(self.groups) >= limit:
            self.refused += 1
            return None
        return Group()

    def _settle(
        self, group: Group, record: Record, host: Address, doubt: Doubt, until: float, now: float
    ) -> Doubt:
        """End at once what the last host has left; what stays in doubt is returned."""
        if group.hosts is None:
            group.hosts = HostTable()
        hosts = group.hosts
        hosts.note(host, record, now, until)
        if host == self.family.unspecified:
            hosts.unknowable_until = until  # any number of hosts, which have no address yet
        if hosts.wants_any() or hosts.unknowable_until > now:
            return doubt
        unwanted = hosts.unwanted(doubt.sources)
        group.lower_sources(unwanted, now)
        if doubt.group:
            group.sources = {**group.sources, **hosts.wanted()}  # EXCLUDE need not list them
            group.lower_group(now)
        group.expire(now)
        remaining = doubt.sources.difference(unwanted).intersection(group.sources)
        return Doubt(False, remaining) if remaining else NO_DOUBT

    def _suspect_silent_members(self, address: Address, now: float) -> None:
        group = self.groups.get(address)
        if group and group.hosts:
            group.hosts.unknowable_until = now + self.settings.group_membership_interval

    # -- specific queries (RFC 9776, section 6.6.3)

    def _inquire(
        self, address: Address, group: Group, doubt: Doubt, effects: Effects, now: float
    ) -> None:
        inquiry = group.inquiry or Inquiry()
        limit = now + self.settings.last_member_query_time
        if doubt.group:
            group.lower_group(limit)
            inquiry.group_count, inquiry.group_when = self.settings.robustness, now
        asked = [s for s in doubt.sources if group.sources[s] > limit]
        if asked:
            group.lower_sources(asked, limit)
            inquiry.source_counts.update(dict.fromkeys(asked, self.settings.robustness))
            inquiry.sources_when = now
        if doubt.group or asked:
            group.inquiry = inquiry
            self._send_inquiry(address, group, effects, now)

    def _send_inquiry(self, address: Address, group: Group, effects: Effects, now: float) -> None:
        inquiry = group.inquiry
        if inquiry is None:
            return
        limit = now + self.settings.last_member_query_time
        interval = self.settings.last_member_query_interval
        if inquiry.source_counts and inquiry.sources_when <= now:
            self._ask_sources(address, group, inquiry, limit, effects)
            inquiry.sources_when = now + interval
        if inquiry.group_count and inquiry.group_when <= now:
            self._specific_query(address, NO_SOURCES, group.timer > limit, effects)
            inquiry.group_count -= 1
            inquiry.group_when = now + interval
        if inquiry.next() is None:
            group.inquiry = None

    def _ask_sources(
        self, address: Address, group: Group, inquiry: Inquiry, limit: float, effects: Effects
    ) -> None:
        """One query about sources that were claimed meanwhile, and one about the others."""
        times = group.sources
        counts = {s: n for s, n in inquiry.source_counts.items() if times.get(s)}
        claimed = frozenset([s for s in counts if times[s] > limit])
        if claimed:
            self._specific_query(address, claimed, True, effects)
        if others := counts.keys() - claimed:
            self._specific_query(address, frozenset(others), False, effects)
        inquiry.source_counts = {s: n - 1 for s, n in counts.items() if n > 1}

    def _specific_query(
        self, address: Address, sources: Sources, suppress: bool, effects: Effects
    ) -> None:
        settings = self.settings
        room = self.family.room(self.mtu) - self.family.query_size
        most = room // self.family.address_size
        for part in chunks(sources, most) if sources else (NO_SOURCES,):
            query = Query(
                self.family.current_version,
                address,
                settings.last_member_query_interval,
                part,
                suppress,
                settings.robustness,
                int(settings.query_interval),
            )
            effects.send.append(Send(destination(self.family, query), query))

    # -- time

    def _general_query(self, effects: Effects, now: float) -> None:
        settings = self.settings
        query = Query(
            self.family.current_version,
            self.family.unspecified,
            settings.query_response_interval,
            robustness=settings.robustness,
            interval=int(settings.query_interval),
        )
        effects.send.append(Send(destination(self.family, query), query))
        self.last_general_query = now
        self._startup_left -= 1
        starting = self._startup_left > 0
        wait = settings.startup_query_interval if starting else settings.carried_interval
        self._deadlines.schedule(self.family.unspecified, now + wait)

    def _look_after(self, address: Address, group: Group, effects: Effects, now: float) -> None:
        before = group.subscription()
        expired = group.expire(now)
        if not group:
            self._forget(address, effects)
            return
        self._send_inquiry(address, group, effects, now)
        self._reschedule(address, group)
        if expired and group.subscription() != before:
            effects.changed.append(address)

    def _reschedule(self, address: Address, group: Group) -> None:
        when = group.next_event()
        if when is not None:
            self._deadlines.schedule(address, when)

    def _forget(self, address: Address, effects: Effects) -> None:
        del self.groups[address]
        self._deadlines.cancel(address)
        effects.changed.append(address)
