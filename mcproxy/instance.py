"""ProxyInstance: one RFC 4605 proxy of one family.

It has a querier for each downstream link and a host for the upstream. A packet or a
deadline makes one of them act; the groups whose subscription changed thereby, and no
others, are merged again, told to the upstream and planned anew, in the same turn.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twisted.application.service import Service
from twisted.logger import Logger

from .config.model import InstanceConfig, InterfaceSettings
from .downstream import Downstream, querier_settings
from .linux.interfaces import Link
from .linux.membership import LinkGroups
from .locations import Locations
from .messages import LinkChanged, Message, PacketReceived, WrongInterface
from .protocol.family import IPV4, Address, Family
from .protocol.forwarding import Planner, Route
from .protocol.membership import MembershipDatabase
from .protocol.querier import Querier
from .protocol.sources import SourceFilter
from .receiver import Receiver
from .routingtable import ForwardingTable
from .sender import Sender
from .timer import Timer
from .upstream import Upstream


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
                if downstream is not None:
                    downstream.receive(packet, source)
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

    # -- what downstreams tell

    def changed(self, groups: Iterable[Address], now: float) -> None:
        """Tell the upstream and Routing of groups with a new subscription."""
        self.upstream.changed(groups, now)
        self._modules.table.changed(groups)

    def role_changed(self, downstream: Downstream) -> None:
        """Forward to this link no more, or again."""
        self._note_roles()
        self._modules.table.changed([self.family.unspecified, *downstream.querier.wanted_groups()])

    def _note_roles(self) -> None:
        """Data passes to and from links on which we are the querier, and no others."""
        self._locations.take_links(
            {name: d.link.index for name, d in self.downstreams.items() if d.querier.is_querier}
        )
        self._others_links = frozenset(
            name for name, d in self.downstreams.items() if not d.querier.is_querier
        )

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
        name = link.name
        querier = Querier(self.family, querier_settings(settings, self.version), link.mtu)
        modules = self._modules
        check = settings.check_subnet
        downstream = Downstream(self, link, querier, groups, modules.timer, modules.sender, check)
        self.downstreams[name] = downstream
        self._queriers[name] = querier
        self.log.info("downstream found", instance=self.name, interface=name)
        self._links_moved()
        downstream.start()

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
        self._modules.table.changed([self.family.unspecified, *self.database.groups()])

    def _release(self, downstream: Downstream) -> None:
        downstream.close()
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
