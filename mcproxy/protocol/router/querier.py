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

from collections import Counter
from collections.abc import Collection

from ..deadlines import Deadlines
from ..family import Address, Family
from ..sources import EXCLUDE, NOTHING, SourceFilter, merge
from ..versions import OlderVersions, as_heard_in, knows_leaving
from ..wire.packets import Leave, OldReport, Packet, Query, Record, RecordType, Report
from .admission import Admission, RateLimit, Refusal, SsmPolicy
from .effects import Effects
from .election import Election, Verdict
from .fast_leave import Reporter, all_members_known, settle, track
from .group import NO_QUERY_NEEDED, Group, NeedsQuery
from .queries import Queries
from .settings import QuerierSettings
from .tracking import LinkHosts

MOST_EVENTS = 1000
"""Groups looked after in one call of ``advance``, so that a crowd does not stop the rest."""

_IS_EX = RecordType.MODE_IS_EXCLUDE
_TO_EX = RecordType.CHANGE_TO_EXCLUDE_MODE
_TO_IN = RecordType.CHANGE_TO_INCLUDE_MODE


class Querier:
    """IGMP's or MLD's router on one link.

    ``settings`` are those in force: its own, or what the elected querier tells. ``election``
    has the address that its queries are sent from, and the querier.
    ``hosts`` are those that are tracked, if any are.
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
        self.election = Election(family, self.version, address)
        self.groups: dict[Address, Group] = {}
        self.hosts: LinkHosts | None = None
        self.last_general_query: float | None = None
        self._configure(settings)
        self._queries = Queries(family, self.version, settings, mtu)
        self._deadlines: Deadlines[Address] = Deadlines()
        self._startup_left = 0

    @property
    def mtu(self) -> int:
        """The longest packet that the link takes."""
        return self._queries.mtu

    def set_mtu(self, mtu: int) -> None:
        """Send packets no longer than this from now on."""
        self._queries.mtu = mtu

    def set_address(self, address: Address | None) -> None:
        """Send queries from this address of ours; None while the link has none."""
        self.election.set_address(address)

    def _configure(self, settings: QuerierSettings) -> None:
        self._configured = settings
        ssm = settings.ssm or SsmPolicy(self.family.is_ssm)
        self.admission = Admission(self.family, ssm, settings.max_group_sources)
        rate = settings.max_report_rate
        self._rate = None if rate is None else RateLimit(rate)
        self.election.allowed, self.election.elects = settings.allowed_queriers, settings.elects
        if not settings.tracks_hosts:
            self.hosts = None
            for group in self.groups.values():
                group.hosts = None  # it would not be known who comes meanwhile
        elif self.hosts is None:
            self.hosts = LinkHosts(settings.max_hosts, settings.max_group_hosts)
        else:
            self.hosts.most = settings.max_hosts
            self.hosts.most_of_a_group = settings.max_group_hosts

    def reconfigure(self, settings: QuerierSettings, now: float) -> Effects:
        """Live by other settings from now on, of the same version; what hosts want stays."""
        refused, static = self.refused, self._configured.static
        self._configure(settings)
        self.refused.update(refused)
        self._queries = Queries(self.family, self.version, settings, self.mtu)
        effects = Effects(changed=list({**static, **settings.static}))
        if not self.is_querier:
            told = self.settings
            settings = settings.as_told(told.robustness, told.query_interval)
            if not settings.elects:
                self.election.until = now
                self._deadlines.schedule(self.family.all_nodes, now)
        self.settings = settings
        if self.is_querier and self.last_general_query is not None:
            when = max(now, self.last_general_query + settings.carried_interval)
            self._deadlines.schedule(self.family.unspecified, when)
        return effects

    @property
    def refused(self) -> Counter[Refusal]:
        """What was not acted upon, by reason."""
        return self.admission.refused

    @property
    def is_querier(self) -> bool:
        """Whether no other router of the link goes before us."""
        return self.election.other is None

    @property
    def next_general_query(self) -> float | None:
        """When we ask everybody again; None while another router does."""
        return self._deadlines.when(self.family.unspecified)

    def start(self, now: float) -> Effects:
        """Begin to query: the start-up queries, the first one at once (section 6.1)."""
        effects = Effects(changed=list(self._configured.static))
        self._take_office(effects, now)
        return effects

    def take_over(self, address: Address, group: Group) -> None:
        """Go on with a group that was kept elsewhere."""
        self.groups[address] = group
        self._reschedule(address, group)

    def yield_to(self, other: Address, until: float) -> None:
        """``other`` is the querier of the link, until then unless it is heard again."""
        self._deadlines.cancel(self.family.unspecified)
        self.election.other, self.election.until = other, until
        self._deadlines.schedule(self.family.all_nodes, until)

    def subscription(self, group: Address) -> SourceFilter:
        """What this link wants of ``group``."""
        found = self.groups.get(group)
        wanted = NOTHING if found is None else found.subscription()
        static = self._configured.static.get(group)
        return wanted if static is None else merge((static, wanted))

    def wanted_groups(self) -> Collection[Address]:
        """The groups with a subscription."""
        static = self._configured.static
        return self.groups.keys() | static.keys() if static else self.groups

    def next_deadline(self) -> float | None:
        """When ``advance`` is to be called."""
        return self._deadlines.next()

    def receive(self, packet: Packet, source: Address, now: float) -> Effects:
        """React to what a host or another router sent from ``source``."""
        effects = Effects()
        if isinstance(packet, Query):
            self._hear_query(packet, source, now, effects)
        elif self._rate is not None and not self._rate.passes(now):
            self.admission.refuse(Refusal.RATE)
        else:
            self._hear_report(packet, source, now, effects)
        return effects

    def _hear_report(
        self, packet: Report | OldReport | Leave, source: Address, now: float, effects: Effects
    ) -> None:
        match packet:
            case Report(records=records):
                if self.version == self.family.current_version:
                    self._take(records, source, now, effects)
                else:
                    self.admission.refuse(Refusal.VERSION)
            case OldReport(version=version, group=group):
                self._take((Record(_IS_EX, group),), source, now, effects)
                self._note_old_host(group, version, now)
            case Leave(group=group):
                # RFC 4604, section 2.2.1: older versions have no say about SSM groups, but
                # where we say for them what they want.
                ssm = self.admission.ssm
                if not knows_leaving(self.family, self.version):
                    self.admission.refuse(Refusal.VERSION)
                elif ssm.is_ssm(group) and not ssm.sources_of(group):
                    self.admission.refuse(Refusal.SSM)
                else:
                    self._take((Record(_TO_IN, group),), source, now, effects)

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
            elif self.election.until > now:
                self._deadlines.schedule(key, self.election.until)
            else:
                self._take_office(effects, now)
        return effects

    # -- reports

    def _take(
        self, records: tuple[Record, ...], source: Address, now: float, effects: Effects
    ) -> None:
        until = now + self.settings.group_membership_interval
        groups = self.groups
        tracking = self.hosts
        host = None if tracking is None else tracking.hear(source, now, until)
        for record in records:
            kind, address, listed = record
            group = groups.get(address)
            if (
                group is not None
                and (kind is _IS_EX or kind is _TO_EX)
                and group.mode is EXCLUDE
                and not listed
                and not group.sources
                and group.timer <= until
                and (tracking is None or (group.hosts and group.hosts.refresh(source, until)))
            ):
                # The refresh of an any-source member: nothing else to do.
                group.timer, group.last_reporter = until, source
            else:
                self._take_record(record, group, Reporter(source, host, now, until), effects)

    def _take_record(
        self, record: Record, group: Group | None, reporter: Reporter, effects: Effects
    ) -> None:
        checked = self.admission.checked(record)
        if checked is None:
            return
        if group is None:
            group = self._new_group(checked, reporter.now)
            if group is None:
                return
        elif group.older is not None:
            mode = group.older.oldest(self.family.current_version, reporter.now)
            checked = as_heard_in(mode, self.family, checked)
        if checked is not None and checked.sources:
            checked = self.admission.bounded(checked, group.sources)
        if checked is None:
            return
        before = group.subscription()
        doubt = group.apply(checked, reporter.until)
        group.last_reporter = reporter.source
        if self.hosts is not None:
            table = track(self.hosts, group, checked, reporter)
            if doubt is not NO_QUERY_NEEDED and self._may_cut(group, reporter.now):
                doubt = settle(group, table, doubt, reporter.now)
        self._conclude(record.group, group, before, doubt, reporter.now, effects)

    def _conclude(
        self,
        address: Address,
        group: Group,
        before: SourceFilter,
        doubt: NeedsQuery,
        now: float,
        effects: Effects,
    ) -> None:
        """Keep what a record made of a group, ask what it left in doubt, tell what changed."""
        if not group:
            if before is not NOTHING:
                self._forget(address, effects)
            return
        self.groups[address] = group
        if doubt is not NO_QUERY_NEEDED and self.is_querier:
            effects.send += self._queries.begin(address, group, doubt, now)
        self._reschedule(address, group)
        if group.subscription() != before:
            effects.changed.append(address)

    def _new_group(self, record: Record, now: float) -> Group | None:
        """A group for a record that asks for something; None when it does not, or may not."""
        if not record.sources and record.type not in (_IS_EX, _TO_EX):
            return None
        if record.type is RecordType.BLOCK_OLD_SOURCES:
            return None
        limit = self.settings.max_groups
        if limit is not None and len(self.groups) >= limit:
            self.admission.refuse(Refusal.MAX_GROUPS)
            return None
        return Group(now)

    def _may_cut(self, group: Group, now: float) -> bool:
        """Whether it is ours to end a group without asking, and all its members are known."""
        if not self.settings.immediate_leave or not self.is_querier:
            return False
        return all_members_known(group, self.family.current_version, now)

    def _note_old_host(self, address: Address, version: int, now: float) -> None:
        group = self.groups.get(address)
        if group is None:
            return
        until = now + self.settings.group_membership_interval
        if not self.admission.ssm.is_ssm(address):
            group.older = group.older or OlderVersions()
            group.older.heard(version, until)
        elif group.hosts is not None:
            group.hosts.unknowable_until = until

    # -- other routers (RFC 9776, sections 6.6.1 and 6.6.2)

    def _hear_query(self, query: Query, source: Address, now: float, effects: Effects) -> None:
        verdict = self.election.judge(query.version, source, now)
        if verdict is Verdict.OBJECT:
            self._send_general_query(effects, now)
        elif verdict is Verdict.REFUSED:
            self.admission.refuse(Refusal.QUERIER)
        if verdict is not Verdict.YIELD:
            return
        effects.role_changed = self.is_querier
        if self.is_querier:
            for known in self.groups.values():
                known.inquiry = None  # the other one asks now
        if query.version == self.family.current_version:  # older ones do not tell
            self.settings = self._configured.as_told(query.robustness, query.interval)
        self.yield_to(source, now + self.settings.other_querier_present_interval)
        group = self.groups.get(query.group)
        if group is not None and not query.suppress:
            limit = now + query.max_response * self.settings.robustness
            if query.sources:
                group.lower_sources(query.sources, limit)
            else:
                group.lower_group(limit)
            self._reschedule(query.group, group)

    def _take_office(self, effects: Effects, now: float) -> None:
        """Be the querier, from the start-up queries on, with settings of our own."""
        effects.role_changed = not self.is_querier
        self.election.other = None
        self.settings = self._configured
        self._wait_for_answers(now)
        self._startup_left = self.settings.robustness
        self._deadlines.cancel(self.family.unspecified)
        self._deadlines.cancel(self.family.all_nodes)
        self._general_query(effects, now)

    def _wait_for_answers(self, now: float) -> None:
        """Nothing ends before its hosts had the time to answer our first query.

        By their own timers groups may end half a response interval after the takeover, and
        what hosts said while nobody heard it is not known.
        """
        limit = now + self.settings.query_response_interval
        for address, group in self.groups.items():
            group.hold(limit)
            self._reschedule(address, group)

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
        effects.send.append(self._queries.general())
        self.last_general_query = now

    def _look_after(self, address: Address, group: Group, effects: Effects, now: float) -> None:
        before = group.subscription()
        expired = group.expire(now)
        if not group:
            self._forget(address, effects)
            return
        effects.send += self._queries.go_on(address, group, now)
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
