"""LinkDispatch: which instances a change of a link concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from twisted.logger import Logger

from .config.names import is_pattern
from .instance.forced_versions import forced_versions
from .instance.instance import ProxyInstance
from .instance.missing import missing
from .instance.plan.plan import Plan
from .linux.netlink.links import Link
from .messages import LinkChanged


class LinkDispatch:
    """Passes changes of links to the instances that name the link, or that have patterns."""

    log = Logger()

    def __init__(self) -> None:
        self._instances: tuple[ProxyInstance, ...] = ()
        self._by_name: defaultdict[str, list[ProxyInstance]] = defaultdict(list)
        self._with_patterns: list[ProxyInstance] = []
        self._warned_of_forced: frozenset[str] = frozenset()

    def set_instances(self, instances: Iterable[ProxyInstance]) -> None:
        """Serve these instances from now on; there may be many, and many links."""
        self._instances = tuple(instances)
        self._by_name.clear()
        self._with_patterns.clear()
        for instance in self._instances:
            names = _names(instance.planned.upstreams, instance.planned.downstreams.names)
            if any(map(is_pattern, names)):
                self._with_patterns.append(instance)
                continue
            for name in names:
                self._by_name[name].append(instance)

    def dispatch(self, message: LinkChanged) -> None:
        """Pass a change of a link on; an error in one instance concerns no other."""
        named = self._by_name.get(message.interface, ())
        for instance in [*named, *self._with_patterns]:
            try:
                instance.receive(message)
            except Exception:
                self.log.failure(
                    "internal error: {instance} could not handle a change of {interface}",
                    instance=instance.name,
                    interface=message.interface,
                )

    @property
    def any_refused(self) -> bool:
        """Whether the table of some instance had no room for a link."""
        return any(instance.links.usable.refused for instance in self._instances)

    def retry_refused(self, links: Mapping[str, Link]) -> None:
        """Have instances take refused links, as far as their tables have room now."""
        for instance in self._instances:
            instance.retry_refused(links)

    def warn_of_missing(self, before: Plan, after: Plan, links: Mapping[str, Link]) -> None:
        """Warn of interfaces that ``after`` names and ``before`` did not, and that do not exist."""
        for instance, name in missing(after, links.__contains__, before):
            self.log.warn(
                "interface not found; it will be used as soon as it appears",
                instance=instance,
                interface=name,
            )

    def warn_of_forced_versions(self, plan: Plan, links: Collection[str]) -> None:
        """Warn of links on which the kernel's settings force another version on programs."""
        found = forced_versions(plan, links)
        for warning in found:
            if warning not in self._warned_of_forced:
                self.log.warn("{warning}", warning=warning)
        self._warned_of_forced = frozenset(found)


def _names(upstreams: Iterable[str], downstreams: Iterable[str]) -> set[str]:
    return {*upstreams, *downstreams}
