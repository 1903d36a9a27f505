"""What does not work as it should now, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...config.model import DOWNSTREAM, UPSTREAM
from ...config.names import is_pattern
from ...instance.link_state import ABSENT
from ...instance.source_forwarding import SourceForwarding
from ...protocol.family import text
from . import interfaces
from .values import Row

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy


def rows(proxy: Proxy) -> Iterator[Row]:
    """Each impairment with the instance and the interface concerned, its effect and its cure."""
    for instance in list(proxy.instances):
        for interface, sentence in of_instance(proxy, instance):
            yield {
                "instance": instance.name,
                "family": instance.family.name,
                "interface": interface,
                "text": sentence,
            }


def of_instance(proxy: Proxy, instance: ProxyInstance) -> Iterator[tuple[str, str]]:
    """The interface, empty for none, and the sentence of each impairment of an instance."""
    ups = [name for name, one in instance.upstreams.items() if one.link is not None]
    if instance.upstreams and not ups:
        yield "", "no upstream can be used: hosts receive nothing from outside"
    links = proxy.monitor.links
    for name in instance.upstreams:
        found = interfaces.upstream_obstacle(instance, name, links)
        if found is not None:
            yield name, f"{UPSTREAM} {name} cannot be used: {found.reason}; {found.cure}"
    for name in interfaces.downstreams(instance, links):
        found = interfaces.downstream_obstacle(instance, name, links)
        if found is not None and not (found is ABSENT and is_pattern(name)):
            yield name, f"{DOWNSTREAM} {name} cannot be used: {found.reason}; {found.cure}"
    yield from _of_protocols(instance)


def _of_protocols(instance: ProxyInstance) -> Iterator[tuple[str, str]]:
    for name, downstream in sorted(instance.downstreams.items()):
        other = downstream.querier.election.other
        if other is not None:
            yield (
                name,
                f"{text(other)} is the querier on {name}; nothing is forwarded to {name} until it"
                " goes silent (see allowed-queriers)",
            )
    current = instance.family.current_version
    for name, upstream in instance.upstreams.items():
        spoken = upstream.host.version
        if upstream.link is not None and spoken < min(current, instance.planned.version):
            yield (
                name,
                f"the router on {name} speaks {instance.family.protocol}v{spoken}, which cannot"
                " name sources (see ssm-fallback, version-fallback)",
            )
    if isinstance(instance.forwarding, SourceForwarding):
        for name in sorted(instance.forwarding.sources.full):
            yield name, f"source limit reached on {name}; data of new sources is dropped"
