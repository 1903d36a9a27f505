"""The saved state: what the daemon knows and the kernel does not, for the next process.

It has the memberships of downstream links with their timers, the versions of the upstreams'
queriers, and the upstreams that failed and lost their rank. Everything else follows from the
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
"""Raise it whenever the text of an older version would be misunderstood."""


def state_text(
    instances: Iterable[ProxyInstance], upstreams: Iterable[Upstream], restarts: int = 0
) -> bytes:
    """The state of these, as JSON; the next process is the result of so many ``restarts``."""
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
    values = {
        "format": FORMAT,
        "restarts": restarts,
        "queriers": queriers,
        "hosts": hosts,
        "fallen": fallen,
    }
    return json.dumps(values).encode()


class SavedState:
    """The state in a ``state_text``; ValueError where the text as a whole is not one.

    ``restarts`` is how often the daemon has restarted by now; older versions do not tell.
    """

    log = Logger()

    def __init__(self, text: bytes) -> None:
        values = json.loads(text)
        if checked(lambda: values["format"]) != FORMAT:
            raise ValueError("it has the format of another version")
        self.restarts: int = checked(lambda: int(values.get("restarts", 1)))
        self._queriers: dict[str, dict[str, Values]] = checked(lambda: dict(values["queriers"]))
        self._hosts: dict[str, dict[str, Values]] = checked(lambda: dict(values["hosts"]))
        self._fallen: dict[str, list[str]] = checked(lambda: dict(values["fallen"]))

    def fallen(self, instance: str) -> list[str]:
        """The upstreams of an instance that failed and lost their rank."""
        return [str(name) for name in self._fallen.get(instance, [])]

    def queriers(self, family: Family) -> dict[str, Querier]:
        """The queriers by link; those whose values are unusable are left out."""
        found = {}
        for name, values in self._queriers.get(family.name, {}).items():
            try:
                found[name] = restored_querier(family, values)
            except ValueError as error:
                self._warn(name, error)
        return found

    def restore_host(self, host: Host, name: str) -> None:
        """Give ``host``, on the upstream ``name``, the saved versions of its queriers."""
        values = self._hosts.get(host.family.name, {}).get(name)
        if values is not None:
            try:
                restore_host(host, values)
            except ValueError as error:
                self._warn(name, error)

    def _warn(self, name: str, error: ValueError) -> None:
        self.log.warn(
            "saved state of {interface} unusable ({reason}); it starts without memberships",
            interface=name,
            reason=error,
        )
