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
from ..sources import EXCLUDE
from ..versions import apply_compatibility_mode, has_leave_message
from ..wire.packets import Leave, OldReport, Record, RecordType, Report
from .admission import Admission, Refusal, ReportRates
from .effects import NO_EFFECTS, Effects
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
        self._accepts_reports = True
        self.configure(role.configured)

    def configure(self, settings: QuerierSettings) -> None:
        """Apply the limits of rates and version and the tracking of ``settings``."""
        self._oldest = settings.oldest_host_version
        rates = settings.max_report_rate, settings.max_host_report_rate
        self._rates = None if rates == (None, None) else ReportRates(*rates)
        is_current = self._version == self._family.current_version
        self._accepts_reports = is_current and self._rates is None
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

    def receive(self, packet: Report | OldReport | Leave, source: Address, now: float) -> Effects:
        """React to a report or leave of the host at ``source``."""
        if type(packet) is Report and self._accepts_reports:
            records: tuple[Record, ...] = packet
        elif self._is_refused(packet, source, now):
            return NO_EFFECTS
        else:
            records = _records(packet)
        until = now + self._role.settings.group_membership_interval
        groups, tracking, host = self._table.groups, self.hosts, None
        if tracking is not None:
            host = self._register(tracking, packet, source, now, until)
        effects = None
        for record in records:
            kind, address, listed = record
            group = groups.get(address)
            if group is None:
                if self._join(record, source, host, now, until):
                    effects = effects or Effects()
                    effects.changed.append(address)
            elif (
                (kind is _IS_EX or kind is _TO_EX)
                and group.mode is EXCLUDE
                and not listed
                and not group.sources
                and group.timer <= until
                and (tracking is None or (group.hosts and group.hosts.refresh(source, until)))
            ):
                # Most records only refresh an any-source membership: nothing else changes.
                group.timer, group.last_reporter = until, source
            else:
                effects = effects or Effects()
                self._change(record, group, Reporter(source, host, now, until), effects)
        if type(packet) is OldReport:
            self._note_old_host(packet.group, packet.version, now)
        return effects or NO_EFFECTS

    def _is_refused(self, packet: Report | OldReport | Leave, source: Address, now: float) -> bool:
        """Whether the whole message is refused, and counted as such."""
        refused: Refusal | None = None
        group: Address | None = None
        if self._rates is not None:
            refused = self._rates.refusal(source, now)
        if refused is None:
            match packet:
                case Report() if self._version != self._family.current_version:
                    refused = Refusal.VERSION
                case OldReport(version=version) if version < self._oldest:
                    refused, group = Refusal.VERSION, packet.group
                case Leave():
                    refused = self._leave_refusal(packet.group)
        if refused is not None:
            self._admission.refuse(refused, group)
        return refused is not None

    def _leave_refusal(self, group: Address) -> Refusal | None:
        """Why a leave message of an older version is refused; None if it is not.

        These versions have no source-specific groups (RFC 4604, section 2.2.1), except where
        ``ssm-map`` names the sources for them.
        """
        ssm = self._admission.ssm
        is_too_old = self._family.current_version - 1 < self._oldest
        if is_too_old or not has_leave_message(self._family, self._version):
            return Refusal.VERSION
        return Refusal.SSM if ssm.is_ssm(group) and not ssm.sources_of(group) else None

    def _register(
        self,
        tracking: LinkHosts,
        packet: Report | OldReport | Leave,
        source: Address,
        now: float,
        until: float,
    ) -> Address | None:
        """The key of the sender in the tables of tracked hosts; None if it is not tracked."""
        version = self._version if isinstance(packet, Report) else None
        if isinstance(packet, OldReport):
            version = packet.version
        host = tracking.register(source, now, until, version)
        if self.link_layer is not None and self.link_layer.is_doubtful(source, now):
            return None
        return host

    def _join(
        self, record: Record, source: Address, host: Address | None, now: float, until: float
    ) -> bool:
        """Take a record about a group that no host wanted; return whether one does now."""
        checked = self._admission.check(record)
        if checked is None:
            return False
        kind, address, listed = checked
        joins_any = kind is _IS_EX or kind is _TO_EX
        if not joins_any and (not listed or kind is RecordType.BLOCK_OLD_SOURCES):
            return False
        limit = self._role.settings.max_groups
        if limit is not None and len(self._table.groups) >= limit:
            self._admission.refuse(Refusal.MAX_GROUPS, address)
            return False
        group = Group(now, last_reporter=source)
        if listed:
            checked = self._admission.limit_sources(checked, (), self._table.source_count)
            if checked is None:
                return False
            group.apply(checked, until)
        else:
            group.mode, group.timer = EXCLUDE, until
        if self.hosts is not None:
            track(self.hosts, group, checked, Reporter(source, host, now, until))
        self._table.add(address, group, until)
        return True

    def _change(self, record: Record, group: Group, reporter: Reporter, effects: Effects) -> None:
        """Apply a record to a group that hosts want."""
        now = reporter.now
        checked = self._admission.check(record)
        if checked is not None and group.older is not None:
            mode = group.older.oldest(self._family.current_version, now)
            checked = apply_compatibility_mode(mode, self._family, checked)
        if checked is not None and checked.sources:
            checked = self._admission.limit_sources(
                checked, group.sources, self._table.source_count
            )
        if checked is None:
            return
        before = group.subscription()
        needed = group.apply(checked, reporter.until)
        group.last_reporter = reporter.source
        if self.hosts is not None:
            table = track(self.hosts, group, checked, reporter)
            if needed is not NO_QUERY_NEEDED and self._leaves_fast:
                needed = self._leave_fast(group, table, needed, now)
        if not group:
            self._table.remove(record.group, effects)
            return
        if needed is not NO_QUERY_NEEDED and self._role.is_querier:
            effects.send += self._queries.start_specific(record.group, group, needed, now)
        self._table.store(record.group, group)
        if group.subscription() != before:
            effects.changed.append(record.group)

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


def _records(packet: Report | OldReport | Leave) -> tuple[Record, ...]:
    """What a message says, as records of the current version."""
    if isinstance(packet, Report):
        return packet
    return (Record(_IS_EX if isinstance(packet, OldReport) else _TO_IN, packet.group),)
