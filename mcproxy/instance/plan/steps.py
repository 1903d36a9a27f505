"""Steps: the single changes that lead from one plan to another.

``compare`` lists them and ``mcproxy.reconfigure`` carries them out. ``str`` of a step is what
``mcproxy reload --dry-run`` prints. The ``plan`` of a step names the instance as it is before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...protocol.family import Address
from ...protocol.sources import SourceFilter
from .downstream import DownstreamPlans
from .forwarding import ForwardingPlan
from .plan import InstancePlan, TablePlan, UpstreamPlan


@dataclass(frozen=True, slots=True)
class OpenTable:
    """Take a kernel table, which another program may have."""

    table: TablePlan

    def __str__(self) -> str:
        return f"open {self.table}"


@dataclass(frozen=True, slots=True)
class CloseTable:
    """Give a kernel table back."""

    table: TablePlan

    def __str__(self) -> str:
        return f"close {self.table}"


@dataclass(frozen=True, slots=True)
class ChangeService:
    """Start, restart or stop an optional service."""

    name: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.after is None:
            return f"service {self.name}: stop"
        what = "start" if self.before is None else "restart with new settings"
        return f"service {self.name}: {what}"


@dataclass(frozen=True, slots=True)
class StartUpstream:
    """Start the host of an upstream; it joins what instances ask for."""

    plan: UpstreamPlan

    def __str__(self) -> str:
        return f"{self.plan}: start"


@dataclass(frozen=True, slots=True)
class ChangeUpstream:
    """Give the host of an upstream other settings."""

    plan: UpstreamPlan

    def __str__(self) -> str:
        return f"{self.plan}: use new settings"


@dataclass(frozen=True, slots=True)
class StopUpstream:
    """Stop the host of an upstream; it leaves all groups."""

    plan: UpstreamPlan

    def __str__(self) -> str:
        return f"{self.plan}: stop"


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Start an instance with all its links."""

    plan: InstancePlan

    def __str__(self) -> str:
        return f"{self.plan}: start"


@dataclass(frozen=True, slots=True)
class StopInstance:
    """Stop an instance; other instances may take its links with their memberships."""

    plan: InstancePlan

    def __str__(self) -> str:
        return f"{self.plan}: stop"


@dataclass(frozen=True, slots=True)
class ChangeStaticGroups:
    """Join other static groups upstream."""

    plan: InstancePlan
    static: Mapping[Address, SourceFilter]

    def __str__(self) -> str:
        return f"{self.plan}: join other static groups"


@dataclass(frozen=True, slots=True)
class ChangeForwarding:
    """Forward by other upstreams, filters or in another way."""

    plan: InstancePlan
    after: ForwardingPlan

    def __str__(self) -> str:
        return f"{self.plan}: {', '.join(self._parts())}"

    def _parts(self) -> Iterator[str]:
        before, after = self.plan.forwarding, self.after
        yield from (f"add upstream {n}" for n in after.upstreams if n not in before.upstreams)
        yield from (f"remove upstream {n}" for n in before.upstreams if n not in after.upstreams)
        is_reordered = sorted(before.upstreams) == sorted(after.upstreams)
        if is_reordered and before.upstreams != after.upstreams:
            yield f"prefer upstreams in the order {', '.join(after.upstreams)}"
        if before.per_source != after.per_source:
            yield f"forward {'source by source' if after.per_source else 'group by group'}"
        if before.policy.filters != after.policy.filters:
            yield "use new filters"
        if before.policy.boundary != after.policy.boundary:
            yield "use a new boundary"
        if before.selection != after.selection:
            yield "use new settings for the selection of upstreams"


@dataclass(frozen=True, slots=True)
class LinkStep:
    """A change of one downstream or pattern; ``after`` are all downstreams after the change."""

    plan: InstancePlan
    interface: str
    after: DownstreamPlans


class AddDownstream(LinkStep):
    """Take an interface as a downstream, with the memberships that it had elsewhere."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{self.plan}: add downstream {self.interface}"


class RemoveDownstream(LinkStep):
    """Release an interface; another instance may take it with its memberships."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{self.plan}: remove downstream {self.interface}"


class ChangeDownstream(LinkStep):
    """Give a downstream other settings; its memberships stay."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{self.plan}: use new settings on downstream {self.interface}"


@dataclass(frozen=True, slots=True)
class ReplaceDownstreams:
    """Note other downstreams where no interface is added, removed or changed."""

    plan: InstancePlan
    after: DownstreamPlans

    def __str__(self) -> str:
        return f"{self.plan}: update the list of downstreams"


RefusableStep = OpenTable | ChangeService
"""Steps that can be refused. They come first; when one is refused, those before it are undone."""

InstanceStep = (
    ChangeStaticGroups
    | ChangeForwarding
    | AddDownstream
    | RemoveDownstream
    | ChangeDownstream
    | ReplaceDownstreams
)
"""Steps that change a running instance."""

Step = (
    RefusableStep
    | StartUpstream
    | ChangeUpstream
    | StopUpstream
    | StartInstance
    | StopInstance
    | InstanceStep
    | CloseTable
)
