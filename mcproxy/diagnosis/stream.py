"""The findings about the machine that concern one stream, and no other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product

from ..protocol.family import Address
from .checks import firewall, interfaces, kernel, links, reverse_path
from .findings import Finding, Severity
from .situation import Role, Situation

_CHECKS = (
    kernel.policy_rule,
    interfaces.bridge_port,
    firewall.reports,
    firewall.queries,
    firewall.output,
    reverse_path.rp_filter,
    links.mtu,
    links.snooping,
    links.forced_version,
    links.local_program,
)


def stream_findings(
    situation: Situation,
    group: Address,
    sources: Collection[Address],
    interfaces: Collection[str],
    ports: Collection[int] = (),
) -> Iterator[Finding]:
    """Findings about ``interfaces``, for a group and its sources and UDP ports that are known.

    ``situation`` has the plan of one instance in the family of the group.
    """
    for check in _CHECKS:
        for finding in check(situation):
            if finding.interface in interfaces:
                yield finding
    for role in situation.roles:
        if role.interface in interfaces:
            yield from _dropped(situation, role, group, sources, ports)


def _dropped(
    situation: Situation,
    role: Role,
    group: Address,
    sources: Collection[Address],
    ports: Collection[int],
) -> Iterator[Finding]:
    for source, port in product(sources or (None,), ports or (None,)):
        for finding in firewall.stream(situation, role, group, source, port):
            if finding.severity is Severity.PROBLEM:
                yield finding
