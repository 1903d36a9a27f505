"""Reception of reports on one link (RFC 9776, section 6.4; RFC 9777, section 7.4).

Each record of a report passes these stages::

    admission        is the group forwarded, are the sources usable, is there room?
    compatibility    what does the record mean while hosts of an older version are present?
    group            the record changes the group's mode, timers and sources
    tracking         the record is noted for its host, where hosts are tracked
    fast leave       where all hosts are known, drop at once what none of them wants
    specific query   ask the hosts whether they still want what remains
"""

from __future__ import annotations

from ..family import Address, Family
from ..sources import EXCLUDE, NOTHING, SourceFilter
from ..versions import apply_compatibility_mode, has_leave_message
from ..wire.packets import Leave, OldReport, Record, RecordType, Report
from .admission import Admission, Refusal, ReportRates
from .effects import Effects
from .fast_leave import Reporter, all_members_known, drop_unwanted, track, without_wanted
from .group import NO_QUERY_NEEDED, Group, NeedsQuery
from .groups import GroupTable
from .link_layer import LinkLayer
from .queries import Queries
from .role import QuerierRole
from .settings import QuerierSettings
from .tracking import HostTable, LinkHosts

_IS_EX = RecordType.MODE_IS_EXCLUDE
_TO_EX = RecordType.CHANGE_TO_EXCLUDE_MODE
_TO_IN = RecordType.CHANGE_TO_INCLUDE_MODE


class ReportReceiver:
    """Turns the reports of one link into changes of its groups.

    ``version`` is the newest one spoken on the link. ``hosts`` are the tracked hosts, None
    where the settings track none. ``link_layer`` has their link-layer addresses, None where
    nobody tells them or every leave is trusted.
    """

    def __init__(
        self,
        family: Family,
        version: int,
        role: QuerierRole,
        table: GroupTable,
        queries: Queries,
        admission: Admission,
    ) -> None:
        self.hosts: LinkHosts | None = None
        self.link_layer: LinkLayer | None = None
        self._family = family
        self._version = version
        self._role = role
        self._table = table
        self._queries = queries
        self._admission = admission
        self._rates: ReportRates | None = None
        self._oldest = 1
        self.configure(role.configured)

    def configure(self, settings: QuerierSettings) -> None:
        """Apply the limits of rates and version and the tracking of ``settings``."""
        self._oldest = settings.oldest_host_version
        rates = settings.max_report_rate, settings.max_host_report_rate
        self._rates = None if rates == (None, None) else ReportRates(*rates)
        if settings.immediate_leave is not True:
            self.link_layer = None
        elif self.link_layer is not None:
            self.link_layer.most = settings.max_hosts
        if not settings.tracks_hosts:
            self.hosts = None
            self._table.stop_tracking()
        elif self.hosts is None:
            self.hosts = LinkHosts(settings.max_hosts, settings.max_group_hosts)
        else:
            self.hosts.set_limits(settings.max_hosts, settings.max_group_hosts)

    def restore_hosts(self, hosts: LinkHosts) -> None:
        """Continue with the hosts that were tracked before a restart."""
        self.hosts = hosts

    def note_link_layer(self, host: Address, key: bytes, now: float) -> None:
        """A report of ``host`` came from this link-layer address; before ``receive``."""
        if self.hosts is None:
            return
        if self.link_layer is None:
            self.link_layer = LinkLayer(self.hosts.most)
        until = now + self._role.settings.group_membership_interval
        self.link_layer.note(host, key, now, until, self.hosts.is_tracked(host, now))

    def receive(
        self, packet: Report | OldReport | Leave, source: Address, now: float, effects: Effects
    ) -> None:
        """React to a report or leave of the host at ``source``."""
        if self._rates is not None:
            refusal = self._rates.refusal(source, now)
            if refusal is not None:
                self._admission.refuse(refusal)
                return
        match packet:
            case Report(records=records):
                if self._version == self._family.current_version:
                    self._take(records, source, now, effects, self._version)
                else:
                    self._admission.refuse(Refusal.VERSION)
            case OldReport(version=version, group=group) if version < self._oldest:
                self._admission.refuse(Refusal.VERSION, group)
            case OldReport(version=version, group=group):
                self._take((Record(_IS_EX, group),), source, now, effects, version)
                self._note_old_host(group, version, now)
            case Leave(group=group):
                self._leave(group, source, now, effects)

    def _leave(self, group: Address, source: Address, now: float, effects: Effects) -> None:
        """React to a leave message of an older version.

        These versions have no source-specific groups (RFC 4604, section 2.2.1), except where
        ``ssm-map`` names the sources for them.
        """
        ssm = self._admission.ssm
        is_too_old = self._family.current_version - 1 < self._oldest
        if is_too_old or not has_leave_message(self._family, self._version):
            self._admission.refuse(Refusal.VERSION)
        elif ssm.is_ssm(group) and not ssm.sources_of(group):
            self._admission.refuse(Refusal.SSM)
        else:
            self._take((Record(_TO_IN, group),), source, now, effects)

    def _take(
        self,
        records: tuple[Record, ...],
        source: Address,
        now: float,
        effects: Effects,
        version: int | None = None,
    ) -> None:
        until = now + self._role.settings.group_membership_interval
        groups = self._table.groups
        tracking = self.hosts
        host = None if tracking is None else tracking.register(source, now, until, version)
        if self.link_layer is not None and self.link_layer.is_doubtful(source, now):
            host = None
        reporter = None
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
                # Most records only refresh an any-source membership: nothing else changes.
                group.timer, group.last_reporter = until, source
            else:
                reporter = reporter or Reporter(source, host, now, until)
                self._take_record(record, group, reporter, effects)

    def _take_record(
        self, record: Record, group: Group | None, reporter: Reporter, effects: Effects
    ) -> None:
        admission = self._admission
        checked = admission.check(record)
        if checked is None:
            return
        before = NOTHING
        if group is None:
            group = self._new_group(checked, reporter.now)
            if group is None:
                return
        else:
            before = group.subscription()
            if group.older is not None:
                mode = group.older.oldest(self._family.current_version, reporter.now)
                checked = apply_compatibility_mode(mode, self._family, checked)
        if checked is not None and checked.sources:
            checked = admission.limit_sources(checked, group.sources, self._table.source_count)
        if checked is None:
            return
        needed = group.apply(checked, reporter.until)
        group.last_reporter = reporter.source
        if self.hosts is not None:
            table = track(self.hosts, group, checked, reporter)
            if needed is not NO_QUERY_NEEDED and self._leaves_fast:
                needed = self._leave_fast(group, table, needed, reporter.now)
        self._store(record.group, group, before, needed, reporter.now, effects)

    def _store(
        self,
        address: Address,
        group: Group,
        before: SourceFilter,
        needed: NeedsQuery,
        now: float,
        effects: Effects,
    ) -> None:
        """Store the changed group, send the query that it needs, and report the change."""
        if not group:
            if before is not NOTHING:
                self._table.remove(address, effects)
            return
        if needed is not NO_QUERY_NEEDED and self._role.is_querier:
            effects.send += self._queries.start_specific(address, group, needed, now)
        self._table.store(address, group)
        if group.subscription() != before:
            effects.changed.append(address)

    def _new_group(self, record: Record, now: float) -> Group | None:
        """A group for a record that joins one; None if it does not, or there is no room."""
        if not record.sources and record.type not in (_IS_EX, _TO_EX):
            return None
        if record.type is RecordType.BLOCK_OLD_SOURCES:
            return None
        limit = self._role.settings.max_groups
        if limit is not None and len(self._table.groups) >= limit:
            self._admission.refuse(Refusal.MAX_GROUPS, record.group)
            return None
        return Group(now)

    @property
    def _leaves_fast(self) -> bool:
        """Whether a leave may take effect without a query: only the querier decides that."""
        return bool(self._role.settings.immediate_leave) and self._role.is_querier

    def _leave_fast(
        self, group: Group, table: HostTable, needed: NeedsQuery, now: float
    ) -> NeedsQuery:
        """Drop what no host wants, as far as that is known; return what must be queried."""
        needed = without_wanted(table, needed, now)
        always = self._role.settings.immediate_leave == "always"
        if always or all_members_known(group, self._family.current_version, now):
            return drop_unwanted(group, table, needed, now)
        return needed

    def _note_old_host(self, address: Address, version: int, now: float) -> None:
        """Note that a host of ``version`` is a member of the group at ``address``."""
        group = self._table.groups.get(address)
        if group is None:
            return
        settings = self._role.settings
        if not self._admission.ssm.is_ssm(address):
            group.note_old_host(version, now + settings.older_host_present_interval)
        elif group.hosts is not None:
            group.hosts.mark_unknowable(now + settings.group_membership_interval)
