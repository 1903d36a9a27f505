"""Going on where another process has ended, in one turn, once all links are known.

Queriers get the memberships that were kept; when there was no time for that, the kernel's
entries tell who was sent what, and count as if it had been reported just now. Every querier
asks its link, so that what was said meanwhile is heard again. Only after that are the tables
made what is wanted, which mostly is what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.logger import Logger

from ..instance.downstream_plan import DownstreamPlan
from ..instance.instance import ProxyInstance
from ..instance.source_forwarding import SourceForwarding
from ..instance.upstream import Upstream
from ..linux.netlink.links import Link
from ..protocol.family import Family
from ..protocol.router.querier import Querier
from ..routing.adopt import Found
from ..routing.routing import Routing
from .codec import group_wanted, wanted_by_entries
from .inherited import Inherited
from .state import SavedState


class Resumption:
    """Has instances go on with what ``predecessor`` left in the tables of ``routing``."""

    log = Logger()

    def __init__(self, inherited: Inherited, routing: Routing) -> None:
        self._routing = routing
        self._memory: SavedState | None = None
        if inherited.memory is not None:
            try:
                self._memory = SavedState(inherited.memory)
            except ValueError as error:
                told = "what was kept is not used, but what the kernel forwards: {reason}"
                self.log.warn(told, reason=error)

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything to go on with."""
        return bool(self._routing.adopted)

    def queriers(
        self, instances: Iterable[ProxyInstance], now: float
    ) -> dict[tuple[Family, str], Querier]:
        """A querier for each link that one was left for, with what its hosts want."""
        if self._memory is not None:
            families = {family for family, _ in self._routing.adopted}
            return {
                (family, name): querier
                for family in families
                for name, querier in self._memory.queriers(family).items()
            }
        made: dict[tuple[Family, str], Querier] = {}
        for instance in instances:
            for name in self._routing.tables[instance.table_key].vifs:
                settings = instance.planned.downstreams.settings(name)
                if settings is not None:
                    found = self._found(instance)
                    querier = _from_entries(instance, settings, found, name, now)
                    made[instance.family, name] = querier
        return made

    def hand_over(
        self,
        instances: Iterable[ProxyInstance],
        upstreams: Iterable[Upstream],
        links: Iterable[Link],
        queriers: Mapping[tuple[Family, str], Querier],
    ) -> None:
        """Tell instances of all links and of the sources that the kernel knows; then go on."""
        if self._memory is not None:
            for upstream in upstreams:
                self._memory.restore_host(upstream.host, upstream.name)
            for instance in instances:
                fallen = self._memory.fallen(str(instance.name))
                instance.selection.preference.restore_fallen(fallen)
        for instance in instances:
            # First those whose hosts want something, so that it is asked for at once, as a whole.
            for link in sorted(links, key=lambda link: link.name in instance.planned.upstreams):
                instance.take_link(link, queriers.get((instance.family, link.name)))
            for group, entries in self._found(instance).items():
                for entry in entries:
                    if any(entry.source):
                        instance.forwarding.restore_source(entry.source, group, entry.parent)
        self.log.info("gone on with what the process before has left")

    def _found(self, instance: ProxyInstance) -> Found:
        return self._routing.adopted.get(instance.table_key, {})


def _from_entries(
    instance: ProxyInstance, plan: DownstreamPlan, found: Found, link: str, now: float
) -> Querier:
    """A querier of ``link`` that knows what the kernel has forwarded to it."""
    family, settings = instance.family, plan.querier
    is_ssm = family.is_ssm if settings.ssm is None else settings.ssm.is_ssm
    querier = Querier(family, settings)
    until = now + settings.group_membership_interval
    learned = isinstance(instance.forwarding, SourceForwarding)
    for group, entries in found.items():
        if group == family.unspecified:
            continue
        is_open = learned and not is_ssm(group)
        wanted = wanted_by_entries(entries, [link], is_open).get(link)
        if wanted is not None:
            querier.restore_group(group, group_wanted(wanted, now, until))
    return querier
