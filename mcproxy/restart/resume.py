"""Resuming: this process continues where the previous one ended, once all links are known.

Queriers get the saved memberships back. Without saved state the kernel's entries tell which
links were forwarded to, which counts as if hosts had reported just now. Every querier sends a
query, so that changes of the meantime are heard. Only after that are the adopted tables made
what is wanted, which mostly is what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.logger import Logger

from ..instance.instance import ProxyInstance
from ..instance.plan.downstream import DownstreamPlan
from ..instance.source_forwarding import SourceForwarding
from ..instance.upstream import Upstream
from ..linux.netlink.links import Link
from ..protocol.family import FAMILIES, Family
from ..protocol.router.querier import Querier
from ..routing.adopt import Routes
from ..routing.routing import Routing
from .codec import group_wanted, wanted_by_entries
from .state import SavedState


class Resumption:
    """Gives instances the saved ``state`` and what the adopted tables of ``routing`` tell.

    ``state`` is None after a crash. The memberships are those of links: they count in whatever
    table an instance has now.
    """

    log = Logger()

    def __init__(self, state: bytes | None, routing: Routing) -> None:
        self._routing = routing
        self._state: SavedState | None = None
        if state is not None:
            try:
                self._state = SavedState(state)
            except ValueError as error:
                self.log.warn(
                    "saved state unusable ({reason}); memberships rebuilt from the kernel's routes",
                    reason=error,
                )

    @property
    def restarts(self) -> int:
        """How often the daemon has restarted by now; 0 after a crash, when nobody knows."""
        return 0 if self._state is None else self._state.restarts

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything to resume: a saved state, or an adopted table."""
        return self._state is not None or bool(self._routing.adopted)

    def queriers(
        self, instances: Iterable[ProxyInstance], now: float
    ) -> dict[tuple[Family, str], Querier]:
        """A querier, with its hosts' memberships, for each link that had one."""
        if self._state is not None:
            return {
                (family, name): querier
                for family in FAMILIES
                for name, querier in self._state.queriers(family).items()
            }
        made: dict[tuple[Family, str], Querier] = {}
        for instance in instances:
            for name in self._routing.tables[instance.table_key].vifs.by_name:
                settings = instance.planned.downstreams.settings(name)
                if settings is not None:
                    routes = self._routes(instance)
                    querier = _from_routes(instance, settings, routes, name, now)
                    made[instance.family, name] = querier
        return made

    def resume(
        self,
        instances: Iterable[ProxyInstance],
        upstreams: Iterable[Upstream],
        links: Iterable[Link],
        queriers: Mapping[tuple[Family, str], Querier],
    ) -> None:
        """Tell instances about all links, and about the sources in the kernel's entries."""
        if self._state is not None:
            for upstream in upstreams:
                self._state.restore_host(upstream.host, upstream.name)
            for instance in instances:
                fallen = self._state.fallen(str(instance.name))
                instance.selection.preference.restore_fallen(fallen)
        for instance in instances:
            # Downstreams first, so that their memberships go upstream at once, as a whole.
            for link in sorted(links, key=lambda link: link.name in instance.planned.upstreams):
                instance.take_link(link, queriers.get((instance.family, link.name)))
            for group, entries in self._routes(instance).items():
                for entry in entries:
                    if any(entry.source):
                        instance.forwarding.restore_source(entry.source, group, entry.parent)
        self.log.info("resumed the previous process's state")

    def _routes(self, instance: ProxyInstance) -> Routes:
        return self._routing.adopted.get(instance.table_key, {})


def _from_routes(
    instance: ProxyInstance, plan: DownstreamPlan, routes: Routes, link: str, now: float
) -> Querier:
    """A querier of ``link`` with the memberships that the kernel's entries tell."""
    family, settings = instance.family, plan.querier
    is_ssm = family.is_ssm if settings.ssm is None else settings.ssm.is_ssm
    querier = Querier(family, settings)
    until = now + settings.group_membership_interval
    learned = isinstance(instance.forwarding, SourceForwarding)
    for group, entries in routes.items():
        if group == family.unspecified:
            continue
        is_open = learned and not is_ssm(group)
        wanted = wanted_by_entries(entries, [link], is_open).get(link)
        if wanted is not None:
            querier.restore_group(group, group_wanted(wanted, now, until))
    return querier
