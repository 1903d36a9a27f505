"""Reconfiguration: from the running plan to another one, step by step.

The steps that can be refused come first, and are undone when a later one is refused. All
others are carried out in one turn of the reactor, so that no packet comes between them. Kernel
tables are closed at the end, when the kernel has what the other steps asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from twisted.application.service import MultiService
from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger

from .events.bus import Events
from .instance.context import InstanceContext
from .instance.instance import ProxyInstance
from .instance.plan.compare import compare
from .instance.plan.plan import InstanceKey, InstancePlan, Plan, UpstreamKey, UpstreamPlan
from .instance.plan.steps import (
    AddDownstream,
    ChangeDownstream,
    ChangeForwarding,
    ChangeService,
    ChangeStaticGroups,
    ChangeUpstream,
    CloseTable,
    InstanceStep,
    OpenTable,
    RefusableStep,
    RemoveDownstream,
    ReplaceDownstreams,
    StartInstance,
    StartUpstream,
    Step,
    StopInstance,
    StopUpstream,
)
from .instance.upstream import Upstream
from .kernel_tables import KernelTables
from .linux.netlink.links import Link
from .linux.report_groups import ReportGroups
from .linux.route_lookup import RouteLookup
from .optional_services import OptionalServices
from .protocol.family import Family
from .protocol.router.querier import Querier
from .receiver.receiver import Receiver
from .routing.routing import Routing
from .sender import Sender
from .timer import Timer

Links = Mapping[str, Link]
"""The links that exist, by name."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The steps to a plan, and for each that was not carried out in full: which one, and why."""

    steps: Sequence[Step]
    failures: list[str]


@dataclass(frozen=True, slots=True)
class Modules:
    """What instances and upstreams are made with."""

    timer: Timer
    events: Events
    sender: Sender
    receiver: Receiver
    routing: Routing
    locator: RouteLookup


class Reconfiguration:
    """Runs a plan. It owns the upstreams and the instances, which are services of ``parent``."""

    log = Logger()

    def __init__(
        self,
        parent: MultiService,
        modules: Modules,
        tables: KernelTables,
        services: OptionalServices,
    ) -> None:
        self.plan = Plan()
        self._parent = parent
        self._modules = modules
        self._tables = tables
        self._services = services
        self._instances: dict[InstanceKey, ProxyInstance] = {}
        self._upstreams: dict[UpstreamKey, Upstream] = {}
        self._queriers: dict[tuple[Family, str], Querier] = {}

    @property
    def instances(self) -> Collection[ProxyInstance]:
        """The instances, in the order of the plan."""
        return self._instances.values()

    @property
    def upstreams(self) -> Collection[Upstream]:
        """All upstreams that instances use, each once."""
        return self._upstreams.values()

    def steps(self, plan: Plan, links: Collection[str]) -> list[Step]:
        """The steps to ``plan``, where these interfaces exist."""
        return compare(self.plan, plan.without(self._tables.unsupported), links)

    async def prepare(self, plan: Plan) -> list[Step]:
        """Carry out the steps that can be refused; after an error those before it are undone."""
        return [*await self._prepare(plan)]

    async def _prepare(self, plan: Plan) -> list[RefusableStep]:
        done: list[RefusableStep] = []
        try:
            for step in self.steps(plan, ()):
                if isinstance(step, RefusableStep) and await self._try(step):
                    done.append(step)
        except BaseException:
            for step in reversed(done):
                await self._undo_or_log(step)
            raise
        return done

    async def try_out(self, plan: Plan) -> None:
        """Carry out the steps that can be refused, and undo them; it raises as ``prepare``."""
        for step in reversed(await self._prepare(plan)):
            await self._undo_or_log(step)

    async def _try(self, step: RefusableStep) -> bool:
        """Carry out a step; False where the kernel lacks the family."""
        if isinstance(step, OpenTable):
            return self._tables.open(step.table)
        await self._services.change(step.name, step.after)
        return True

    async def _undo_or_log(self, step: RefusableStep) -> None:
        """Undo a step; an error in it keeps no other step from being undone."""
        try:
            await self._undo(step)
        except Exception:
            self.log.failure(
                "internal error: a refused step was not undone: {step}", step=str(step)
            )

    async def _undo(self, step: RefusableStep) -> None:
        if isinstance(step, OpenTable):
            await self._tables.close(step.table)
        else:
            await self._services.change(step.name, step.before)

    def carry_out(self, plan: Plan, links: Links) -> Applied:
        """Carry out the other steps, after ``prepare`` and before ``close_tables``."""
        steps = [one for one in self.steps(plan, links) if not isinstance(one, RefusableStep)]
        failures = [text for one in steps if (text := self._carry_out_or_log(one, links))]
        self._queriers.clear()
        self.plan = plan.without(self._tables.unsupported)
        known = self._instances
        kept = (one.key for one in self.plan.instances if one.key in known)
        self._instances = {key: known[key] for key in kept}
        return Applied(steps, failures)

    async def close_tables(self, steps: Iterable[Step]) -> None:
        """Close the tables that ``steps`` name, once the kernel has carried out the others."""
        for step in steps:
            if isinstance(step, CloseTable):
                await self._tables.close(step.table)

    async def stop(self) -> None:
        """Stop all instances, which leave their groups upstream, one after the other."""
        for instance in list(self._instances.values()):
            await maybeDeferred(instance.disownServiceParent)
        self._instances.clear()
        self._upstreams.clear()

    # -- single steps

    def _carry_out_or_log(self, step: Step, links: Links) -> str:
        """Carry out a step; the step and its error in words if that fails, else nothing.

        An error in it keeps no other step from being carried out.
        """
        try:
            self._carry_out(step, links)
        except Exception as error:
            message = "internal error: a step was not carried out in full: {step}"
            self.log.failure(message, step=str(step))
            return f"{step}: {error!r}"
        return ""

    def _carry_out(self, step: Step, links: Links) -> None:
        match step:
            case StartUpstream(plan):
                self._upstreams[plan.key] = self._upstream(plan)
            case ChangeUpstream(plan):
                self._upstreams[plan.key].reconfigure(plan)
            case StopUpstream(plan):
                self._upstreams.pop(plan.key).close()
            case StartInstance(plan):
                self._start(plan, links)
            case StopInstance(plan):
                self._stop(plan)
            case OpenTable() | ChangeService() | CloseTable():
                pass  # carried out before and after all others
            case _:
                self._change(step, self._instances[step.plan.key], links)

    def _change(self, step: InstanceStep, instance: ProxyInstance, links: Links) -> None:
        """Carry out a step of one running instance."""
        match step:
            case ChangeStaticGroups(_, static):
                instance.set_static_groups(static)
            case ChangeForwarding(plan, after):
                upstreams = self._upstreams_of(plan, after.upstreams)
                instance.change_forwarding(after, upstreams, links)
            case RemoveDownstream(plan, name, after):
                querier = instance.remove_downstream(name, after)
                if querier is not None:
                    self._queriers[plan.family, name] = querier
            case ChangeDownstream(_, name, after):
                instance.change_downstream(name, after, links.get(name))
            case AddDownstream(plan, name, after):
                instance.set_downstreams(after)
                if name in links:
                    instance.take_link(links[name], self._queriers.get((plan.family, name)))
            case ReplaceDownstreams(_, after):
                instance.set_downstreams(after)
            case _:
                assert_never(step)

    def _upstream(self, plan: UpstreamPlan) -> Upstream:
        modules = self._modules
        return Upstream(plan, modules.timer, modules.events, modules.sender, modules.receiver)

    def _start(self, plan: InstancePlan, links: Links) -> None:
        modules = self._modules
        context = InstanceContext(
            modules.timer,
            modules.events,
            modules.sender,
            modules.receiver,
            modules.routing.tables[plan.family, plan.table],
            modules.locator.interface_towards,
            ReportGroups,
        )
        instance = ProxyInstance(plan, context, self._upstreams_of(plan, plan.upstreams))
        self._instances[plan.key] = instance
        instance.setServiceParent(self._parent)  # type: ignore[no-untyped-call]  # untyped in Twisted
        for link in list(links.values()):
            instance.take_link(link, self._queriers.get((plan.family, link.name)))

    def _stop(self, plan: InstancePlan) -> None:
        """Stop an instance; keep its queriers for the instances that take its links."""
        instance = self._instances.pop(plan.key)
        for name, downstream in instance.downstreams.items():
            self._queriers[plan.family, name] = downstream.querier
        instance.disownServiceParent()  # type: ignore[no-untyped-call]  # untyped in Twisted

    def _upstreams_of(self, plan: InstancePlan, names: Iterable[str]) -> list[Upstream]:
        return [self._upstreams[name, plan.family, plan.table] for name in names]
