"""The difference of two plans: the steps between them, in the order to carry them out.

1. What can be refused: new kernel tables, and optional services.
2. Instances and links are given up, so that others can take them with their memberships.
3. Running instances change: new upstreams are joined before old ones are left.
4. New instances start.
5. Kernel tables that nobody uses any more are closed.

A pattern stands for the links that exist when the steps are asked for: each of them has steps
of its own, and so has the pattern, for links that appear later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeVar

from .downstream import DownstreamPlans
from .plan import InstanceKey, InstancePlan, Plan
from .steps import (
    AddDownstream,
    ChangeDownstream,
    ChangeForwarding,
    ChangeService,
    ChangeStaticGroups,
    ChangeUpstream,
    CloseTable,
    OpenTable,
    RemoveDownstream,
    ReplaceDownstreams,
    StartInstance,
    StartUpstream,
    Step,
    StopInstance,
    StopUpstream,
)

T = TypeVar("T")


def compare(before: Plan, after: Plan, links: Collection[str] = ()) -> list[Step]:
    """The steps from ``before`` to ``after``, where ``links`` are the interfaces that exist."""
    running = {plan.key: plan for plan in before.instances}
    wanted = {plan.key: plan for plan in after.instances}
    kept = {
        key: (plan, wanted[key])
        for key, plan in running.items()
        if key in wanted and _keeps_running(plan, wanted[key])
    }
    takes, removals = _changes(kept, links)
    started, changed, stopped = _upstream_steps(before, after)
    return [
        *_refusable(before, after),
        *(StopInstance(plan) for key, plan in running.items() if key not in kept),
        *removals,
        *started,
        *changed,
        *takes,
        *(StartInstance(plan) for key, plan in wanted.items() if key not in kept),
        *stopped,
        *(CloseTable(table) for table in _beyond(before.tables, after.tables)),
    ]


def _refusable(before: Plan, after: Plan) -> Iterator[Step]:
    for table in _beyond(after.tables, before.tables):
        yield OpenTable(table)
    services = dict(before.services)
    for name, config in after.services:
        if config != services.get(name):
            yield ChangeService(name, services.get(name), config)


def _keeps_running(before: InstancePlan, after: InstancePlan) -> bool:
    """Whether an instance changes while it runs; otherwise it stops, and a new one starts."""
    return (before.table, before.version) == (after.table, after.version)


def _upstream_steps(before: Plan, after: Plan) -> tuple[list[Step], ...]:
    """Steps that start, change and stop hosts."""
    running = {plan.key: plan for plan in before.upstreams}
    wanted = {plan.key: plan for plan in after.upstreams}
    started: list[Step] = []
    changed: list[Step] = []
    for key, plan in wanted.items():
        known = running.get(key)
        if known is None:
            started.append(StartUpstream(plan))
        elif known != plan:
            changed.append(ChangeUpstream(plan))
    stopped: list[Step] = [StopUpstream(running[key]) for key in _beyond(running, wanted)]
    return started, changed, stopped


def _changes(
    kept: Mapping[InstanceKey, tuple[InstancePlan, InstancePlan]], links: Collection[str]
) -> tuple[list[Step], list[Step]]:
    """Changes of instances that keep running, and the downstreams that they give up before."""
    takes: list[Step] = []
    removals: list[Step] = []
    for before, after in kept.values():
        if before.static != after.static:
            takes.append(ChangeStaticGroups(before, after.static))
        if before.forwarding != after.forwarding:
            takes.append(ChangeForwarding(before, after.forwarding))
        if before.downstreams != after.downstreams:
            steps = list(_downstream_steps(before, after.downstreams, links))
            removals += [step for step in steps if isinstance(step, RemoveDownstream)]
            takes += [step for step in steps if not isinstance(step, RemoveDownstream)]
    return takes, removals


def _downstream_steps(
    plan: InstancePlan, after: DownstreamPlans, links: Collection[str]
) -> Iterator[Step]:
    before, any_step = plan.downstreams, False
    for name in dict.fromkeys((*before.names, *after.names, *sorted(links))):
        was, now = before.settings(name), after.settings(name)
        if was == now:
            continue
        any_step = True
        if now is None:
            yield RemoveDownstream(plan, name, after)
        elif was is None:
            yield AddDownstream(plan, name, after)
        else:
            yield ChangeDownstream(plan, name, after)
    if not any_step:
        yield ReplaceDownstreams(plan, after)


def _beyond(items: Iterable[T], others: Collection[T]) -> list[T]:
    """Those of ``items`` that are not among ``others``."""
    known = frozenset(others)
    return [item for item in items if item not in known]
