"""ProxyInstance: one RFC 4605 proxy of one family.

It has a querier for each downstream link and a host for the upstream. A packet or a
deadline makes one of them act; the groups whose subscription changed thereby, and no
others, are merged again, told to the upstream and planned anew, in the same turn.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from twisted.application.service import Service
from twisted.logger import Logger

from .config.model import InstanceConfig, InterfaceSettings
from .linux.interfaces import Link
from .linux.membership import LinkGroups
from .locations import Locations
from .messages import LinkChanged, Message, PacketReceived, WrongInterface
from .protocol.family import IPV4, Address, Family, text
from .protocol.forwarding import Planner, Route
from .protocol.membership import MembershipDatabase
from .protocol.packets import Query
from .protocol.querier import Effects, Querier
from .protocol.settings import QuerierSettings
from .protocol.sources import SourceFilter
from .receiver import Receiver
from .routingtable import ForwardingTable
from .sender import Sender
from .timer import Reminder, Timer
from .upstream import Upstream

WARNING_INTERVAL = 600.0
"""Seconds between warnings of the same thing."""


@dataclass(frozen=True, slots=True)
class Modules:
    """What a proxy instance works with.

    ``table`` is the kernel table of its family, ``upstream`` the link that its configuration
    names, perhaps shared with other instances; ``interface_towards`` gives the index of the
    interface that leads to an address, ``join_link_groups`` lets reports on a link reach us.
    """

    timer: Timer
    sender: Sender
    receiver: Receiver
    table: ForwardingTable
    upstream: Upstream
    interface_towards: Callable[[Address], int | None]
    join_link_groups: Callable[[Family, int], LinkGroups]


@dataclass(slots=True)
class Downstream:
    """A link on which the proxy is a router."""

    link: Link
    querier: Querier
    reminder: Reminder
    groups: LinkGroups
    warned: dict[str, float] = field(default_factory=dict)


class ProxyInstance(Service):
    """Joins the downstream links of one configured instance, in one family, to its upstream."""

    log = Logger()

    def __init__(self, config: InstanceConfig, family: Family, modules: Modules) -> None:
        self.name = f"{config.name}/{family.name}"
        self.config = config
        self.family = family
        self.downstreams: dict[str, Downstream] = {}
        self.upstream = modules.upstream
        self.version = config.igmp_version if family is IPV4 else config.mld_version
        self._queriers: dict[str, Querier] = {}
        self.database = MembershipDatabase(self._queriers)
        self._modules = modules
        self._locations = Locations(config.upstream, modules.interface_towards)
        self._planner = Planner(family.unspecified, config.upstream, self._locations.locate)
        self._others_links: frozenset[str] = frozenset()
        self._upstream_index: int | None = None

    def startService(self) -> None:
        """Take part in the table and upstream; links are told by messages."""
        super().startService()
        self.upstream.users.append(self)
        self._modules.table.attach(self)

    def stopService(self) -> None:
        """Leave all groups upstream, and take everything out of the table."""
        super().stopService()
        self.upstream.leave(self)
        for downstream in list(self.downstreams.values()):
            self._release(downstream)
        self.downstreams.clear()
        self._modules.table.detach(self)

    def receive(self, message: Message) -> None:
        """Act upon what a module tells."""
        match message:
            case PacketReceived(interface, source, packet):
                downstream = self.downstreams.get(interface)
                now = self._modules.timer.now()
                if downstream is not None:
                    if isinstance(packet, Query) and packet.version != self.version:
                        self._warn_of_version(downstream, packet.version, source, now)
                    refused = downstream.querier.refused
                    effects = downstream.querier.receive(packet, source, now)
                    if downstream.querier.refused != refused:
                        self._warn_of_limit(downstream, now)
                    self._carry_out(downstream, effects, now)
            case WrongInterface(interface, source, group):
                if self._locations.seen(source, interface):
                    self._modules.table.changed([group])
            case LinkChanged(_, after):
                if message.interface == self.config.upstream:
                    self._upstream_changed(after)
                else:
                    self._downstream_changed(message.interface, after)

    # -- what Routing asks

    def base(self) -> Route | None:
        """The (*,*) entry; none without an upstream."""
        if self._upstream_index is None:
            return None
        return self._planner.base(frozenset(self.downstreams) - self._others_links)

    def plan(self, group: Address) -> tuple[Route, ...]:
        """The entries for ``group``: to links on which we are the querier (RFC 4605, 4.2)."""
        wanted = self.database.subscriptions(group)
        for name in self._others_links:
            wanted.pop(name, None)
        return self._planner.plan(wanted)

    def merged(self, group: Address) -> SourceFilter:
        """What all downstreams together want of ``group``."""
        return self.database.merged(group)

    def planned_groups(self) -> Iterable[Address]:
        """The groups that some downstream wants."""
        return self.database.groups()

    # -- state machines

    def _carry_out(self, downstream: Downstream, effects: Effects, now: float) -> None:
        downstream.reminder.set(downstream.querier.next_deadline())
        if effects.role_changed:
            self._role_changed(downstream)
        if effects.changed:
            self._changed(effects.changed, now)
        if effects.send:
            self._modules.sender.send(self.family, downstream.link, effects.send)

    def _changed(self, groups: Iterable[Address], now: float) -> None:
        """Tell the upstream and Routing of groups with a new subscription."""
        self.upstream.changed(groups, now)
        self._modules.table.changed(groups)

    def _role_changed(self, downstream: Downstream) -> None:
        """Forward to this link no more, or again."""
        querier = downstream.querier
        self.log.info(
            "the querier is {querier}",
            querier="this proxy" if querier.other is None else text(querier.other),
            instance=self.name,
            interface=downstream.link.name,
        )
        self._note_roles()
        self._modules.table.changed([self.family.unspecified, *querier.groups])

    def _warn_of_version(
        self, downstream: Downstream, version: int, source: Address, now: float
    ) -> None:
        """All routers of a link must speak one version (RFC 9776, 7.3.1); say so now and then."""
        if not _time_to_warn(downstream, "version", now):
            return
        self.log.warn(
            "{source} queries in {protocol}v{version}, and we in {protocol}v{ours}: all routers "
            "of a link need the same version",
            source=text(source),
            protocol=self.family.protocol,
            version=version,
            ours=self.version,
            instance=self.name,
            interface=downstream.link.name,
        )

    def _warn_of_limit(self, downstream: Downstream, now: float) -> None:
        """Hosts want more groups than the settings allow; say so now and then."""
        if _time_to_warn(downstream, "limit", now):
            told = "more groups are wanted than max-groups allows: these are refused"
            self.log.warn(told, instance=self.name, interface=downstream.link.name)

    def _note_roles(self) -> None:
        """Data passes to and from links on which we are the querier, and no others."""
        self._locations.take_links(
            {name: d.link.index for name, d in self.downstreams.items() if d.querier.is_querier}
        )
        self._others_links = frozenset(
            name for name, d in self.downstreams.items() if not d.querier.is_querier
        )

    def _querier_due(self, name: str, now: float) -> None:
        downstream = self.downstreams[name]
        self._carry_out(downstream, downstream.querier.advance(now), now)

    # -- links

    def _upstream_changed(self, link: Link | None) -> None:
        usable = link if link is not None and link.up else None
        table = self._modules.table
        if usable is None or usable.index != self._upstream_index:
            table.release(self.config.upstream, self)
            self._upstream_index = None
        if usable is not None and self._make_vif(usable):
            self._upstream_index = usable.index
        self.upstream.link_changed(usable)
        table.changed([self.family.unspecified])

    def _downstream_changed(self, name: str, link: Link | None) -> None:
        settings = self.config.downstream_settings(name)
        if settings is None:
            return
        usable = link if link is not None and link.up else None
        known = self.downstreams.get(name)
        if known is not None and (usable is None or usable.index != known.link.index):
            self._lose(name, known)
            known = None
        if usable is not None and known is not None:
            self._update_downstream(known, usable)
        elif usable is not None and usable.address(self.family) is not None:
            self._add_downstream(usable, settings)

    def _add_downstream(self, link: Link, settings: InterfaceSettings) -> None:
        if not self._acquire(link):
            return
        try:
            groups = self._modules.join_link_groups(self.family, link.index)
        except OSError as error:
            self._unregister(link)
            if error.errno != errno.ENODEV:  # gone meanwhile: we are about to be told
                told = "cannot hear reports: {reason}"
                reason = error.strerror
                self.log.error(told, reason=reason, instance=self.name, interface=link.name)
            return
        name = link.name
        querier = Querier(self.family, querier_settings(settings, self.version), link.mtu)
        reminder = self._modules.timer.reminder(lambda now: self._querier_due(name, now))
        downstream = Downstream(link, querier, reminder, groups)
        self.downstreams[name] = downstream
        self._queriers[name] = querier
        self.log.info("downstream found", instance=self.name, interface=name)
        self._links_moved()
        self._start_querier(downstream)

    def _update_downstream(self, downstream: Downstream, link: Link) -> None:
        downstream.link = link
        downstream.querier.mtu = link.mtu
        self._modules.receiver.register(self.family, self._modules.table.kernel.table, link, self)
        address = link.address(self.family)
        if address is None:
            downstream.querier.address = None  # it may be changing: what hosts want stays
        elif address != downstream.querier.address:
            self._start_querier(downstream)

    def _start_querier(self, downstream: Downstream) -> None:
        now = self._modules.timer.now()
        downstream.querier.address = downstream.link.address(self.family)
        self._carry_out(downstream, downstream.querier.start(now), now)

    def _lose(self, name: str, downstream: Downstream) -> None:
        """The link is gone, and what its hosts wanted with it."""
        self.log.info("downstream lost", instance=self.name, interface=name)
        del self.downstreams[name]
        del self._queriers[name]
        groups = list(downstream.querier.groups)
        self._release(downstream)
        self._changed(groups, self._modules.timer.now())
        self._links_moved()

    def _links_moved(self) -> None:
        """The set of downstreams is another: so are the base and where sources may be."""
        self._note_roles()
        self._modules.table.changed([self.family.unspecified, *self.database.groups()])

    def _release(self, downstream: Downstream) -> None:
        downstream.reminder.cancel()
        downstream.groups.close()
        self._unregister(downstream.link)

    def _acquire(self, link: Link) -> bool:
        """Make ``link`` a vif and hear what comes in on it."""
        if not self._make_vif(link):
            return False
        table = self._modules.table.kernel.table
        self._modules.receiver.register(self.family, table, link, self)
        return True

    def _make_vif(self, link: Link) -> bool:
        if self._modules.table.acquire(link.name, link.index, self):
            return True
        self.log.error(
            "the kernel's multicast routing table has room for 32 interfaces, and this one does "
            "not fit: give another instance a table of its own",
            instance=self.name,
            interface=link.name,
        )
        return False

    def _unregister(self, link: Link) -> None:
        table = self._modules.table
        self._modules.receiver.unregister(self.family, table.kernel.table, link, self)
        table.release(link.name, self)


def querier_settings(settings: InterfaceSettings, version: int) -> QuerierSettings:
    """A link's settings in the terms of RFC 9776, section 8, spoken in ``version``."""
    return QuerierSettings(
        query_interval=settings.query_interval,
        query_response_interval=settings.query_max_response_time,
        robustness=settings.robustness_variable,
        last_member_query_interval=settings.last_member_query_interval,
        immediate_leave=settings.immediate_leave,
        max_groups=settings.max_groups,
        version=version,
    )


def _time_to_warn(downstream: Downstream, what: str, now: float) -> bool:
    """Whether it is time to warn of ``what``; if so, it is not for a while."""
    due = now >= downstream.warned.get(what, now)
    if due:
        downstream.warned[what] = now + WARNING_INTERVAL
    return due
