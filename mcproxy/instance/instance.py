"""ProxyInstance: one RFC 4605 proxy of one family.

It has a querier for each downstream link and a host for the upstream. A packet or a
deadline makes one of them act; the groups whose subscription changed thereby, and no
others, are merged again, told to the upstream and planned anew: in the same turn, or,
where hosts change more than ASKED_AT_ONCE groups at once, in the next turns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import chain

from twisted.application.service import Service

from ..events.membership import JoinDenied
from ..linux.netlink.links import Link
from ..messages import (
    CacheMiss,
    LinkChanged,
    Message,
    OwnPacketReceived,
    PacketReceived,
    WrongInterface,
)
from ..protocol.family import Address
from ..protocol.forwarding.planner import Route
from ..protocol.membership import MembershipDatabase
from ..protocol.policy.directional_filters import FilterPolicy
from ..protocol.router.querier import Querier
from ..protocol.sources import SourceFilter
from ..protocol.upstreams.selection import Selection
from ..protocol.wire.packets import Query
from .attached_links import AttachedLinks
from .chosen_upstreams import ASKED_AT_ONCE, ChosenUpstreams
from .context import InstanceContext
from .denied_joins import tell_denied
from .downstream import Downstream
from .group_forwarding import GroupForwarding
from .link_warnings import LinkWarnings
from .make_forwarding import make_forwarding
from .plan.downstream import DownstreamPlans
from .plan.forwarding import ForwardingPlan
from .plan.plan import InstancePlan
from .source_forwarding import SourceForwarding
from .upstream import Upstream


class ProxyInstance(Service):
    """Connects the downstream links of a configured instance, in one family, to its upstreams.

    ``planned`` is its plan, by which it runs, and ``policy`` its filters. ``upstreams`` are in
    order of preference; ``links`` are the links in use.
    """

    def __init__(
        self, plan: InstancePlan, context: InstanceContext, upstreams: Iterable[Upstream]
    ) -> None:
        self.planned = plan
        self.name = plan.name
        self.family = plan.family
        self.table_key = (plan.family, plan.table)
        self.links = AttachedLinks(self, plan, context)
        self._link_warnings = LinkWarnings(context.events, context.timer)
        self.database = MembershipDatabase(self.links.queriers, plan.static)
        self._context = context
        self.policy = policy = plan.forwarding.policy.policy()
        selection = plan.forwarding.selection.selection(policy)
        self._chosen = ChosenUpstreams(
            self,
            upstreams,
            selection,
            self.links,
            context.timer,
            context.events,
            context.table.changed,
        )
        self.forwarding = make_forwarding(
            plan.name, plan.family, plan.forwarding, policy, self._chosen, context
        )

    @property
    def upstreams(self) -> Mapping[str, Upstream]:
        """The upstreams, by interface name, in order of priority."""
        return self._chosen.by_name

    @property
    def selection(self) -> Selection:
        """Which upstream provides what."""
        return self._chosen.selection

    @property
    def downstreams(self) -> Mapping[str, Downstream]:
        """The downstreams in use, by interface name."""
        return self.links.downstreams

    def startService(self) -> None:
        """Take part in the table and upstreams; links are told by messages."""
        super().startService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._chosen.start()
        self._context.table.attach(self)

    def stopService(self) -> None:
        """Leave all groups upstream, and take everything out of the table."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._chosen.close()
        self.links.close()
        self._link_warnings.close()
        self.forwarding.close()
        self._context.table.detach(self)

    def receive(self, message: Message) -> None:
        """Act upon a message of a module; a stopped instance ignores it."""
        if not self.running:
            return
        if isinstance(message, PacketReceived):
            interface, source, packet, direct = message
            downstream = self.links.downstreams.get(interface)
            if downstream is not None and not direct:
                now = self._context.timer.now()
                for upstream in self._chosen.by_name.values():
                    if now >= upstream.host.unqueried.since:
                        upstream.receive_from_host(packet, now)
                downstream.receive(packet, source, now)
            return
        match message:
            case OwnPacketReceived(interface, packet):
                downstream = self.links.downstreams.get(interface)
                if downstream is not None and interface not in self.upstreams:
                    downstream.receive_own(packet)
            case CacheMiss() | WrongInterface():
                self.forwarding.receive(message)
            case LinkChanged(_, after):
                if message.interface in self.upstreams:
                    self._chosen.link_changed(message.interface, after)
                self.links.downstream_changed(message.interface, after)
                self._link_warnings.note(self.planned, message.interface, after)

    # -- another plan

    def set_downstreams(self, downstreams: DownstreamPlans) -> None:
        """Plan with these downstreams from now on; links in use stay as they are."""
        self.planned = replace(self.planned, downstreams=downstreams)
        self.links.set_plan(downstreams)

    def remove_downstream(self, name: str, downstreams: DownstreamPlans) -> Querier | None:
        """Release a downstream; return its querier, for another instance, if it was in use."""
        self.set_downstreams(downstreams)
        downstream = self.downstreams.get(name)
        if downstream is None:
            return None
        self.links.lose_downstream(name)
        return downstream.querier

    def change_downstream(
        self, name: str, downstreams: DownstreamPlans, link: Link | None = None
    ) -> None:
        """Give a downstream other settings; its memberships stay.

        With its ``link``, which may be usable only by the new settings.
        """
        self.set_downstreams(downstreams)
        self.links.change_downstream(name)
        if link is not None:
            self.links.downstream_changed(name, link)

    def set_static_groups(self, static: Mapping[Address, SourceFilter]) -> None:
        """Join these groups upstream, whatever downstreams want."""
        self.planned = replace(self.planned, static=static)
        groups = {**self.database.static, **static}
        self.database.set_static(static)
        self.changed(groups, self._context.timer.now())

    def change_forwarding(
        self, after: ForwardingPlan, upstreams: Iterable[Upstream], links: Mapping[str, Link]
    ) -> None:
        """Use other upstreams, filters or another way of forwarding; memberships stay."""
        before, replaced = self.planned.forwarding, self.forwarding
        self.planned = replace(self.planned, forwarding=after)
        self.policy = policy = after.policy.policy()
        self._chosen.set_selection(after.selection.selection(policy))
        if isinstance(self.forwarding, SourceForwarding) and after.per_source:
            self.forwarding.reconfigure(policy, self.selection, after.selection.look_interval)
        elif before.way != after.way:
            self._replace_forwarding(policy, migrate=before.upstream in after.upstreams)
        self._chosen.exchange(upstreams, links)
        if self.forwarding is not replaced:
            self._context.table.changed(replaced.groups())  # some may have entries, but no members

    def _replace_forwarding(self, policy: FilterPolicy, migrate: bool) -> None:
        """Forward in another way; with ``migrate`` by groups until their sources are known."""
        plan, old = self.planned, self.forwarding
        new = make_forwarding(
            plan.name, plan.family, plan.forwarding, policy, self._chosen, self._context
        )
        self.forwarding = new
        new.links_changed(self.links.usable)
        if migrate and isinstance(old, GroupForwarding) and isinstance(new, SourceForwarding):
            new.migrate_from(old, self.database.groups())
        else:
            old.close()

    # -- what Routing and upstreams ask

    def plan(self, group: Address, source: Address | None = None) -> tuple[Route, ...]:
        """The entries for ``group``, or one source of it; for the unspecified one, the base."""
        if group == self.family.unspecified:
            return self.forwarding.base()
        wanted = self.database.subscriptions(group)
        for name in self.links.usable.foreign:  # we forward where we are querier (RFC 4605, 4.2)
            wanted.pop(name, None)
        return self.forwarding.plan(group, wanted, source)

    def wanted(self, upstream: str, group: Address) -> SourceFilter:
        """What all downstreams together want of ``group`` from an upstream."""
        if not self.planned.forwarding.per_source:
            return self.database.merged(group)
        return self.selection.share(upstream, group, self.database.upstream_wants(group))

    def planned_sources(self, group: Address) -> Iterable[Address] | None:
        """The sources that may have entries for ``group``; None if there are other entries."""
        return self.forwarding.planned_sources(group, self.database.subscriptions(group))

    def planned_groups(self) -> Iterable[Address]:
        """The groups that some downstream wants, or that have entries all the same."""
        yield from self.database.groups_in_time()
        yield from list(self.forwarding.groups())

    # -- what downstreams tell

    def changed(self, groups: Collection[Address], now: float, *, may_wait: bool = False) -> None:
        """Tell upstreams and Routing of groups with a new subscription.

        Those of many groups that hosts change may wait for the next turns.

        The report goes first, because the stream has a longer way than the entry. Medians of
        ``tests.benchmarks join present``, three runs in turns: the report after 0.48 ms and the
        entry after 1.70 ms; with the entry first after 0.78 ms and 1.15 ms.
        """
        if may_wait and len(groups) > ASKED_AT_ONCE:
            self._chosen.pull_later(groups)
        else:
            for upstream in self._chosen.by_name.values():
                upstream.changed(groups, now)
            self._context.table.changed(groups)
        if JoinDenied in self._context.events.wanted:
            tell_denied(self, self._context.events, groups)

    def asked(self, downstream: Downstream, query: Query) -> None:
        """Have our own host answer our query, where the downstream is an upstream too."""
        self._chosen.answer(downstream.link.name, query)

    # -- links

    def links_changed(self) -> None:
        """Forward by the links that are usable now."""
        self.forwarding.links_changed(self.links.usable)
        self._context.table.all_changed(
            self, chain([self.family.unspecified], self.planned_groups())
        )

    def role_changed(self, downstream: Downstream) -> None:
        """Stop forwarding to this link, or start again."""
        self.links.role_changed(downstream)
        self.forwarding.links_changed(self.links.usable)
        groups = (downstream.querier.wanted_groups(), self.forwarding.groups())
        lists = (list(each) for each in groups)  # in their turn
        self._context.table.all_changed(
            downstream, chain([self.family.unspecified], chain.from_iterable(lists))
        )

    def take_link(self, link: Link, querier: Querier | None = None) -> None:
        """Use a link that exists, with the querier that another instance had on it."""
        if not self.running:
            return
        if link.name in self.upstreams:
            self._chosen.link_changed(link.name, link)
        self.links.downstream_changed(link.name, link, querier)
        self._link_warnings.note(self.planned, link.name, link)

    def retry_refused(self, links: Mapping[str, Link]) -> None:
        """Take refused links into use, as far as the kernel table has room by now."""
        for link in self.links.present_refused(links):
            self.take_link(link)

    def renew_groups(self) -> None:
        """Link events were lost, so memberships may be lost on any downstream: join again."""
        for downstream in self.downstreams.values():
            downstream.renew_groups()

    def upstreams_changed(self) -> None:
        """Plan everything again, and ask the upstreams that are usable now."""
        self.links_changed()
        self._chosen.ask_all(self.database.groups_in_time())
