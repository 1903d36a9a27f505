"""Proxy: the root of the service tree, which starts and stops the modules and the instances."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger

from .change_counts import ChangeCounts
from .config.model import Configuration
from .config.not_recommended import not_recommended
from .config.notable import notable
from .events.bus import Events
from .events.daemon import Ready, Stopped
from .instance.instance import ProxyInstance
from .instance.missing import exists_now, missing, named, notes_of
from .instance.plan.plan import Plan, compile_plan
from .instance.plan.steps import Step
from .instance.upstream import Upstream
from .kernel_tables import KernelTables
from .latency import Latencies
from .link_dispatch import LinkDispatch
from .linux.datagram_port import DatagramPort
from .linux.netlink.links import Link
from .linux.netlink.monitor import InterfaceMonitor, make_link_socket
from .linux.route_lookup import RouteLookup
from .messages import LinkChanged
from .optional_services import OptionalServices
from .receiver.receiver import Receiver
from .reconfigure import Applied, Modules, Reconfiguration
from .restart.inherited import Inherited
from .restart.resume import Resumption
from .restart.store import RestartStore
from .routing.routing import Routing
from .sender import Sender
from .systemd import notify
from .timer import Timer


class Proxy(MultiService):
    """The daemon: Timer, Sender, Routing, Receiver, optional services and proxy instances.

    ConfigurationError where ``configuration`` contradicts itself. ``privilegedStartService``
    takes the kernel's tables, and raises MulticastRoutingError or OSError where that is
    refused; ``startService`` then starts the instances, and follows the links. ``inherited`` is
    what a previous process left. ``since`` is the time of construction on the timer's clock, and
    ``started`` the same as a date. ``restarts`` counts the processes before this one that restarted
    in place, without a stop in between; ``change_counts`` counts changes of the configuration.
    ``cleared`` has the counts and bytes at the last time that
    statistics were cleared.
    """

    log = Logger()
    restarts = 0
    cleared: Mapping[tuple[object, ...], tuple[int, int]] = {}

    def __init__(
        self, reactor: Any, configuration: Configuration, inherited: Inherited | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self.configuration = configuration
        self.plan = compile_plan(configuration)
        self.stopping = self.ready = False
        self.events = Events()
        self.receiver = Receiver(reactor, self.events)
        self.timer = Timer(reactor, lambda: self.receiver.is_behind)
        self.since = self.timer.now()
        self.started = datetime.now(UTC)
        self.sender = Sender()
        self._inherited = inherited or Inherited()
        self.store = RestartStore()
        self.routing = Routing(
            reactor,
            self.events,
            inherited=self._inherited.take_tables(),
            is_exact=self._inherited.state is not None,
            store=self.store,
        )
        self.optional_services = OptionalServices()
        self.monitor = InterfaceMonitor(
            self._link_changed, self._links_known, self._link_events_lost
        )
        self.monitor.set_asked({name for _, name in named(self.plan)})
        self._reactor = reactor
        self._locator = RouteLookup()
        self._dispatch = LinkDispatch()
        self._tables = KernelTables(self.routing, self.sender, self.receiver)
        self._reconfiguration = Reconfiguration(
            self, self._modules(), self._tables, self.optional_services
        )
        self.change_counts = ChangeCounts()
        self._resumption: Resumption | None = None
        self._settled: Deferred[None] = Deferred()
        self._links: DatagramPort | None = None
        for one in (self.timer, self.sender, self.routing, self.receiver, self.optional_services):
            one.setServiceParent(self)  # type: ignore[no-untyped-call]  # untyped in Twisted

    def _modules(self) -> Modules:
        return Modules(
            self.timer, self.events, self.sender, self.receiver, self.routing, self._locator
        )

    @property
    def instances(self) -> Collection[ProxyInstance]:
        """The proxy instances, in the order of the configuration."""
        return self._reconfiguration.instances

    @property
    def upstreams(self) -> Collection[Upstream]:
        """All upstreams that instances use, each once."""
        return self._reconfiguration.upstreams

    # -- start

    def privilegedStartService(self) -> None:
        """Take the tables of all instances, or none."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._tables.open_all(self.plan.tables)

    def startService(self) -> None:
        """Start the modules and the instances, then follow the links."""
        if not self.routing.tables:
            self.privilegedStartService()
        super().startService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._log_configuration()
        for note in self.configuration.notes:
            self.log.warn("{path}: {note}", path=self.configuration.path, note=note)
        self._tables.listen_all()
        resumption = Resumption(self._inherited.state, self.routing)
        self.restarts = resumption.restarts
        self._resumption = resumption if resumption.is_wanted else None
        self._carry_out(self.plan)
        self._links = DatagramPort(make_link_socket(), self.monitor, self._reactor)
        self._links.startListening()

    def _log_configuration(self) -> None:
        for one in not_recommended(self.configuration):
            self.log.warn("{warning}", warning=str(one))
        for instance, interface, text in notable(self.configuration):
            self.log.info("{text}", text=text, instance=instance, interface=interface)

    def _carry_out(self, plan: Plan) -> Applied:
        applied = self._reconfiguration.carry_out(plan, self.monitor.links)
        self._dispatch.set_instances(self.instances)
        return applied

    def measure_latencies(self, wanted: bool) -> None:
        """Measure how long hosts wait for what they ask, or no more: ``events.latencies``."""
        if wanted is (self.events.latencies is None):
            self.events.latencies = Latencies() if wanted else None
            self.receiver.measure(self.events.latencies)

    # -- another configuration

    def steps(self, plan: Plan) -> list[Step]:
        """What ``apply`` would do."""
        return self._reconfiguration.steps(plan, self.monitor.links)

    def notes(self, plan: Plan) -> list[str]:
        """Interfaces that ``plan`` names, the running plan does not, and that do not exist."""
        return notes_of(missing(plan, exists_now, self.plan))

    async def apply(self, configuration: Configuration, plan: Plan) -> Applied:
        """Run ``plan``, compiled from ``configuration``; return the steps, and what failed.

        An error means that nothing has changed: MulticastRoutingError where a table is refused,
        OSError or ValueError where an optional service cannot start.
        """
        if self._resumption is not None:
            await self._settled
        prepared = await self._reconfiguration.prepare(plan)
        if self.stopping:
            raise OSError("the daemon is stopping")
        before, self.plan = self.plan, plan
        self.configuration = configuration
        self._log_configuration()
        self.monitor.set_asked({name for _, name in named(plan)})
        applied = self._carry_out(plan)
        self._dispatch.warn_of_missing(before, plan, self.monitor.links)
        self._dispatch.warn_of_forced_versions(plan, self.monitor.links)
        await self._tables.when_idle()
        self._retry_refused()
        if not self.stopping:
            await self._reconfiguration.close_tables(applied.steps)
        return Applied([*prepared, *applied.steps], applied.failures)

    async def try_out(self, plan: Plan) -> None:
        """Find out whether ``apply`` or a new program would be refused; it raises as ``apply``."""
        if self._resumption is not None:
            await self._settled
        await self._reconfiguration.try_out(plan)

    async def when_settled(self) -> None:
        """Wait until the kernel's tables are idle; OSError when the daemon is stopping."""
        if self._resumption is not None:
            await self._settled
        await self._tables.when_idle()
        if self.stopping:
            raise OSError("the daemon is stopping")

    # -- links

    def _link_changed(self, before: Link | None, after: Link | None) -> None:
        if self._resumption is not None:
            return  # instances get all links at once when all are known
        self._dispatch.dispatch(LinkChanged(before, after))
        if self._dispatch.any_refused:
            self._tables.when_idle().addCallback(lambda _: self._retry_refused())

    def _retry_refused(self) -> None:
        self._dispatch.retry_refused(self.monitor.links)

    def _resume(self) -> None:
        """Continue with what a previous process left, if one did."""
        resumption, self._resumption = self._resumption, None
        if resumption is not None:
            self._restore(resumption)
        self.routing.release_hold()
        if self._inherited.state is not None:
            self.store.forget_state()
        self._inherited.close()
        self._settled.callback(None)

    def _restore(self, resumption: Resumption) -> None:
        """Give instances the links and their memberships; after an error the links alone."""
        links = list(self.monitor.links.values())
        try:
            queriers = resumption.queriers(self.instances, self.timer.now())
            resumption.resume(self.instances, self.upstreams, links, queriers)
        except Exception:
            message = (
                "internal error: memberships were not restored in full; hosts report them again"
            )
            self.log.failure(message)
            for instance in self.instances:
                for link in links:
                    instance.take_link(link)

    def _link_events_lost(self) -> None:
        for instance in self.instances:
            instance.renew_groups()

    def _links_known(self) -> None:
        """Resume, and announce the daemon once the kernel has the first entries."""
        self._resume()
        self.receiver.begin_reading()
        self._dispatch.warn_of_missing(Plan(), self.plan, self.monitor.links)
        self._dispatch.warn_of_forced_versions(self.plan, self.monitor.links)
        self._tables.when_idle().addCallback(lambda _: self._announce())

    def _announce(self) -> None:
        """Say that the daemon is ready: data of downstream sources is not lost any more."""
        if self.running and not self.stopping:
            self.ready = True
            self.events.tell(Ready())
            notify("READY=1")

    # -- stop

    def stopService(self) -> Deferred[None]:
        """Leave upstream, give the tables back, then end the modules, in this order."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        notify("STOPPING=1")
        self.stopping = True
        was_started = self._links is not None
        if self._links is not None:
            self._links.stopListening()
            self._links = None
        await maybeDeferred(self.optional_services.disownServiceParent)
        await self._reconfiguration.stop()
        self._dispatch.set_instances(())
        for module in (self.receiver, self.routing):
            await maybeDeferred(module.disownServiceParent)
        self._locator.close()
        await MultiService.stopService(self)  # type: ignore[no-untyped-call]  # untyped in Twisted
        if was_started:
            self.events.tell(Stopped())
