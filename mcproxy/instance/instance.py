"""ProxyInstance: one RFC 4605 proxy of one family.

It has a querier for each downstream link and a host for the upstream. A packet or a
deadline makes one of them act; the groups whose subscription changed thereby, and no
others, are merged again, told to the upstream and planned anew, in the same turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.application.service import Service
from twisted.logger import Logger

from ..config.model import InstanceConfig
from ..linux.netlink.links import Link
from ..messages import CacheMiss, LinkChanged, Message, PacketReceived, WrongInterface
from ..protocol.family import Address, Family
from ..protocol.forwarding.planner import Route
from ..protocol.membership import MembershipDatabase
from ..protocol.policy.directional_filters import FilterPolicy
from ..protocol.sources import SourceFilter
from ..protocol.upstreams.selection import Join
from ..protocol.wire.packets import Query
from .attached_links import AttachedLinks
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

    ``upstreams`` are those of the configuration, in order of priority; ``links`` are the links
    in use.
    """

    log = Logger()

    def __init__(self, config: InstanceConfig, family: Family, modules: InstanceContext) -> None:
        self.name = f"{config.name}/{family.name}"
        self.config = config
        self.family = family
        self.upstreams = {upstream.name: upstream for upstream in modules.upstreams}
        self.version = version_of(config, family)
        self.table_key = (family, config.table)
        self.links = AttachedLinks(self, config, family, modules)
        self.database = MembershipDatabase(
            self.links.queriers, static_groups(config.static_group, family)
        )
        self._modules = modules
        policy = instance_policy(config, family)
        self.selection = instance_selection(config, policy)
        self.forwarding = self._make_forwarding(policy)
        self._reminder = modules.timer.reminder(lambda _: self._upstreams_changed())

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
    def downstreams(self) -> Mapping[str, Downstream]:
        """The downstreams in use, by interface name."""
        return self.links.downstreams

    @property
    def _look_interval(self) -> float:
        mutex = self.selection.join is Join.MUTEX
        return self.config.mutex_time if mutex else LOOK_INTERVAL

    def startService(self) -> None:
        """Take part in the table and upstreams; links are told by messages."""
        super().startService()
        for upstream in self.upstreams.values():
            upstream.add_user(self)
        self._modules.table.attach(self)

    def stopService(self) -> None:
        """Leave all groups upstream, and take everything out of the table."""
        super().stopService()
        self._reminder.cancel()
        for upstream in self.upstreams.values():
            upstream.remove_user(self)
        self.links.close()
        self.forwarding.close()
        self._modules.table.detach(self)

    def receive(self, message: Message) -> None:
        """Act upon what a module tells; a stopped instance ignores it."""
        if not self.running:
            return
        match message:
            case PacketReceived(interface, source, packet):
                downstream = self.links.downstreams.get(interface)
                if downstream is not None:
                    downstream.receive(packet, source)
            case CacheMiss() | WrongInterface():
                self.forwarding.receive(message)
            case LinkChanged(_, after):
                if message.interface in self.upstreams:
                    self._upstream_changed(message.interface, after)
                self.links.downstream_changed(message.interface, after)

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
                self.links.lose_downstream(name)

    def reconfigure(
        self, config: InstanceConfig, modules: InstanceContext, links: Mapping[str, Link]
    ) -> None:
        """Live by ``config``, which may be the same, after ``let_go``; what hosts want stays."""
        before, self.config = self.config, config
        forwarding_differs = modules.per_source != self._modules.per_source
        self._modules = modules
        self.links.configure(config, modules)
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
                self.links.downstream_changed(link.name, link)

    def _reform(self, before: InstanceConfig, forwarding_differs: bool) -> None:
        """Forward and choose among upstreams as the configuration says now."""
        policy = instance_policy(self.config, self.family)
        selection = instance_selection(self.config, policy)
        selection.continue_from(self.selection)
        self.selection = selection
        if isinstance(self.forwarding, SourceForwarding) and not forwarding_differs:
            self.forwarding.reconfigure(policy, selection, self._look_interval)
        elif forwarding_differs or before.upstream != self.config.upstream:
            old, self.forwarding = self.forwarding, self._make_forwarding(policy)
            same = before.upstream in self.config.upstreams
            if (
                same
                and isinstance(old, GroupForwarding)
                and isinstance(self.forwarding, SourceForwarding)
            ):
                self.forwarding.migrate_from(old, list(self.database.groups()))
            else:
                old.close()

    def _exchange_upstreams(self, links: Mapping[str, Link]) -> None:
        """Join on new upstreams before old ones are left."""
        before = self.upstreams
        self.upstreams = {upstream.name: upstream for upstream in self._modules.upstreams}
        for name in self.upstreams.keys() - before.keys():
            self.upstreams[name].add_user(self)
            self._upstream_changed(name, links.get(name))
        gone = before.keys() - self.upstreams.keys()
        for name in gone:
            self.links.forget_upstream(name)
        self._upstreams_changed(anyway=True)
        for name in gone:
            before[name].remove_user(self)
            self.links.release_upstream(name)

    # -- what Routing and upstreams ask

    def plan(self, group: Address, source: Address | None = None) -> tuple[Route, ...]:
        """The entries for ``group``, or one source of it; for the unspecified one, the base."""
        if group == self.family.unspecified:
            return self.forwarding.base()
        return self.forwarding.plan(group, self._forwarded(group), source)

    def _forwarded(self, group: Address) -> dict[str, SourceFilter]:
        """What links want on which we are the querier (RFC 4605, 4.2)."""
        wanted = self.database.subscriptions(group)
        for name in self.links.usable.foreign:
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

    def asked(self, downstream: Downstream, query: Query) -> None:
        """Where a peer is, our own host has to answer as well: the peer may leave asking to us."""
        upstream = self.upstreams.get(downstream.link.name)
        if upstream is not None:
            upstream.answer(query)

    # -- links

    def links_changed(self) -> None:
        """Forward by the links that are usable now."""
        self.forwarding.links_changed(self.links.usable)
        self._modules.table.changed([self.family.unspecified, *self.planned_groups()])

    def role_changed(self, downstream: Downstream) -> None:
        """Forward to this link no more, or again."""
        self.links.role_changed(downstream)
        self.forwarding.links_changed(self.links.usable)
        groups = (*downstream.querier.wanted_groups(), *self.forwarding.groups())
        self._modules.table.changed([self.family.unspecified, *groups])

    def retry_refused(self, links: Mapping[str, Link]) -> None:
        """Take refused links into use, as far as the kernel table has room by now."""
        for link in self.links.present_refused(links):
            self.receive(LinkChanged(None, link))

    def renew_groups(self) -> None:
        """Link events were lost, so memberships may be lost on any downstream: join again."""
        for downstream in self.downstreams.values():
            downstream.renew_groups()

    def _upstream_changed(self, name: str, link: Link | None) -> None:
        usable = link if link is not None and link.up else None
        self.links.upstream_changed(name, usable)
        # First the other upstreams, which may have to provide what this one did.
        self._upstreams_changed()
        self.upstreams[name].link_changed(usable)

    def _upstreams_changed(self, anyway: bool = False) -> None:
        """Act upon another order of the usable upstreams, if it is another."""
        now, before = self._modules.timer.now(), self.selection.usable
        moved = self.selection.note(self.upstreams, self.links.usable.upstreams, now)
        if self.selection.usable != before and len(self.upstreams) > 1:
            order = ", ".join(self.selection.usable) or "none"
            self.log.info("upstreams by preference: {order}", order=order, instance=self.name)
        if moved or anyway:
            self.links_changed()
            self._ask_upstreams(list(self.database.groups()))
        self._reminder.set(self.selection.next_deadline())
