"""Proxy: the root of the service tree. Configuration in, modules and proxy instances out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from .config.model import Configuration, InstanceConfig
from .config.names import is_pattern
from .instance import Modules, ProxyInstance
from .linux.interfaces import InterfaceMonitor, Link, make_link_socket
from .linux.membership import LinkGroups
from .linux.mroute import NotSupported
from .linux.rawport import RawPort
from .linux.routes import SourceLocator
from .messages import LinkChanged
from .policy import per_source_instances
from .protocol.family import IPV4, IPV6, Family
from .receiver import Receiver
from .routing import Routing
from .sender import Sender
from .systemd import notify
from .timer import Timer
from .upstream import Upstream


class Proxy(MultiService):
    """The daemon: Timer, Sender, Routing, Receiver and the proxy instances.

    ``privilegedStartService`` takes the kernel's tables, and raises MulticastRoutingError or
    OSError where that is refused; ``startService`` then runs, and follows the links.
    """

    log = Logger()

    def __init__(self, reactor: Any, configuration: Configuration) -> None:
        super().__init__()
        self.configuration = configuration
        self.instances: list[ProxyInstance] = []
        self.timer = Timer(reactor)
        self.sender = Sender()
        self.routing = Routing(reactor)
        self.receiver = Receiver(reactor)
        self._reactor = reactor
        self._locator = SourceLocator()
        self._upstreams: dict[tuple[str, Family, int, int], Upstream] = {}
        self._links: RawPort | None = None
        self.monitor = InterfaceMonitor(self._link_changed, self._links_known)
        for module in (self.timer, self.sender, self.routing, self.receiver):
            module.setServiceParent(self)

    # -- start

    def privilegedStartService(self) -> None:
        """Take the tables of all instances, or none."""
        super().privilegedStartService()
        unsupported: dict[Family, NotSupported] = {}
        for config in self.configuration.instances:
            for family in families(config):
                if family in unsupported or (family, config.table) in self.routing.tables:
                    continue
                try:
                    self.routing.open(family, config.table)
                    self.sender.open(family)
                except NotSupported as error:
                    unsupported[family] = error
        if not self.routing.tables:
            raise next(iter(unsupported.values()))
        for family, reason in unsupported.items():
            self.log.warn("without {family}: {reason}", family=family.name, reason=str(reason))

    def startService(self) -> None:
        """Start the modules, the instances, and then what tells them of links."""
        if not self.routing.tables:
            self.privilegedStartService()
        super().startService()
        for table in self.routing.tables.values():
            self.receiver.listen(table.kernel, table.vif_name)
        per_source = per_source_instances(self.configuration.instances)
        for config in self.configuration.instances:
            self._start_instance(config, config.name in per_source)
        self._links = RawPort(make_link_socket(), self.monitor, self._reactor)
        self._links.startListening()

    def _start_instance(self, config: InstanceConfig, per_source: bool) -> None:
        for family in families(config):
            table = self.routing.tables.get((family, config.table))
            if table is None:
                continue
            modules = Modules(
                self.timer,
                self.sender,
                self.receiver,
                table,
                tuple(self._upstream(name, config, family) for name in config.upstreams),
                per_source,
                self._locator.interface_towards,
                LinkGroups,
            )
            instance = ProxyInstance(config, family, modules)
            self.instances.append(instance)
            instance.setServiceParent(self)

    def _upstream(self, name: str, config: InstanceConfig, family: Family) -> Upstream:
        """An upstream of an instance, the same for all that name it."""
        version = config.igmp_version if family is IPV4 else config.mld_version
        key = (name, family, config.table, version)
        if key not in self._upstreams:
            self._upstreams[key] = Upstream(*key, self.timer, self.sender, self.receiver)
        return self._upstreams[key]

    # -- links

    def _link_changed(self, before: Link | None, after: Link | None) -> None:
        message = LinkChanged(before, after)
        for instance in self.instances:
            instance.receive(message)

    def _links_known(self) -> None:
        """All links were told once: the first queries are out, the first entries under way."""
        for config in self.configuration.instances:
            for name in (*config.upstreams, *config.downstream):
                if name not in self.monitor.links and not is_pattern(name):
                    self.log.warn(
                        "there is no such interface yet: it is used when it comes",
                        instance=config.name,
                        interface=name,
                    )
        idle = [table.when_idle() for table in self.routing.tables.values()]
        DeferredList(idle).addCallback(self._announce)

    def _announce(self, _: object) -> None:
        """Now a source on a downstream link loses nothing either."""
        if self.running:
            self.log.info("ready")
            notify("READY=1")

    # -- stop

    def stopService(self) -> Deferred[None]:
        """Leave upstream, give the tables back, then end the modules, in this order."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        notify("STOPPING=1")
        if self._links is not None:
            self._links.stopListening()
            self._links = None
        for part in (*self.instances, self.receiver, self.routing):
            stopped = part.disownServiceParent()
            if stopped is not None:
                await stopped
        self.instances.clear()
        self._upstreams.clear()
        self._locator.close()
        await MultiService.stopService(self)


def families(config: InstanceConfig) -> Iterable[Family]:
    """The families that an instance proxies."""
    if config.igmp_version:
        yield IPV4
    if config.mld_version:
        yield IPV6
