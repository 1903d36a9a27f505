"""The router part on one downstream link: its groups, and the queries it sends.

``receive`` takes in a packet, ``advance`` does what has become due; both return Effects:
what to send on the link, and the groups whose subscription changed (RFC 9776, section 6;
RFC 9777, section 7).

Of several routers on a link the one with the lowest address is the querier (section 6.6.2).
While another one is, it alone asks; we go on keeping the groups, by its timers, so as to
take over when nothing is heard of it any more.

Keys of the deadlines are groups, and two addresses that never are: the unspecified one for
general queries, whose group it is, and that of all nodes for the other querier's time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .deadlines import Deadlines
from .family import IPV4, Address, Family
from .group import NO_DOUBT, Doubt, Group
from .older import OlderVersions, as_heard_in, knows_leaving
from .packets import (
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    RecordType,
    Report,
    Send,
)
from .questions import Questions
from .settings import QuerierSettings
from .sources import EXCLUDE, NOTHING, SourceFilter
from .tracking import HostTable

MOST_EVENTS = 1000
"""Groups looked after in one call of ``advance``, so that a crowd does not stop the rest."""

OBJECTION_INTERVAL = 1.0
"""Seconds at least between answers to queries of routers that come after us."""

_IS_EX = RecordType.MODE_IS_EXCLUDE
_TO_EX = RecordType.CHANGE_TO_EXCLUDE_MODE
_TO_IN = RecordType.CHANGE_TO_INCLUDE_MODE


@dataclass(slots=True)
class Effects:
    """What a state machine wants done; ``changed`` are groups with another subscription.

    ``role_changed`` says that another router became the querier, or ceased to be it.
    """

    send: list[Send] = field(default_factory=list)
    changed: list[Address] = field(default_factory=list)
    role_changed: bool = False


class Querier:
    """IGMP's or MLD's router on one link.

    ``address`` is what its queries are sent from, None as long as nobody can be heard to go
    before it. ``settings`` are those in force: its own, or what the elected querier tells.
    """

    def __init__(
        self,
        family: Family,
        settings: QuerierSettings,
        mtu: int = 1500,
        address: Address | None = None,
    ) -> None:
        self.family = family
        self.settings = settings
        self.version = settings.version or family.current_version
        self.address = address
        self.other: Address | None = None
        self.groups: dict[Address, Group] = {}
        self.refused = 0
        self.last_general_query: float | None = None
        self._configured = settings
        self._questions = Questions(family, self.version, settings, mtu)
        self._other_until = 0.0
        self._objected = -OBJECTION_INTERVAL
        self._deadlines: Deadlines[Address] = Deadlines()
        self._startup_left = 0

    @property
    def mtu(self) -> int:
        """The longest packet that the link takes; it may be changed at any time."""
        return self._questions.mtu

    @mtu.setter
    def mtu(self, mtu: int) -> None:
        self._questions.mtu = mtu

    @property
    def is_querier(self) -> bool:
        """Whether no other router of the link goes before us."""
        return self.other is None

    def start(self, now: float) -> Effects:
        """Begin to query: the start-up queries, the first one at once (section 6.1)."""
        effects = Effects()
        self._take_office(effects, now)
        return effects

    def subscription(self, group: Address) -> SourceFilter:
        """What this link wants of ``group``."""
        found = self.groups.get(group)
        return NOTHING if found is None else found.subscription()

    def next_deadline(self) -> float | None:
        """When ``advance`` is to be called."""
        return self._deadlines.next()

    def receive(self, packet: Packet, source: Address, now: float) -> Effects:
        """React to what a host or another router sent from ``source``."""
        effects = Effects()
        match packet:
            case Report(records=records):
                if self.version == self.family.current_version:
                    self._take(records, source, now, effects)
            case OldReport(version=version, group=group):
                self._take((Record(_IS_EX, group),), source, now, effects)
                self._note_old_host(group, version, now)
            case Leave(group=group):
                # RFC 4604, section 2.2.1: older versions have no say about SSM groups.
                if not self.family.is_ssm(group) and knows_leaving(self.family, self.version):
                    self._take((Record(_TO_IN, group),), source, now, effects)
            case Query():
                self._hear_query(packet, source, now, effects)
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
            elif self._other_until > now:
                self._deadlines.schedule(key, self._other_until)
            else:
                self._take_office(effects, now)
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
                and group.timer <= until
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
        if group.older is not None:
            mode = group.older.oldest(self.family.current_version, now)
            checked = as_heard_in(mode, self.family, checked)
            if checked is None:
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
        if doubt is not NO_DOUBT and self.is_querier:
            effects.send += self._questions.begin(address, group, doubt, now)
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
        if hosts.wants_any() or not self._all_members_known(group, hosts, now):
            return doubt
        unwanted = hosts.unwanted(doubt.sources)
        group.lower_sources(unwanted, now)
        if doubt.group:
            group.sources = {**group.sources, **hosts.wanted()}  # EXCLUDE need not list them
            group.lower_group(now)
        group.expire(now)
        remaining = doubt.sources.difference(unwanted).intersection(group.sources)
        return Doubt(False, remaining) if remaining else NO_DOUBT

    def _all_members_known(self, group: Group, hosts: HostTable, now: float) -> bool:
        """Whether it is ours to end a group, and no silent host may be in it.

        Hosts of an older version do not report when another one just did.
        """
        if not self.is_querier or hosts.unknowable_until > now:
            return False
        current = self.family.current_version
        return group.older is None or group.older.oldest(current, now) == current

    def _note_old_host(self, address: Address, version: int, now: float) -> None:
        group = self.groups.get(address)
        if group is not None and not self.family.is_ssm(address):
            group.older = group.older or OlderVersions()
            group.older.heard(version, now + self.settings.group_membership_interval)

    # -- other routers (RFC 9776, sections 6.6.1 and 6.6.2)

    def _hear_query(self, query: Query, source: Address, now: float, effects: Effects) -> None:
        if self._knows_no_election(query.version):
            return
        if not self._goes_before(source):
            self._object(source, now, effects)
            return
        effects.role_changed = self.is_querier
        if self.is_querier:
            self._deadlines.cancel(self.family.unspecified)
            for known in self.groups.values():
                known.inquiry = None  # the other one asks now
        self.other = source
        self._adopt(query)
        self._other_until = now + self.settings.other_querier_present_interval
        self._deadlines.schedule(self.family.all_nodes, self._other_until)
        group = self.groups.get(query.group)
        if group is not None and not query.suppress:
            limit = now + query.max_response * self.settings.robustness
            if query.sources:
                group.lower_sources(query.sources, limit)
            else:
                group.lower_group(limit)
            self._reschedule(query.group, group)

    def _knows_no_election(self, version: int) -> bool:
        """Whether queries of ``version`` have no part in it: IGMPv1's have not."""
        return version == 1 and self.family is IPV4

    def _goes_before(self, source: Address) -> bool:
        """Whether a query makes its sender the querier."""
        return self.address is not None and self.family.unspecified < source < self.address

    def _object(self, source: Address, now: float, effects: Effects) -> None:
        """Let a router that comes after us know that at once.

        The RFC leaves it to our next query. But until then two proxies would forward to the
        link, and where they share an upstream too, data would go round between them.
        """
        if self.address is None or not self.is_querier or source <= self.address:
            return
        if self._knows_no_election(self.version):
            return  # it would not be heard
        if now >= self._objected + OBJECTION_INTERVAL:
            self._objected = now
            self._send_general_query(effects, now)

    def _adopt(self, query: Query) -> None:
        """Live by the querier's timers, as far as it tells them."""
        if query.version == self.family.current_version:
            defaults = QuerierSettings()
            self.settings = replace(
                self._configured,
                robustness=query.robustness or defaults.robustness,
                query_interval=float(query.interval or defaults.query_interval),
            )

    def _take_office(self, effects: Effects, now: float) -> None:
        """Be the querier, from the start-up queries on, with settings of our own."""
        effects.role_changed = self.other is not None
        self.other = None
        self.settings = self._configured
        self._startup_left = self.settings.robustness
        self._deadlines.cancel(self.family.unspecified)
        self._deadlines.cancel(self.family.all_nodes)
        self._general_query(effects, now)

    # -- time

    def _general_query(self, effects: Effects, now: float) -> None:
        """One of the queries at start, or at their interval, and when the next is due."""
        self._send_general_query(effects, now)
        self._startup_left -= 1
        settings = self.settings
        starting = self._startup_left > 0
        wait = settings.startup_query_interval if starting else settings.carried_interval
        self._deadlines.schedule(self.family.unspecified, now + wait)

    def _send_general_query(self, effects: Effects, now: float) -> None:
        effects.send.append(self._questions.general())
        self.last_general_query = now

    def _look_after(self, address: Address, group: Group, effects: Effects, now: float) -> None:
        before = group.subscription()
        expired = group.expire(now)
        if not group:
            self._forget(address, effects)
            return
        effects.send += self._questions.go_on(address, group, now)
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
