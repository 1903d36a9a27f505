"""What the daemon knows and the kernel does not, written down for the process after it.

These are the memberships of downstream links with their timers, which versions upstream
queriers speak, and which upstreams others have taken over from. All else follows from the
configuration, the links and the kernel's entries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from twisted.logger import Logger

from ..instance.instance import ProxyInstance
from ..instance.upstream import Upstream
from ..protocol.family import Family
from ..protocol.host.host import Host
from ..protocol.router.querier import Querier
from .codec import Values, checked, host_values, querier_values, restore_host, restored_querier

FORMAT = 1
"""To be raised whenever what was written before would be misunderstood."""


def written(instances: Iterable[ProxyInstance], upstreams: Iterable[Upstream]) -> bytes:
    """The memory of these."""
    queriers: dict[str, dict[str, Values]] = {}
    hosts: dict[str, dict[str, Values]] = {}
    fallen: dict[str, list[str]] = {}
    for instance in instances:
        fallen[str(instance.name)] = sorted(instance.selection.preference.fallen)
        known = queriers.setdefault(instance.family.name, {})
        for name, downstream in instance.downstreams.items():
            known[name] = querier_values(downstream.querier)
    for upstream in upstreams:
        hosts.setdefault(upstream.family.name, {})[upstream.name] = host_values(upstream.host)
    values = {"format": FORMAT, "queriers": queriers, "hosts": hosts, "fallen": fallen}
    return json.dumps(values).encode()


class SavedState:
    """What was written; ValueError when it is not understood at all."""

    log = Logger()

    def __init__(self, text: bytes) -> None:
        values = json.loads(text)
        if checked(lambda: values["format"]) != FORMAT:
            raise ValueError("it is of another version")
        self._queriers: dict[str, dict[str, Values]] = checked(lambda: dict(values["queriers"]))
        self._hosts: dict[str, dict[str, Values]] = checked(lambda: dict(values["hosts"]))
        self._fallen: dict[str, list[str]] = checked(lambda: dict(values["fallen"]))

    def fallen(self, instance: str) -> list[str]:
        """The upstreams of an instance that others have taken over from."""
        return [str(name) for name in self._fallen.get(instance, [])]

    def queriers(self, family: Family) -> dict[str, Querier]:
        """The queriers of links, by name, but for those that are not understood."""
        found = {}
        for name, values in self._queriers.get(family.name, {}).items():
            try:
                found[name] = restored_querier(family, values)
            except ValueError as error:
                self._warn(name, error)
        return found

    def restore_host(self, host: Host, name: str) -> None:
        """Let ``host``, on a link of this name, know of its queriers what was known."""
        values = self._hosts.get(host.family.name, {}).get(name)
        if values is not None:
            try:
                restore_host(host, values)
            except ValueError as error:
                self._warn(name, error)

    def _warn(self, name: str, error: ValueError) -> None:
        told = "what was kept of {interface} is not used: {reason}"
        self.log.warn(told, interface=name, reason=error)
