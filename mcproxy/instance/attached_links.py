"""AttachedLinks: takes the links of a proxy instance into use, and releases them.

A link in use is a vif of the kernel table. A downstream also has a registration at the Receiver,
a membership in the groups of reports, and a Downstream with its querier.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Protocol

from twisted.logger import Logger

from ..linux.netlink.links import Link
from ..protocol.router.querier import Querier
from ..receiver.receiver import Listener
from ..routing.plan import Owner as TableOwner
from .context import InstanceContext
from .downstream import Downstream, DownstreamOwner
from .link_layer_watch import LinkLayerWatch
from .link_log import LinkLog
from .links import LinkSet
from .plan.downstream import DownstreamPlan, DownstreamPlans
from .plan.plan import InstancePlan


class LinksOwner(DownstreamOwner, Listener, TableOwner, Protocol):
    """Whose links these are: a proxy instance."""

    def links_changed(self) -> None:
        """Use the links that are ``usable`` from now on."""


class AttachedLinks:
    """The links of one proxy instance that are in use.

    ``usable`` says which links these are. ``downstreams`` and ``queriers`` are by interface name.
    Once closed it ignores all changes of links.
    """

    log = Logger()

    def __init__(self, owner: LinksOwner, plan: InstancePlan, context: InstanceContext) -> None:
        self.usable = LinkSet()
        self.downstreams: dict[str, Downstream] = {}
        self.queriers: dict[str, Querier] = {}
        self._owner = owner
        self._family = plan.family
        self._plan = plan.downstreams
        self._context = context
        self._link_log = LinkLog(context.events, context.timer)
        self._told_no_room: set[str] = set()
        self._closed = False

    def set_plan(self, downstreams: DownstreamPlans) -> None:
        """Plan with these downstreams from now on; links in use stay as they are."""
        self._plan = downstreams

    def close(self) -> None:
        """Release all downstreams; upstreams are released with the owner's part of the table."""
        self._closed = True
        self._link_log.close()
        for downstream in self.downstreams.values():
            downstream.close()
            self._detach(downstream.link)
        self.downstreams.clear()
        self.queriers.clear()
        self.usable = LinkSet()

    # -- upstreams

    def upstream_changed(self, name: str, link: Link | None) -> None:
        """Make an upstream a vif; ``link`` is None while it cannot be used.

        The vif of an upstream that is lost stays until ``release_upstream``.
        """
        if self._closed:
            return
        if link is None or link.index != self.usable.upstreams.get(name):
            self.forget_upstream(name)
        if link is not None and self._make_vif(link):
            self.usable = self.usable.with_upstream(name, link.index)

    def forget_upstream(self, name: str) -> None:
        """Count an upstream as unusable; its vif stays until ``release_upstream``."""
        self.usable = self.usable.without_upstream(name)

    def release_upstream(self, name: str) -> None:
        """Release the vif of a forgotten upstream, unless it is a downstream as well."""
        if name not in self.downstreams:
            self._context.table.release(name, self._owner)

    # -- downstreams

    def downstream_changed(
        self, name: str, link: Link | None, querier: Querier | None = None
    ) -> None:
        """Take a link into use, update it, or release it, if it is planned as a downstream.

        ``querier`` is that of another instance that had the link.
        """
        settings = self._plan.settings(name)
        if settings is None or self._closed:
            return
        usable = None
        if link is not None and link.up:
            usable = link.with_query_address(settings.query_address)
        known = self.downstreams.get(name)
        if known is not None and (usable is None or usable.index != known.link.index):
            self.lose_downstream(name, is_gone=True)
            known = None
        if usable is not None and known is not None:
            self._register(usable, settings)
            known.update(usable)
        elif usable is not None and usable.source[self._family] is not None:
            self._add_downstream(usable, settings, querier, is_new=querier is None)

    def change_downstream(self, name: str) -> None:
        """Use the planned settings of a downstream that has others now, if it is in use."""
        downstream, settings = self.downstreams.get(name), self._plan.settings(name)
        if downstream is None or settings is None:
            return
        if settings.querier.version != downstream.querier.version:
            self.lose_downstream(name)  # one querier speaks one version
            self._add_downstream(downstream.link, settings, None, is_new=False)
            return
        self._register(downstream.link, settings)
        downstream.reconfigure(settings.querier, settings.check_subnet)
        downstream.advertiser.configure(settings.discovery_interval)
        self._context.table.set_threshold(name, settings.ttl_threshold)

    def lose_downstream(self, name: str, *, is_gone: bool = False) -> None:
        """Release a downstream, and forget what its hosts wanted; ``is_gone`` is of the link."""
        self._link_log.lost("downstream", self._owner.name, name)
        downstream = self.downstreams.pop(name)
        del self.queriers[name]
        self.usable = self.usable.without_downstream(name)
        groups = list(downstream.querier.wanted_groups())
        downstream.close(is_gone=is_gone)
        self._detach(downstream.link)
        self._owner.changed(groups, self._context.timer.now())
        self._owner.links_changed()

    def role_changed(self, downstream: Downstream) -> None:
        """Note whether we are the querier on this link now."""
        link, querier = downstream.link, downstream.querier
        self.usable = self.usable.with_downstream(link.name, link.index, querier.is_querier)

    def _add_downstream(
        self, link: Link, settings: DownstreamPlan, known: Querier | None, *, is_new: bool
    ) -> None:
        if not self._make_vif(link):
            return
        self._register(link, settings)
        name, context = link.name, self._context
        try:
            groups = context.join_link_groups(self._family, link.index)
        except OSError as error:
            self._detach(link)
            if error.errno != errno.ENODEV:  # the link is gone, and its message is on the way
                message = "cannot join the groups of reports: {reason}; the downstream is not used"
                reason = error.strerror
                self.log.error(message, reason=reason, instance=self._owner.name, interface=name)
            return
        querier = self._querier(link, settings, known)
        downstream = Downstream(
            self._owner,
            link,
            querier,
            groups,
            context.timer,
            context.events,
            context.sender,
            LinkLayerWatch(context.open_reporters, self._owner.name, name),
            settings.check_subnet,
        )
        self.downstreams[name] = downstream
        self.queriers[name] = querier
        self.role_changed(downstream)
        context.table.set_threshold(name, settings.ttl_threshold)
        self._link_log.found("downstream", self._owner.name, name)
        self._owner.links_changed()
        downstream.begin()
        downstream.advertiser.configure(settings.discovery_interval, at_once=not is_new)
        if querier.groups:
            self._owner.changed(list(querier.wanted_groups()), context.timer.now())

    def _querier(self, link: Link, settings: DownstreamPlan, known: Querier | None) -> Querier:
        """A new querier, or the ``known`` one of the link, with its memberships."""
        if known is None or known.version != settings.querier.version:
            return Querier(self._family, settings.querier, link.mtu)
        known.set_mtu(link.mtu)
        known.reconfigure(settings.querier, self._context.timer.now())
        return known

    # -- the kernel table and the Receiver

    def present_refused(self, links: Mapping[str, Link]) -> list[Link]:
        """The refused links that still exist, by name; the others are forgotten."""
        refused = self.usable.refused & links.keys()
        self.usable = self.usable.with_refused(refused)
        self._told_no_room &= refused
        return [links[name] for name in sorted(refused)]

    def _make_vif(self, link: Link) -> bool:
        name, table, refused = link.name, self._context.table, self.usable.refused
        if table.acquire(name, link.index, self._owner):
            if name in refused:
                self.usable = self.usable.with_refused(refused - {name})
            self._told_no_room.discard(name)
            return True
        if name not in refused:
            self.usable = self.usable.with_refused(refused | {name})
        # Otherwise there is room as soon as numbers of links that went are free again.
        if table.is_full and name not in self._told_no_room:
            self._told_no_room.add(name)
            self.log.error(
                "the kernel's multicast routing table has no room for another interface; this one "
                'is not used until there is room (see "More than 31 downstreams" in '
                "docs/reference/configuration.rst)",
                instance=self._owner.name,
                interface=name,
            )
        return False

    def _register(self, link: Link, settings: DownstreamPlan) -> None:
        table = self._context.table.kernel.table
        strict = settings.require_router_alert
        self._context.receiver.register(self._family, table, link, self._owner, strict)

    def _detach(self, link: Link) -> None:
        table = self._context.table
        self._context.receiver.unregister(self._family, table.kernel.table, link, self._owner)
        if link.name in self.usable.upstreams:
            table.set_threshold(link.name, 1)
        else:
            table.release(link.name, self._owner)
