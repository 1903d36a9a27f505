"""ProxyInstance: one RFC 4605 proxy of one family.

It has a querier for each downstream link and a host for the upstream. A packet or a
deadline makes one of them act; the groups whose subscription changed thereby, and no
others, are merged again, told to the upstream and planned anew, in the same turn.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping

from twisted.application.service import Service
from twisted.logger import Logger

from ..config.model import InstanceConfig, InterfaceSettings
from ..linux.netlink.links import Link
from ..messages import CacheMiss, LinkChanged, Message, PacketReceived, WrongInterface
from ..protocol.family import Address, Family
from ..protocol.forwarding.planner import Route
from ..protocol.membership import MembershipDatabase
from ..protocol.policy.directional_filters import FilterPolicy
from ..protocol.router.querier import Querier
from ..protocol.sources import SourceFilter
from ..protocol.upstreams.selection import Join
from ..protocol.wire.packets import Query
from .context import InstanceContext
from .downstream import Downstream
from .forwarding import Forwarding
from .group_forwarding import GroupForwarding
from .policy import (
    instance_policy,
    instance_selection,
    of_all_links,
    querier_settings,
    same_querier,
    static_groups,
    version_of,
)
from .source_forwarding import LOOK_INTERVAL, SourceForwarding


class ProxyInstance(Service):
    """Joins the downstream links of one configured instance, in one family, to its upstreams.

    ``upstreams`` are those of the configuration, in order of priority; ``refused`` names links
    for which the table has had no room.
    """

    log = Logger()

    def __init__(self, config: InstanceConfig, family: Family, modules: InstanceContext) -> None:
        self.name = f"{config.name}/{family.name}"
        self.config = config
        self.family = family
        self.downstreams: dict[str, Downstream] = {}
        self.refused: set[str] = set()
        self.upstreams = {upstream.name: upstream for upstream in modules.upstreams}
        self.version = version_of(config, family)
        self.table_key = (family, config.table)
        self._queriers: dict[str, Querier] = {}
        self.database = MembershipDatabase(
            self._queriers, static_groups(config.static_group, family)
        )
        self._modules = modules
        policy = instance_policy(config, family)
        self.selection = instance_selection(config, policy)
        self.forwarding = self._make_forwarding(policy)
        self._others_links: frozenset[str] = frozenset()
        self._upstream_indexes: dict[str, int] = {}
        self._reminder = modules.timer.reminder(lambda _: self._upstreams_moved())

    def _make_forwarding(self, policy: FilterPolicy) -> Forwarding:
        modules, family, towards = self._modules, self.family, self._modules.interface_towards
        if not modules.per_source:
            return GroupForwarding(family, self.config.upstream, towards, modules.table)
        return SourceForwarding(
            str(self.name),
            family,
            policy,
            self.selection,
            self._look_interval,
            towards,
            modules.timer,
            modules.table,
            self._ask_upstreams,
        )

    @property
    def _look_interval(self) -> float:
        mutex = self.selection.join is Join.MUTEX
        return self.config.mutex_time if mutex else LOOK_INTERVAL

    def startService(self) -> None:
        """Take part in the table and upstreams; links are told by messages."""
        super().startService()
        for upstream in self.upstreams.values():
            upstream.users.append(self)
        self._modules.table.attach(self)

    def stopService(self) -> None:
        """Leave all groups upstream, and take everything out of the table."""
        super().stopService()
        self._reminder.cancel()
        for upstream in self.upstreams.values():
            upstream.leave(self)
        for downstream in list(self.downstreams.values()):
            self._release(downstream)
        self.downstreams.clear()
        self.forwarding.close()
        self._modules.table.detach(self)

    def receive(self, message: Message) -> None:
        """Act upon what a module tells."""
        match message:
            case PacketReceived(interface, source, packet):
                downstream = self.downstreams.get(interface)
                if downstream is not None:
                    downstream.receive(packet, source)
            case CacheMiss() | WrongInterface():
                self.forwarding.receive(message)
            case LinkChanged(_, after):
                if message.interface in self.upstreams:
                    self._upstream_changed(message.interface, after)
                self._downstream_changed(message.interface, after)

    # -- another configuration

    def can_become(self, config: InstanceConfig) -> bool:
        """Whether ``reconfigure`` is enough: the table and the version are the same."""
        same = config.table == self.config.table
        return same and version_of(config, self.family) == self.version

    def let_go(self, config: InstanceConfig) -> None:
        """Give up the downstreams that ``config`` has no more, so that others can have them."""
        for name, downstream in list(self.downstreams.items()):
            if config.downstream_settings(name) is None:
                self._modules.movers[self.family, name] = downstream.querier
                self._lose(name, downstream)

    def reconfigure(
        self, config: InstanceConfig, modules: InstanceContext, links: Mapping[str, Link]
    ) -> None:
        """Live by ``config``, which may be the same, after ``let_go``; what hosts want stays."""
        before, self.config = self.config, config
        forwarding_differs = modules.per_source != self._modules.per_source
        self._modules = modules
        if before == config and not forwarding_differs:
            return
        asked_before = self.database.static
        self.database.static = static_groups(config.static_group, self.family)
        self._ask_upstreams({**asked_before, **self.database.static})
        if forwarding_differs or of_all_links(before) != of_all_links(config):
            self._reform(before, forwarding_differs)
            self._exchange_upstreams(links)
        for name, downstream in self.downstreams.items():
            settings = config.downstream_settings(name)
            if settings is not None and not same_querier(name, config, before):
                wanted = querier_settings(config, name, self.family)
                downstream.reconfigure(wanted, settings.check_subnet)
                self._modules.table.set_threshold(name, settings.ttl_threshold)
        for link in list(links.values()):
            if link.name not in self.downstreams:
                self._downstream_changed(link.name, link)

    def _reform(self, before: InstanceConfig, forwarding_differs: bool) -> None:
        """Forward and choose among upstreams as the configuration says now."""
        policy = instance_policy(self.config, self.family)
        selection = instance_selection(self.config, policy)
        selection.take_over(self.selection)
        self.selection = selection
        if isinstance(self.forwarding, SourceForwarding) and not forwarding_differs:
            self.forwarding.reconfigure(policy, selection, self._look_interval)
        elif forwarding_differs or before.upstream != self.config.upstream:
            old, self.forwarding = self.forwarding, self._make_forwarding(policy)
            old.close()
            same = before.upstream in self.config.upstreams
            if (
                same
                and isinstance(old, GroupForwarding)
                and isinstance(self.forwarding, SourceForwarding)
            ):
                self.forwarding.take_over(old, list(self.database.groups()))

    def _exchange_upstreams(self, links: Mapping[str, Link]) -> None:
        """Join on new upstreams before old ones are left."""
        before = self.upstreams
        self.upstreams = {upstream.name: upstream for upstream in self._modules.upstreams}
        for name in self.upstreams.keys() - before.keys():
            self.upstreams[name].users.append(self)
            self._upstream_changed(name, links.get(name))
        gone = before.keys() - self.upstreams.keys()
        for name in gone:
            self._upstream_indexes.pop(name, None)
        self._upstreams_moved(anyway=True)
        for name in gone:
            before[name].leave(self)
            if name not in self.downstreams:
                self._modules.table.release(name, self)

    # -- what Routing and upstreams ask

    def plan(self, group: Address, source: Address | None = None) -> tuple[Route, ...]:
        """The entries for ``group``, or one source of it; for the unspecified one, the base."""
        if group == self.family.unspecified:
            return self.forwarding.base()
        return self.forwarding.plan(group, self._forwarded(group), source)

    def _forwarded(self, group: Address) -> dict[str, SourceFilter]:
        """What links want on which we are the querier (RFC 4605, 4.2)."""
        wanted = self.database.subscriptions(group)
        for name in self._others_links:
            wanted.pop(name, None)
        return wanted

    def wanted(self, upstream: str, group: Address) -> SourceFilter:
        """What all downstreams together want of ``group`` from an upstream."""
        if not self._modules.per_source:
            return self.database.merged(group)
        return self.selection.share(upstream, group, self.database.upstream_wants(group))

    def planned_groups(self) -> Iterable[Address]:
        """The groups that some downstream wants, or that have entries all the same."""
        yield from self.database.groups()
        yield from self.forwarding.groups()

    # -- what downstreams tell

    def changed(self, groups: Iterable[Address], now: float) -> None:
        """Tell upstreams and Routing of groups with a new subscription."""
        for upstream in self.upstreams.values():
            upstream.changed(groups, now)
        self._modules.table.changed(groups)

    def _ask_upstreams(self, groups: Iterable[Address]) -> None:
        now = self._modules.timer.now()
        for upstream in self.upstreams.values():
            upstream.changed(groups, now)

    def role_changed(self, downstream: Downstream) -> None:
        """Forward to this link no more, or again."""
        self._note_roles()
        self._modules.table.changed(
            [
                self.family.unspecified,
                *downstream.querier.wanted_groups(),
                *self.forwarding.groups(),
            ]
        )

    def _note_roles(self) -> None:
        """Data passes to and from links on which we are the querier, and no others."""
        self._others_links = frozenset(
            name for name, one in self.downstreams.items() if not one.querier.is_querier
        )
        ours = {
            name: downstream.link.index
            for name, downstream in self.downstreams.items()
            if name not in self._others_links
        }
        self.forwarding.links_changed(ours, frozenset(self._upstream_indexes))

    def asked(self, downstream: Downstream, query: Query) -> None:
        """Where a peer is, our own host has to answer as well: the peer may leave asking to us."""
        upstream = self.upstreams.get(downstream.link.name)
        if upstream is not None:
            upstream.answer(query)

    # -- links

    def _upstream_changed(self, name: str, link: Link | None) -> None:
        usable = link if link is not None and link.up else None
        if usable is None or usable.index != self._upstream_indexes.get(name):
            self._modules.table.release(name, self)
            self._upstream_indexes.pop(name, None)
        if usable is not None and self._make_vif(usable):
            self._upstream_indexes[name] = usable.index
        # First the others, which may have to take over.
        self._upstreams_moved()
        self.upstreams[name].link_changed(usable)

    def _upstreams_moved(self, anyway: bool = False) -> None:
        """Act upon it where others work, or are preferred, than before."""
        now, before = self._modules.timer.now(), self.selection.usable
        moved = self.selection.note(self.upstreams, self._upstream_indexes, now)
        if self.selection.usable != before and len(self.upstreams) > 1:
            order = ", ".join(self.selection.usable) or "none"
            self.log.info("upstreams by preference: {order}", order=order, instance=self.name)
        if moved or anyway:
            self._links_moved()
            self._ask_upstreams(list(self.database.groups()))
        self._reminder.set(self.selection.next_deadline())

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
            table = self._modules.table.kernel.table
            self._modules.receiver.register(self.family, table, usable, self)
            known.update(usable)
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
        name, querier, modules = link.name, self._querier(link), self._modules
        downstream = Downstream(self, link, querier, groups, modules.timer, modules.sender)
        downstream.check_subnet = settings.check_subnet
        self.downstreams[name] = downstream
        self._queriers[name] = querier
        modules.table.set_threshold(name, settings.ttl_threshold)
        self.log.info("downstream found", instance=self.name, interface=name)
        self._links_moved()
        downstream.begin()
        if querier.groups:
            self.changed(list(querier.wanted_groups()), modules.timer.now())

    def _querier(self, link: Link) -> Querier:
        """One for a link: that of another instance, if it comes from there with its members."""
        wanted = querier_settings(self.config, link.name, self.family)
        modules = self._modules
        mover = modules.movers.pop((self.family, link.name), None)
        if mover is None or mover.version != self.version:
            return Querier(self.family, wanted, link.mtu)
        mover.reconfigure(wanted, modules.timer.now())
        return mover

    def _lose(self, name: str, downstream: Downstream) -> None:
        """The link is gone, and what its hosts wanted with it."""
        self.log.info("downstream lost", instance=self.name, interface=name)
        del self.downstreams[name]
        del self._queriers[name]
        groups = list(downstream.querier.wanted_groups())
        self._release(downstream)
        self.changed(groups, self._modules.timer.now())
        self._links_moved()

    def _links_moved(self) -> None:
        """The set of downstreams is another: so are the base and where sources may be."""
        self._note_roles()
        self._modules.table.changed([self.family.unspecified, *self.planned_groups()])

    def _release(self, downstream: Downstream) -> None:
        downstream.close()
        self._unregister(downstream.link)

    def _acquire(self, link: Link) -> bool:
        """Make ``link`` a vif and hear what comes in on it."""
        made = self._make_vif(link)
        if made:
            table = self._modules.table.kernel.table
            self._modules.receiver.register(self.family, table, link, self)
        return made

    def _make_vif(self, link: Link) -> bool:
        if self._modules.table.acquire(link.name, link.index, self):
            self.refused.discard(link.name)
            return True
        if link.name not in self.refused:
            self.refused.add(link.name)
            told = (
                "the kernel's multicast routing table has room for 32 interfaces, and this one "
                "does not fit: give another instance a table of its own"
            )
            self.log.error(told, instance=self.name, interface=link.name)
        return False

    def _unregister(self, link: Link) -> None:
        table = self._modules.table
        self._modules.receiver.unregister(self.family, table.kernel.table, link, self)
        if link.name not in self._upstream_indexes:
            table.release(link.name, self)
