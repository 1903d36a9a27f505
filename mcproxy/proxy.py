"""Proxy: the root of the service tree. Configuration in, modules and proxy instances out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from .config.model import Configuration, InstanceConfig
from .config.names import is_pattern
from .instance.context import InstanceContext
from .instance.instance import ProxyInstance
from .instance.policy import per_source_instances, ssm_policy, version_of
from .instance.upstream import Upstream
from .linux.datagram_port import DatagramPort
from .linux.mroute.errors import NotSupported
from .linux.netlink.links import Link
from .linux.netlink.monitor import InterfaceMonitor, make_link_socket
from .linux.report_groups import ReportGroups
from .linux.route_lookup import RouteLookup
from .messages import LinkChanged
from .optional_services import OptionalServices
from .protocol.family import FAMILIES, Family
from .protocol.router.querier import Querier
from .receiver import Receiver
from .restart.inherited import Inherited
from .restart.resume import Resumption
from .restart.store import RestartStore
from .routing.adopt import TableKey
from .routing.routing import Routing
from .sender import Sender
from .systemd import notify
from .timer import Timer


class Proxy(MultiService):
    """The daemon: Timer, Sender, Routing, Receiver and the proxy instances.

    ``privilegedStartService`` takes the kernel's tables, and raises MulticastRoutingError or
    OSError where that is refused; ``startService`` then runs, and follows the links. It resumes
    what is ``inherited`` from a previous process. ``since`` is when it was made, on the timer's
    clock, and ``started`` on that of the world.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, configuration: Configuration, inherited: Inherited | None = None
    ) -> None:
        super().__init__()
        self.configuration = configuration
        self.instances: list[ProxyInstance] = []
        self.stopping = False
        self._named: defaultdict[str, list[ProxyInstance]] = defaultdict(list)
        self._with_patterns: list[ProxyInstance] = []
        self.timer = Timer(reactor)
        self.since = self.timer.now()
        self.started = datetime.now(UTC)
        self.ready = False
        self.sender = Sender()
        self._inherited = inherited or Inherited()
        self.store = RestartStore()
        self.routing = Routing(
            reactor,
            inherited=self._inherited.take_tables(),
            is_exact=self._inherited.state is not None,
            store=self.store,
        )
        self.receiver = Receiver(reactor)
        self.optional_services = OptionalServices()
        self._reactor = reactor
        self._locator = RouteLookup()
        self._upstreams: dict[tuple[str, Family, int, int], Upstream] = {}
        self._movers: dict[tuple[Family, str], Querier] = {}
        self._unsupported: dict[Family, NotSupported] = {}
        self._resumption: Resumption | None = None
        self._settled: Deferred[None] = Deferred()
        self._links: DatagramPort | None = None
        self.monitor = InterfaceMonitor(self._link_changed, self._links_known)
        for module in (
            self.timer,
            self.sender,
            self.routing,
            self.receiver,
            self.optional_services,
        ):
            module.setServiceParent(self)

    # -- start

    def privilegedStartService(self) -> None:
        """Take the tables of all instances, or none."""
        super().privilegedStartService()
        self._open_tables(self.configuration)
        if not self.routing.tables:
            raise next(iter(self._unsupported.values()))
        for family in self._unsupported:
            self._warn_of_unsupported(family)

    def _warn_of_unsupported(self, family: Family) -> None:
        reason = str(self._unsupported[family])
        self.log.warn("without {family}: {reason}", family=family.name, reason=reason)

    def _open_tables(self, configuration: Configuration) -> list[TableKey]:
        """Take the tables that are not ours yet, of families that the kernel supports."""
        opened: list[TableKey] = []
        for config in configuration.instances:
            for family in families(config):
                if family in self._unsupported or (family, config.table) in self.routing.tables:
                    continue
                try:
                    self.routing.open(family, config.table)
                    opened.append((family, config.table))
                    self.sender.open(family)
                except NotSupported as error:
                    self._unsupported[family] = error
                    if self.running:
                        self._warn_of_unsupported(family)
                except BaseException:
                    for key in opened:
                        self.routing.close(*key)
                    raise
        return opened

    def startService(self) -> None:
        """Start the modules, the instances, and then what tells them of links."""
        if not self.routing.tables:
            self.privilegedStartService()
        super().startService()
        for table in self.routing.tables.values():
            self.receiver.listen(table.kernel, table.vif_name)
        resumption = Resumption(self._inherited.state, self.routing)
        self._resumption = resumption if resumption.is_wanted else None
        self._arrange(self.configuration)
        self._links = DatagramPort(make_link_socket(), self.monitor, self._reactor)
        self._links.startListening()

    @property
    def upstreams(self) -> Iterable[Upstream]:
        """All that instances name, each once."""
        return self._upstreams.values()

    # -- change

    async def apply(self, configuration: Configuration) -> None:
        """Run by ``configuration``: what is different is done, and nothing else touched.

        What is raised has changed nothing: MulticastRoutingError where a table is not to be
        had, OSError or ValueError where a section's service is not.
        """
        if self._resumption is not None:
            await self._settled
        opened = self._open_tables(configuration)
        try:
            await self.optional_services.apply(self.configuration, configuration)
        except BaseException:
            for key in opened:
                await self.routing.close(*key)
            raise
        for key in opened:
            table = self.routing.tables[key]
            self.receiver.listen(table.kernel, table.vif_name)
        before, self.configuration = self.configuration, configuration
        if before.instances != configuration.instances:
            self._arrange(configuration)
            self._warn_of_missing(set(_named(configuration)) - set(_named(before)))
        await self._when_idle()
        self._fill_tables(None)
        await self._close_tables()

    async def when_settled(self) -> None:
        """Wait until nothing is under way in the kernel's tables; OSError when we are stopping."""
        if self._resumption is not None:
            await self._settled
        await self._when_idle()
        if self.stopping:
            raise OSError("the daemon is stopping")

    def _arrange(self, configuration: Configuration) -> None:
        """Have the instances that ``configuration`` names, as it describes them."""
        wanted = {
            (config.name, family): config
            for config in configuration.instances
            for family in families(config)
            if (family, config.table) in self.routing.tables
        }
        known = {(instance.config.name, instance.family): instance for instance in self.instances}
        for key, instance in list(known.items()):
            if key not in wanted or not instance.can_become(wanted[key]):
                instance.disownServiceParent()
                del known[key]
            else:
                instance.let_go(wanted[key])
        per_source = per_source_instances(configuration.instances)
        self.instances = []
        for (name, family), config in wanted.items():
            modules = self._modules(config, family, name in per_source)
            found = known.get((name, family))
            if found is None:
                self.instances.append(self._start_instance(config, family, modules))
            else:
                self.instances.append(found)
                found.reconfigure(config, modules, self.monitor.links)
        self._upstreams = {key: up for key, up in self._upstreams.items() if up.users}
        self._movers.clear()
        self._index_names()

    def _index_names(self) -> None:
        """Note who is to be told of which link, for many instances and many links."""
        self._named = defaultdict(list)
        self._with_patterns = []
        for instance in self.instances:
            names = {*instance.config.upstreams, *instance.config.downstream}
            if any(map(is_pattern, names)):
                self._with_patterns.append(instance)
                continue
            for name in names:
                self._named[name].append(instance)

    async def _close_tables(self) -> None:
        """Give back the tables that no instance uses."""
        used = {(instance.family, instance.config.table) for instance in self.instances}
        for family, number in self.routing.tables.keys() - used:
            self.receiver.ignore(family, number)
            await self.routing.close(family, number)

    def _start_instance(
        self, config: InstanceConfig, family: Family, modules: InstanceContext
    ) -> ProxyInstance:
        instance = ProxyInstance(config, family, modules)
        instance.setServiceParent(self)
        for link in list(self.monitor.links.values()):
            instance.receive(LinkChanged(None, link))
        return instance

    def _modules(self, config: InstanceConfig, family: Family, per_source: bool) -> InstanceContext:
        return InstanceContext(
            self.timer,
            self.sender,
            self.receiver,
            self.routing.tables[family, config.table],
            tuple(self._upstream(name, config, family) for name in config.upstreams),
            per_source,
            self._locator.interface_towards,
            ReportGroups,
            self._movers,
        )

    def _upstream(self, name: str, config: InstanceConfig, family: Family) -> Upstream:
        """An upstream of an instance, the same for all that name it."""
        key = (name, family, config.table, version_of(config, family))
        if key not in self._upstreams:
            self._upstreams[key] = Upstream(*key, self.timer, self.sender, self.receiver)
        host = self._upstreams[key].host
        is_ssm = ssm_policy(config, family).is_ssm
        host.configure(fallback=config.version_fallback, is_ssm=is_ssm)
        return self._upstreams[key]

    # -- links

    def _link_changed(self, before: Link | None, after: Link | None) -> None:
        if self._resumption is not None:
            return  # all are told at once when all are known
        message = LinkChanged(before, after)
        named = self._named.get(message.interface, [])
        for instance in [*named, *self._with_patterns]:
            instance.receive(message)
        if any(instance.links.usable.refused for instance in self.instances):
            self._when_idle().addCallback(self._fill_tables)

    def _resume(self) -> None:
        """Continue with what a previous process left, if one did."""
        resumption, self._resumption = self._resumption, None
        if resumption is not None:
            self._movers.update(resumption.queriers(self.instances, self.timer.now()))
            links = list(self.monitor.links.values())
            resumption.resume(self.instances, self._upstreams.values(), links)
            self._movers.clear()
        self.routing.release_hold()
        if self._inherited.state is not None:
            self.store.forget_state()
        self._inherited.close()
        self._settled.callback(None)

    def _fill_tables(self, _: object) -> None:
        """Have links taken that did not fit, as far as there is room now."""
        for instance in self.instances:
            instance.retry_refused(self.monitor.links)

    def _links_known(self) -> None:
        """All links were told once: the first queries are out, the first entries under way."""
        self._resume()
        self._warn_of_missing(set(_named(self.configuration)))
        self._when_idle().addCallback(self._announce)

    def _when_idle(self) -> Deferred[Any]:
        """Fires once all tables have in the kernel what was asked for."""
        return DeferredList([table.when_idle() for table in self.routing.tables.values()])

    def _warn_of_missing(self, named: set[tuple[str, str]]) -> None:
        for instance, name in sorted(named):
            if name not in self.monitor.links and not is_pattern(name):
                self.log.warn(
                    "there is no such interface yet: it is used when it comes",
                    instance=instance,
                    interface=name,
                )

    def _announce(self, _: object) -> None:
        """Now a source on a downstream link loses nothing either."""
        if self.running:
            self.ready = True
            self.log.info("ready")
            notify("READY=1")

    # -- stop

    def stopService(self) -> Deferred[None]:
        """Leave upstream, give the tables back, then end the modules, in this order."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        notify("STOPPING=1")
        self.stopping = True
        if self._links is not None:
            self._links.stopListening()
            self._links = None
        for part in (self.optional_services, *self.instances, self.receiver, self.routing):
            stopped = part.disownServiceParent()
            if stopped is not None:
                await stopped
        self.instances.clear()
        self._index_names()
        self._upstreams.clear()
        self._locator.close()
        await MultiService.stopService(self)


def _named(configuration: Configuration) -> Iterable[tuple[str, str]]:
    """Instance and name of each interface, or pattern, that is named."""
    for config in configuration.instances:
        for name in (*config.upstreams, *config.downstream):
            yield config.name, name


def families(config: InstanceConfig) -> Iterable[Family]:
    """The families that an instance proxies."""
    return (family for family in FAMILIES if version_of(config, family))
