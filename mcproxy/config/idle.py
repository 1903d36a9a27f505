"""Settings that are written and never act, which ``mcproxy check`` notes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from .addresses import IPNetwork, read_groups, read_mapped
from .errors import Mistake, shown
from .model import Configuration, InstanceConfig
from .origin import KeyPath

DEFAULT_SSM_RANGE = (
    ipaddress.ip_network("232.0.0.0/8"),
    *(ipaddress.ip_network(f"ff3{scope:x}::/32") for scope in range(16)),
)
"""RFC 4607, section 1."""

_Idle = tuple[KeyPath, str, str]


def idle(configuration: Configuration) -> list[Mistake]:
    """Each setting that never acts, with the reason and what to do."""
    found = [one for instance in configuration.instances for one in _of_instance(instance)]
    for name in configuration.unused_filters:
        found.append((("filter", name), "no instance uses this filter", "remove it, or use it"))
    return [configuration.origin.mistake(*one) for one in found if _is_written(configuration, one)]


def _is_written(configuration: Configuration, one: _Idle) -> bool:
    """Whether the file has the key, so that the user can remove it."""
    where, _, _ = one
    return configuration.has(where) or where[-1] not in _WITH_DEFAULT


_WITH_DEFAULT = ("mutex-time", "upstream-hold-time", "upstream-join")


def _of_instance(instance: InstanceConfig) -> Iterator[_Idle]:
    above: KeyPath = ("instance", instance.name)
    several = len(instance.upstreams) > 1
    if not several:
        for key in ("upstream-hold-time", "upstream-join"):
            text = "this acts only in an instance with several upstreams"
            yield (*above, key), text, "remove it, or add an upstream"
    if instance.upstream_join != "mutex" or not several:
        text = 'this acts only with upstream-join = "mutex" and several upstreams'
        yield (*above, "mutex-time"), text, "remove it"
    ranges = _ssm_range(instance)
    for position, text in enumerate(instance.ssm_map):
        groups = read_mapped(text).groups
        if not _overlaps(groups, ranges):
            yield (
                (*above, "ssm-map", position),
                f"{shown(text)} never acts: {groups} is outside of ssm-range",
                "remove it, or add the groups to ssm-range",
            )


def _ssm_range(instance: InstanceConfig) -> Iterable[IPNetwork]:
    if instance.ssm_range is None:
        return DEFAULT_SSM_RANGE
    return [read_groups(text) for text in instance.ssm_range]


def _overlaps(groups: IPNetwork, ranges: Iterable[IPNetwork]) -> bool:
    first, last = groups.network_address.packed, groups.broadcast_address.packed
    return any(
        len(one.network_address.packed) == len(first)
        and one.network_address.packed <= last
        and first <= one.broadcast_address.packed
        for one in ranges
    )
