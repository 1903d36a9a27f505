"""The router part on one downstream link, as its owner uses it.

The owner calls ``start`` once, ``receive`` for each packet from the link, and ``advance`` when
``next_deadline`` has come. All of them return Effects: the packets to send on the link, and the
groups whose subscription changed (RFC 9776, section 6; RFC 9777, section 7).

The work is divided::

    role        who is the querier, and the general queries       QuerierRole, Election
    reports     what hosts say, down to a change of a group       ReportReceiver, Admission
    groups      the groups, their timers and their expiry         GroupTable, Group
    queries     the messages, and the specific queries            Queries

They share one set of deadlines, whose next one is the querier's timer. Its keys are the
addresses of groups, and the two of ``role``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping

from ..family import Address, Family
from ..sources import NOTHING, SourceFilter, merge
from ..wire.packets import MembershipPacket, Query
from .admission import Admission, Refusal, SsmPolicy
from .effects import Effects
from .election import Election, Verdict
from .group import Group
from .groups import GroupTable
from .link_layer import Known, LinkLayer
from .queries import Queries
from .reports import ReportReceiver
from .role import QuerierRole
from .settings import QuerierSettings
from .tracking import LinkHosts

MAX_EVENTS = 100
"""Deadlines that one call of ``advance`` handles, so that other work gets its turn."""


class Querier:
    """The IGMP or MLD router of one link.

    ``groups`` are the groups that hosts want, by address. ``address`` is the source of our
    queries, None while the link has none. ``mtu`` is in bytes. ``deadlines.next`` is the next
    deadline, infinite for none, for callers to whom a call of a function costs too much.
    """

    def __init__(
        self,
        family: Family,
        settings: QuerierSettings,
        mtu: int = 1500,
        address: Address | None = None,
    ) -> None:
        self.family = family
        self.version = settings.version or family.current_version
        self.admission = Admission(
            family, self._ssm(settings), settings.max_group_sources, settings.max_sources
        )
        self.election = Election(family, self.version, address)
        self.election.configure(settings.allowed_queriers, settings.elects)
        self._queries = Queries(family, self.version, settings, mtu)
        self._table = GroupTable(self._queries)
        self.groups, self.deadlines = self._table.groups, self._table.deadlines
        self._static = settings.static
        self._role = QuerierRole(
            family, settings, self.election, self._table, self._queries, self.deadlines
        )
        self._reports = ReportReceiver(
            family, self.version, self._role, self._table, self._queries, self.admission
        )

    def _ssm(self, settings: QuerierSettings) -> SsmPolicy:
        return settings.ssm or SsmPolicy(self.family.is_ssm)

    # -- what it knows

    @property
    def settings(self) -> QuerierSettings:
        """The settings in use; the timers are those of the elected querier."""
        return self._role.settings

    @property
    def hosts(self) -> LinkHosts | None:
        """The tracked hosts of the link; None where hosts are not tracked."""
        return self._reports.hosts

    @property
    def link_layer(self) -> LinkLayer | None:
        """The link-layer addresses of hosts; None where they are not needed or not known."""
        return self._reports.link_layer

    @property
    def refused(self) -> Counter[Refusal]:
        """How many messages and records were refused, by reason."""
        return self.admission.refused

    @property
    def is_querier(self) -> bool:
        """Whether this router is the querier of the link."""
        return self._role.is_querier

    @property
    def last_general_query(self) -> float | None:
        """When the last general query was sent."""
        return self._role.last_general_query

    @property
    def next_general_query(self) -> float | None:
        """When the next general query is due; None while another router is the querier."""
        return self._role.next_general_query

    @property
    def mtu(self) -> int:
        """The MTU of the link in bytes."""
        return self._queries.mtu

    def subscription(self, group: Address) -> SourceFilter:
        """What this link wants of ``group``: its hosts, and the static groups."""
        found = self.groups.get(group)
        wanted = NOTHING if found is None else found.subscription()
        static = self._static
        return merge((static[group], wanted)) if group in static else wanted

    def wanted_groups(self) -> Collection[Address]:
        """The groups that this link wants."""
        static = self._static
        return self.groups.keys() | static.keys() if static else self.groups

    def next_deadline(self) -> float | None:
        """When ``advance`` must be called next."""
        when = self.deadlines.next
        return when if when < math.inf else None

    # -- what happens

    def start(self, now: float) -> Effects:
        """Become the querier: send the first start-up query (section 6.1)."""
        effects = Effects(changed=list(self._static))
        self._role.become_querier(effects, now)
        return effects

    def receive(self, packet: MembershipPacket, source: Address, now: float) -> Effects:
        """React to a packet that a host or another router sent from ``source``."""
        if not isinstance(packet, Query):
            return self._reports.receive(packet, source, now)
        effects = Effects()
        if self._role.receive(packet, source, now, effects) is Verdict.REFUSED:
            self.admission.refuse(Refusal.QUERIER)
        return effects

    def note_link_layer(self, host: Address, key: bytes, now: float) -> None:
        """A report of ``host`` came from the link-layer address ``key``; before ``receive``.

        Leaves of a host with two such addresses are followed by queries.
        """
        self._reports.note_link_layer(host, key, now)

    def note_lost_link_layer(self, until: float) -> None:
        """``note_link_layer`` missed reports: all leaves are followed by queries ``until`` then."""
        if self.link_layer is not None:
            self.link_layer.note_loss(until)

    def advance(self, now: float) -> Effects:
        """Handle the deadlines that have come: expiry and queries, at most MAX_EVENTS."""
        effects = Effects()
        for _ in range(MAX_EVENTS):
            key = self.deadlines.pop(now)
            if key is None:
                break
            group = self.groups.get(key)
            if group is not None:
                self._table.advance(key, group, effects, now)
            else:
                self._role.advance(key, effects, now)
        return effects

    # -- what its owner changes

    def reconfigure(self, settings: QuerierSettings, now: float) -> Effects:
        """Use other settings, of the same version; memberships stay."""
        effects = Effects(changed=list({**self._static, **settings.static}))
        self._static = settings.static
        self.admission.configure(
            self._ssm(settings), settings.max_group_sources, settings.max_sources
        )
        self._queries.configure(settings)
        self._role.reconfigure(settings, effects, now)
        self._reports.configure(settings)
        return effects

    def set_address(self, address: Address | None) -> None:
        """Send queries from ``address``; None takes no part in the election."""
        self.election.set_address(address)

    def set_mtu(self, mtu: int) -> None:
        """Send no packet larger than ``mtu`` bytes."""
        self._queries.set_mtu(mtu)

    # -- what a restart restores

    def restore_hosts(self, times: Mapping[Address, float]) -> None:
        """Restore the tracked hosts, with the time until which each counts."""
        settings = self._role.configured
        hosts = LinkHosts(settings.max_hosts, settings.max_group_hosts)
        hosts.restore(times)
        self._reports.restore_hosts(hosts)

    def restore_link_layer(self, hosts: Mapping[Address, Known]) -> None:
        """Restore the link-layer addresses of hosts."""
        link_layer = LinkLayer(self._role.configured.max_hosts)
        link_layer.hosts.update(hosts)
        self._reports.link_layer = link_layer

    def restore_group(self, address: Address, group: Group) -> None:
        """Restore a group with its state."""
        self._table.store(address, group)

    def restore_other_querier(
        self, other: Address, until: float, robustness: int, interval: float
    ) -> None:
        """Restore the elected querier and its timers; it counts ``until`` then."""
        self._role.restore_other(other, until, robustness, interval)
