"""AttachedLinks: takes the links of a proxy instance into use, and releases them.

A link in use is a vif of the kernel table. A downstream also has a registration at the Receiver,
a membership in the groups of reports, and a Downstream with its querier.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Protocol

from twisted.logger import Logger

from ..config.model import InstanceConfig, InterfaceSettings
from ..linux.netlink.links import Link
from ..protocol.family import Family
from ..protocol.router.querier import Querier
from ..receiver import Listener
from ..routing.plan import Owner as TableOwner
from .context import InstanceContext
from .downstream import Downstream, DownstreamOwner
from .links import LinkSet
from .policy import querier_settings, version_of


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

    def __init__(
        self, owner: LinksOwner, config: InstanceConfig, family: Family, modules: InstanceContext
    ) -> None:
        self.usable = LinkSet()
        self.downstreams: dict[str, Downstream] = {}
        self.queriers: dict[str, Querier] = {}
        self._owner = owner
        self._family = family
        self._config = config
        self._modules = modules
        self._closed = False

    def configure(self, config: InstanceConfig, modules: InstanceContext) -> None:
        """Use another configuration for links from now on; links in use stay as they are."""
        self._config, self._modules = config, modules

    def close(self) -> None:
        """Release all downstreams; upstreams are released with the owner's part of the table."""
        self._closed = True
        for downstream in self.downstreams.values():
            downstream.close()
            self._detach(downstream.link)
        self.downstreams.clear()
        self.queriers.clear()
        self.usable = LinkSet()

    # -- upstreams

    def upstream_changed(self, name: str, link: Link | None) -> None:
        """Make an upstream a vif, or release it; ``link`` is None while it cannot be used."""
        if self._closed:
            return
        if link is None or link.index != self.usable.upstreams.get(name):
            self._modules.table.release(name, self._owner)
            self.usable = self.usable.without_upstream(name)
        if link is not None and self._make_vif(link):
            self.usable = self.usable.with_upstream(name, link.index)

    def forget_upstream(self, name: str) -> None:
        """Count an upstream as unusable; its vif stays until ``release_upstream``."""
        self.usable = self.usable.without_upstream(name)

    def release_upstream(self, name: str) -> None:
        """Release the vif of a forgotten upstream, unless it is a downstream as well."""
        if name not in self.downstreams:
            self._modules.table.release(name, self._owner)

    # -- downstreams

    def downstream_changed(self, name: str, link: Link | None) -> None:
        """Take a link into use, update it, or release it, if the configuration names it."""
        settings = self._config.downstream_settings(name)
        if settings is None or self._closed:
            return
        usable = link if link is not None and link.up else None
        known = self.downstreams.get(name)
        if known is not None and (usable is None or usable.index != known.link.index):
            self.lose_downstream(name)
            known = None
        if usable is not None and known is not None:
            self._register(usable)
            known.update(usable)
        elif usable is not None and usable.address(self._family) is not None:
            self._add_downstream(usable, settings)

    def lose_downstream(self, name: str) -> None:
        """Release a downstream, and forget what its hosts wanted."""
        self.log.info("downstream lost", instance=self._owner.name, interface=name)
        downstream = self.downstreams.pop(name)
        del self.queriers[name]
        self.usable = self.usable.without_downstream(name)
        groups = list(downstream.querier.wanted_groups())
        downstream.close()
        self._detach(downstream.link)
        self._owner.changed(groups, self._modules.timer.now())
        self._owner.links_changed()

    def role_changed(self, downstream: Downstream) -> None:
        """Note whether we are the querier on this link now."""
        link, querier = downstream.link, downstream.querier
        self.usable = self.usable.with_downstream(link.name, link.index, querier.is_querier)

    def _add_downstream(self, link: Link, settings: InterfaceSettings) -> None:
        if not self._make_vif(link):
            return
        self._register(link)
        name, modules = link.name, self._modules
        try:
            groups = modules.join_link_groups(self._family, link.index)
        except OSError as error:
            self._detach(link)
            if error.errno != errno.ENODEV:  # the link is gone, and its message is on the way
                told = "cannot join the groups of reports: {reason}; the downstream is not used"
                reason = error.strerror
                self.log.error(told, reason=reason, instance=self._owner.name, interface=name)
            return
        querier = self._querier(link)
        downstream = Downstream(
            self._owner, link, querier, groups, modules.timer, modules.sender, settings.check_subnet
        )
        self.downstreams[name] = downstream
        self.queriers[name] = querier
        self.role_changed(downstream)
        modules.table.set_threshold(name, settings.ttl_threshold)
        self.log.info("downstream found", instance=self._owner.name, interface=name)
        self._owner.links_changed()
        downstream.begin()
        if querier.groups:
            self._owner.changed(list(querier.wanted_groups()), modules.timer.now())

    def _querier(self, link: Link) -> Querier:
        """A new querier, or the one that another instance had on this link, with its members."""
        wanted = querier_settings(self._config, link.name, self._family)
        modules = self._modules
        mover = modules.movers.pop((self._family, link.name), None)
        if mover is None or mover.version != version_of(self._config, self._family):
            return Querier(self._family, wanted, link.mtu)
        mover.reconfigure(wanted, modules.timer.now())
        return mover

    # -- the kernel table and the Receiver

    def present_refused(self, links: Mapping[str, Link]) -> list[Link]:
        """The refused links that still exist, by name; the others are forgotten."""
        refused = self.usable.refused & links.keys()
        self.usable = self.usable.with_refused(refused)
        return [links[name] for name in sorted(refused)]

    def _make_vif(self, link: Link) -> bool:
        refused = self.usable.refused
        if self._modules.table.acquire(link.name, link.index, self._owner):
            if link.name in refused:
                self.usable = self.usable.with_refused(refused - {link.name})
            return True
        if link.name not in refused:
            self.usable = self.usable.with_refused(refused | {link.name})
            self.log.error(
                "the kernel's multicast routing table has no room for another interface; this one "
                "is not used until there is room; give another instance its own table (see table)",
                instance=self._owner.name,
                interface=link.name,
            )
        return False

    def _register(self, link: Link) -> None:
        table = self._modules.table.kernel.table
        self._modules.receiver.register(self._family, table, link, self._owner)

    def _detach(self, link: Link) -> None:
        table = self._modules.table
        self._modules.receiver.unregister(self._family, table.kernel.table, link, self._owner)
        if link.name not in self.usable.upstreams:
            table.release(link.name, self._owner)
