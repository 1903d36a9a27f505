"""What a configuration says about filters and upstreams, in the terms of the core."""

from __future__ import annotations

from collections.abc import Iterable

from .config.model import InstanceConfig
from .protocol.family import Family
from .protocol.gates import Policy
from .protocol.selection import Join, Selection, SendUp


def instance_policy(config: InstanceConfig, family: Family) -> Policy:
    """The gates of an instance."""
    return Policy()


def instance_selection(config: InstanceConfig, policy: Policy) -> Selection:
    """The upstreams of an instance, and how they are chosen from."""
    peers = [name for name in config.upstreams if name in config.downstream]
    return Selection(policy, Join(config.upstream_join), SendUp(config.upstream_data), peers)


def forwards_per_source(config: InstanceConfig) -> bool:
    """Whether an instance has to look at each source: entries for groups cannot tell more."""
    return (
        config.forwarding == "per-source"
        or len(config.upstreams) != 1
        or config.upstream in config.downstream
    )


def per_source_instances(instances: Iterable[InstanceConfig]) -> set[str]:
    """The names of the instances that are forwarded for source by source.

    Where one is, those that share an upstream with it on one table are too: an entry for
    any source would take in what comes from there for both.
    """
    instances = list(instances)
    found = {one.name for one in instances if forwards_per_source(one)}
    while True:
        links = {(up, o.table) for o in instances if o.name in found for up in o.upstreams}
        more = {o.name for o in instances if any((up, o.table) in links for up in o.upstreams)}
        if more <= found:
            return found
        found |= more
