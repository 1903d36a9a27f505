"""A forwarding for a plan: by groups or source by source."""

from __future__ import annotations

from ..protocol.family import Family
from ..protocol.policy.directional_filters import FilterPolicy
from .chosen_upstreams import ChosenUpstreams
from .context import InstanceContext
from .forwarding import Forwarding
from .group_forwarding import GroupForwarding
from .plan.forwarding import ForwardingPlan
from .source_forwarding import SourceForwarding


def make_forwarding(
    name: str,
    family: Family,
    plan: ForwardingPlan,
    policy: FilterPolicy,
    chosen: ChosenUpstreams,
    context: InstanceContext,
) -> Forwarding:
    """The forwarding of the instance of this name; its log lines carry the name."""
    towards, table = context.interface_towards, context.table
    if not plan.per_source:
        return GroupForwarding(
            name,
            family,
            plan.upstream,
            towards,
            context.timer,
            context.events,
            table,
            plan.sends_up,
        )
    return SourceForwarding(
        name,
        family,
        policy,
        chosen.selection,
        plan.selection.look_interval,
        towards,
        context.timer,
        context.events,
        table,
        chosen.ask,
    )
